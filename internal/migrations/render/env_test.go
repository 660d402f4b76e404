// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// The time for the locks goes to migrate alone, and with it whose sessions they are.
func TestMigrateGetsItsBudget(t *testing.T) {
	owner := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "sales", Name: "bi"}}
	ours := corev1.EnvVar{Name: "SUPERSET_OPERATOR_OWNER", Value: "sales/bi"}
	for budget, want := range map[time.Duration][]corev1.EnvVar{
		0:                       {ours},
		5 * time.Second:         {ours, {Name: "SUPERSET_OPERATOR_MAX_LOCK_SECONDS", Value: "5"}},
		1500 * time.Millisecond: {ours, {Name: "SUPERSET_OPERATOR_MAX_LOCK_SECONDS", Value: "1.5"}},
	} {
		if diff := cmp.Diff(want, scriptEnv(owner, Order{Script: migrations.Migrate, MaxLock: budget, Release: &components.Release{}})); diff != "" {
			t.Errorf("budget %s, -want +got:\n%s", budget, diff)
		}
	}
	others := []corev1.EnvVar{ours, {Name: "SUPERSET_OPERATOR_WORKER_DEPLOYMENT", Value: "bi-worker"}}
	if diff := cmp.Diff(others, scriptEnv(owner, Order{Script: migrations.Preflight, MaxLock: time.Second, Release: &components.Release{}})); diff != "" {
		t.Errorf("preflight, -want +got:\n%s", diff)
	}
}
