// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// MaxFilesBytes is the maximum size of all files of a config, in bytes. With superset_config.py
// they must fit into a ConfigMap, and into a stored release.
const MaxFilesBytes = 384 << 10

// Reference is a key of a ConfigMap that a config copies.
type Reference struct {
	v1alpha1.ConfigMapKeyReference
	// Path is the field with the reference, such as spec.config.from[0].
	Path string `json:"-"`
	// File is the name that the copy has.
	File string `json:"file"`
}

// References lists what a config copies from ConfigMaps, in a fixed order.
func References(c *v1alpha1.SupersetConfigSpec) (out []Reference) {
	for i, from := range c.From {
		out = append(out, Reference{from.ConfigMapKeyRef, fmt.Sprintf("spec.config.from[%d]", i), fromFile(i)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		if ref := c.Files[name].ConfigMapKeyRef; ref != nil {
			out = append(out, Reference{*ref, filePath(name), name})
		}
	}
	return out
}

// Copies identifies what a config copies: the references and the revision. It is empty if the
// config copies nothing. Two configs with the same identity have the same copy.
func Copies(c *v1alpha1.SupersetConfigSpec) string {
	references := References(c)
	if references == nil {
		return ""
	}
	raw, err := json.Marshal(append(references, Reference{File: c.Revision}))
	if err != nil {
		panic(fmt.Sprintf("encoding references: %v", err)) // strings only
	}
	return string(raw)
}

// From are the texts of config.from, which files has.
func From(c *v1alpha1.SupersetConfigSpec, files map[string]string) (out []superset.File) {
	for i := range c.From {
		out = append(out, superset.File{Name: fromFile(i), Text: files[fromFile(i)]})
	}
	return out
}

// Files are all files next to superset_config.py: those that are written in a config, and those
// that it copies, by their name in copied. The error names the field.
func Files(c *v1alpha1.SupersetConfigSpec, copied map[string]string) (map[string]string, error) {
	var out map[string]string
	size := 0
	add := func(name, text string) {
		if out == nil {
			out = map[string]string{}
		}
		out[name], size = text, size+len(text)
	}
	for _, r := range References(c) {
		text, ok := copied[r.File]
		if !ok {
			return nil, fmt.Errorf("%s: key %s of ConfigMap %s was not read", r.Path, r.Key, r.Name)
		}
		add(r.File, text)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		if !fileName.MatchString(name) || name == superset.ConfigFile {
			return nil, fmt.Errorf("%s: a file has a name of letters, digits, -, _ and . that begins with a letter or digit, has at most 200 characters and is not %s: write for example ca.pem", filePath(name), superset.ConfigFile)
		}
		if value := c.Files[name].Value; value != nil {
			add(name, *value)
		}
	}
	if size > MaxFilesBytes {
		return nil, fmt.Errorf("spec.config: from and files have %d bytes, more than the %d allowed: put large files into the image", size, MaxFilesBytes)
	}
	return out, nil
}

// Importable is true if one of the files is a Python module.
func Importable(c *v1alpha1.SupersetConfigSpec) bool {
	for name := range c.Files {
		if strings.HasSuffix(name, ".py") {
			return true
		}
	}
	return false
}

// fileName is what a file may be called. The names of fromFile are others.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// fromFile is the name of the copy of an item of config.from.
func fromFile(i int) string { return fmt.Sprintf("_from-%d.py", i) }

func filePath(name string) string { return fmt.Sprintf("spec.config.files[%q]", name) }
