// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// scriptEnv is the environment of a script, besides that of every pod of the release.
func scriptEnv(owner *v1alpha1.Superset, o Order) []corev1.EnvVar {
	var env envList
	switch o.Script {
	case migrations.Preflight:
		env.preflight(owner, o)
	case migrations.Migrate:
		env.owner(owner)
		env.init(o)
		if o.MaxLock > 0 {
			env.set(superset.EnvMaxLockSeconds, strconv.FormatFloat(o.MaxLock.Seconds(), 'f', -1, 64))
		}
		env.keys(owner, o)
		if o.Reencrypt {
			env.set(superset.EnvReencrypt, superset.ReencryptForward)
		}
	case migrations.Verify:
		env.verify(owner, o)
	case migrations.Downgrade:
		env.owner(owner)
		env.set(superset.EnvTargetRevision, o.Revision)
		env.keys(owner, o)
		if o.Reencrypt {
			env.set(superset.EnvReencrypt, superset.ReencryptBack)
		}
	case migrations.Rehearse:
		env.keys(owner, o)
	case migrations.BackupCheck, migrations.Backup, migrations.RestoreCheck, migrations.Restore:
		env.owner(owner)
		env = append(env, backupEnv(owner, o)...)
	}
	return env
}

// owner adds the name that identifies the database sessions of this Superset's Jobs.
func (l *envList) owner(owner *v1alpha1.Superset) {
	l.set(superset.EnvOwner, owner.Namespace+"/"+owner.Name)
}

// keys adds the previous secret key, and whether a missing database should be created.
func (l *envList) keys(owner *v1alpha1.Superset, o Order) {
	if previous := o.Release.PreviousSecretKey; previous != nil {
		*l = append(*l, components.SecretEnv(superset.EnvPreviousSecretKey, *previous))
	}
	if owner.Spec.CreateDatabase && o.Script != migrations.Downgrade && o.Script != migrations.Rehearse {
		l.set(superset.EnvCreateDatabase, "1")
	}
}

func (l *envList) preflight(owner *v1alpha1.Superset, o Order) {
	l.owner(owner)
	l.set(superset.EnvVersion, o.Release.Runtime.Version)
	l.set(superset.EnvWorkerDeployment, components.DeploymentName(owner.Name, components.Worker))
	l.keys(owner, o)
	l.init(o)
	if b := owner.Spec.Upgrade.Backup; b != nil && b.Command == nil {
		l.set(superset.EnvDumps, "1")
	}
	l.queries(owner, o)
	if comparesDatabases(o) {
		*l = append(*l, connections.Application(o.Release.Runtime.Database.DatabaseConnection)...)
	}
	v := owner.Spec.Upgrade.Verify
	login := o.AsUser && v.LoginFrom != nil
	if login || o.WebReady {
		l.web(owner, o.BasePath)
	}
	if o.WebReady {
		l.set(superset.EnvWebReady, "1")
	}
	if login {
		l.asUser(v)
	}
}

func (l *envList) verify(owner *v1alpha1.Superset, o Order) {
	l.set(superset.EnvExpectedRevision, o.ExpectedRevision)
	if _, ok := o.Release.Tiers[components.Web]; ok {
		l.web(owner, o.BasePath)
		if o.WebUnreachable {
			l.set(superset.EnvWebUnreachable, "1")
		}
		// Pods of the previous release were terminated before this Job was created, and serve
		// for that long.
		l.set(superset.EnvWebSettleSeconds, strconv.FormatInt(components.Describe(components.Web).PreStopSeconds, 10))
		if v := owner.Spec.Upgrade.Verify; o.AsUser && v.LoginFrom != nil {
			l.asUser(v)
			l.set(superset.EnvChartsBefore, chartsBefore(owner))
		}
	}
	if len(o.Workers) > 0 {
		l.set(superset.EnvWorkerHosts, strings.Join(o.Workers, ","))
		l.set(superset.EnvWorkerDeployment, components.DeploymentName(owner.Name, components.Worker))
	}
	if soak := owner.Spec.Upgrade.Verify.Soak; o.AsUser && soak != nil && soak.Duration > 0 {
		l.set(superset.EnvSoakSeconds, strconv.FormatFloat(soak.Seconds(), 'f', -1, 64))
		if _, ok := o.Release.Tiers[components.Scheduler]; ok {
			l.set(superset.EnvBeat, "1")
		}
	}
	l.queries(owner, o)
}

// queries adds the conditions that must not hold, and the server to query.
func (l *envList) queries(owner *v1alpha1.Superset, o Order) {
	p := owner.Spec.Upgrade.Verify.Prometheus
	if !o.Queries || p == nil {
		return
	}
	l.set(superset.EnvPrometheusURL, p.URL)
	if p.TokenFrom != nil {
		*l = append(*l, components.SecretEnv(superset.EnvPrometheusToken, *p.TokenFrom))
	}
	l.set(superset.EnvQueries, plainJSON(p.Queries))
}

// web adds the URL of the web tier, which serves at a path.
func (l *envList) web(owner *v1alpha1.Superset, path string) {
	l.set(superset.EnvWebURL, components.WebURL(owner)+path)
}

// asUser adds the credentials for the login, and the charts to read.
func (l *envList) asUser(v v1alpha1.VerifySpec) {
	key := func(key, byDefault string) v1alpha1.SecretKeyReference {
		return v1alpha1.SecretKeyReference{Name: v.LoginFrom.Name, Key: cmp.Or(key, byDefault)}
	}
	*l = append(*l, components.SecretEnv(superset.EnvLoginUsername, key(v.LoginFrom.UsernameKey, "username")),
		components.SecretEnv(superset.EnvLoginPassword, key(v.LoginFrom.PasswordKey, "password")))
	ids := make([]string, 0, len(v.Charts))
	for _, chart := range v.Charts {
		ids = append(ids, strconv.Itoa(int(chart)))
	}
	l.set(superset.EnvCharts, strings.Join(ids, ","))
}

// chartsBefore is the chart results of preflight; empty if there are no charts to compare.
func chartsBefore(owner *v1alpha1.Superset) string {
	if owner.Status.Upgrade == nil || len(owner.Spec.Upgrade.Verify.Charts) == 0 {
		return ""
	}
	return owner.Status.Upgrade.Charts
}
