// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// starterDir makes this test program start a cluster and wait.
const starterDir = "CLUSTER_TEST_STARTER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(starterDir); dir != "" {
		startAndWait(dir)
	}
	os.Exit(m.Run())
}

func startAndWait(dir string) {
	c, err := cluster.Start(context.Background(), cluster.Options{Dir: dir})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	for _, state := range c.Processes() {
		fmt.Println(state.PID)
	}
	fmt.Println("started")
	select {}
}

func TestProcessesDieWithTheirParent(t *testing.T) {
	starter := exec.Command(os.Args[0])
	starter.Env = append(os.Environ(), starterDir+"="+t.TempDir())
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []string
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "started"; {
		pids = append(pids, lines.Text())
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait() // the error is expected: it was killed
	if len(pids) != 4 {
		t.Fatalf("the starter printed %q, want 4 process ids", pids)
	}
	for _, pid := range pids {
		eventually(t, "the end of process "+pid, func(context.Context) (bool, error) { return dead(pid), nil })
	}
}

// dead is true for a process that does not exist, or is a zombie.
func dead(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}
