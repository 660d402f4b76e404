// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// runServer starts the web server with the official image's variables and their
// defaults, at the same path as in the official image.
//
//go:embed run-server.sh
var runServer []byte

// systemPython is the interpreter of Debian, on the machine that installs and
// in the image that runs: the virtual environment links to it by this path.
const systemPython = "/usr/bin/python3"

// superset is the layer of one release: its virtual environment and the folders
// of the official image. It is based on the debian layer.
func (s Store) superset(ctx context.Context, p pins, version string) (Layer, error) {
	requirements, err := p.requirements(version)
	if err != nil {
		return Layer{}, err
	}
	inputs := map[string]any{
		"recipe": 1, "requirements": requirements, "python": p.Python.Version,
		"excludeNewer": p.Python.ExcludeNewer, "runServer": string(runServer),
	}
	return s.layer(ctx, "superset-"+version, inputs, func(ctx context.Context, root string) error {
		if err := s.install(ctx, p, root, requirements); err != nil {
			return err
		}
		return layOut(root)
	})
}

// install creates /app/.venv. It is relocatable: its programs find their Python
// wherever the folder is.
func (s Store) install(ctx context.Context, p pins, root string, requirements []string) error {
	uv, err := s.uv(ctx, p)
	if err != nil {
		return err
	}
	venv := filepath.Join(root, "app", ".venv")
	if err := run(ctx, uv, "venv", "--quiet", "--relocatable", "--no-config", "--python", systemPython, venv); err != nil {
		return err
	}
	args := []string{
		"pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--link-mode", "copy",
		"--exclude-newer", p.Python.ExcludeNewer, "--python", filepath.Join(venv, "bin", "python"),
	}
	if err := run(ctx, uv, append(args, requirements...)...); err != nil {
		return err
	}
	for _, unused := range []string{"tests", "include", "src"} { // of pyarrow: 60 MB
		if err := os.RemoveAll(filepath.Join(venv, "lib", "python"+p.Python.Version, "site-packages", "pyarrow", unused)); err != nil {
			return fmt.Errorf("slimming: %w", err)
		}
	}
	return nil
}

// layOut creates the other folders that the official image has.
func layOut(root string) error {
	for _, folder := range []string{"app/pythonpath", "app/superset_home"} {
		path := filepath.Join(root, folder)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("making /%s: %w", folder, err)
		}
		if err := os.Chown(path, 1000, 1000); err != nil {
			return fmt.Errorf("making /%s: %w", folder, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "usr", "bin"), 0o755); err != nil {
		return fmt.Errorf("making /usr/bin: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "usr", "bin", "run-server.sh"), runServer, 0o755); err != nil {
		return fmt.Errorf("writing run-server.sh: %w", err)
	}
	return nil
}

// uv returns the installer: the pinned release, in a separate virtual environment
// in the cache, so that the machine's Python is not changed.
func (s Store) uv(ctx context.Context, p pins) (string, error) {
	home := filepath.Join(s.dir, "uv-"+p.Python.UV)
	unlock, err := lock(home + ".lock")
	if err != nil {
		return "", fmt.Errorf("locking uv: %w", err)
	}
	defer unlock()
	program := filepath.Join(home, "bin", "uv")
	if exec.CommandContext(ctx, program, "--version").Run() == nil {
		return program, nil
	}
	s.say("installing uv %s", p.Python.UV)
	if err := run(ctx, systemPython, "-m", "venv", "--clear", home); err != nil {
		return "", fmt.Errorf("making a place for uv: %w", err)
	}
	if err := run(ctx, filepath.Join(home, "bin", "pip"), "install", "--quiet", "uv=="+p.Python.UV); err != nil {
		return "", fmt.Errorf("installing uv: %w", err)
	}
	return program, nil
}
