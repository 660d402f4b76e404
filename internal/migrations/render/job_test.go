// SPDX-License-Identifier: Apache-2.0

package render

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/superset"
)

func read(t *testing.T, name string) (*v1alpha1.Superset, *components.Release) {
	t.Helper()
	s := &v1alpha1.Superset{}
	golden.Read(t, "../../components/testdata/"+name+".superset.yaml", s)
	r, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestGoldenJobs(t *testing.T) {
	for _, name := range []string{"plain", "full", "postgresql"} {
		s, r := read(t, name)
		for _, script := range migrations.Scripts {
			if name == "postgresql" && !slices.Contains([]migrations.Script{migrations.Preflight, migrations.Verify, migrations.Backup, migrations.Rehearse}, script) {
				continue // as one of these
			}
			o := Order{Script: script, Fence: 7, Attempt: 2, Release: r, Workers: []string{"bi-worker-7c5d4f6b9-abcde", "bi-worker-7c5d4f6b9-fghij"}, Database: "postgresql"}
			if script == migrations.Backup || script == migrations.Restore || script == migrations.RestoreCheck {
				o.Backup = "r6"
			}
			if script == migrations.Rehearse { // the current release differs from the target release
				_, o.Current = read(t, map[string]string{"plain": "full", "full": "plain", "postgresql": "postgresql"}[name])
			}
			if name == "full" {
				o.AsUser, o.Queries, s.Status.Upgrade = true, true, &v1alpha1.UpgradeStatus{Charts: "12:0a1b2c3d:5,7:-"}
				o.ExpectedRevision, o.Revision, o.SHA256, o.Reencrypt = "abc123def456", "123def456abc", strings.Repeat("0a", 32), true
			}
			job, err := Job(s, o)
			if err != nil {
				t.Fatal(err)
			}
			// The hash would change with every script.
			text := strings.ReplaceAll(golden.YAML(t, job), scripts.Hash, "<hash of the scripts>")
			golden.Text(t, "job_"+string(script)+"_"+name+".yaml", text)
		}
	}
}

// Preflight resolves packages, and every other Job installs what was resolved. A rehearsal installs
// those of both releases.
func TestGoldenJobsWithPackages(t *testing.T) {
	s, r := read(t, "packages")
	preflight, err := Job(s, Order{Script: migrations.Preflight, Fence: 7, Attempt: 1, Release: r})
	if err != nil {
		t.Fatal(err)
	}
	hashes := strings.NewReplacer(scripts.Hash, "<hash of the scripts>", r.ConfigMap, "<config>")
	golden.Text(t, "job_preflight_packages.yaml", hashes.Replace(golden.YAML(t, preflight)))
	pinned, current := *r, *r
	pinned.Pins = packages.PinsOf([]string{"psycopg2-binary==2.9.10"}, nil)
	current.Pins = packages.PinsOf([]string{"psycopg2-binary==2.9.9"}, nil)
	rehearse, err := Job(s, Order{Script: migrations.Rehearse, Fence: 7, Attempt: 1, Release: &pinned, Current: &current, Database: "postgresql"})
	if err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "job_rehearse_packages.yaml", hashes.Replace(golden.YAML(t, rehearse)))
}

// A Job runs once: only the operator retries it, and there is no deadline, whatever the user's
// patch says.
func TestJobsRunOnce(t *testing.T) {
	s, r := read(t, "full") // its patch asks for restartPolicy: Always
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r})
		if err != nil {
			t.Fatal(err)
		}
		pod := job.Spec.Template.Spec
		if pod.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("%s: restartPolicy %s", script, pod.RestartPolicy)
		}
		if job.Spec.BackoffLimit == nil || *job.Spec.BackoffLimit != 0 {
			t.Errorf("%s: the Job controller would start another pod", script)
		}
		if job.Spec.ActiveDeadlineSeconds != nil || pod.ActiveDeadlineSeconds != nil {
			t.Errorf("%s: a deadline would kill it", script)
		}
		if job.Spec.Template.Labels[v1alpha1.LabelComponent] != "job" {
			t.Errorf("%s: its pods carry the component label %q", script, job.Spec.Template.Labels[v1alpha1.LabelComponent])
		}
	}
}

