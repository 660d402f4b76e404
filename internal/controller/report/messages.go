// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// summary is the reason and message that users read first. While nothing is in the way
// they are those of the phase, so that they change only with the phase.
func (r *report) summary() (reason, message string) {
	u, d := r.status.Upgrade, r.d
	switch {
	case r.status.Phase == v1alpha1.PhaseFailed && u.Failure != nil:
		return u.Failure.Reason, sentences(fmt.Sprintf("%s failed: %s", u.Failure.Phase, u.Failure.Message), r.waiting(), r.afterFailure(), r.snapshot.Lingers)
	case r.status.Phase == v1alpha1.PhaseRolledBack:
		return v1alpha1.ReasonRolledBack, sentences(r.rolledBack(), r.waiting(), r.retry(), r.acceptLoss(), r.snapshot.Lingers)
	case d.Wait.Approval != "":
		return d.Reason, sentences(d.Message, "To approve: "+r.command(v1alpha1.AnnotationApprove, d.Wait.Approval))
	case d.Wait.DataLoss != "":
		return d.Reason, sentences(d.Message, "To accept it: "+r.command(v1alpha1.AnnotationAcceptDataLoss, d.Wait.DataLoss))
	case d.Wait.Job != "":
		return d.Reason, sentences(d.Message, fmt.Sprintf("The operator never deletes this Job. Fix the cause, or run: kubectl delete job -n %s %s", r.s.Namespace, d.Wait.Job))
	case d.Kind == lifecycle.KindWait:
		return d.Reason, d.Message
	case r.status.Phase != v1alpha1.PhaseReady:
		return string(r.status.Phase), PhaseMessage(r.status.Phase, u) + r.queued() + leftOut(r.snapshot.StoredRelease(cmp.Or(u.RollbackRelease, u.ToRelease)))
	case d.Kind == lifecycle.KindMove:
		return cmp.Or(d.Reason, v1alpha1.ReasonUnknown), "leaving Ready: " + string(d.Move.Event)
	default:
		return v1alpha1.ReasonReady, strings.Join(append([]string{fmt.Sprintf("version %s is running and verified", r.snapshot.Desired.Version)}, r.pending()...), "; ")
	}
}

// waiting says what the next run waits for, and what is in the way of the tiers; empty for
// nothing.
func (r *report) waiting() string {
	switch {
	case r.d.Reason == v1alpha1.ReasonWaitingForSlot:
		return "The new spec is " + r.d.Message
	case r.obstructed():
		return capitalize(r.d.Message)
	default:
		return ""
	}
}

// queued says what users notice of a Drain before web stops; empty for nothing. It is the same for
// the whole phase.
func (r *report) queued() string {
	if r.status.Phase != v1alpha1.PhaseDBMigrate || r.status.Upgrade.Strategy != v1alpha1.StrategyDrain || !r.snapshot.Tiers[state.Worker].Exists {
		return ""
	}
	return "; asynchronous queries wait until the workers run again"
}

// obstructed is true when the work of the decision could not be done, so that the message is
// not that of the machine.
func (r *report) obstructed() bool {
	return r.d.Reason == v1alpha1.ReasonReconcileError || r.d.Reason == v1alpha1.ReasonNameConflict
}

// pending says what the operator will do with a Superset that is Ready; empty for nothing.
func (r *report) pending() []string {
	if r.d.Message == "" {
		return r.unverified()
	}
	return append(r.unverified(), "this operator release renders it differently, "+r.d.Message)
}

// unverified says which checks of Verify were skipped; empty for none.
func (r *report) unverified() []string {
	if u := r.status.Upgrade; u == nil || u.WebAccess != v1alpha1.WebUnreachable || r.s.Spec.Web == nil {
		return nil
	}
	return []string{"the checks of web were skipped, because Jobs do not reach it (status.upgrade.checks)"}
}

// rolledBack says what runs, why, and what spec asks for.
func (r *report) rolledBack() string {
	u := r.status.Upgrade
	running, how := u.From, ""
	if u.Kind == v1alpha1.KindRollback {
		running = u.To
	}
	if u.Rollback != nil && u.Rollback.FellBack != "" {
		how = fmt.Sprintf(" by class %s, because Downgrade failed (%s)", u.Rollback.Class, trimDot(u.Rollback.FellBack))
	}
	return fmt.Sprintf("version %s is running again%s%s; spec asks for %s, which is not tried again until spec changes",
		running, how, because(u.Failure), r.s.Spec.Version)
}

