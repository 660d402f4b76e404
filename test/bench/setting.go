// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/operator"
)

// manifest is what the operator's manifest says about its process.
type manifest struct {
	// environment are its variables, as NAME=VALUE.
	environment []string
	resources   corev1.ResourceRequirements
}

// readManifest reads config/manager.
func readManifest() (m manifest, err error) {
	root, err := cluster.Root()
	if err != nil {
		return m, err
	}
	path := filepath.Join(root, "config/manager/manager.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("reading the operator's manifest: %w", err)
	}
	return parseManifest(raw)
}

func parseManifest(raw []byte) (m manifest, err error) {
	d := appsv1.Deployment{}
	if err := yaml.UnmarshalStrict(raw, &d); err != nil {
		return m, fmt.Errorf("reading the operator's manifest: %w", err)
	}
	containers := d.Spec.Template.Spec.Containers
	if len(containers) != 1 {
		return m, fmt.Errorf("reading the operator's manifest: %d containers instead of one", len(containers))
	}
	m.resources = containers[0].Resources
	m.environment, err = operator.Environment(&containers[0])
	return m, err
}

// machine is what a run was measured on.
type machine struct {
	cpus        int
	model       string
	memory      string // such as "24 GiB"
	load        string // the average of the minute before the run
	system, arc string
	goRelease   string
}

// readMachine describes this machine. What cannot be read stays "unknown".
func readMachine() machine {
	m := machine{cpus: runtime.NumCPU(), model: "unknown", memory: "unknown", load: "unknown", system: runtime.GOOS, arc: runtime.GOARCH, goRelease: runtime.Version()}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.model = name
	}
	var kib int
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m.memory = fmt.Sprintf("%d GiB", (kib+1<<19)>>20)
	}
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(raw), " ")
	}
	return m
}

// field is the first value of a name in a file with lines such as "name : value".
func field(path, name string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
