// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// operatorPackage is the operator's program within this module.
const operatorPackage = "github.com/superset-operator/superset-operator/cmd/manager"

// operatorUser is the user of the shipped image: not root.
const operatorUser = "65532"

// Program returns an image with only one static program: the file at path, as the
// entry point /NAME of its file name, run as user.
func (s Store) Program(ctx context.Context, name, path, user string) (Image, error) {
	program := filepath.Base(path)
	sum, err := fileSum(path)
	if err != nil {
		return Image{}, fmt.Errorf("reading %s: %w", program, err)
	}
	inputs := map[string]any{"recipe": 1, "program": program, "sum": sum}
	layer, err := s.layer(ctx, "program-"+program, inputs, func(_ context.Context, root string) error {
		// /tmp because Go programs expect it.
		if err := os.Mkdir(filepath.Join(root, "tmp"), 0o755); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(root, "tmp"), os.ModeSticky|0o777); err != nil {
			return err
		}
		return copyFile(filepath.Join(root, program), path)
	})
	if err != nil {
		return Image{}, err
	}
	return Image{Name: name, Layers: []Layer{layer}, Defaults: Defaults{
		Env: []string{"PATH=/"}, User: user, Entrypoint: []string{"/" + program},
	}}, nil
}

// operatorImage compiles the operator of this working tree as it is shipped:
// static, without debug information.
func (s Store) operatorImage(ctx context.Context, name string) (Image, error) {
	scratch, err := os.MkdirTemp(s.dir, "operator-")
	if err != nil {
		return Image{}, fmt.Errorf("making a folder for the operator: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	s.say("compiling the operator")
	program := filepath.Join(scratch, "manager")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, operatorPackage)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return Image{}, fmt.Errorf("compiling the operator: %w\n%s", err, out)
	}
	return s.Program(ctx, name, program, operatorUser)
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
