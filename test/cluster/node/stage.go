// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// LogsVariable names, to the command, the folder with the logs of the node's
// programs.
const LogsVariable = "SUPERSET_OPERATOR_NODE_LOGS"

// FailedCode is the exit code for a failure of the node itself, not of the
// command; container runtimes use the same one.
const FailedCode = 125

// Stage takes over in those processes of the program that are a node's init or
// keeper, and does not return there. Elsewhere it does nothing.
func Stage() {
	stage := os.Getenv(stageVariable)
	if stage == "" {
		return
	}
	os.Exit(runStage(stage))
}

func runStage(stage string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	code, err := FailedCode, fmt.Errorf("unknown stage %q", stage)
	switch stage {
	case stageInit:
		code, err = runInit()
	case stageKeeper:
		code, err = runKeeper(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return FailedCode
	}
	return code
}
