// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// meshed gives the pods of Jobs a proxy that never ends, and three init containers.
func meshed(s *v1alpha1.Superset) {
	const secure = `"image":"example/proxy:1","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}`
	s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{PodTemplate: &runtime.RawExtension{Raw: []byte(
		`{"spec":{"containers":[{"name":"proxy","command":["sleep","infinity"],` + secure + `}],` +
			`"initContainers":[{"name":"one",` + secure + `},{"name":"two",` + secure + `},{"name":"three",` + secure + `}]}}`)}}}
}

// A Job has ended when its script has, whatever other containers do. Its pod would run for
// ever: once its result is recorded it is deleted.
func TestJobsWithSidecar(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", meshed, backedUp)
	f.edit(version("6.0.0"))
	s := f.ready("6.0.0")
	if len(s.Status.Backups) != 1 || s.Status.Schema.Revision != head6 {
		t.Errorf("backups %+v, schema %+v", s.Status.Backups, s.Status.Schema)
	}
	if n := simulated.Migrations(f.ns, "bi"); n.Started != 2 || n.Finished != 2 {
		t.Errorf("migrations %+v, want one for each release", n)
	}
	for _, script := range migrations.Scripts {
		eventually(t, "the Jobs of "+string(script)+" to be deleted", func() bool { return len(f.jobsNow(string(script))) == 0 })
	}
	f.settled()
}

// A failed Job keeps its log, and is named with its command.
func TestFailedJobWithSidecar(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", meshed, hold)
	f.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	f.until("the Job is named", func(s *v1alpha1.Superset) bool {
		message := condition(s, v1alpha1.ConditionReady).Message
		return s.Status.Phase == v1alpha1.PhaseFailed && strings.Contains(message, "its container proxy still runs") &&
			strings.Contains(message, "kubectl delete job -n "+f.ns+" bi-verify-2-1-")
	})
	if n := len(f.jobsNow("verify")); n != 1 {
		t.Errorf("%d verify Jobs, want that of the failure with its log", n)
	}
	f.edit(tag(""))
	f.ready("6.0.0")
}
