// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

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
