// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/memo"
	"github.com/superset-operator/superset-operator/internal/controller/secrets"
	"github.com/superset-operator/superset-operator/internal/controller/slots"
	"github.com/superset-operator/superset-operator/internal/controller/stale"
)

// Reconciler carries one Superset through the upgrade machine.
type Reconciler struct {
	client.Client
	// Events records what was persisted.
	Events events.EventRecorder
	// Platform is where the pods run.
	Platform components.Platform
	// Secrets reads the Secrets whose change restarts the tiers.
	Secrets secrets.Reader
	// Now is the clock.
	Now func() time.Time

	apply apply.Applier
	// live reads from the API server, where the cache is known to be stale.
	live client.Reader
	// renderings are what follows from the specs, and stored is what the stored releases say.
	renderings memo.Memo[*rendering]
	stored     memo.Memo[map[string]stored]
	// releases are stored releases that were loaded, by Superset and hash.
	releases *lru.Cache
	// created has the name of the Job that was created last, by the Superset's uid.
	created *lru.Cache
	// seen has what was last seen of the tiers of a Superset, by its uid.
	seen *lru.Cache
	// written has the resource version of a Superset's last status patch, by its uid.
	written *lru.Cache
	// refusals says why the pod of a Job cannot be created, by the Job's uid.
	refusals *lru.Cache
	// claims says whether a claim is lost, by its key, for claims that the cache lacks.
	claims *lru.Cache
	// unmonitored says why the exporters of a Superset cannot be applied, by its uid.
	unmonitored *lru.Cache
	// failures are the errors that have not passed yet.
	failures apply.Failures
	// slots limits how many runs are under way at a time.
	slots *slots.Slots
	// look is the first look of this process.
	look *stale.Look
}

// New wires a reconciler to a manager, the namespaces that it serves, a platform and a clock.
func New(mgr ctrl.Manager, namespaces []string, p components.Platform, clock func() time.Time, limits slots.Limits) *Reconciler {
	return &Reconciler{
		Client:   mgr.GetClient(),
		Events:   mgr.GetEventRecorder("superset-operator"),
		Platform: p,
		Now:      clock,
		apply:    apply.New(mgr.GetClient(), mgr.GetAPIReader()),
		live:     mgr.GetAPIReader(),
		Secrets:  secrets.Reader{Live: mgr.GetAPIReader()},
		releases: lru.New(256),
		created:  lru.New(4096),
		slots:    slots.New(limits),
		seen:     lru.New(4096),
		written:  lru.New(4096),
		refusals: lru.New(256),
		claims:   lru.New(1024),
		look:     stale.NewLook(mgr.GetClient(), mgr.GetAPIReader(), namespaces),

		unmonitored: lru.New(4096),
		failures:    apply.NewFailures(),
	}
}

// WaitsForSlot is the slot that the next run of a Superset waits for: see slots.Slots.
func (r *Reconciler) WaitsForSlot(uid types.UID) v1alpha1.SlotKind { return r.slots.WaitsFor(uid) }
