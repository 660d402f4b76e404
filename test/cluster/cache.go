// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheDir returns a folder of the project in the user's cache folder, and
// creates it if needed. Its contents are keyed by their inputs and may be removed
// at any time.
func CacheDir(parts ...string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder (set HOME or XDG_CACHE_HOME): %w", err)
	}
	dir := filepath.Join(append([]string{base, "superset-operator"}, parts...)...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a cache folder: %w", err)
	}
	return dir, nil
}
