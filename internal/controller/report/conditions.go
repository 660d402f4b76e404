// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// conditions is every condition of a Superset, and how it follows from the status.
var conditions = []struct {
	kind string
	of   func(*report) condition
}{
	{v1alpha1.ConditionReady, func(r *report) condition { return isTrue(r.ready(), r.reason, r.message) }},
	{v1alpha1.ConditionReconciling, func(r *report) condition { return onlyIf(!r.ready() && !r.stalled(), r.reason, r.message) }},
	{v1alpha1.ConditionStalled, func(r *report) condition { return onlyIf(r.stalled(), r.reason, r.message) }},
	{v1alpha1.ConditionPaused, func(r *report) condition {
		return onlyIf(r.s.Spec.Paused, v1alpha1.ReasonPaused, "spec.paused holds the upgrade machine; serving and scaling continue")
	}},
	{v1alpha1.ConditionAwaitingApproval, func(r *report) condition {
		asked := r.d.Wait.Gate == v1alpha1.ConditionAwaitingApproval || r.d.Wait.DataLoss != "" && !r.stalled()
		return onlyIf(asked, r.reason, r.message)
	}},
	{v1alpha1.ConditionOutsideWindow, func(r *report) condition {
		return onlyIf(r.d.Wait.Gate == v1alpha1.ConditionOutsideWindow, r.reason, r.message)
	}},
	{v1alpha1.ConditionMaintenancePage, page},
	{v1alpha1.ConditionAvailable, available},
	{v1alpha1.ConditionSchemaInSync, schemaInSync},
	{v1alpha1.ConditionRollbackAvailable, rollbackAvailable},
	{v1alpha1.ConditionReleaseStored, releaseStored},
	{v1alpha1.ConditionSecretsInSync, secretsInSync},
	{v1alpha1.ConditionVersionSupported, func(r *report) condition {
		if state.Supported(r.s.Spec.Version) {
			return isTrue(true, v1alpha1.ReasonSupported, "this operator release supports "+state.SupportedRange())
		}
		return isTrue(false, v1alpha1.ReasonUnsupported, "this operator release supports only "+state.SupportedRange())
	}},
}

// SetConditions writes every condition into a status that is about to be persisted, and
// nothing else does. The snapshot and the decision are those that follow from that status.
func SetConditions(status *v1alpha1.SupersetStatus, s *v1alpha1.Superset, snapshot *state.Snapshot, d *lifecycle.Decision) {
	r := &report{s: s, status: status, snapshot: snapshot, d: d}
	r.reason, r.message = r.summary()
	for _, row := range conditions {
		c := row.of(r)
		if c.status == "" {
			remove(&r.status.Conditions, row.kind)
			continue
		}
		meta.SetStatusCondition(&r.status.Conditions, apply.Condition(r.s, r.snapshot.Now,
			metav1.Condition{Type: row.kind, Status: c.status, Reason: c.reason, Message: c.message}))
	}
}

// remove copies no conditions where there is nothing to remove.
func remove(from *[]metav1.Condition, kind string) {
	if meta.FindStatusCondition(*from, kind) != nil {
		meta.RemoveStatusCondition(from, kind)
	}
}

// SetError reports an error that keeps a Superset from being observed, in Ready and Reconciling.
// A resting phase that needs manual intervention keeps Stalled, with its commands. The next
// decision replaces it: see SetConditions.
func SetError(status *v1alpha1.SupersetStatus, s *v1alpha1.Superset, now time.Time, message string) {
	set := func(kind string, is metav1.ConditionStatus) {
		meta.SetStatusCondition(&status.Conditions, apply.Condition(s, now,
			metav1.Condition{Type: kind, Status: is, Reason: v1alpha1.ReasonReconcileError, Message: message}))
	}
	set(v1alpha1.ConditionReady, metav1.ConditionFalse)
	if !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled) {
		set(v1alpha1.ConditionReconciling, metav1.ConditionTrue)
	}
}

// condition is the value of a condition; without a status the condition is absent.
type condition struct {
	status          metav1.ConditionStatus
	reason, message string
}

func isTrue(is bool, reason, message string) condition {
	if is {
		return condition{metav1.ConditionTrue, reason, message}
	}
	return condition{metav1.ConditionFalse, reason, message}
}

// onlyIf is a condition that is present only while it is true.
func onlyIf(is bool, reason, message string) condition {
	if is {
		return condition{metav1.ConditionTrue, reason, message}
	}
	return condition{}
}

