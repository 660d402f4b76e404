// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// requirement is something that must be installed, with its Debian package.
type requirement struct {
	what    string
	pkg     string
	present func(ctx context.Context) bool
}

func program(name, pkg string) requirement {
	return requirement{name, pkg, func(context.Context) bool {
		_, err := exec.LookPath(name)
		return err == nil
	}}
}

func succeeds(what, pkg, name string, args ...string) requirement {
	return requirement{what, pkg, func(ctx context.Context) bool {
		return exec.CommandContext(ctx, name, args...).Run() == nil
	}}
}

// nodeRequirements are those of the node itself; runc is the only program of
// the cluster that is not pure Go.
func nodeRequirements() []requirement {
	return []requirement{
		program("gcc", "gcc"),
		program("pkg-config", "pkg-config"),
		succeeds("the headers of libc", "libc6-dev", "test", "-e", "/usr/include/stdio.h"),
		succeeds("libseccomp's headers", "libseccomp-dev", "pkg-config", "--exists", "libseccomp"),
		program("ip", "iproute2"),
		program("nft", "nftables"),
	}
}

// imageRequirements are those of package images.
func imageRequirements() []requirement {
	return []requirement{
		program("debootstrap", "debootstrap"),
		program("apt-get", "apt"),
		succeeds("Python's venv with pip", "python3-venv", "/usr/bin/python3", "-c", "import venv, ensurepip"),
	}
}

// Probe checks whether this machine can run a node, and build its images if
// withImages is set. Its error lists everything that is missing, and the command
// that installs it.
func Probe(ctx context.Context, withImages bool) error {
	if os.Geteuid() != 0 {
		return errors.New("a real node needs root: mounts, namespaces and cgroups; run it as root or with sudo -E")
	}
	required := nodeRequirements()
	if withImages {
		required = append(required, imageRequirements()...)
	}
	missing, packages := []string{}, []string{}
	for _, r := range required {
		if !r.present(ctx) {
			missing, packages = append(missing, r.what), append(packages, r.pkg)
		}
	}
	if len(missing) > 0 {
		slices.Sort(packages)
		return fmt.Errorf("this machine lacks %s; install with: apt-get install --no-install-recommends %s",
			strings.Join(missing, ", "), strings.Join(slices.Compact(packages), " "))
	}
	return errors.Join(probeKernel(ctx), probeCgroups())
}

// probeKernel tries what the node will do, in temporary namespaces: the
// capabilities and sysctls that are required differ by kernel.
func probeKernel(ctx context.Context) error {
	trials := []struct{ name, script string }{
		{"mounts in a mount namespace", "mount -t tmpfs tmpfs /mnt"},
		{"a bridge in a network namespace", "ip link add probe0 type bridge && ip link set probe0 up"},
		{"nftables in a network namespace", "nft add table ip probe"},
	}
	failed := []error{}
	for _, trial := range trials {
		command := exec.CommandContext(ctx, "sh", "-c", trial.script)
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Unshareflags: syscall.CLONE_NEWNS}
		if out, err := command.CombinedOutput(); err != nil {
			failed = append(failed, fmt.Errorf("the kernel or this container does not permit %s: %w %s",
				trial.name, err, strings.TrimSpace(string(out))))
		}
	}
	filesystems, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return fmt.Errorf("reading the kernel's file systems: %w", err)
	}
	if !strings.Contains(string(filesystems), "\toverlay\n") {
		failed = append(failed, errors.New("the kernel has no overlay file system, which holds the containers' files: modprobe overlay"))
	}
	return errors.Join(failed...)
}

// probeCgroups tries to create and remove a cgroup root.
func probeCgroups() error {
	root, err := newCgroupRoot(fmt.Sprintf("superset-probe-%d", os.Getpid()))
	if err != nil {
		return fmt.Errorf("the node cannot create cgroups (in a container: run it privileged): %w", err)
	}
	return root.remove()
}
