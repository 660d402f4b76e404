// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

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
		env.preflight(owner, o)
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

func (t *told) preflight(owner *v1alpha1.Superset, o Order) {
	t.keys(owner, o)
	t.queries(owner, o)
	if v := owner.Spec.Upgrade.Verify; o.AsUser && v.LoginFrom != nil {
		t.web(owner)
		t.asUser(v)
	}
}

func (t *told) verify(owner *v1alpha1.Superset, o Order) {
	t.say(superset.EnvExpectedRevision, o.ExpectedRevision)
	if _, ok := o.Release.Tiers[components.Web]; ok {
		t.web(owner)
		// The end of the pods before was decided before this Job was made.
		t.say(superset.EnvWebSettleSeconds, strconv.FormatInt(components.Describe(components.Web).PreStopSeconds, 10))
		if v := owner.Spec.Upgrade.Verify; o.AsUser && v.LoginFrom != nil {
			t.asUser(v)
			t.say(superset.EnvChartsBefore, chartsBefore(owner))
		}
	}
	t.say(superset.EnvWorkers, strconv.Itoa(int(o.Workers)))
	if soak := owner.Spec.Upgrade.Verify.Soak; o.AsUser && soak != nil && soak.Duration > 0 {
		t.say(superset.EnvSoakSeconds, strconv.FormatFloat(soak.Seconds(), 'f', -1, 64))
		if _, ok := o.Release.Tiers[components.Scheduler]; ok {
			t.say(superset.EnvBeat, "1")
		}
	}
	t.queries(owner, o)
}

// queries says which conditions must not hold, and whom to ask for them.
func (t *told) queries(owner *v1alpha1.Superset, o Order) {
	p := owner.Spec.Upgrade.Verify.Prometheus
	if !o.Queries || p == nil {
		return
	}
	t.say(superset.EnvPrometheusURL, p.URL)
	if p.TokenFrom != nil {
		*t = append(*t, components.SecretEnv(superset.EnvPrometheusToken, *p.TokenFrom))
	}
	t.say(superset.EnvQueries, plainJSON(p.Queries))
}

// plainJSON is the JSON of plain values for a variable. The kubelet puts its own meaning
// into $(NAME) and $$, so the sign, which stands in texts alone, is escaped.
func plainJSON(values any) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // for whoever reads the Job
	if err := e.Encode(values); err != nil {
		panic(fmt.Sprintf("encoding what a script is told: %v", err)) // plain values only
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), "$", `\u0024`)
}

// web says where the web tier answers.
func (t *told) web(owner *v1alpha1.Superset) {
	t.say(superset.EnvWebURL, fmt.Sprintf("http://%s.%s.svc:%d", components.ServiceName(owner.Name), owner.Namespace, superset.WebPort))
}

// asUser says as whom to log in, and what to read then.
func (t *told) asUser(v v1alpha1.VerifySpec) {
	key := func(key, otherwise string) v1alpha1.SecretKeyReference {
		return v1alpha1.SecretKeyReference{Name: v.LoginFrom.Name, Key: cmp.Or(key, otherwise)}
	}
	*t = append(*t, components.SecretEnv(superset.EnvLoginUsername, key(v.LoginFrom.UsernameKey, "username")),
		components.SecretEnv(superset.EnvLoginPassword, key(v.LoginFrom.PasswordKey, "password")))
	ids := make([]string, 0, len(v.Charts))
	for _, chart := range v.Charts {
		ids = append(ids, strconv.Itoa(int(chart)))
	}
	t.say(superset.EnvCharts, strings.Join(ids, ","))
}

// chartsBefore is what preflight read, if there is anything to compare.
func chartsBefore(owner *v1alpha1.Superset) string {
	if owner.Status.Upgrade == nil || len(owner.Spec.Upgrade.Verify.Charts) == 0 {
		return ""
	}
	return owner.Status.Upgrade.Charts
}
