// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroupRoot is the cgroup under which kubelet puts all pods of one run: one
// directory with cgroup v2, one in each hierarchy with v1 and hybrids.
type cgroupRoot struct {
	name string
	dirs []string
}

func newCgroupRoot(name string) (cgroupRoot, error) {
	root := cgroupRoot{name: name}
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return root, err
	}
	for _, hierarchy := range hierarchies {
		dir := filepath.Join(hierarchy, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return root, errors.Join(fmt.Errorf("making a cgroup: %w", err), root.remove())
		}
		root.dirs = append(root.dirs, dir)
		if err := inheritCPUs(hierarchy, dir); err != nil {
			return root, errors.Join(err, root.remove())
		}
	}
	return root, nil
}

// cgroupHierarchies lists where to create a cgroup: in a hybrid also in the
// unified hierarchy, because runc uses it even though it has no controllers.
func cgroupHierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return []string{cgroupMount}, nil
	}
	entries, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, fmt.Errorf("listing cgroup hierarchies: %w", err)
	}
	hierarchies := []string{}
	for _, entry := range entries {
		if entry.IsDir() { // links are aliases of a hierarchy
			hierarchies = append(hierarchies, filepath.Join(cgroupMount, entry.Name()))
		}
	}
	if len(hierarchies) == 0 {
		return nil, fmt.Errorf("no cgroup hierarchy is mounted under %s", cgroupMount)
	}
	return hierarchies, nil
}

// inheritCPUs copies what a new cpuset of cgroup v1 does not inherit: without
// CPUs and memory nodes no process can enter it.
func inheritCPUs(parent, child string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(child, name), value, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// remove removes the cgroups. Their processes were killed before, but the kernel
// may release them with a delay.
func (r cgroupRoot) remove() error {
	const patience, step = 10 * time.Second, 100 * time.Millisecond
	left := r.dirs
	for waited := time.Duration(0); waited < patience; waited += step {
		left = slices.DeleteFunc(slices.Clone(left), removeCgroup)
		if len(left) == 0 {
			return nil
		}
		time.Sleep(step)
	}
	return fmt.Errorf("removing cgroups: still busy: %v", left)
}

// removeCgroup removes a cgroup and its children, deepest first, and reports
// whether it is removed.
func removeCgroup(dir string) bool {
	below := []string{}
	walk := func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			below = append(below, path)
		}
		return nil
	}
	if err := filepath.WalkDir(dir, walk); err != nil {
		return false
	}
	for _, path := range slices.Backward(below) {
		_ = os.Remove(path) // a busy cgroup is retried
	}
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}
