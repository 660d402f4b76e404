// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/test/cluster/world"
)

const (
	head41 = "48cbb571fa3a"
	head50 = "74ad1125881c"
	head60 = "c233f5365c9e"
)

func number(n int) *int { return &n }

func TestSuccessfulUpgrade(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	shared.world.SetRevision(ns, "bi", head50)
	identity := "postgresql/simulated/" + ns + ".bi"

	for _, test := range []struct {
		script string
		want   world.Result
	}{
		{"preflight", world.Result{Script: "inspect", Database: "postgresql", Identity: identity, Revision: head50, Head: head60, PendingCount: number(8),
			Path: &world.Path{Additive: 4, DataChanging: 3, Destructive: 1}}},
		{"migrate", world.Result{Script: "migrate", Database: "postgresql", Identity: identity, Revision: head60, Head: head60, PendingCount: number(0)}},
		{"verify", world.Result{Script: "verify", Database: "postgresql", Revision: head60, Head: head60, Checks: []world.Check{
			{Name: "Revision", OK: true, Detail: "the database is at " + head60}}}},
	} {
		o := order{namespace: ns, name: test.script, tag: "6.0.0", script: test.script}
		o.job(t)
		succeeded, end := o.ended(t)
		if !succeeded || end.ExitCode != 0 {
			t.Errorf("%s ended with %+v", test.script, end)
		}
		if diff := cmp.Diff(test.want, decode(t, end.Message)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.script, diff)
		}
	}
	if got := shared.world.Revision(ns, "bi"); got != head60 {
		t.Errorf("the database is at %q, want %q", got, head60)
	}
	if diff := cmp.Diff(world.Count{Started: 1, Finished: 1, AtOnce: 1}, shared.world.Migrations(ns, "bi")); diff != "" {
		t.Errorf("migrations (-want +got):\n%s", diff)
	}
}

// A verify Job gets answers only from the workers with a ready pod.
func TestVerifyAsksWorkers(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	shared.world.SetRevision(ns, "bi", head60)
	worker := order{namespace: ns, name: "bi-worker-0", tag: "6.0.0", component: "worker"}
	worker.pod(t)
	worker.seen(t, "readiness", ready)
	order{namespace: ns, name: "bi-web-0", tag: "6.0.0", component: "web"}.pod(t)
	for hosts, want := range map[string]string{
		"bi-worker-0":      "",
		"bi-worker-0,gone": "Workers (1 of 2 checks failed): 1 workers did not answer a ping: gone",
		"gone,bi-web-0":    "Workers (1 of 2 checks failed): 2 workers did not answer a ping: gone, bi-web-0",
	} {
		o := order{namespace: ns, name: "verify-" + strconv.Itoa(len(hosts)), tag: "6.0.0", script: "verify", env: map[string]string{"SUPERSET_OPERATOR_WORKER_HOSTS": hosts}}
		o.job(t)
		_, end := o.ended(t)
		if got := decode(t, end.Message); got.Message != want || (got.Reason == "CheckUnanswered") != (want != "") {
			t.Errorf("%s: %s %q, want %q", hosts, got.Reason, got.Message, want)
		}
	}
}

