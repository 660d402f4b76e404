// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile takes a lock that is released at the latest when the process ends; how
// is LOCK_EX, with LOCK_NB not to wait for it.
func lockFile(path string, how int) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}
