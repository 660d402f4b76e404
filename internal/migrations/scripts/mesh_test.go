// SPDX-License-Identifier: Apache-2.0

package scripts_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// A script tells the proxies in its pod to end, after its result is written. Neither their
// answer nor none changes the result.
func TestProxiesAreToldToEnd(t *testing.T) {
	const good, bad = `{"script":"verify","reason":"","message":""}`, `{"script":"verify","reason":"CheckFailed","message":"no"}`
	for name, c := range map[string]struct {
		proxy       http.HandlerFunc // nil for none
		work        string
		last        string
		env         string
		want        string
		code, asked int
	}{
		"it ends":             {func(http.ResponseWriter, *http.Request) {}, "lambda result: None", "True", "", good, 0, 1},
		"it refuses":          {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "lambda result: None", "True", "", good, 0, 1},
		"it ends at once":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "lambda result: None", "True", "", good, 0, 1},
		"it does not answer":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "lambda result: None", "True", "", good, 0, 1},
		"there is none":       {nil, "lambda result: None", "True", "", good, 0, 0},
		"the script fails":    {func(http.ResponseWriter, *http.Request) {}, "fails", "True", "", bad, 1, 1},
		"an init container":   {func(http.ResponseWriter, *http.Request) {}, "lambda result: None", "False", "", good, 0, 0},
		"the node's loopback": {func(http.ResponseWriter, *http.Request) {}, "lambda result: None", "True", superset.EnvHostNetwork + "=1", good, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := filepath.Join(t.TempDir(), "result")
			port, asked := proxyOf(t, c.proxy, result)
			code := runScript(t, fmt.Sprintf(`
from superset_job import report
from superset_job.report import mesh
mesh.PROXIES = (("Istio", %d, "/quitquitquit"),)
def fails(result): raise report.JobError("CheckFailed", "no")
report.run("verify", %s, last=%s)`, port, c.work, c.last), "SUPERSET_OPERATOR_RESULT_FILE="+result, c.env)
			line, err := os.ReadFile(result)
			if err != nil || code != c.code {
				t.Fatalf("exit code %d, want %d: %v", code, c.code, err)
			}
			if diff := gocmp.Diff(c.want, string(line)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if got := asked(); got != c.asked {
				t.Errorf("%d requests with the result written, want %d", got, c.asked)
			}
		})
	}
}

// proxyOf starts a proxy on loopback, or none; asked counts the requests to end it that came
// after the result was written.
func proxyOf(t *testing.T, answer http.HandlerFunc, result string) (port int, asked func() int) {
	t.Helper()
	var mu sync.Mutex
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(result); err == nil && r.Method == http.MethodPost && r.URL.Path == "/quitquitquit" {
			mu.Lock()
			count++
			mu.Unlock()
		}
		answer(w, r)
	}))
	if answer == nil {
		server.Close()
	} else {
		t.Cleanup(server.Close)
	}
	return server.Listener.Addr().(*net.TCPAddr).Port, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

// runScript runs Python code with the modules of the scripts and returns its exit code.
func runScript(t *testing.T, code string, env ...string) int {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is missing: install it (Debian: apt-get install python3), the scripts are tested with it")
	}
	command := exec.Command(program, "-c", code)
	command.Env = append(os.Environ(), append(env, "PYTHONPATH=.", "PYTHONPYCACHEPREFIX="+t.TempDir())...)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s", out)
	return command.ProcessState.ExitCode()
}
