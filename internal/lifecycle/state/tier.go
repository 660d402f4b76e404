// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The tiers, in the order of an upgrade: indexes of Observation.Tiers.
const (
	Scheduler = iota
	Worker
	Web
)

// TierNames are the names of the tiers in messages.
var TierNames = [3]string{Scheduler: "scheduler", Worker: "worker", Web: "web"}

// Tier is one component as it is now.
type Tier struct {
	// Exists is true when there is a component object.
	Exists bool
	// Release, Fence and Mode are those of its spec.
	Release string
	Fence   int64
	Mode    v1alpha1.Mode
	// Current is true when its status answers the current generation and fence.
	Current bool
	// Scaling is true when its status answers the current fence, but not the generation: the
	// number of replicas has changed since.
	Scaling bool
	// Settled is true when it is Current and Ready.
	Settled bool
	// Stalled is true once its rollout has made no progress for the progress deadline.
	Stalled bool
	// Pods counts its pods, terminating ones included.
	Pods int
	// Stray counts the pods of another release that are not terminating.
	Stray int
	// Ready counts its ready pods.
	Ready int
	// Blocked says why a pod cannot run; empty when every pod can.
	Blocked string
	// Leaving says which of its pods does not end although its grace period is over, why,
	// and what to do; empty for none.
	Leaving string
	// Image is the digest or id of the image that its pods of this release run; empty
	// until a kubelet reports it. OtherImage is a second one under the same name;
	// empty when all pods run the same image.
	Image, OtherImage string
	// RestartedAt is the last time that one of its containers ended while its pod
	// stayed; zero for never. Restart names the container and its exit.
	RestartedAt time.Time
	Restart     string
}

// Serves is true when there is a component that is not held at zero pods.
func (t *Tier) Serves() bool { return t.Exists && t.Mode != v1alpha1.ModeHold }

// Stopped is true when there is a component that is held at zero pods.
func (t *Tier) Stopped() bool { return t.Exists && t.Mode == v1alpha1.ModeHold }

// Page is the maintenance page as it is now.
type Page struct {
	// Exists is true when there is a Deployment of it.
	Exists bool
	// Ready is true when one of its pods is ready.
	Ready bool
	// HasTraffic is true when the web Service selects it.
	HasTraffic bool
	// Blocked says why its pod cannot run; empty when it can.
	Blocked string
}
