// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Probe is a probe of the worker that finds the broker if URLs are made of parts, or if the
// broker is not the cache. Other probes stay as they are.
func Probe(p *corev1.Probe, r v1alpha1.RuntimeSpec) *corev1.Probe {
	if p == nil || p.Exec == nil || !ByParts(r) {
		return p
	}
	const (
		first   = "import os"
		connect = `import os, sys; sys.path.append("` + superset.ConfigDir + `"); import _connections; _connections.connect(os.environ)` + "\n"
		cache   = `os.environ["` + superset.EnvCacheURL + `"]`
		broker  = `(os.environ.get("` + superset.EnvBrokerURL + `") or ` + cache + `)`
	)
	p = p.DeepCopy()
	for i, text := range p.Exec.Command {
		if strings.Contains(text, cache) {
			p.Exec.Command[i] = strings.Replace(strings.Replace(text, first, connect+first, 1), cache, broker, 1)
		}
	}
	return p
}
