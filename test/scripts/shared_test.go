// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

func TestRedaction(t *testing.T) {
	environment := map[string]string{
		superset.EnvSecretKey:   "fake-key-1",
		superset.EnvDatabaseURI: "postgresql://bi:p%40ss%2Fw0rd@db/bi?application_name=x",
		superset.EnvCacheURL:    "redis://:odd@fake/pass@cache/1",
		// Drivers take a password from the query too.
		"SUPERSET_OPERATOR_SCRATCH_URI": "postgresql://db/bi?user=bi&password=qu%2Bery&sslmode=require",
		"OAUTH_CLIENT_SECRET":           "fake-client-secret",
		"ROW_LIMIT":                     "5000",
	}
	cases := map[string]string{
		"nothing to hide, 5000 rows of bi":                      "nothing to hide, 5000 rows of bi",
		"key fake-key-1!":                                       "key ***!",
		"connecting to " + environment["SUPERSET_DATABASE_URI"]: "connecting to ***",
		"password p@ss/w0rd or p%40ss%2Fw0rd":                   "password *** or ***",
		"odd@fake/pass":                                         "***",
		"OAuth says fake-client-secret":                         "OAuth says ***",
		"Engine(postgresql://db/bi?password=qu%2Bery&user=bi)":  "Engine(postgresql://db/bi?password=***&user=bi)",
		"invalid dsn: user=bi password=qu+ery sslmode=require":  "invalid dsn: user=bi password=*** sslmode=require",
		"mysql://reader:unknown-fake@sales/x is not ours":       "mysql://***@sales/x is not ours",
		"https://example.org/a@b stays":                         "https://example.org/a@b stays",
	}
	for text, want := range cases {
		got := evaluate(t, "report.redactor(given[0])(given[1])", environment, text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	malformed := map[string]string{superset.EnvDatabaseURI: "postgresql:bi:fake-pass@db/bi"}
	if got := evaluate(t, "report.redactor(given[0])(given[1])", malformed, "no host in bi:fake-pass@db"); got != "no host in bi:***@db" {
		t.Errorf("the password of a malformed URI: %v", got)
	}
}

func TestResultIsTruncated(t *testing.T) {
	pending := make([]string, 1000)
	for i := range pending {
		pending[i] = "0123456789ab"
	}
	const expression = "report.Result('migrate', 'MigrationFailed', given[0], pending=given[1]," +
		" path={'secondConnection': given[1]}).encode(lambda t: t).decode()"
	line, _ := evaluate(t, expression, strings.Repeat("é ", 2000), pending).(string)
	if len(line) > resultLimit || len(line) < resultLimit-100 {
		t.Errorf("%d bytes, want up to %d and not much less", len(line), resultLimit)
	}
	var got result
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(got.Message); n != 512 || got.PendingCount != 1000 {
		t.Errorf("message of %d characters and pendingCount %d, want 512 and 1000", n, got.PendingCount)
	}
}

// The rendered configuration and verify each normalize the broker's URL, because
// verify runs without Superset: the results must be equal.
func TestBrokerURL(t *testing.T) {
	for _, url := range []string{
		"redis://:p@h:6379/1?health_check_interval=30", "rediss://h", "rediss://h/2?ssl_cert_reqs=CERT_OPTIONAL&a=%2Fb",
	} {
		text, err := superset.Render(superset.Config{Cache: true})
		if err != nil {
			t.Fatal(err)
		}
		start, end := strings.Index(text, "def operator_redis_url"), strings.Index(text, "def operator_cache")
		const expression = "(os.environ.update(SUPERSET_CACHE_URL=given[1])," +
			" exec('import os\\nfrom urllib.parse import *\\n' + given[0], globals())," +
			" [operator_redis_url(), redis.with_certificate_check(given[1])])[-1]"
		got, ok := evaluate(t, expression, text[start:end], url).([]any)
		if !ok || got[0] != got[1] {
			t.Errorf("%s: the configuration and verify give %v", url, got)
		}
	}
}

// evaluate returns the value of a Python expression over the scripts' modules and
// the given values.
func evaluate(t *testing.T, expression string, given ...any) any {
	t.Helper()
	values, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(machine.python, "-c", "import importlib, json, os, sys\nfrom superset_job import report\nfrom superset_job.broker import redis\n"+
		"def outcome(module, function, values):\n    try:\n        return getattr(importlib.import_module(module), function)(*values)\n"+
		"    except report.JobError as error:\n        return error.reason + ': ' + error.message\n"+
		"given = json.load(sys.stdin)\nprint(json.dumps("+expression+"))")
	command.Stdin = strings.NewReader(string(values))
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH="+filepath.Join("..", "..", "internal", "migrations", "scripts"))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", expression, err, out)
	}
	var got any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}