// Every Job runs as the account of its release.
func TestJobsRunAsTheAccount(t *testing.T) {
	s, r := read(t, "plain")
	r.ServiceAccount = "cloud"
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r})
		if err != nil {
			t.Fatal(err)
		}
		if got := job.Spec.Template.Spec.ServiceAccountName; got != "cloud" {
			t.Errorf("%s: it runs as %q", script, got)
		}
	}
}

// Neither a container nor a rule of another one restarts the script: a migration would run twice.
func TestContainersThatRestart(t *testing.T) {
	s, r := read(t, "plain")
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"containers":[
		{"name":"superset","restartPolicy":"Always","restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[1]}}]},
		{"name":"proxy","image":"example/proxy:1","restartPolicy":"OnFailure","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}]}]}}`)}
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		pod := job.Spec.Template.Spec
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			native := c.Name == scratchContainer
			if len(c.RestartPolicyRules) > 0 || c.Name != "proxy" && c.RestartPolicy != nil && !native {
				t.Errorf("%s: container %s is restarted: %v, %+v", script, c.Name, c.RestartPolicy, c.RestartPolicyRules)
			}
		}
	}
}

// Labels and annotations of jobs.podTemplate reach the pod of every Job: they leave out the
// proxy of a mesh. Those of the operator stay.
func TestMetadataOfJobs(t *testing.T) {
	s, r := read(t, "plain")
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(
		`{"metadata":{"labels":{"sidecar.istio.io/inject":"false"},"annotations":{"linkerd.io/inject":"disabled"}}}`)}
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		got := job.Spec.Template
		if got.Labels["sidecar.istio.io/inject"] != "false" || got.Annotations["linkerd.io/inject"] != "disabled" {
			t.Errorf("%s: labels %v, annotations %v", script, got.Labels, got.Annotations)
		}
		if pinned := got.Annotations[annotationSafeToEvict] == "false"; pinned != (copiesDatabase(script) || script.ChangesSchema()) {
			t.Errorf("%s: annotations %v", script, got.Annotations)
		}
	}
}

// In the network of its node a script does not tell the proxies on loopback to end.
func TestJobsInTheNetworkOfTheNode(t *testing.T) {
	s, r := read(t, "plain")
	for patch, want := range map[string]string{`{}`: "", `{"spec":{"hostNetwork":true}}`: "1"} {
		r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(patch)}
		job, err := Job(s, Order{Script: migrations.Migrate, Fence: 1, Attempt: 1, Release: r})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range job.Spec.Template.Spec.Containers[0].Env {
			if e.Name == superset.EnvHostNetwork {
				got = e.Value
			}
		}
		if got != want {
			t.Errorf("%s: %q", patch, got)
		}
	}
}

func TestJobRejectsAnInvalidPatch(t *testing.T) {
	s, r := read(t, "full")
	r.Jobs.PodTemplate.Raw = []byte(`{"spec":{"containers":{"name":"superset"}}}`)
	if _, err := Job(s, Order{Script: migrations.Migrate, Fence: 1, Attempt: 1, Release: r}); err == nil || !strings.HasPrefix(err.Error(), "spec.jobs: ") {
		t.Errorf("got %v, want an error of spec.jobs", err)
	}
}

func TestJobName(t *testing.T) {
	s := &v1alpha1.Superset{}
	s.Name, s.UID = "bi", "7f1f3b52-3f0e-4c53-9a52-0f1f7a3c0001"
	name := JobName(s, migrations.Migrate, 7, 2)
	if name != JobName(s, migrations.Migrate, 7, 2) {
		t.Error("the name is not deterministic: a migration could be started twice")
	}
	if !regexp.MustCompile(`^bi-migrate-7-2-[0-9a-f]{5}$`).MatchString(name) {
		t.Errorf("got %s", name)
	}
	seen := map[string]string{name: "bi"}
	other := func(what, name string) {
		if before, ok := seen[name]; ok {
			t.Errorf("%s has the same name as %s: %s", what, before, name)
		}
		seen[name] = what
	}
	other("another script", JobName(s, migrations.Verify, 7, 2))
	other("another fence", JobName(s, migrations.Migrate, 8, 2))
	other("another attempt", JobName(s, migrations.Migrate, 7, 3))
	s.UID = "7f1f3b52-3f0e-4c53-9a52-0f1f7a3c0002"
	other("the same name, deleted and created again", JobName(s, migrations.Migrate, 7, 2))

	for _, fence := range []int64{1, 9999, 123_456_789} {
		for _, long := range []string{strings.Repeat("a", 40), strings.Repeat("a.", 19) + "aa"} {
			s.Name = long // the CRD allows 40 characters
			for _, script := range migrations.Scripts {
				name := JobName(s, script, fence, 9)
				if len(name) > validation.DNS1123LabelMaxLength {
					t.Errorf("%s has %d characters: the label of its pods takes %d", name, len(name), validation.DNS1123LabelMaxLength)
				}
				if bad := validation.IsDNS1123Subdomain(name); len(bad) > 0 {
					t.Errorf("%s: %v", name, bad)
				}
				other(long[:2]+" "+string(script), name)
			}
		}
	}
}

