// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

func TestParseLocks(t *testing.T) {
	got, err := ParseResult(`{"script":"migrate","reason":"TablesBusy","message":"m","locks":{"tries":7,"waitSeconds":60.2,"heldSeconds":0.0}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Script: "migrate", Reason: ReasonTablesBusy, Message: "m", Locks: &Locks{Tries: 7, WaitSeconds: 60.2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	plain, err := ParseResult(`{"script":"migrate","reason":"","message":""}`)
	if err != nil || plain.Locks != nil {
		t.Errorf("a plain migration has locks %+v, error %v", plain.Locks, err)
	}
}

// Blocking sessions may be gone at the next attempt; a migration that took too long will take
// too long again.
func TestTransientOfPoliteReasons(t *testing.T) {
	want := map[Reason]bool{ReasonLockTimeout: true, ReasonTablesBusy: true, ReasonLockBudgetExceeded: false, ReasonMigrationFailed: false}
	for reason, transient := range want {
		if reason.Transient() != transient {
			t.Errorf("%s is transient: %t, want %t", reason, !transient, transient)
		}
	}
}

func TestMigrateGetsItsBudget(t *testing.T) {
	owner := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "sales", Name: "bi"}}
	ours := corev1.EnvVar{Name: "SUPERSET_OPERATOR_OWNER", Value: "sales/bi"}
	for budget, want := range map[time.Duration][]corev1.EnvVar{
		0:                       {ours},
		5 * time.Second:         {ours, {Name: "SUPERSET_OPERATOR_MAX_LOCK_SECONDS", Value: "5"}},
		1500 * time.Millisecond: {ours, {Name: "SUPERSET_OPERATOR_MAX_LOCK_SECONDS", Value: "1.5"}},
	} {
		if diff := cmp.Diff(want, scriptEnv(owner, Order{Script: Migrate, MaxLock: budget, Release: &components.Release{}})); diff != "" {
			t.Errorf("budget %s, -want +got:\n%s", budget, diff)
		}
	}
	others := []corev1.EnvVar{ours, {Name: "SUPERSET_OPERATOR_WORKER_DEPLOYMENT", Value: "bi-worker"}}
	if diff := cmp.Diff(others, scriptEnv(owner, Order{Script: Preflight, MaxLock: time.Second, Release: &components.Release{}})); diff != "" {
		t.Errorf("preflight, -want +got:\n%s", diff)
	}
}
