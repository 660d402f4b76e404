// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"os"
	"syscall"
)

// ownFolders are the fixed folders of the node's programs; each gets an empty
// memory file system in the node's mount namespace, so that the machine's own
// files are hidden and nothing remains afterwards.
func ownFolders() []string {
	return []string{"/var/lib/kubelet", "/var/log", "/run", "/var/lib/cni", "/etc/cni"}
}

// mountOwnFolders makes all mounts shared within the namespace, as kubelet
// requires for volumes, and mounts the node's own folders. The init has detached
// the namespace from the machine before.
func mountOwnFolders() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing mounts within the node: %w", err)
	}
	for _, folder := range ownFolders() {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", folder, err)
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("mounting on %s: %w", folder, err)
		}
		if err := syscall.Mount("", folder, "", syscall.MS_SHARED, ""); err != nil {
			return fmt.Errorf("sharing %s: %w", folder, err)
		}
	}
	for _, folder := range []string{"/var/log/pods", "/var/log/containers", "/run/xtables", "/etc/cni/net.d"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", folder, err)
		}
	}
	return nil
}
