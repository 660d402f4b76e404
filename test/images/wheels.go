// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// indexImage serves a simple index (PEP 503) of wheels for the image's Python, on
// port 8080 below /simple: its pages are listings of folders.
func (s Store) indexImage(ctx context.Context, p pins, name string) (Image, error) {
	debian, err := s.debian(ctx, p)
	if err != nil {
		return Image{}, err
	}
	wheels, err := s.wheels(ctx, p)
	if err != nil {
		return Image{}, err
	}
	return Image{Name: name, Layers: []Layer{debian, wheels}, Defaults: Defaults{
		Env: []string{"PATH=" + systemPath}, Cmd: []string{systemPython, "-m", "http.server", "--directory", "/srv", "8080"},
	}}, nil
}

// wheels is the layer with the wheels of the pins, one folder for each package.
func (s Store) wheels(ctx context.Context, p pins) (Layer, error) {
	inputs := map[string]any{"recipe": 1, "wheels": p.Wheels, "python": p.Python.Version}
	return s.layer(ctx, "wheels", inputs, func(ctx context.Context, root string) error {
		uv, err := s.uv(ctx, p)
		if err != nil {
			return err
		}
		pip := filepath.Join(filepath.Dir(uv), "pip") // uv cannot download
		for _, name := range slices.Sorted(maps.Keys(p.Wheels)) {
			folder := filepath.Join(root, "srv", "simple", name)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return fmt.Errorf("making the folder of %s: %w", name, err)
			}
			err := run(ctx, pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder, name+"=="+p.Wheels[name])
			if err != nil {
				return err
			}
		}
		return nil
	})
}
