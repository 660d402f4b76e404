// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// namespaces that the node has for itself.
const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// runInit is process 1 of the node. It detaches the mounts from the machine's,
// starts the keeper and reaps all processes, including orphans. It returns the
// keeper's exit code; when it ends, the kernel kills the rest of the node.
func runInit() (int, error) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return 0, fmt.Errorf("detaching the mounts: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return 0, fmt.Errorf("mounting /proc: %w", err)
	}
	if err := syscall.Sethostname([]byte(Name)); err != nil {
		return 0, fmt.Errorf("naming the node: %w", err)
	}
	keeper := exec.Command("/proc/self/exe", os.Args[1:]...)
	keeper.Stdin, keeper.Stdout, keeper.Stderr = os.Stdin, os.Stdout, os.Stderr
	keeper.Env = append(os.Environ(), stageVariable+"="+stageKeeper)
	if err := keeper.Start(); err != nil {
		return 0, fmt.Errorf("starting the keeper: %w", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for s := range signals {
			_ = keeper.Process.Signal(s)
		}
	}()
	return reapUntil(keeper.Process.Pid)
}

// reapUntil reaps ended processes until the one with that id has ended. It is the
// only waiter in this process, so no status is taken from another one.
func reapUntil(pid int) (int, error) {
	for {
		status := syscall.WaitStatus(0)
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for the node's processes: %w", err)
		case ended != pid:
		case status.Signaled():
			return 128 + int(status.Signal()), nil
		case status.Exited():
			return status.ExitStatus(), nil
		}
	}
}
