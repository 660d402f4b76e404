// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed variants.json
var variantsJSON []byte

// variant is a release that is broken in one way: a thin layer over the working
// one. Its image's tag is the release, a hyphen and the variant's name.
type variant struct {
	// Why describes the fault, and which step must detect it.
	Why string `json:"why"`
	// Releases for which the fault was tested.
	Releases []string `json:"releases"`
	// Remove lists files and folders to remove, by their paths in the image without
	// the first slash.
	Remove []string `json:"remove,omitempty"`
	// Write has the content of files, by path. They belong to root, and everybody
	// may read and execute them.
	Write map[string]string `json:"write,omitempty"`
}

func readVariants() (map[string]variant, error) {
	all := map[string]variant{}
	if err := json.Unmarshal(variantsJSON, &all); err != nil {
		return nil, fmt.Errorf("reading variants.json: %w", err)
	}
	return all, nil
}

// variantTags lists the tags of all variants.
func variantTags() ([]string, error) {
	all, err := readVariants()
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, release := range all[name].Releases {
			tags = append(tags, release+"-"+name)
		}
	}
	return tags, nil
}

// variantLayer is the layer of a variant over a release.
func (s Store) variantLayer(ctx context.Context, release, name string) (Layer, error) {
	all, err := readVariants()
	if err != nil {
		return Layer{}, err
	}
	v, known := all[name]
	if !known || !slices.Contains(v.Releases, release) {
		return Layer{}, fmt.Errorf("no variant %s of Superset %s: add it to test/images/variants.json", name, release)
	}
	inputs := map[string]any{"recipe": 1, "remove": v.Remove, "write": v.Write}
	return s.layer(ctx, "variant-"+name, inputs, func(_ context.Context, root string) error { return v.fill(root) })
}

// fill writes the files of the layer of a variant. A file whose name begins with
// .wh. hides the file with the rest of that name.
func (v variant) fill(root string) error {
	files := maps.Clone(v.Write)
	if files == nil {
		files = map[string]string{}
	}
	for _, path := range v.Remove {
		folder, base := filepath.Split(path)
		files[folder+".wh."+base] = ""
	}
	for path, content := range files {
		if !filepath.IsLocal(path) || strings.HasSuffix(path, "/") {
			return fmt.Errorf("%q is not the path of a file in the image", path)
		}
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("making the folder of %s: %w", path, err)
		}
		if err := os.WriteFile(target, []byte(content), 0o755); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}
