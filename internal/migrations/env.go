// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// told is what a script is told, in the making.
type told []corev1.EnvVar

// say adds a variable, unless it is empty.
func (t *told) say(name, value string) {
	if value != "" {
		*t = append(*t, corev1.EnvVar{Name: name, Value: value})
	}
}

// scriptEnv is what one script is told.
func scriptEnv(owner *v1alpha1.Superset, o Order) []corev1.EnvVar {
	var env told
	switch o.Script {
	case Preflight:
		env.keys(owner, o)
	case Migrate:
		env.owner(owner)
		if o.MaxLock > 0 {
			env.say(superset.EnvMaxLockSeconds, strconv.FormatFloat(o.MaxLock.Seconds(), 'f', -1, 64))
		}
		env.keys(owner, o)
		if o.Reencrypt {
			env.say(superset.EnvReencrypt, superset.ReencryptForward)
		}
	case Verify:
		env.verify(owner, o)
	case Downgrade:
		env.owner(owner)
		env.say(superset.EnvTargetRevision, o.Revision)
		env.keys(owner, o)
		if o.Reencrypt {
			env.say(superset.EnvReencrypt, superset.ReencryptBack)
		}
	case Rehearse:
		env.keys(owner, o)
	case Backup, Restore:
		env.owner(owner)
		env = append(env, backupEnv(owner, o)...)
	}
	return env
}

// owner says for whom a session of the database is.
func (t *told) owner(owner *v1alpha1.Superset) {
	t.say(superset.EnvOwner, owner.Namespace+"/"+owner.Name)
}

// keys adds the secret key before, and whether the database may be created.
func (t *told) keys(owner *v1alpha1.Superset, o Order) {
	if before := o.Release.PreviousSecretKey; before != nil {
		*t = append(*t, components.SecretEnv(superset.EnvPreviousSecretKey, *before))
	}
	if owner.Spec.CreateDatabase && o.Script != Downgrade && o.Script != Rehearse {
		t.say(superset.EnvCreateDatabase, "1")
	}
}

func (t *told) verify(owner *v1alpha1.Superset, o Order) {
	t.say(superset.EnvExpectedRevision, o.ExpectedRevision)
	if _, ok := o.Release.Tiers[components.Web]; ok {
		t.say(superset.EnvWebURL, fmt.Sprintf("http://%s.%s.svc:%d", components.ServiceName(owner.Name), owner.Namespace, superset.WebPort))
	}
	t.say(superset.EnvWorkers, strconv.Itoa(int(o.Workers)))
}