func TestFailingJobs(t *testing.T) {
	for _, test := range []struct {
		name, tag, script, behavior string
		revision, reason, after     string
		exitCode                    int32
	}{
		{"preflight fails", "6.0.0-preflight-fails", "preflight", "", head50, "ImageBroken", head50, 1},
		{"migrate fails", "6.0.0-migrate-fails", "migrate", "", head50, "MigrationFailed", head50, 1},
		{"migrate crashes", "6.0.0-migrate-crashes", "migrate", "", head50, "", head50, 137},
		{"verify fails", "5.0.0-verify-fails", "verify", "", head50, "CheckFailed", head50, 1},
		{"preflight on a database ahead", "5.0.0", "preflight", "", head60, "DatabaseAhead", head60, 1},
		{"migrate on a database ahead", "5.0.0", "migrate", "", head60, "DatabaseAhead", head60, 1},
		{"verify finds another revision", "6.0.0", "verify", "", head50, "CheckFailed", head50, 1},
		{"no version in the tag", "latest", "preflight", "", head50, "ImageBroken", head50, 1},
		{"by annotation", "6.0.0", "migrate", "migrate-fails", head41, "MigrationFailed", head41, 1},
		{"the annotation takes precedence", "6.0.0-migrate-crashes", "migrate", "none", head41, "", head60, 0},
		{"another script is not affected", "6.0.0-verify-fails", "migrate", "", head50, "", head60, 0},
		{"an empty database", "4.1.4", "migrate", "", "", "", head41, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			shared.world.SetRevision(ns, "bi", test.revision)
			o := order{namespace: ns, name: "job", tag: test.tag, script: test.script}
			if test.behavior != "" {
				o.annotations = map[string]string{world.AnnotationBehavior: test.behavior}
			}
			o.job(t)
			succeeded, end := o.ended(t)
			if succeeded != (test.exitCode == 0) || end.ExitCode != test.exitCode {
				t.Errorf("the pod ended with %+v, want exit code %d", end, test.exitCode)
			}
			if test.exitCode == 137 {
				if end.Message != "" {
					t.Errorf("a killed container left the message %q", end.Message)
				}
			} else if got := decode(t, end.Message); got.Reason != test.reason || (got.Message == "") != (test.reason == "") {
				t.Errorf("result %+v, want reason %q and a message", got, test.reason)
			}
			if got := shared.world.Revision(ns, "bi"); got != test.after {
				t.Errorf("the database is at %q, want %q", got, test.after)
			}
		})
	}
}

// began waits until the world has counted n migrations.
func began(t *testing.T, ns string, n int) {
	t.Helper()
	eventually(t, "migrations to begin", func(context.Context) (bool, error) { return shared.world.Migrations(ns, "bi").Started == n, nil })
}

func TestHangingMigrationIsReleased(t *testing.T) {
	for name, release := range map[string]func(t *testing.T, ns string){
		"by the test": func(_ *testing.T, ns string) { shared.world.Release(ns) },
		"by annotation": func(t *testing.T, ns string) {
			pods, err := shared.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=job"})
			if err != nil || len(pods.Items) != 1 {
				t.Fatalf("got %d pods, %v; want 1", len(pods.Items), err)
			}
			patch := []byte(`{"metadata":{"annotations":{"` + world.AnnotationRelease + `":""}}}`)
			if _, err := shared.client.CoreV1().Pods(ns).Patch(t.Context(), pods.Items[0].Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			o := order{namespace: ns, name: "job", tag: "6.0.0-migrate-hangs", script: "migrate"}
			o.job(t)
			began(t, ns, 1)
			// Another Job, created later, ends: the hanging one had enough time to end.
			other := order{namespace: ns, name: "other", tag: "6.0.0", script: "preflight"}
			other.job(t)
			other.ended(t)
			if got := shared.world.Migrations(ns, "bi"); got.Finished != 0 {
				t.Fatalf("the migration did not hang: %+v", got)
			}
			release(t, ns)
			if succeeded, end := o.ended(t); !succeeded {
				t.Errorf("the migration ended with %+v", end)
			}
			if got := shared.world.Revision(ns, "bi"); got != head60 {
				t.Errorf("the database is at %q, want %q", got, head60)
			}
		})
	}
}

func TestConcurrentMigrationsAreCounted(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	for _, name := range []string{"one", "two"} {
		order{namespace: ns, name: name, tag: "6.0.0-migrate-hangs", script: "migrate"}.job(t)
	}
	began(t, ns, 2)
	shared.world.Release(ns)
	eventually(t, "both to end", func(context.Context) (bool, error) { return shared.world.Migrations(ns, "bi").Finished == 2, nil })
	if got := shared.world.Migrations(ns, "bi").AtOnce; got != 2 {
		t.Errorf("%d ran at once, want 2", got)
	}
}

