// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
)

// auditPolicy leaves out requests that are irrelevant for controllers: leases,
// and reads of events; but not those of the operator, whose rights are compared
// with what it uses.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["system:serviceaccount:superset-operator-system:superset-operator"]
- level: None
  resources: [{group: coordination.k8s.io, resources: [leases]}]
- level: None
  verbs: [get, list, watch]
  resources: [{group: "", resources: [events]}, {group: events.k8s.io, resources: [events]}]
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: Metadata
`

// auditFlags enable the audit log in blocking mode: a line is in the file before
// its request is answered.
func (c *Cluster) auditFlags() ([]string, error) {
	if c.AuditLog == "" {
		return nil, nil
	}
	policy := filepath.Join(c.Dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("writing the audit policy: %w", err)
	}
	if err := os.Remove(c.AuditLog); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("clearing the audit log: %w", err)
	}
	return []string{"--audit-policy-file=" + policy, "--audit-log-path=" + c.AuditLog, "--audit-log-mode=blocking", "--audit-log-maxsize=10000"}, nil
}
