// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// securityGroup brings the API group by which the operator finds that ids are assigned.
const securityGroup = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: securitycontextconstraints.security.openshift.io}
spec:
  group: security.openshift.io
  scope: Cluster
  names: {plural: securitycontextconstraints, singular: securitycontextconstraints, kind: SecurityContextConstraints}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`

// assignedIDs are what admission assigns on OpenShift: an id that no image knows, and group 0.
const assignedIDs = `{"spec":{"securityContext":{"runAsUser":1000690000,"runAsGroup":0,"fsGroup":1000690000}}}`

// TestAssignedIDs upgrades with assigned ids: web, workers, the scheduler, the page, every Job,
// the database clients and the scratch database of a rehearsal run with them. A podTemplate is
// in the place of the admission.
func TestAssignedIDs(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	const operators = "--namespace=superset-operator-system"
	c.apply(t, securityGroup)
	t.Cleanup(func() { // not with the test's context, which has ended by now
		for _, command := range [][]string{
			{"delete", "customresourcedefinition", "securitycontextconstraints.security.openshift.io"},
			{operators, "rollout", "restart", "deployment"}, {operators, "rollout", "status", "deployment", "--timeout=3m"},
		} {
			if out, err := exec.Command("kubectl", command...).CombinedOutput(); err != nil {
				t.Errorf("kubectl %v: %v\n%s", command, err, out)
			}
		}
	})
	c.kubectl(t, "", operators, "rollout", "restart", "deployment")
	c.kubectl(t, "", operators, "rollout", "status", "deployment", "--timeout=3m")
	c = c.tenant(t, "assigned-ids")
	manifest := render(t, supersetText, tenant{Namespace: c.namespace, Version: "5.0.0"})
	c.apply(t, manifest+"\n  podTemplate: "+assignedIDs+"\n")
	c.waitForPhase(t, v1alpha1.PhaseReady, "5.0.0")
	for _, name := range []string{"web", "worker", "scheduler"} {
		said := c.kubectl(t, "", "--namespace="+c.namespace, "exec", "deployment/bi-"+name, "--container=superset", "--",
			"sh", "-c", `echo "$(id -u):$(id -g) $HOME"; touch "$HOME/written" /tmp/written`)
		if strings.TrimSpace(said) != "1000690000:0 /app/superset_home" {
			t.Errorf("%s runs as %q", name, said)
		}
	}
	class := "e2e"
	c.patch(t, func(s *v1alpha1.Superset) {
		u := &s.Spec.Upgrade
		s.Spec.Version, u.Strategy = "6.0.0", v1alpha1.StrategyDrain
		u.Rehearsal, u.RehearsalJob.Image = v1alpha1.RehearsalAlways, servicesImage
		u.Backup = &v1alpha1.BackupSpec{Image: servicesImage, Claim: v1alpha1.BackupClaim{StorageClassName: &class}}
	})
	c.waitForPhase(t, v1alpha1.PhaseReady, "6.0.0")
	s := c.superset(t)
	if r := s.Status.Upgrade.Rehearsal; r == nil || r.Rolling != v1alpha1.FindingProven || len(s.Status.Backups) != 1 {
		t.Errorf("rehearsal %+v, backups %+v", r, s.Status.Backups)
	}
}
