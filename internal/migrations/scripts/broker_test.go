// SPDX-License-Identifier: Apache-2.0

package scripts_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Preflight names a cache URL that no part of the rendered configuration can use, and says what
// to write. Nothing of it but the scheme is in the message.
func TestCacheURL(t *testing.T) {
	wants := map[string]string{
		"redis://:hidden@h:6379/0":              "",
		"rediss://h:6379/1?ssl_cert_reqs=none":  "",
		"redis://h:6379/0\n":                    "",
		"sentinel://:hidden@h:26379/0":          "begins with sentinel://, which is not supported: Redis Sentinel is not supported: write redis:// or rediss://",
		"redis+sentinel://:hidden@h:26379/mine": "begins with redis+sentinel://, which is not supported: Redis Sentinel is not supported",
		"amqp://u:hidden@h:5672//":              "begins with amqp://, which is not supported: the caches need a Redis: write redis:// or rediss:// with host and port of one Redis or Valkey, and name the broker in cache.broker.urlFrom",
		"sqs://u:hidden@":                       "begins with sqs://, which is not supported: the caches need a Redis",
		"unix:///hidden/redis.sock":             "begins with unix://, which is not supported: write redis:// or rediss://",
		"REDIS://h:6379/0":                      "begins with REDIS://, which is not supported: write redis://",
		"hidden@h:6379":                         "does not begin with redis:// or rediss://: write redis://",
		" redis://:hidden@h":                    "does not begin with redis:// or rediss://",
		"":                                      "is empty: write redis://",
	}
	urls, err := json.Marshal(slices.Collect(maps.Keys(wants)))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "messages")
	if code := runScript(t, `
import json, os
from superset_job import report
from superset_job.broker import redis
redis.check_cache_url()
found = {}
for url in json.loads(os.environ["URLS"]):
    os.environ["SUPERSET_CACHE_URL"] = url
    try:
        redis.check_cache_url()
    except report.JobError as error:
        found[url] = f"{error.reason}: {error.message}"
json.dump(found, open(os.environ["FILE"], "w"))`, "URLS="+string(urls), "FILE="+file); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for url, want := range wants {
		message := got[url]
		if want == "" && message == "" {
			continue
		}
		if want == "" || !strings.HasPrefix(message, "ConfigInvalid: ") || !strings.Contains(message, want) || strings.Contains(message, "hidden") {
			t.Errorf("%q: %q", url, message)
		}
	}
}
