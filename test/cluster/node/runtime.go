// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/superset-operator/superset-operator/test/images"
)

// bigImage is the size in bytes from which an image is unpacked once and kept.
// Importing two Supersets takes half a minute or more, and they seldom change;
// the images of single programs take a second, and change often.
const bigImage = 256 << 20

// startRuntime starts containerd with all images imported.
func (k *keeper) startRuntime(ctx context.Context) error {
	big, small := []images.Image{}, []images.Image{}
	for _, image := range k.plan.Images {
		if sizeOf(image) >= bigImage {
			big = append(big, image)
		} else {
			small = append(small, image)
		}
	}
	root := k.plan.path("containerd")
	if len(big) > 0 {
		if err := k.cloneUnpacked(ctx, big, root); err != nil {
			return fmt.Errorf("providing the big images: %w", err)
		}
	}
	if _, err := k.startContainerd(ctx, root); err != nil {
		return err
	}
	return k.importImages(ctx, small)
}

func sizeOf(image images.Image) int64 {
	size := int64(0)
	for _, layer := range image.Layers {
		size += layer.Size
	}
	return size
}

// cloneUnpacked makes root a copy of a containerd root that has exactly these
// images, which is created at the first use. Other such roots are removed: each
// takes twice the size of its images.
func (k *keeper) cloneUnpacked(ctx context.Context, list []images.Image, root string) error {
	key, err := imagesKey(list)
	if err != nil {
		return err
	}
	kept := filepath.Dir(k.plan.Dir)
	unpacked := filepath.Join(kept, unpackedPrefix+key)
	unlock, err := lockFile(unpacked+".lock", syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(unpacked); err != nil {
		if err := k.unpack(ctx, list, unpacked); err != nil {
			return err
		}
	}
	if err := forgetUnpacked(kept, unpacked); err != nil {
		return err
	}
	return cloneRoot(ctx, unpacked, root)
}

const unpackedPrefix = "unpacked-"

// unpack imports the images into a temporary containerd.
func (k *keeper) unpack(ctx context.Context, list []images.Image, to string) error {
	fmt.Fprintln(os.Stderr, "node: unpacking images (once for each set of them)")
	unfinished := to + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("clearing an unfinished import: %w", err)
	}
	containerd, err := k.startContainerd(ctx, unfinished)
	if err != nil {
		return err
	}
	err = k.importImages(ctx, list)
	containerd.stop()
	if err != nil {
		return err
	}
	return os.Rename(unfinished, to)
}

// forgetUnpacked removes the other roots that are not in use.
func forgetUnpacked(kept, current string) error {
	others, err := filepath.Glob(filepath.Join(kept, unpackedPrefix+"*.lock"))
	if err != nil {
		return fmt.Errorf("looking for old images: %w", err)
	}
	for _, lock := range others {
		root := strings.TrimSuffix(lock, ".lock")
		if root == current {
			continue
		}
		unlock, err := lockFile(lock, syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // another run is cloning it
		}
		for _, path := range []string{root, root + ".unfinished", lock} {
			err = os.RemoveAll(path)
			if err != nil {
				break
			}
		}
		unlock()
		if err != nil {
			return fmt.Errorf("removing old images: %w", err)
		}
	}
	return nil
}

// cloneRoot copies a containerd root by hard links. Unpacked layers and blobs are
// never written to; all other files are copied.
func cloneRoot(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", "--archive", "--link", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("linking images: %w\n%s", err, out)
	}
	return filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("cloning images: %w", err)
		case entry.IsDir() && (entry.Name() == "snapshots" || entry.Name() == "blobs"):
			return filepath.SkipDir
		case entry.Type().IsRegular():
			return unlink(path)
		}
		return nil
	})
}

// unlink replaces a hard link with a copy of the file.
func unlink(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cloning images: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cloning images: %w", err)
	}
	if err := os.WriteFile(path+".new", content, info.Mode().Perm()); err != nil {
		return fmt.Errorf("cloning images: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("cloning images: %w", err)
	}
	return nil
}

func imagesKey(list []images.Image) (string, error) {
	hash := sha256.New()
	for _, image := range list {
		digest, err := image.Digest()
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintln(hash, image.Name, digest)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
