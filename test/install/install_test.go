// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// way is one way to install the operator.
type way struct {
	name string
	// namespaces that the operator watches; none for all.
	namespaces []string
	// installs or upgrades the operator from the sources in a folder.
	install func(t *testing.T, sources string)
	// removes the operator, and leaves the CRDs.
	uninstall func(t *testing.T, sources string)
}

func ways() []way {
	return []way{
		{"manifests", nil, kustomized("config/default"), documented},
		{"namespaced", []string{"superset"}, kustomized(overlay), unkustomized(overlay)},
		{"chart", nil, helmed(), unhelmed},
		{"chart-namespaced", []string{"superset"}, helmed("--set", "scope.namespaces={superset}"), unhelmed},
	}
}

// TestInstall takes each way: install, a Superset to Ready, an upgrade of the operator with a
// change of the CRDs, uninstall, and install again. The Superset serves all the time.
func TestInstall(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			sources := copyOf(t)
			createNamespace(t, supersetNamespace)
			t.Cleanup(func() { w.remove(t, sources) })
			w.install(t, sources)
			checkPermissions(t, w)
			runCheck(t, w)

			operator := startOperator(t)
			createSuperset(t)
			before := waitReady(t)

			addField(t, sources)
			w.install(t, sources)
			if !fieldExists(t) {
				t.Fatal("the upgrade of the operator did not change the CRD")
			}
			operator.stop(t)
			operator = startOperator(t)
			sameRelease(t, before, scaleWorkers(t, 3))

			operator.stop(t) // before its permissions go, as the pod of a deleted Deployment
			w.uninstall(t, sources)
			if n := supersets(t); n != 1 {
				t.Errorf("%d Supersets after the uninstall, want 1", n)
			}
			if !podsServe(t) {
				t.Error("no web pod is ready after the uninstall")
			}
			w.install(t, sources)
			operator = startOperator(t)
			sameRelease(t, before, scaleWorkers(t, 2))
			operator.stop(t)
		})
	}
}

// remove leaves the cluster as it was, for the next way.
func (w way) remove(t *testing.T, sources string) {
	deleteNamespace(t, supersetNamespace)
	w.uninstall(t, sources)
	deleteNamespace(t, operatorNamespace)
	kubectl(t, append([]string{"delete", "crd", "--ignore-not-found", "--wait"}, crdNames...)...)
}

// sameRelease: the Superset is Ready, and neither its version nor its run has changed.
func sameRelease(t *testing.T, before, after *v1alpha1.Superset) {
	t.Helper()
	if after.Status.UpgradeRevision != before.Status.UpgradeRevision || after.Status.Version != before.Status.Version {
		t.Errorf("run %d of version %s became run %d of version %s",
			before.Status.UpgradeRevision, before.Status.Version, after.Status.UpgradeRevision, after.Status.Version)
	}
}

// checkPermissions: without a list of namespaces the operator may read all; otherwise those
// alone. It may read no Secret anywhere.
func checkPermissions(t *testing.T, w way) {
	t.Helper()
	everywhere := may(t, "list", "supersets.superset-operator.dev", "other")
	if everywhere != (len(w.namespaces) == 0) {
		t.Errorf("the operator may list Supersets of another namespace: %t", everywhere)
	}
	if !may(t, "create", "jobs.batch", supersetNamespace) {
		t.Error("the operator may not create Jobs")
	}
	for _, namespace := range []string{supersetNamespace, operatorNamespace, "other"} {
		if may(t, "get", "secrets", namespace) {
			t.Errorf("the operator may read Secrets in %s", namespace)
		}
	}
	if len(w.namespaces) > 0 {
		bindings := kubectl(t, "get", "clusterrolebindings", "-o", `jsonpath={range .items[*]}{.metadata.name} {.subjects[*].name}{"\n"}{end}`)
		for line := range strings.Lines(bindings) {
			if strings.HasSuffix(strings.TrimSpace(line), " superset-operator") {
				t.Errorf("the operator has a ClusterRoleBinding: %s", line)
			}
		}
	}
}
