// SPDX-License-Identifier: Apache-2.0

package images

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Layer is one file-system layer, an uncompressed tar file in the cache.
type Layer struct {
	// Path of the tar file.
	Path string `json:"path"`
	// Digest of the tar file: sha256:HEX.
	Digest string `json:"digest"`
	// Size of the tar file in bytes.
	Size int64 `json:"size"`
}

// Store keeps layers between runs.
type Store struct {
	dir      string
	progress io.Writer
}

// OpenStore returns the store in the user's cache folder; everything that takes
// longer is reported on progress, one line each.
func OpenStore(progress io.Writer) (Store, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Store{}, fmt.Errorf("finding the cache folder (set HOME or XDG_CACHE_HOME): %w", err)
	}
	s := Store{dir: filepath.Join(cache, "superset-operator", "images"), progress: progress}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return Store{}, fmt.Errorf("making the image cache: %w", err)
	}
	return s, nil
}

// Dir is the folder of the layers; removing it makes the next run build them
// again.
func (s Store) Dir() string { return s.dir }

// layer returns the layer with a name and inputs. The first time, fill is called
// with an empty directory, whose contents become the layer. A second process that
// needs the same layer waits for the first.
func (s Store) layer(ctx context.Context, name string, inputs any, fill func(ctx context.Context, root string) error) (Layer, error) {
	key, err := keyOf(inputs)
	if err != nil {
		return Layer{}, fmt.Errorf("keying layer %s: %w", name, err)
	}
	unlock, err := lock(filepath.Join(s.dir, name+".lock"))
	if err != nil {
		return Layer{}, fmt.Errorf("locking layer %s: %w", name, err)
	}
	defer unlock()
	path := filepath.Join(s.dir, name+"-"+key+".tar")
	if l, ok := stored(path); ok {
		return l, nil
	}
	start := time.Now()
	s.say("building layer %s", name)
	l, err := s.make(ctx, path, fill)
	if err != nil {
		return Layer{}, fmt.Errorf("building layer %s: %w", name, err)
	}
	s.say("built layer %s: %d MB in %.0f s", name, l.Size>>20, time.Since(start).Seconds())
	return l, s.forget(name, key)
}

// forget removes the layers of that name with other inputs.
func (s Store) forget(name, key string) error {
	const hash = "????????????" // a key's length, so that "a" does not match "a-b"
	old, err := filepath.Glob(filepath.Join(s.dir, name+"-"+hash+".tar*"))
	if err != nil {
		return fmt.Errorf("looking for old layers: %w", err)
	}
	for _, path := range old {
		if strings.Contains(path, key) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing an old layer: %w", err)
		}
	}
	return nil
}

func (s Store) make(ctx context.Context, path string, fill func(ctx context.Context, root string) error) (Layer, error) {
	root, err := os.MkdirTemp(s.dir, "filling-")
	if err != nil {
		return Layer{}, fmt.Errorf("making a directory for it: %w", err)
	}
	defer func() { _ = os.RemoveAll(root) }()
	if err := os.Chmod(root, 0o755); err != nil {
		return Layer{}, fmt.Errorf("making a directory for it: %w", err)
	}
	if err := fill(ctx, root); err != nil {
		return Layer{}, err
	}
	return pack(path, root)
}

// pack writes root as a tar file and, last, its description, whose presence means
// that the layer is complete.
func pack(path, root string) (Layer, error) {
	f, err := os.Create(path)
	if err != nil {
		return Layer{}, fmt.Errorf("creating the layer's file: %w", err)
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(f, hash), 1<<20)
	if err := writeTree(buffer, root); err != nil {
		return Layer{}, err
	}
	if err := buffer.Flush(); err != nil {
		return Layer{}, fmt.Errorf("writing the layer: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return Layer{}, fmt.Errorf("measuring the layer: %w", err)
	}
	l := Layer{Path: path, Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)), Size: info.Size()}
	description, err := json.Marshal(l)
	if err != nil {
		return Layer{}, fmt.Errorf("describing the layer: %w", err)
	}
	if err := os.WriteFile(path+".json", description, 0o644); err != nil {
		return Layer{}, fmt.Errorf("describing the layer: %w", err)
	}
	return l, nil
}

func stored(path string) (Layer, bool) {
	description, err := os.ReadFile(path + ".json")
	if err != nil {
		return Layer{}, false
	}
	l := Layer{}
	if json.Unmarshal(description, &l) != nil {
		return Layer{}, false
	}
	l.Path = path
	info, err := os.Stat(path)
	return l, err == nil && info.Size() == l.Size
}

func keyOf(inputs any) (string, error) {
	b, err := json.Marshal(inputs)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(digestOf(b), "sha256:")[:12], nil
}

// lock takes an exclusive lock that is released at the latest when the process
// ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

func (s Store) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.progress, format+"\n", args...)
}
