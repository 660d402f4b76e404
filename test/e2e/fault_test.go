// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// fault is a fault that is injected once a phase has begun.
type fault struct {
	in   v1alpha1.Phase
	what string
	do   func(t *testing.T, c cluster)
}

// eachPhase injects the same fault in every phase of an upgrade.
func eachPhase(what string, do func(*testing.T, cluster)) []fault {
	var list []fault
	for _, phase := range []v1alpha1.Phase{
		v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler,
		v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify,
	} {
		list = append(list, fault{phase, what, do})
	}
	return list
}

// strike injects the faults of a variant in order, each as soon as its phase has
// begun.
func (j *trip) strike(t *testing.T, begun time.Time, faults []fault) {
	t.Helper()
	for _, f := range faults {
		until(t, 10*time.Minute, fmt.Sprintf("phase %s, for %s", f.in, f.what), func(context.Context) (bool, string) {
			phase := j.log.last()
			if phase == v1alpha1.PhaseFailed || phase == v1alpha1.PhaseRolledBack {
				t.Fatalf("phase %s before %s: %s", phase, f.in, readyMessage(j.superset(t)))
			}
			return j.log.entered(f.in, begun), string(phase)
		})
		t.Logf("in %s: %s", f.in, f.what)
		f.do(t, j.cluster)
	}
}

// killOperator kills the operator with SIGKILL.
func killOperator(t *testing.T, c cluster) {
	c.kubectl(t, "", "--namespace=superset-operator-system", "delete", "pod", "--selector=app.kubernetes.io/name=superset-operator",
		"--grace-period=0", "--force", "--wait=false")
}

// killMigration kills the migration's pod after it has applied some, but not all,
// revisions.
func killMigration(t *testing.T, c cluster) {
	pod := ""
	until(t, 5*time.Minute, "the migration to be running", func(context.Context) (bool, string) {
		pod = c.kubectl(t, "", "--namespace="+c.namespace, "get", "pods", "--selector="+v1alpha1.LabelScript+"=migrate",
			"--field-selector=status.phase=Running", "--output=name")
		pod = strings.TrimSpace(pod)
		if pod == "" || strings.Contains(pod, "\n") {
			return false, "running: " + pod
		}
		said := c.kubectl(t, "", "--namespace="+c.namespace, "logs", pod)
		return strings.Contains(said, " done\n"), lastLines(said, 1)
	})
	c.kubectl(t, "", "--namespace="+c.namespace, "delete", pod, "--grace-period=0", "--force", "--wait=false")
}

// restartDatabase stops PostgreSQL with all sessions, as soon as it runs; its
// data are kept, and it is restarted two seconds later.
func restartDatabase(t *testing.T, c cluster) {
	c.kubectl(t, "", "--namespace=servers", "exec", "deployment/postgres", "--", "bash", "-ec",
		"until pg_isready --quiet; do sleep 0.2; done; pg_ctl --pgdata=/data/pg --mode=fast stop")
}

// scaleRedis removes Redis with all its data, or restores it.
func scaleRedis(replicas string) func(*testing.T, cluster) {
	return func(t *testing.T, c cluster) {
		c.kubectl(t, "", "--namespace="+c.namespace, "scale", "deployment/redis", "--replicas="+replicas)
	}
}

// restartKubelet kills the node's kubelet and starts it again with the same
// arguments.
func restartKubelet(t *testing.T, _ cluster) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name, _ := os.ReadFile(filepath.Join(folder, "comm"))
		if strings.TrimSpace(string(name)) != "kubelet" {
			continue
		}
		line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err != nil {
			t.Fatalf("reading the arguments of kubelet: %v", err)
		}
		environment, err := os.ReadFile(filepath.Join(folder, "environ"))
		if err != nil {
			t.Fatalf("reading the environment of kubelet: %v", err)
		}
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatalf("killing kubelet: %v", err)
		}
		args := fields(line)
		again := exec.Command(args[0], args[1:]...) // it outlives the test, and ends with the node
		again.Env = fields(environment)
		if err := again.Start(); err != nil {
			t.Fatalf("starting kubelet again: %v", err)
		}
		return
	}
	t.Fatal("no kubelet is running")
}

// fields splits a file of /proc at zero bytes.
func fields(raw []byte) []string {
	var list []string
	for part := range bytes.SplitSeq(bytes.TrimRight(raw, "\x00"), []byte{0}) {
		list = append(list, string(part))
	}
	return list
}

// fill makes the backup volume too small for any backup; the returned function
// undoes that.
func fill(t *testing.T, volume string) (undo func()) {
	t.Helper()
	if err := syscall.Mount("tmpfs", volume, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("mounting a small disk: %v", err)
	}
	return func() {
		if err := syscall.Unmount(volume, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	}
}
