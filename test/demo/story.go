// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/superset-operator/superset-operator/api/v1alpha1"

// What the demo makes.
const (
	namespace = "demo"
	name      = "bi"
)

// step is one thing that a user does, and how it ends.
type step struct {
	title string
	// note says what to watch; short.
	note string
	// kubectl is the command that does it.
	kubectl []string
	// ends is the resting phase that is expected, runs the version there.
	ends v1alpha1.Phase
	runs string
}

// story is the whole demo.
var story = []step{
	{
		title:   "Install 4.1.4",
		note:    "Two web pods, two workers, one scheduler.",
		kubectl: []string{"apply", "-f", "test/demo/bi.yaml"},
		ends:    v1alpha1.PhaseReady, runs: "4.1.4",
	}, {
		title:   "Upgrade 4.1.4 to 5.0.0, Drain",
		note:    "On request nothing runs beside the migration; users meet the maintenance page meanwhile.",
		kubectl: patch(`{"spec":{"version":"5.0.0","upgrade":{"strategy":"Drain"}}}`),
		ends:    v1alpha1.PhaseReady, runs: "5.0.0",
	}, {
		title:   "Upgrade 5.0.0 to a broken 6.0.0, Auto",
		note:    "By default the plan decides: 5.0.0 is known to serve on the new schema, so it serves on. The new pods all start and get ready, but its login page answers 500 (the tag tells the simulation). Verify finds out and takes it back.",
		kubectl: patch(`{"spec":{"version":"6.0.0","image":{"tag":"6.0.0-verify-fails"},"upgrade":{"strategy":"Auto"}}}`),
		ends:    v1alpha1.PhaseRolledBack, runs: "5.0.0",
	}, {
		title:   "Upgrade 5.0.0 to a good 6.0.0",
		note:    "A mended image. The database is at the schema of 6.0.0 already; 5.0.0 has served on it.",
		kubectl: patch(`{"spec":{"image":{"tag":""}}}`),
		ends:    v1alpha1.PhaseReady, runs: "6.0.0",
	}, {
		title:   "Roll back to 5.0.0 by annotation",
		note:    "Somebody misses something in 6.0.0. Any new value of the annotation asks for the release before.",
		kubectl: []string{"annotate", "superset", name, "-n", namespace, "--overwrite", v1alpha1.AnnotationRollback + "=please"},
		ends:    v1alpha1.PhaseRolledBack, runs: "5.0.0",
	},
}

func patch(document string) []string {
	return []string{"patch", "superset", name, "-n", namespace, "--type=merge", "-p", document}
}
