// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/superset-operator/superset-operator/test/images"
)

const (
	stageVariable = "SUPERSET_OPERATOR_NODE_STAGE"
	planVariable  = "SUPERSET_OPERATOR_NODE_PLAN"

	stageInit   = "init"
	stageKeeper = "keeper"
)

// plan is what the launcher, which has access to the network and the whole
// machine, passes to the keeper, which has not.
type plan struct {
	// Dir is the folder of this run: etcd, logs, configuration, containers.
	Dir string
	// Programs of the node and of the control plane.
	Programs programs
	// Cgroup is the name of the cgroup root.
	Cgroup string
	// Images to import before the node starts.
	Images []images.Image
	// Command to run inside and its arguments.
	Command []string
}

func (p plan) path(elements ...string) string {
	return filepath.Join(append([]string{p.Dir}, elements...)...)
}

func (p plan) environment(stage string) ([]string, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the plan: %w", err)
	}
	return append(os.Environ(), stageVariable+"="+stage, planVariable+"="+string(encoded)), nil
}

func planFromEnvironment() (plan, error) {
	p := plan{}
	if err := json.Unmarshal([]byte(os.Getenv(planVariable)), &p); err != nil {
		return plan{}, fmt.Errorf("decoding the plan: %w", err)
	}
	return p, nil
}
