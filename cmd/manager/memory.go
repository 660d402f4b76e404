// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
)

// Variables of the environment that say how much memory there is.
const (
	// envMemoryLimit is the memory limit of the container in bytes. The manifests take it from
	// the downward API, so that it is the limit whatever sets it.
	envMemoryLimit = "MEMORY_LIMIT"
	// envGoLimit is the memory that Go aims at. A user who sets it has decided.
	envGoLimit = "GOMEMLIMIT"
)

// aimBelowLimit makes Go aim at nine tenths of the memory limit: the rest is for what Go does not
// count, and for what it allocates while it collects garbage. Without a limit, and where
// GOMEMLIMIT is set, it does nothing.
func aimBelowLimit(getenv func(string) string, aim func(int64) int64) error {
	text := getenv(envMemoryLimit)
	if text == "" || getenv(envGoLimit) != "" {
		return nil
	}
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil || limit <= 0 {
		return fmt.Errorf("invalid %s %q: write the memory limit in bytes, such as 268435456", envMemoryLimit, text)
	}
	aim(limit / 10 * 9)
	return nil
}