// verify gets what it must test; the other scripts need little besides the release.
func TestScriptEnvironment(t *testing.T) {
	s, r := read(t, "plain")
	environment := func(o Order) map[string]string {
		t.Helper()
		o.Release, o.Fence, o.Attempt = r, 1, 1
		job, err := Job(s, o)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, e := range job.Spec.Template.Spec.Containers[0].Env {
			if e.ValueFrom == nil {
				values[e.Name] = e.Value
			}
		}
		return values
	}
	v := environment(Order{Script: migrations.Verify, Workers: []string{"bi-worker-0", "bi-worker-1"}})
	if v[superset.EnvWebURL] != "http://bi.analytics.svc:8088" || v[superset.EnvWorkerHosts] != "bi-worker-0,bi-worker-1" ||
		v[superset.EnvWorkerDeployment] != "bi-worker" {
		t.Errorf("verify gets %v", v)
	}
	if _, ok := v[superset.EnvExpectedRevision]; ok {
		t.Error("an expected revision, though the head is expected")
	}
	if v := environment(Order{Script: migrations.Verify, BasePath: "/analytics"}); v[superset.EnvWebURL] != "http://bi.analytics.svc:8088/analytics" {
		t.Errorf("below a path verify gets %v", v)
	}
	if v := environment(Order{Script: migrations.Verify, ExpectedRevision: "abc"}); v[superset.EnvExpectedRevision] != "abc" {
		t.Errorf("verify gets %v", v)
	}
	if v := environment(Order{Script: migrations.Migrate, ExpectedRevision: "abc", Workers: []string{"bi-worker-0"}}); len(v) != 4 || v[superset.EnvOwner] != "analytics/bi" {
		t.Errorf("migrate gets %v, want the owner, the size of its result and the folder of Superset's files", v)
	}
	if v := environment(Order{Script: migrations.Migrate, MaxLock: 2500 * time.Millisecond}); v[superset.EnvMaxLockSeconds] != "2.5" {
		t.Errorf("a polite migrate gets %v", v)
	}
	if v := environment(Order{Script: migrations.Preflight, MaxLock: time.Second}); v[superset.EnvMaxLockSeconds] != "" {
		t.Errorf("preflight gets %v", v)
	}
	if v := environment(Order{Script: migrations.Preflight}); v[superset.EnvWebURL]+v[superset.EnvWebReady] != "" {
		t.Errorf("preflight without web gets %v", v)
	}
	if v := environment(Order{Script: migrations.Preflight, WebReady: true}); v[superset.EnvWebURL] == "" || v[superset.EnvWebReady] != "1" || v[superset.EnvLoginUsername] != "" {
		t.Errorf("preflight with web gets %v", v)
	}
	for known, want := range map[bool]string{false: "", true: "1"} {
		if v := environment(Order{Script: migrations.Verify, WebUnreachable: known}); v[superset.EnvWebURL] == "" || v[superset.EnvWebUnreachable] != want {
			t.Errorf("verify gets %v", v)
		}
	}
	s.Spec.Upgrade.Verify.Soak = &metav1.Duration{Duration: time.Minute}
	if v := environment(Order{Script: migrations.Verify, AsUser: true}); v[superset.EnvSoakSeconds] != "60" || v[superset.EnvBeat] != "1" {
		t.Errorf("with a soak verify gets %v", v)
	}
	if v := environment(Order{Script: migrations.Verify}); v[superset.EnvSoakSeconds] != "" || v[superset.EnvBeat] != "" {
		t.Errorf("without a soak: %v", v)
	}
	delete(r.Tiers, components.Scheduler)
	if v := environment(Order{Script: migrations.Verify, AsUser: true}); v[superset.EnvSoakSeconds] != "60" || v[superset.EnvBeat] != "" {
		t.Errorf("without a scheduler: %v", v)
	}
	delete(r.Tiers, components.Web)
	if v := environment(Order{Script: migrations.Verify}); v[superset.EnvWebURL] != "" {
		t.Errorf("without web: %v", v)
	}
}

