// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// debianRecipe is raised when debian.go changes the contents of the layer.
const debianRecipe = 1

// debian is the lowest layer: a minimal Debian with Python, PostgreSQL, PgBouncer,
// MariaDB and Redis, and the user of Superset's images.
func (s Store) debian(ctx context.Context, p pins) (Layer, error) {
	inputs := map[string]any{"recipe": debianRecipe, "debian": p.Debian}
	return s.layer(ctx, "debian", inputs, func(ctx context.Context, root string) error {
		mirror, err := debianMirror(ctx, p.Debian.Codename)
		if err != nil {
			return err
		}
		err = run(ctx, "debootstrap", "--variant=minbase", "--include="+strings.Join(p.Debian.Packages, ","),
			p.Debian.Codename, root, mirror)
		if err != nil {
			return err
		}
		if err := slim(root); err != nil {
			return err
		}
		return addSupersetUser(root)
	})
}

// debianMirror is the mirror that this machine installs from.
func debianMirror(ctx context.Context, codename string) (string, error) {
	command := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("reading apt's mirror: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if mirror, found := strings.CutPrefix(strings.TrimSpace(line), codename+" main "); found {
			return mirror, nil
		}
	}
	return "", fmt.Errorf("apt on this machine has no source for %q main: the images need Debian %s", codename, codename)
}

// slim removes files that no container needs: a quarter of the layer.
func slim(root string) error {
	for _, pattern := range []string{
		"var/cache/apt/*", "var/lib/apt/lists/*", "usr/share/doc", "usr/share/man", "usr/share/locale", "dev/*",
	} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return fmt.Errorf("slimming: %w", err)
		}
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("slimming: %w", err)
			}
		}
	}
	return nil
}

func addSupersetUser(root string) error {
	for name, line := range map[string]string{
		"etc/passwd": "superset:x:1000:1000::/app/superset_home:/bin/bash\n",
		"etc/group":  "superset:x:1000:\n",
	} {
		f, err := os.OpenFile(filepath.Join(root, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("adding the user superset: %w", err)
		}
		_, err = f.WriteString(line)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("adding the user superset: %w", err)
		}
	}
	return nil
}

// run runs a program and, if it fails, returns the end of its output.
func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		const tail = 2000
		said := strings.TrimSpace(string(out))
		return fmt.Errorf("running %s: %w\n%s", filepath.Base(name), err, said[max(0, len(said)-tail):])
	}
	return nil
}
