// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"net"
	"net/http"
	"os"
	command "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// Web listens on all addresses of the pod's family, unless the user says otherwise, and passes
// on the arguments.
func TestWebListensOnTheFamilyOfThePod(t *testing.T) {
	server := filepath.Join(t.TempDir(), "run-server.sh")
	text := "#!/bin/sh\necho \"${SUPERSET_BIND_ADDRESS:-0.0.0.0} $*\"\n"
	if err := os.WriteFile(server, []byte(text), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	words := append([]string{}, Describe(Web).Command...)
	words[2] = strings.Replace(words[2], runServerPath, server, 1)
	for name, c := range map[string]struct{ ip, own, want string }{
		"IPv4":       {"10.1.2.3", "", "0.0.0.0 a b"},
		"IPv6":       {"fd00:10:244::5", "", "[::] a b"},
		"own":        {"fd00:10:244::5", "[::1]", "[::1] a b"},
		"own, IPv4":  {"10.1.2.3", "127.0.0.1", "127.0.0.1 a b"},
		"without IP": {"", "", "0.0.0.0 a b"},
	} {
		run := command.CommandContext(t.Context(), words[0], append(words[1:], "a", "b")...)
		run.Env = []string{"PATH=" + os.Getenv("PATH"), superset.EnvPodIP + "=" + c.ip, superset.EnvBindAddress + "=" + c.own}
		out, err := run.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

// The maintenance page answers on the pod's IP, whatever its family is, and on IPv4 loopback,
// which a port forward uses. It is ready below a path, too, and answers all else with 503.
func TestPageListensOnTheFamilyOfThePod(t *testing.T) {
	dir := pageFolder(t)
	for ip, answers := range map[string][]string{"10.1.2.3": {"127.0.0.1"}, "fd00:10:244::5": {"[::1]", "127.0.0.1"}} {
		t.Run(ip, func(t *testing.T) {
			free, err := net.Listen("tcp", map[bool]string{true: "[::1]:0", false: "127.0.0.1:0"}[strings.Contains(ip, ":")])
			if err != nil {
				t.Skip("this machine has no such loopback:", err)
			}
			port := free.Addr().(*net.TCPAddr).Port
			_ = free.Close()
			run := command.CommandContext(t.Context(), "python3", filepath.Join(dir, pageServer), fmt.Sprint(port))
			run.Env = append(os.Environ(), superset.EnvPodIP+"="+ip)
			if err := run.Start(); err != nil {
				t.Skip("this machine has no python3:", err)
			}
			defer func() { _ = run.Process.Kill(); _ = run.Wait() }()
			for _, host := range answers {
				for path, want := range map[string]int{"/": 503, "/analytics/health": 503, pageReady: 200, "/analytics" + pageReady: 200} {
					if status := statusOf(t, fmt.Sprintf("http://%s:%d%s", host, port, path)); status != want {
						t.Errorf("%s%s: status %d, want %d", host, path, status, want)
					}
				}
			}
		})
	}
}

// pageFolder is a folder with the maintenance page and its server.
func pageFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{pageServer: pageServerText, "index.html": "<p>soon</p>"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// statusOf asks until there is an answer, for at most 20 s.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	for range 200 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			return response.StatusCode
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", url)
	return 0
}
