// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/superset-operator/superset-operator/api/v1alpha1"

// Names of the demo's Superset.
const (
	namespace = "demo"
	name      = "bi"
)

// step is one action of a user, and its expected result.
type step struct {
	title string
	// note is a short explanation of what to watch.
	note string
	// kubectl has the arguments of the command.
	kubectl []string
	// ends is the expected resting phase, and runs the version that is expected to
	// run then.
	ends v1alpha1.Phase
	runs string
	// alert fires after the step, within a minute; the demo waits for it if it has a Prometheus.
	// Empty for none.
	alert string
}

// steps is the whole demo.
var steps = []step{
	{
		title:   "Install 4.1.4",
		note:    "Two web pods, two workers, one scheduler.",
		kubectl: []string{"apply", "-f", "test/demo/bi.yaml"},
		ends:    v1alpha1.PhaseReady, runs: "4.1.4",
	}, {
		title:   "Upgrade 4.1.4 to 5.0.0, Drain",
		note:    "The Drain strategy stops every tier before the migration. Users see the maintenance page until web is ready again.",
		kubectl: patch(`{"spec":{"version":"5.0.0","upgrade":{"strategy":"Drain"}}}`),
		ends:    v1alpha1.PhaseReady, runs: "5.0.0",
	}, {
		title:   "Upgrade 5.0.0 to a broken 6.0.0, Auto",
		note:    "The Auto strategy (the default) lets the plan decide. 5.0.0 is known to work on the schema of 6.0.0, so it serves during the migration. The new pods start and become ready, but the login page returns 500 (the image tag selects this in the simulation). Verify detects the failure, and the operator rolls back to 5.0.0.",
		kubectl: patch(`{"spec":{"version":"6.0.0","image":{"tag":"6.0.0-verify-fails"},"upgrade":{"strategy":"Auto"}}}`),
		ends:    v1alpha1.PhaseRolledBack, runs: "5.0.0", alert: "SupersetUpgradeRolledBack",
	}, {
		title:   "Upgrade 5.0.0 to a good 6.0.0",
		note:    "The image is fixed. The database already has the schema of 6.0.0, because the rollback did not downgrade it.",
		kubectl: patch(`{"spec":{"image":{"tag":""}}}`),
		ends:    v1alpha1.PhaseReady, runs: "6.0.0",
	}, {
		title:   "Roll back to 5.0.0 by annotation",
		note:    "The user decides to go back to 5.0.0. Any new value of the annotation requests a rollback to the previous release.",
		kubectl: []string{"annotate", "superset", name, "-n", namespace, "--overwrite", v1alpha1.AnnotationRollback + "=please"},
		ends:    v1alpha1.PhaseRolledBack, runs: "5.0.0",
	},
}

func patch(document string) []string {
	return []string{"patch", "superset", name, "-n", namespace, "--type=merge", "-p", document}
}