func TestDeletedMigrationChangesNothing(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	shared.world.SetRevision(ns, "bi", head50)
	order{namespace: ns, name: "job", tag: "6.0.0-migrate-hangs", script: "migrate"}.job(t)
	began(t, ns, 1)
	foreground := metav1.DeletePropagationForeground
	if err := shared.client.BatchV1().Jobs(ns).Delete(t.Context(), "job", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its end", func(context.Context) (bool, error) { return shared.world.Migrations(ns, "bi").Finished == 1, nil })
	if got := shared.world.Revision(ns, "bi"); got != head50 {
		t.Errorf("the database is at %q, want %q", got, head50)
	}
}

func TestOnJobDecides(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	o := order{namespace: ns, name: "job", tag: "6.0.0", script: "migrate", annotations: map[string]string{annotationReason: "LockTimeout"}}
	o.job(t)
	succeeded, end := o.ended(t)
	if got := decode(t, end.Message); succeeded || got.Reason != "LockTimeout" {
		t.Errorf("the pod ended with %+v", end)
	}
	if got := shared.world.Revision(ns, "bi"); got != "" {
		t.Errorf("the database is at %q, want none", got)
	}
}

// Not parallel: the second world would run the other tests' Jobs too.
func TestWorldIsPersistent(t *testing.T) {
	ns := namespace(t)
	o := order{namespace: ns, name: "job", tag: "5.0.0", script: "migrate"}
	o.job(t)
	o.ended(t)
	again := world.New(shared.REST(), world.Options{Persist: true})
	stop := play(again)
	defer stop()
	eventually(t, "the revision", func(context.Context) (bool, error) { return again.Revision(ns, "bi") == head50, nil })
}

// Backup, downgrade and restore in the cluster, with the init containers that run
// before the script.
func TestBackupDowngradeRestore(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	shared.world.SetRevision(ns, "bi", head50)
	dir := "/backups/" + ns
	for _, test := range []struct {
		script, tag string
		env         map[string]string
		after       string
	}{
		{"backup", "5.0.0", map[string]string{"SUPERSET_OPERATOR_BACKUP": "r2", "SUPERSET_OPERATOR_BACKUP_DIR": dir, "SUPERSET_OPERATOR_BACKUP_KEEP": "3"}, head50},
		{"migrate", "6.0.0", nil, head60},
		{"downgrade", "6.0.0", map[string]string{"SUPERSET_OPERATOR_TARGET_REVISION": head41}, head41},
		{"restore", "6.0.0", map[string]string{"SUPERSET_OPERATOR_BACKUP": "r2", "SUPERSET_OPERATOR_BACKUP_DIR": dir, "SUPERSET_OPERATOR_EXPECTED_REVISION": head50}, head50},
	} {
		o := order{namespace: ns, name: test.script, tag: test.tag, script: test.script, env: test.env}
		if test.script == "backup" || test.script == "restore" {
			o.inits = []string{"apache/superset:" + test.tag, "postgres:17"}
		}
		o.job(t)
		succeeded, end := o.ended(t)
		if r := decode(t, end.Message); !succeeded || r.Script != test.script || r.Revision != test.after {
			t.Errorf("%s: %+v", test.script, r)
		}
		if got := shared.world.Revision(ns, "bi"); got != test.after {
			t.Errorf("after %s the database is at %q, want %q", test.script, got, test.after)
		}
	}
	if got := shared.world.Backups(ns, dir); len(got) != 1 || got[0].Name != "r2" || got[0].Revision != head50 {
		t.Errorf("backups: %+v", got)
	}
	if got := shared.world.Migrations(ns, "bi"); got.Started != 1 || got.AtOnce != 1 {
		t.Errorf("migrations: %+v", got)
	}
}
