// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/internal/components"
)

//go:embed scripts/*.py scripts/*.sh
var files embed.FS

// scripts are the embedded files by name.
var scripts = readScripts()

// scriptsHash is part of the name of the immutable ConfigMap of the scripts, so that an operator
// with different scripts creates a new one.
var scriptsHash = hashScripts()

func readScripts() map[string]string {
	out := map[string]string{}
	names, err := fs.Glob(files, "scripts/*")
	if err != nil {
		panic(err) // the pattern is a valid constant
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("reading an embedded file: %v", err))
		}
		out[strings.TrimPrefix(name, "scripts/")] = string(text)
	}
	return out
}

func hashScripts() string {
	var all strings.Builder
	names := make([]string, 0, len(scripts))
	for name := range scripts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all.WriteString(name + "\x00" + scripts[name] + "\x00")
	}
	return components.Hash(all.String())
}

// ScriptsConfigMap renders the immutable ConfigMap of the scripts.
func ScriptsConfigMap(instance, namespace string) *corev1.ConfigMap {
	immutable := true
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: scriptsName(instance), Namespace: namespace, Labels: components.Labels(instance)},
		Immutable:  &immutable,
		Data:       scripts,
	}
}

func scriptsName(instance string) string { return instance + "-scripts-" + scriptsHash }
