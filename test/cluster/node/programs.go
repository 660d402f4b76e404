// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// programs has the folders of the node's programs.
type programs struct {
	Control string // kube-apiserver … kubelet, kube-proxy, kubectl
	Node    string // containerd, its shim, ctr, runc, CNI plugins, coredns, pause, pod
}

func (p programs) control(name string) string { return filepath.Join(p.Control, name) }
func (p programs) node(name string) string    { return filepath.Join(p.Node, name) }

// recipe is raised when the build procedure changes but no input does.
const recipe = "1"

// target is a set of packages of one module that are built in the same way.
type target struct {
	what   string // for messages
	module string // folder under test/cluster/programs
	args   []string
	env    []string
}

// targets: only runc needs C, for seccomp; it is linked statically, so that it
// runs in any mount namespace.
func targets(tools []string) []target {
	const runc = "github.com/opencontainers/runc"
	pure := slices.DeleteFunc(slices.Clone(tools), func(tool string) bool { return tool == runc })
	stripped := "-ldflags=-s -w"
	return []target{
		{"containerd and CNI plugins", "node", append([]string{stripped}, append(pure, "./pause", "./pod")...), []string{"CGO_ENABLED=0"}},
		{"runc", "node", []string{"-ldflags=-s -w -extldflags=-static", "-tags=seccomp,netgo,osusergo", runc}, []string{"CGO_ENABLED=1"}},
		{"CoreDNS", "dns", []string{stripped, "./coredns"}, []string{"CGO_ENABLED=0"}},
	}
}

// buildNodePrograms returns the folder with the programs of the node. They
// are compiled once for each set of versions; a second process waits.
func buildNodePrograms(ctx context.Context, sources string, progress io.Writer) (string, error) {
	key, err := sourceKey(sources)
	if err != nil {
		return "", err
	}
	cache, err := cluster.CacheDir("programs")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "node-"+key)
	unlock, err := lockFile(dir+".lock", syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	begun := time.Now()
	_, _ = fmt.Fprintln(progress, "node: compiling the node's programs (once; about four minutes on two cores)")
	unfinished := dir + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", fmt.Errorf("clearing an unfinished build: %w", err)
	}
	if err := compile(ctx, sources, unfinished, progress); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, dir); err != nil {
		return "", fmt.Errorf("finishing the build: %w", err)
	}
	_, _ = fmt.Fprintf(progress, "node: compiled in %.0f s\n", time.Since(begun).Seconds())
	return dir, nil
}

func compile(ctx context.Context, sources, to string, progress io.Writer) error {
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.ImportPath}}", "tool")
	list.Dir = filepath.Join(sources, "node")
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("listing the node's programs: %w", err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("making a folder for programs: %w", err)
	}
	for _, t := range targets(strings.Fields(string(out))) {
		_, _ = fmt.Fprintf(progress, "node: compiling %s\n", t.what)
		args := append([]string{"build", "-trimpath", "-buildvcs=false", "-o", to + string(filepath.Separator)}, t.args...)
		build := exec.CommandContext(ctx, "go", args...)
		build.Dir = filepath.Join(sources, t.module)
		build.Env = append(append(os.Environ(), "GOFLAGS=", "GOWORK=off"), t.env...)
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("compiling %s: %w\n%s", t.what, err, out)
		}
	}
	return nil
}

// sourceKey identifies the inputs of the programs: every file of both modules,
// the Go release and the build procedure.
func sourceKey(sources string) (string, error) {
	hash := sha256.New()
	_, _ = fmt.Fprintln(hash, recipe, runtime.Version(), runtime.GOARCH)
	for _, module := range []string{"dns", "node"} {
		err := filepath.WalkDir(filepath.Join(sources, module), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			_, _ = fmt.Fprintln(hash, module, entry.Name(), len(content))
			hash.Write(content)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("reading the sources of module %s: %w", module, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
