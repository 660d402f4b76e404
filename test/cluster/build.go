// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Build builds programs of the control plane, or finds them in the user's cache
// folder, and returns their folder. The names are etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, kubectl, kwok (the default is these
// six), kubelet and kube-proxy. A cold build takes minutes and reports its
// progress every ten seconds; nil progress means silence. A second process that
// needs the same programs waits for the first.
func Build(ctx context.Context, progress io.Writer, names ...string) (dir string, err error) {
	if progress == nil {
		progress = io.Discard
	}
	if len(names) == 0 {
		names = defaultPrograms
	}
	if i := slices.IndexFunc(names, func(name string) bool { return packages[name] == "" }); i >= 0 {
		return "", fmt.Errorf("unknown program %q", names[i])
	}
	r, err := newRecipe(ctx)
	if err != nil {
		return "", err
	}
	if dir, err = CacheDir("programs", "controlplane-"+r.key); err != nil {
		return "", err
	}
	if len(missing(dir, names)) == 0 {
		return dir, nil
	}
	if err := r.buildOnce(ctx, progress, dir, names); err != nil {
		return "", fmt.Errorf("building %s: %w", strings.Join(names, ", "), err)
	}
	return dir, nil
}

// buildOnce builds the programs that no other process has built before it gets
// the lock.
func (r *recipe) buildOnce(ctx context.Context, progress io.Writer, dir string, names []string) error {
	unlock, err := lock(ctx, dir+".lock", progress)
	if err != nil {
		return err
	}
	defer unlock()
	if names = missing(dir, names); len(names) == 0 {
		return nil
	}
	return r.build(ctx, progress, dir, names)
}

func missing(dir string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	})
}

// build compiles into a folder next to the result and moves each program when all
// are done, so that an existing program is always complete.
func (r *recipe) build(ctx context.Context, progress io.Writer, dir string, names []string) error {
	begun := time.Now()
	_, _ = fmt.Fprintf(progress, "cluster: building %s from Go modules (once; the first time about 5 minutes on two cores, and 6 GB of Go's build cache)\n", strings.Join(names, ", "))
	unfinished := dir + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("clearing an unfinished build: %w", err)
	}
	if err := r.compile(ctx, progress, unfinished, names); err != nil {
		return err
	}
	for _, name := range names {
		// go build names a program after the last part of its path that is not a
		// major version.
		built := path.Base(strings.TrimSuffix(packages[name], "/v3"))
		if err := os.Rename(filepath.Join(unfinished, built), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("keeping %s: %w", name, err)
		}
	}
	_, _ = fmt.Fprintf(progress, "cluster: built in %.0f s\n", time.Since(begun).Seconds())
	return os.RemoveAll(unfinished)
}

// Clean removes the programs of all versions from the user's cache folder and
// returns what it removed.
func Clean() ([]string, error) {
	cache, err := CacheDir("programs")
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(cache, "controlplane-*"))
	if err != nil {
		return nil, fmt.Errorf("listing the cache: %w", err)
	}
	for _, dir := range found {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("clearing the cache: %w", err)
		}
	}
	return found, nil
}
