// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// account is what the conditions are worked out from: the status as it is
// about to be written, what was observed, and what is decided in that state.
type account struct {
	s      *v1alpha1.Superset
	status *v1alpha1.SupersetStatus
	o      *lifecycle.Observation
	d      *lifecycle.Decision
}

// conditions sets every condition of a Superset, and nothing else does. Ready
// is a summary; Reconciling and Stalled are present only while true.
func (a *account) conditions() {
	reason, message := a.summary()
	stalled := a.status.Phase == v1alpha1.PhaseFailed || a.status.Phase == v1alpha1.PhaseRolledBack
	ready := a.status.Phase == v1alpha1.PhaseReady && a.d.Reason == v1alpha1.ReasonReady
	a.set(v1alpha1.ConditionReady, ready, reason, message)
	a.only(v1alpha1.ConditionReconciling, !ready && !stalled, reason, message)
	a.only(v1alpha1.ConditionStalled, stalled, reason, message)
	a.only(v1alpha1.ConditionPaused, a.s.Spec.Paused, v1alpha1.ReasonPaused, "spec.paused holds the machine; serving and scaling go on")
	for _, gate := range []string{v1alpha1.ConditionAwaitingApproval, v1alpha1.ConditionOutsideWindow} {
		closed := a.d.Gate == gate || a.d.Loss != "" && !stalled && gate == v1alpha1.ConditionAwaitingApproval
		a.only(gate, closed, reason, message)
	}
	a.page()
	a.available()
	a.schema()
	a.rollback()
	if lifecycle.Supported(a.s.Spec.Version) {
		a.set(v1alpha1.ConditionVersionSupported, true, v1alpha1.ReasonSupported, "inside the bounds of this operator release: "+lifecycle.SupportedRange())
	} else {
		a.set(v1alpha1.ConditionVersionSupported, false, v1alpha1.ReasonUnsupported, "outside the bounds of this operator release: "+lifecycle.SupportedRange())
	}
}

// summary is the one reason and message that a user reads first. While nothing
// is in the way they are those of the phase, so that they change with it only.
func (a *account) summary() (reason, message string) {
	u := a.status.Upgrade
	switch {
	case a.status.Phase == v1alpha1.PhaseFailed && u.Failure != nil:
		return u.Failure.Reason, fmt.Sprintf("%s failed: %s. %s", u.Failure.Phase, trimDot(u.Failure.Message), a.stands()+a.next())
	case a.status.Phase == v1alpha1.PhaseRolledBack:
		return v1alpha1.ReasonRolledBack, a.rolledBack()
	case a.d.Token != "":
		return a.d.Reason, fmt.Sprintf("%s. Approve it: %s", trimDot(a.d.Message), command(a.s, v1alpha1.AnnotationApprove, a.d.Token))
	case a.d.Loss != "":
		return a.d.Reason, fmt.Sprintf("%s. Accept that: %s", trimDot(a.d.Message), command(a.s, v1alpha1.AnnotationAcceptDataLoss, a.d.Loss))
	case a.d.Waiting:
		return a.d.Reason, a.d.Message
	case a.status.Phase == v1alpha1.PhaseReady:
		return a.d.Reason, fmt.Sprintf("version %s runs and was verified", a.o.Desired.Version)
	default:
		return string(a.status.Phase), phaseMessage(a.status.Phase, u)
	}
}

// rolledBack says what runs, why, and how to go on.
func (a *account) rolledBack() string {
	u := a.status.Upgrade
	runs := u.From
	if u.Kind == v1alpha1.KindRollback {
		runs = u.To
	}
	how := ""
	if u.Rollback != nil && u.Rollback.FellBack != "" {
		how = fmt.Sprintf(" by class %s, because Downgrade failed (%s)", u.Rollback.Class, trimDot(u.Rollback.FellBack))
	}
	return fmt.Sprintf("version %s runs again%s%s; spec asks for %s, which is not tried again until spec changes. %s",
		runs, how, because(u.Failure), a.s.Spec.Version, a.next())
}

// stands is what stands in the way back of a run that failed.
func (a *account) stands() string {
	if a.d.Message == "" || a.d.Loss != "" { // a loss is said beside its command
		return ""
	}
	return strings.ToUpper(a.d.Message[:1]) + trimDot(a.d.Message[1:]) + ". "
}

// next has the exact commands that are valid now.
func (a *account) next() string {
	text := "Mend spec, or try again: " + annotate(a.s, v1alpha1.AnnotationRetry)
	u := a.status.Upgrade
	if a.status.Phase != v1alpha1.PhaseFailed || !u.Touched || u.FromRelease == "" {
		return text
	}
	if a.d.Loss != "" {
		return fmt.Sprintf("%s. Or go back: %s. Accept that: %s", text, a.d.Message, command(a.s, v1alpha1.AnnotationAcceptDataLoss, a.d.Loss))
	}
	if r, way := a.wayBack(); r.Hash == "" || way.Class == v1alpha1.RollbackFrozen {
		return text // and RollbackAvailable says why there is no more
	}
	return text + "; go back: " + annotate(a.s, v1alpha1.AnnotationRollback)
}

// annotate is the command that gives a token of a verb.
func annotate(s *v1alpha1.Superset, verb string) string { return command(s, verb, `"$(date +%s)"`) }

func command(s *v1alpha1.Superset, verb, token string) string {
	return fmt.Sprintf("kubectl annotate superset %s -n %s --overwrite %s=%s", s.Name, s.Namespace, verb, token)
}