// afterFailure says what keeps a rollback from starting, and has the commands that are
// valid now.
func (r *report) afterFailure() string {
	switch u := r.status.Upgrade; {
	case !u.Touched || u.FromRelease == "":
		return r.retry()
	case r.d.Wait.DataLoss != "":
		return sentences(r.retry(), r.acceptLoss())
	}
	if to := r.rollback(); !to.Possible() {
		if r.obstructed() { // its message is there already
			return r.retry()
		}
		return sentences(capitalize(r.d.Message), r.retry())
	}
	return sentences(r.retry(), "Or roll back: "+r.newToken(v1alpha1.AnnotationRollback))
}

// acceptLoss says what a rollback loses, and how to accept that; empty for no such loss.
func (r *report) acceptLoss() string {
	if r.d.Wait.DataLoss == "" {
		return ""
	}
	return sentences("Or roll back: "+r.d.Message, "To accept the data loss: "+r.command(v1alpha1.AnnotationAcceptDataLoss, r.d.Wait.DataLoss))
}

// retry says how to try again.
func (r *report) retry() string {
	return "Fix the cause or edit spec, or retry: " + r.newToken(v1alpha1.AnnotationRetry)
}

// newToken is the command that sets an annotation to a new token.
func (r *report) newToken(annotation string) string { return r.command(annotation, `"$(date +%s)"`) }

func (r *report) command(annotation, token string) string {
	return fmt.Sprintf("kubectl annotate superset %s -n %s --overwrite %s=%s", r.s.Name, r.s.Namespace, annotation, token)
}

// PhaseMessage says what a phase of a run does; empty for a resting one but Pending.
func PhaseMessage(p v1alpha1.Phase, u *v1alpha1.UpgradeStatus) string {
	switch p {
	case v1alpha1.PhaseValidate:
		return fmt.Sprintf("validating %s in its own image; nothing that runs is changed", u.To)
	case v1alpha1.PhaseDBMigrate:
		return fmt.Sprintf("migrating the database to %s (%d revisions)", u.To, u.PendingMigrations) + fellBack(u)
	case v1alpha1.PhaseUpgradeScheduler:
		return fmt.Sprintf("upgrading the scheduler to %s, held until the workers are upgraded", u.To)
	case v1alpha1.PhaseUpgradeWorkers:
		return fmt.Sprintf("upgrading the workers to %s", u.To)
	case v1alpha1.PhaseUpgradeWeb:
		return fmt.Sprintf("upgrading web to %s", u.To)
	case v1alpha1.PhaseVerify:
		return fmt.Sprintf("running the smoke tests of %s", u.To) + withoutWeb(u)
	case v1alpha1.PhaseRollback:
		return "rolling back" + byClass(u.Rollback) + because(u.Failure)
	case v1alpha1.PhasePending:
		return "not reconciled yet"
	default:
		return ""
	}
}

// withoutWeb says that the checks of web are skipped; empty when they are not.
func withoutWeb(u *v1alpha1.UpgradeStatus) string {
	if u.WebAccess != v1alpha1.WebUnreachable {
		return ""
	}
	return "; Jobs do not reach web, so its checks are skipped unless it answers"
}

// fellBack says why every tier is stopped although the plan was to migrate under traffic.
func fellBack(u *v1alpha1.UpgradeStatus) string {
	if u.FellBack == "" {
		return ""
	}
	return ", with every tier stopped: the migration under live traffic was aborted (" + trimDot(u.FellBack) + ")"
}

// byClass says what a rollback does to the database, and which class failed before.
func byClass(r *v1alpha1.RollbackStatus) string {
	if r == nil {
		return ""
	}
	text := ""
	switch r.Class {
	case v1alpha1.RollbackDowngrade:
		text = " after the schema is downgraded to " + r.Revision
		if r.Revision == "" {
			text = " after stored secrets are re-encrypted with the previous key"
		}
	case v1alpha1.RollbackRestore:
		text = " after backup " + r.Backup + " is restored"
	case v1alpha1.RollbackImage, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
	}
	if r.FellBack != "" {
		text += " (class " + string(r.Class) + ", because Downgrade failed: " + trimDot(r.FellBack) + ")"
	}
	return text
}

func because(f *v1alpha1.Failure) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf(" because %s failed (%s: %s)", f.Phase, f.Reason, trimDot(f.Message))
}

// sentences joins sentences; empty ones are left out.
func sentences(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = trimDot(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ". ")
}

func trimDot(s string) string { return strings.TrimRight(s, ". ") }

func capitalize(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
