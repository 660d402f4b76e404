// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Stubs of the modules that python3 does not have without Superset: enough to load the
// file and read its values. test/scripts uses the real modules.
var modules = map[string]string{
	"redis.py":           "def from_url(url): return url\n",
	"celery/__init__.py": "",
	"celery/signals.py": "class Signal:\n    def connect(self, receiver, weak=True): assert not weak\n" +
		"celeryd_init = worker_shutting_down = Signal()\n",
	"celery/schedules.py":                      "def crontab(**when): return when\n",
	"flask_caching/__init__.py":                "",
	"flask_caching/backends/__init__.py":       "",
	"flask_caching/backends/rediscache.py":     "class RedisCache(dict): pass\n",
	"apache_superset-6.0.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: apache-superset\nVersion: 6.0.0\n",
	"superset/__init__.py":                     "",
	"superset/stats_logger.py":                 "class BaseStatsLogger:\n    def __init__(self, prefix='superset'): self.prefix = prefix\n",
	"mycelery.py":                              "worker_concurrency = 7\nclass Settings:\n    worker_concurrency = 7\n",
}

const (
	secretKey   = "not-a-real-key"
	databaseURI = "postgresql://superset:not-a-real-password@db:5432/superset"
)

func TestRenderedFileCompiles(t *testing.T) {
	for name, config := range goldens {
		text, err := Render(config)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name+".py")
		write(t, file, text)
		if out, err := python(t, "-m", "py_compile", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

func TestOwnedKeysHold(t *testing.T) {
	raw := "SECRET_KEY = 'x'\nSQLALCHEMY_DATABASE_URI = 'sqlite://'\nos = None\nROW_LIMIT = 5"
	got := evaluate(t, Config{Raw: raw}, "", "SECRET_KEY, SQLALCHEMY_DATABASE_URI, ROW_LIMIT")
	want := "('" + secretKey + "', '" + databaseURI + "', 5)"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCeleryConfigKeepsTheUsersSettings(t *testing.T) {
	const url = "redis://cache:6379/3?health_check_interval=30"
	cases := map[string]string{
		"class":       "class C:\n    broker_url = 'x'\n    worker_concurrency = 7\nCELERY_CONFIG = C",
		"subclass":    "class C(CeleryConfig):\n    worker_concurrency = 7\nCELERY_CONFIG = C",
		"instance":    "class C:\n    def __init__(self): self.worker_concurrency = 7\nCELERY_CONFIG = C()",
		"dict":        "CELERY_CONFIG = {'result_backend': 'x', 'broker_read_url': 'x', 'worker_concurrency': 7}",
		"module":      "import mycelery\nCELERY_CONFIG = mycelery",
		"module name": "CELERY_CONFIG = 'mycelery'",
		"name in it":  "CELERY_CONFIG = 'mycelery:Settings'",
		"none":        "CELERY_CONFIG = None\nCeleryConfig.worker_concurrency = 7",
		"old names":   "CELERY_CONFIG = {'BROKER_URL': 'x', 'CELERYD_CONCURRENCY': 7, 'worker_concurrency': 7}",
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			got := evaluate(t, Config{Raw: raw, Cache: true}, url,
				"[CELERY_CONFIG[k] for k in ('broker_url', 'result_backend', 'worker_concurrency')],"+
					" CELERY_CONFIG.get('broker_read_url'), CELERY_CONFIG.get('BROKER_URL', CELERY_CONFIG['broker_url'])")
			want := "(['" + url + "', '" + url + "', 7], None, '" + url + "')"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRedisURL(t *testing.T) {
	cases := map[string]string{
		"redis://h":                                        "redis://h",
		"redis://u:p%40ss@h:6380/5?x=1":                    "redis://u:p%40ss@h:6380/5?x=1",
		"rediss://h:6380/1":                                "rediss://h:6380/1?ssl_cert_reqs=required",
		"rediss://:p%2Fw@h/1?a=b":                          "rediss://:p%2Fw@h/1?a=b&ssl_cert_reqs=required",
		"rediss://h/0?ssl_cert_reqs=CERT_NONE":             "rediss://h/0?ssl_cert_reqs=none",
		"rediss://h/0?ssl_cert_reqs=optional":              "rediss://h/0?ssl_cert_reqs=optional",
		"rediss://h/0?ssl_ca_certs=%2Fca.crt&socket_t=%20": "rediss://h/0?ssl_ca_certs=%2Fca.crt&socket_t=+&ssl_cert_reqs=required",
	}
	for url, want := range cases {
		got := evaluate(t, Config{Cache: true}, url, "CELERY_CONFIG['broker_url'], CACHE_CONFIG['CACHE_REDIS_URL'], RESULTS_BACKEND['host']")
		if want := "('" + want + "', '" + want + "', '" + want + "')"; got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

func TestKeyPrefixesDiffer(t *testing.T) {
	got := evaluate(t, Config{Cache: true}, "redis://h", "len({c['CACHE_KEY_PREFIX'] for c in"+
		" (CACHE_CONFIG, DATA_CACHE_CONFIG, FILTER_STATE_CACHE_CONFIG, EXPLORE_FORM_DATA_CACHE_CONFIG)} | {RESULTS_BACKEND['key_prefix']})")
	if got != "5" {
		t.Errorf("%s different key prefixes, want 5", got)
	}
}

// Two releases that run at the same time share the Redis, but not the metadata cache.
func TestMetadataCacheBelongsToARelease(t *testing.T) {
	got := evaluate(t, Config{Cache: true}, "redis://h", "CACHE_CONFIG['CACHE_KEY_PREFIX']")
	if want := "'superset_metadata_6.0.0_'"; got != want {
		t.Errorf("the prefix is %s, want %s", got, want)
	}
}

// The modules of tasks are those that the release has: a worker ends if one does not exist, and
// refuses tasks of one that is missing in imports.
func TestTaskModulesAreThoseOfTheRelease(t *testing.T) {
	const slack = "superset/tasks/slack.py"
	defer delete(modules, slack)
	want := "superset.sql_lab superset.tasks.scheduler superset.tasks.thumbnails superset.tasks.cache"
	for range 2 {
		got := evaluate(t, Config{Cache: true}, "redis://h", "' '.join(CELERY_CONFIG['imports'])")
		if got != "'"+want+"'" {
			t.Errorf("got %s, want %s", got, want)
		}
		modules[slack], want = "", want+" superset.tasks.slack"
	}
}

// With a prefix every key of the caches and of Celery begins with it; what the user sets besides
// is kept, and the prefix holds.
func TestKeyPrefix(t *testing.T) {
	const all = "sorted({c['CACHE_KEY_PREFIX'] for c in (CACHE_CONFIG, DATA_CACHE_CONFIG, FILTER_STATE_CACHE_CONFIG," +
		" EXPLORE_FORM_DATA_CACHE_CONFIG)} | {RESULTS_BACKEND['key_prefix'], globals().get('GLOBAL_ASYNC_QUERIES_REDIS_STREAM_PREFIX', '')})," +
		" [CELERY_CONFIG.get(k) for k in ('broker_transport_options', 'result_backend_transport_options')]"
	const keys = "superset_data_', '%[1]ssuperset_explore_', '%[1]ssuperset_filter_', '%[1]ssuperset_metadata_6.0.0_', '%[1]ssuperset_results_'], "
	with := "(['bi:async-events-', 'bi:" + strings.ReplaceAll(keys, "%[1]s", "bi:")
	for _, c := range []struct{ name, prefix, raw, want string }{
		{"none", "", "", "(['', '" + strings.ReplaceAll(keys, "%[1]s", "") + "[None, None])"},
		{"none, options of the user", "", "CeleryConfig.broker_transport_options = {'visibility_timeout': 60}",
			"(['', '" + strings.ReplaceAll(keys, "%[1]s", "") + "[{'visibility_timeout': 60}, None])"},
		{"one", "bi", "", with + "[{'global_keyprefix': 'bi:'}, {'global_keyprefix': 'bi'}])"},
		{"options of the user", "bi", "CeleryConfig.broker_transport_options = {'visibility_timeout': 60, 'global_keyprefix': 'x'}",
			with + "[{'visibility_timeout': 60, 'global_keyprefix': 'bi:'}, {'global_keyprefix': 'bi'}])"},
		{"old names", "bi", "CELERY_CONFIG = {'BROKER_TRANSPORT_OPTIONS': {'visibility_timeout': 60}, 'CELERYD_CONCURRENCY': 7}",
			with + "[{'visibility_timeout': 60, 'global_keyprefix': 'bi:'}, {'global_keyprefix': 'bi'}])"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(EnvCacheKeyPrefix, c.prefix)
			if diff := cmp.Diff(c.want, evaluate(t, Config{Raw: c.raw, Cache: true}, "redis://h", all)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// evaluate loads the rendered file as Superset does and returns the repr of the Python
// expression.
func evaluate(t *testing.T, config Config, cacheURL, expression string) string {
	t.Helper()
	return evaluateWith(t, config, []string{EnvDatabaseURI + "=" + databaseURI, EnvCacheURL + "=" + cacheURL}, expression)
}

// evaluateWith is evaluate with other variables.
func evaluateWith(t *testing.T, config Config, variables []string, expression string) string {
	t.Helper()
	text, err := Render(config)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, ConnectionsFile), Connections)
	for name, content := range modules {
		write(t, filepath.Join(folder, name), content)
	}
	file := filepath.Join(folder, ConfigFile)
	write(t, file, text)
	for _, from := range config.From {
		write(t, filepath.Join(folder, from.Name), from.Text)
	}
	command := python(t, "-c", "import runpy; names = runpy.run_path('"+file+"'); print(repr(eval(\""+expression+"\", names)))")
	command.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONDONTWRITEBYTECODE=1", EnvSecretKey+"="+secretKey)
	command.Env = append(command.Env, variables...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("loading the rendered file: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func python(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is missing: install it (Debian: apt-get install python3), the rendered configuration is checked with it")
	}
	command := exec.Command(program, arguments...)
	command.Env = append(os.Environ(), "PYTHONPYCACHEPREFIX="+t.TempDir())
	return command
}
