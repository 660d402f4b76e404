// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// chartFolder is the folder of the chart in the repository.
const chartFolder = "charts/superset-operator"

// copies are the files of the repository that the templates read, by the folder of the chart
// that they are copied to. A pattern must match at least one file.
var copies = []struct{ pattern, folder string }{
	{"config/crd/bases/*.yaml", "files/crds"},
	{"config/rbac/role.yaml", "files/rbac"},
	{"config/rbac/leader_election_role.yaml", "files/rbac"},
	{"config/rbac/metrics_auth_role.yaml", "files/rbac"},
	{"config/rbac/metrics_reader_role.yaml", "files/rbac"},
	{"config/rbac/superset_*_role.yaml", "files/rbac/users"},
	{"config/admission/policy.yaml", "files/admission"},
	{"config/admission/binding.yaml", "files/admission"},
	{"config/monitoring/prometheus_rule.yaml", "files/monitoring"},
	{"config/monitoring/dashboards/*.json", "files/monitoring"},
}

// copied returns the copies, by their path in the chart.
func copied(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, c := range copies {
		found, err := filepath.Glob(filepath.Join(root, c.pattern))
		if err != nil {
			return nil, fmt.Errorf("looking for %s: %w", c.pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no file matches %s", c.pattern)
		}
		for _, path := range found {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("reading a file: %w", err)
			}
			out[filepath.Join(c.folder, filepath.Base(path))] = content
		}
	}
	return out, nil
}