// Only preflight and verify get queries, exactly as they are in spec: the kubelet would expand
// $(NAME) and $$ in a variable. The token is passed by reference.
func TestQueries(t *testing.T) {
	s, r := read(t, "plain")
	queries := []v1alpha1.PrometheusQuery{{Name: "errors", Expr: `a{b=~"$$|$(HOME)$"} > "é\n"`}, {Name: "down", Expr: "up == 0"}}
	s.Spec.Upgrade.Verify.Prometheus = &v1alpha1.PrometheusSpec{URL: "http://prometheus:9090", Queries: queries,
		TokenFrom: &v1alpha1.SecretKeyReference{Name: "metrics", Key: "token"}}
	for _, script := range migrations.Scripts {
		for _, asked := range []bool{false, true} {
			job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Queries: asked})
			if err != nil {
				t.Fatal(err)
			}
			variables := map[string]corev1.EnvVar{}
			pod := job.Spec.Template.Spec
			for _, c := range append(pod.InitContainers, pod.Containers...) {
				for _, e := range c.Env {
					variables[e.Name] = e
				}
			}
			if want := asked && (script == migrations.Preflight || script == migrations.Verify); (variables[superset.EnvQueries].Value != "") != want {
				t.Errorf("%s, asked %v: %q", script, asked, variables[superset.EnvQueries].Value)
			} else if !want {
				continue
			}
			var got []v1alpha1.PrometheusQuery
			text := variables[superset.EnvQueries].Value
			if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, queries) || strings.Contains(text, "$") {
				t.Errorf("%s: %q, %v", script, text, err)
			}
			token := variables[superset.EnvPrometheusToken]
			if token.Value != "" || token.ValueFrom.SecretKeyRef.Name != "metrics" || token.ValueFrom.SecretKeyRef.Key != "token" {
				t.Errorf("%s: the token %+v", script, token)
			}
		}
	}
}

// Every module that a container of a Job runs is in the archive of the ConfigMap that it mounts,
// next to the shell scripts.
func TestScriptsConfigMap(t *testing.T) {
	cm := ScriptsConfigMap("bi", "analytics")
	if cm.Immutable == nil || !*cm.Immutable || !strings.HasSuffix(cm.Name, scripts.Hash) || cm.Name != ScriptsName("bi") {
		t.Errorf("%s: not an immutable ConfigMap that is named by its content", cm.Name)
	}
	packed := cm.BinaryData[scripts.Program]
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	modules := []string{"prepare", "rehearse_upgrade", "rehearse_serve", "reencrypt", "init_keep", "init_steps"}
	for _, script := range migrations.Scripts {
		modules = append(modules, scriptFile(script))
	}
	for _, module := range modules {
		if text, err := fs.ReadFile(r, "superset_job/jobs/"+module+".py"); !strings.Contains(string(text), "__main__") {
			t.Errorf("%s is missing: %v", module, err)
		}
	}
	size := len(packed)
	for _, name := range []string{"dump.sh", "load.sh", "copy.sh", "scratch.sh", "backup_check.sh", "superset_job.sh", superset.ConnectionsFile} {
		if text := cm.Data[name]; !strings.Contains(text, "SPDX-License-Identifier") && !strings.Contains(text, "Written by superset-operator") {
			t.Errorf("%s is missing", name)
		}
		size += len(cm.Data[name])
	}
	if len(cm.Data) != 7 || size > 150000 {
		t.Errorf("%d files besides the archive, %d bytes in all", len(cm.Data), size)
	}
	t.Logf("%d bytes are mounted", size)
}