// available tells whether users are served; a Superset without web has none.
func (a *account) available() {
	web := a.o.Tiers[lifecycle.Web]
	switch {
	case web.Ready > 0:
		a.set(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonServing, "web pods are ready")
	case web.Exists || a.s.Spec.Web != nil:
		a.set(v1alpha1.ConditionAvailable, false, v1alpha1.ReasonNotServing, "no web pod is ready")
	default:
		meta.RemoveStatusCondition(&a.status.Conditions, v1alpha1.ConditionAvailable)
	}
}

// page tells that users see the maintenance page, or why they cannot; present
// only then.
func (a *account) page() {
	switch p := a.o.Page; {
	case p.InFront:
		a.set(v1alpha1.ConditionMaintenancePage, true, v1alpha1.ReasonServing, "users see the maintenance page")
	case p.Blocked != "" && lifecycle.PageWanted(a.o):
		a.set(v1alpha1.ConditionMaintenancePage, false, v1alpha1.ReasonBlocked, "the upgrade goes on without a page: "+p.Blocked)
	default:
		meta.RemoveStatusCondition(&a.status.Conditions, v1alpha1.ConditionMaintenancePage)
	}
}

func (a *account) schema() {
	known := a.status.Schema
	switch {
	case known == nil:
		a.setUnknown(v1alpha1.ConditionSchemaInSync, "the database was not looked at yet")
	case known.HalfMigrated:
		a.set(v1alpha1.ConditionSchemaInSync, false, v1alpha1.ReasonHalfMigrated, "the schema was left between two revisions: restore a backup")
	case known.AheadAfterRollback:
		a.set(v1alpha1.ConditionSchemaInSync, false, v1alpha1.ReasonAheadAfterRollback,
			fmt.Sprintf("the database is at %s, newer than what the running release brings; it serves all the same", known.Revision))
	case a.status.Upgrade != nil && known.Revision != a.status.Upgrade.Head && a.status.Phase == v1alpha1.PhaseDBMigrate:
		a.set(v1alpha1.ConditionSchemaInSync, false, string(a.status.Phase), "the database is being migrated")
	default:
		a.set(v1alpha1.ConditionSchemaInSync, true, v1alpha1.ReasonInSync, "the database is at "+known.Revision)
	}
}

// wayBack is what a rollback token would lead to now; the zero Release for nothing.
func (a *account) wayBack() (lifecycle.Release, v1alpha1.RollbackStatus) {
	target := a.status.PreviousRelease
	u := a.status.Upgrade
	if u != nil && u.Touched && a.status.Phase != v1alpha1.PhaseReady && a.status.Phase != v1alpha1.PhaseRolledBack {
		target = cmp.Or(u.RollbackRelease, u.FromRelease)
	}
	for _, r := range a.o.Stored {
		if r.Hash == target && target != "" {
			return r, lifecycle.WayBack(a.o, r)
		}
	}
	return lifecycle.Release{}, v1alpha1.RollbackStatus{}
}

// rollback tells whether there is a way back, and which.
func (a *account) rollback() {
	switch r, way := a.wayBack(); {
	case r.Hash == "":
		a.set(v1alpha1.ConditionRollbackAvailable, false, v1alpha1.ReasonNone, "there is no release before this one")
	case way.Class == v1alpha1.RollbackFrozen:
		a.set(v1alpha1.ConditionRollbackAvailable, false, string(way.Class), way.Reason)
	default:
		a.set(v1alpha1.ConditionRollbackAvailable, true, string(way.Class),
			fmt.Sprintf("to %s, %s: %s", r.Version, classWords[way.Class], annotate(a.s, v1alpha1.AnnotationRollback)))
	}
}

// classWords say what becomes of the database.
var classWords = map[v1alpha1.RollbackClass]string{
	v1alpha1.RollbackImage:     "on the schema as it is",
	v1alpha1.RollbackDowngrade: "after the database is taken back with the newer image",
	v1alpha1.RollbackRestore:   "after a backup is put back",
}

func (a *account) set(kind string, is bool, reason, message string) {
	status := metav1.ConditionFalse
	if is {
		status = metav1.ConditionTrue
	}
	a.write(kind, status, reason, message)
}

func (a *account) setUnknown(kind, message string) {
	a.write(kind, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, message)
}

// only sets a condition that is present only while it is true.
func (a *account) only(kind string, is bool, reason, message string) {
	if is {
		a.set(kind, true, reason, message)
	} else {
		meta.RemoveStatusCondition(&a.status.Conditions, kind)
	}
}

func (a *account) write(kind string, status metav1.ConditionStatus, reason, message string) {
	setCondition(&a.status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: limit(message),
		ObservedGeneration: a.s.Generation, LastTransitionTime: metav1.NewTime(a.o.Now).Rfc3339Copy(),
	})
}

// setCondition keeps the time of a condition whose status stays.
func setCondition(conditions *[]metav1.Condition, c metav1.Condition) {
	meta.SetStatusCondition(conditions, c)
}

// sameConditions compares what conditions say, without their times.
func sameConditions(a, b []metav1.Condition) bool {
	return equality.Semantic.DeepEqual(a, b)
}

// maxMessage bounds a condition's message: characters.
const maxMessage = 1500

func limit(message string) string {
	if runes := []rune(message); len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return message
}

func trimDot(s string) string {
	for len(s) > 0 && (s[len(s)-1] == '.' || s[len(s)-1] == ' ') {
		s = s[:len(s)-1]
	}
	return s
}
