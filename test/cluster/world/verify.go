// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// verify really compares the revision, and really looks for the workers; the other checks of the
// Job depend only on the behavior.
func verify(pod *corev1.Pod, behavior Behavior, v view, result Result) Result {
	wanted := env(pod, envExpectedRevision).Value
	if wanted == "" {
		wanted = result.Head
	}
	revision := Check{Name: "Revision", OK: slices.Contains(strings.Split(wanted, ","), result.Revision), Detail: "the database is at " + result.Revision}
	if !revision.OK {
		at := result.Revision
		if at == "" {
			at = "no revision"
		}
		revision.Detail = fmt.Sprintf("the database is at %s, not at %s", at, wanted)
	}
	if env(pod, envWebURL).Value != "" {
		result.reach(pod)
	}
	result.Checks = append([]Check{revision}, smokeTests(pod, behavior)...)
	if len(v.silent) > 0 {
		result.Checks = append(result.Checks, unanswered(v.silent))
	}
	return summary(result)
}

// atVerify is the value of AnnotationWeb for a policy that comes into force after preflight.
const atVerify = "at-verify"

// timedOut is why a Job does not reach web.
const timedOut = "timed out"

// reach stores whether the Job of a pod reaches web.
func (r *Result) reach(pod *corev1.Pod) {
	r.Web = "Reachable"
	if unreachable(pod) {
		r.Web, r.WebWhy = "Unreachable", timedOut
	}
}

func unreachable(pod *corev1.Pod) bool {
	when, is := pod.Annotations[AnnotationWeb]
	return is && (when != atVerify || pod.Labels[labelScript] == scriptVerify)
}

// summary fails a verify by its failed checks. Without an answer is that of the workers, or of web.
func summary(result Result) Result {
	failed, reason := 0, "CheckUnanswered"
	var first Check
	for _, check := range result.Checks {
		if !check.OK {
			if failed++; failed == 1 {
				first = check
			}
			if check.Name != checkWorkers && check.Detail != timedOut {
				reason = "CheckFailed"
			}
		}
	}
	if failed > 0 {
		return result.fail(reason, "%s (%d of %d checks failed): %s", first.Name, failed, len(result.Checks), first.Detail)
	}
	return result
}

// webUnreachable are the checks of a Job that does not reach web.
func webUnreachable(pod *corev1.Pod) []Check {
	if env(pod, envWebUnreachable).Value == "1" {
		return []Check{{Name: "Web", OK: true, Detail: "not checked: Jobs do not reach it (timed out)"}}
	}
	return []Check{{Name: "AnonymousAPI", Detail: timedOut}, {Name: "LoginPage", Detail: timedOut}}
}

// smokeTests are the checks that send requests to Superset, as far as the Job
// requests them.
func smokeTests(pod *corev1.Pod, behavior Behavior) (checks []Check) {
	if behavior == VerifyFails {
		checks = append(checks, Check{Name: "LoginPage", Detail: "the page answers 500"})
	} else if asks := env(pod, envWebURL).Value != ""; asks && unreachable(pod) {
		return append(webUnreachable(pod), answers(pod)...)
	} else if asks {
		checks = append(checks, Check{Name: "AnonymousAPI", OK: true, Detail: "it answers 401"},
			Check{Name: "LoginPage", OK: true, Detail: "it answers 200"})
	}
	if env(pod, envLogin).Name != "" {
		checks = append(checks, Check{Name: "Login", OK: true, Detail: "logged in"})
	}
	if charts := env(pod, envCharts).Value; charts != "" {
		checks = append(checks, Check{Name: "Charts", OK: env(pod, envChartsBefore).Value == chartsOf(charts),
			Detail: "before the upgrade: " + env(pod, envChartsBefore).Value})
	}
	if soak := env(pod, envSoak).Value; soak != "" {
		checks = append(checks, Check{Name: "Soak", OK: true, Detail: soak + " s"})
	}
	return append(checks, answers(pod)...)
}
