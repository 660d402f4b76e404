// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// packages are the programs that can be built, by name.
var packages = map[string]string{
	"etcd":                    "go.etcd.io/etcd/server/v3",
	"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
	"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
	"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
	"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
	"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
	"kwok":                    "sigs.k8s.io/kwok/cmd/kwok",
}

// defaultPrograms are what a cluster without real nodes needs.
var defaultPrograms = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"}

// recipe has the inputs of the programs.
type recipe struct {
	source  string // folder with go.mod and go.sum
	golang  string // the go command
	ldflags string
	key     string // of everything that determines the result
}

func newRecipe(ctx context.Context) (*recipe, error) {
	dir, err := ProgramsDir()
	if err != nil {
		return nil, err
	}
	r := &recipe{source: filepath.Join(dir, "controlplane")}
	if r.golang, err = goCommand(); err != nil {
		return nil, err
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return nil, fmt.Errorf("reading the versions of the programs: %w", err)
		}
		if name == "go.mod" {
			if r.ldflags, err = versionFlags(content); err != nil {
				return nil, err
			}
		}
		hash.Write(content)
	}
	version := exec.CommandContext(ctx, r.golang, "env", "GOVERSION")
	version.Dir, version.Env = r.source, buildEnv()
	out, err := version.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the version of go: %w", explain(err, nil))
	}
	_, _ = fmt.Fprintln(hash, r.ldflags, runtime.GOOS, runtime.GOARCH, string(bytes.TrimSpace(out)))
	r.key = hex.EncodeToString(hash.Sum(nil))[:12]
	return r, nil
}

var kubernetesRelease = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes v(\d+)\.(\d+)\.(\S+)`)

// versionFlags give the programs the version of their release; without one they
// refuse to talk to each other. The server takes it from component-base, kubectl
// and others from client-go.
func versionFlags(gomod []byte) (string, error) {
	match := kubernetesRelease.FindSubmatch(gomod)
	if match == nil {
		return "", errors.New("go.mod of the control plane requires no k8s.io/kubernetes")
	}
	var flags strings.Builder
	flags.WriteString("-s -w")
	for _, path := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, set := range [][2]string{
			{"gitVersion", fmt.Sprintf("v%s.%s.%s", match[1], match[2], match[3])},
			{"gitMajor", string(match[1])}, {"gitMinor", string(match[2])},
			{"gitTreeState", "clean"}, {"gitCommit", strings.Repeat("0", 40)}, {"buildDate", "2026-01-01T00:00:00Z"},
		} {
			fmt.Fprintf(&flags, " -X %s.%s=%s", path, set[0], set[1])
		}
	}
	return flags.String(), nil
}

// goCommand finds the go command: the one in PATH, or that of the toolchain
// that compiled this program.
func goCommand() (string, error) {
	if path, err := exec.LookPath("go"); err == nil {
		return path, nil
	}
	//nolint:staticcheck // The toolchain that go run or go test used is on this machine.
	path := filepath.Join(runtime.GOROOT(), "bin", "go")
	if _, err := os.Stat(path); err == nil && filepath.IsAbs(path) {
		return path, nil
	}
	return "", errors.New("go is missing: install Go 1.26 or newer (Debian: apt-get install golang, or the archive of the Go project) and put it into PATH")
}

// buildEnv keeps the user's proxy and cache settings, not their build flags.
func buildEnv() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
}

// explain adds a hint to a failure of the go command.
func explain(err error, output []string) error {
	text := strings.Join(output, "\n")
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		text += string(exit.Stderr)
	}
	hint := ""
	switch {
	case strings.Contains(text, `"git": executable file not found`):
		hint = "git is missing: apt-get install git\n"
	case strings.Contains(text, "no space left on device"):
		hint = "the disk is full: the build needs 8 GB in the user's cache folder and Go's\n"
	case strings.Contains(text, "dial tcp") || strings.Contains(text, "no such host"):
		hint = "the Go module proxy was not reached: check the network, or set GOPROXY\n"
	}
	return fmt.Errorf("%w\n%s%s", err, hint, text)
}
