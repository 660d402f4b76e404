// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// A NetworkPolicy lets only the ingress controller reach web. A first install is verified by its
// other checks, after one attempt that finds it out. The plan of an upgrade says it before
// anything is touched, and Verify runs once. A rollback does the same.
func TestJobsDoNotReachWeb(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", jobs(world.AnnotationWeb, "yes"))
	s := f.ready("5.0.0")
	contains(t, f.message(s), "the checks of web were skipped, because Jobs do not reach it")
	f.skipped(s)
	f.edit(version("6.0.0"))
	s = f.ready("6.0.0")
	contains(t, notesOf(s), "Jobs do not reach web (timed out): Verify skips its checks of web")
	f.skipped(s)
	if n := len(f.jobsNow("verify")); n != 3 {
		t.Errorf("%d verify Jobs, want two of the install and one of the upgrade", n)
	}
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.skipped(f.rolledBack("5.0.0"))
}

// A policy that comes into force after the preflight looks like a new release that does not
// answer: it is rolled back at the deadline. The previous release does not answer either, and
// the rollback ends.
func TestWebBecomesUnreachable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", jobs(world.AnnotationWeb, "at-verify"), deadlines(v1alpha1.Deadlines{Verify: lasts(3 * short)}))
	f.edit(version("6.0.0")) // its preflight reaches web
	s := f.rolledBack("5.0.0")
	if u := s.Status.Upgrade; u.Failure == nil || u.Failure.Phase != v1alpha1.PhaseVerify || u.Failure.Reason != v1alpha1.ReasonDeadlineExceeded {
		t.Errorf("failure %+v", u.Failure)
	}
	f.skipped(s)
}

// skipped requires that the checks of web were skipped.
func (f *fixture) skipped(s *v1alpha1.Superset) {
	f.t.Helper()
	if s.Status.Upgrade.WebAccess != v1alpha1.WebUnreachable {
		f.t.Errorf("web is %q", s.Status.Upgrade.WebAccess)
	}
	for _, c := range s.Status.Upgrade.Checks {
		if c.Name == "AnonymousAPI" || c.Name == "Web" && !c.OK {
			f.t.Errorf("check %+v", c)
		}
	}
}

func notesOf(s *v1alpha1.Superset) (text string) {
	for _, note := range s.Status.Upgrade.Plan.Notes {
		text += note + "\n"
	}
	return text
}