// page reports that users see the maintenance page, or why they do not; absent when they
// should not.
func page(r *report) condition {
	switch p := r.snapshot.Page; {
	case p.HasTraffic:
		return isTrue(true, v1alpha1.ReasonServing, "users see the maintenance page")
	case p.Blocked != "" && actions.PageWanted(r.snapshot):
		return isTrue(false, v1alpha1.ReasonBlocked, "the upgrade continues without a maintenance page: "+p.Blocked)
	default:
		return condition{}
	}
}

// available reports whether users are served; absent for a Superset without web.
func available(r *report) condition {
	switch web := r.snapshot.Tiers[state.Web]; {
	case web.Ready > 0:
		return isTrue(true, v1alpha1.ReasonServing, "web pods are ready")
	case web.Exists || r.s.Spec.Web != nil:
		return isTrue(false, v1alpha1.ReasonNotServing, "no web pod is ready")
	default:
		return condition{}
	}
}

func schemaInSync(r *report) condition {
	switch known := r.status.Schema; {
	case known == nil:
		return condition{metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "the database was not read yet"}
	case known.HalfMigrated:
		return isTrue(false, v1alpha1.ReasonHalfMigrated, "the schema is partially migrated: restore a backup")
	case known.AheadAfterRollback:
		return isTrue(false, v1alpha1.ReasonAheadAfterRollback,
			fmt.Sprintf("the database is at %s, newer than the schema of the running release, which serves on it", known.Revision))
	case r.status.Upgrade != nil && known.Revision != r.status.Upgrade.Head && r.status.Phase == v1alpha1.PhaseDBMigrate:
		return isTrue(false, string(r.status.Phase), "the database is being migrated")
	default:
		return isTrue(true, v1alpha1.ReasonInSync, "the database is at "+known.Revision)
	}
}

// rollbackAvailable reports what a rollback token would do now.
func rollbackAvailable(r *report) condition {
	switch to := r.rollback(); {
	case to.Target.Hash == "" && r.rollbackTarget() != "":
		return isTrue(false, v1alpha1.ReasonReleaseMissing, "rollback is not available: "+r.missing(r.rollbackTarget()))
	case to.Target.Hash == "":
		return isTrue(false, v1alpha1.ReasonNone, "no earlier release is stored")
	case !to.Possible():
		return isTrue(false, string(to.How.Class), to.How.Reason)
	default:
		return isTrue(true, string(to.How.Class), fmt.Sprintf("to %s, %s%s: %s", to.Target.Version, databaseChange(to.How.Class), leftOut(to.Target), r.newToken(v1alpha1.AnnotationRollback)))
	}
}

// leftOut says what a release would run without; empty for nothing.
func leftOut(release state.Release) string {
	if release.Unknown == "" {
		return ""
	}
	return fmt.Sprintf(", without %s, which a newer operator release has stored and this one does not know", release.Unknown)
}

// releaseStored reports that the release that runs is missing; absent when it is stored, and
// when spec asks for it, because it is stored again at once.
func releaseStored(r *report) condition {
	if !r.snapshot.ReleaseMissing() || r.snapshot.Desired.Hash == r.status.Release {
		return condition{}
	}
	return isTrue(false, v1alpha1.ReasonReleaseMissing, r.missing(r.status.Release)+
		". What runs is kept and scaled; a deleted tier is not created again, and no release or ConfigMap is deleted")
}

// secretsInSync reports what was read of the Secrets in spec.refreshSecrets; absent without them.
func secretsInSync(r *report) condition {
	read, waits := r.snapshot.Secrets, ""
	if read.Waits {
		waits = fmt.Sprintf("Secret %s has changed: the tiers are restarted once the phase is Ready", read.Changed)
	}
	switch {
	case len(r.s.Spec.RefreshSecrets) == 0:
		return condition{}
	case read.NotRead != "":
		return isTrue(false, v1alpha1.ReasonSecretNotRead, sentences(waits, read.NotRead))
	case read.Waits:
		return isTrue(false, v1alpha1.ReasonSecretChanged, waits)
	default:
		return isTrue(true, v1alpha1.ReasonInSync, "every Secret in spec.refreshSecrets can be read; a change restarts the tiers")
	}
}

// missing says that a release is not stored, and how to get it back.
func (r *report) missing(hash string) string {
	return fmt.Sprintf("ControllerRevision %s is missing: restore it from a backup, or set spec back to that release, which stores it again", components.ReleaseName(r.s.Name, hash))
}

// databaseChange is what a rollback does to the database.
func databaseChange(class v1alpha1.RollbackClass) string {
	switch class {
	case v1alpha1.RollbackDowngrade:
		return "after a downgrade of the database with the newer image"
	case v1alpha1.RollbackRestore:
		return "after a restore of a backup"
	case v1alpha1.RollbackImage, v1alpha1.RollbackFrozen, v1alpha1.RollbackNone:
	}
	return "without a change of the database"
}
