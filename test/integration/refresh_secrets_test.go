// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	shipped "github.com/superset-operator/superset-operator/test/operator"
	"github.com/superset-operator/superset-operator/test/sample"
)

// restarts sets the Secrets whose change restarts the tiers.
func restarts(names ...v1alpha1.SecretName) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.RefreshSecrets = names }
}

// templates are the pod templates of the tiers, by the release in their labels.
func (f *fixture) templates() (out []string) {
	f.t.Helper()
	for _, d := range components.Catalog {
		out = append(out, f.deploymentOf(d.Name).Spec.Template.Labels[v1alpha1.LabelRelease])
	}
	return out
}

// permit applies the Role and RoleBinding of the page, for the Secrets with these names.
func (f *fixture) permit(names ...string) {
	f.t.Helper()
	page, err := os.ReadFile("../../docs/reference/configuration.md")
	must(f.t, err)
	_, text, _ := strings.Cut(string(page), "\n    apiVersion: rbac.authorization.k8s.io/v1\n")
	text, _, _ = strings.Cut(text, "\n\n")
	text = strings.NewReplacer("\n    ", "\n", "namespace: analytics", "namespace: "+f.ns, "[bi-database, bi-redis]", "["+strings.Join(names, ", ")+"]").Replace("\n    apiVersion: rbac.authorization.k8s.io/v1\n" + text)
	if strings.Count(text, f.ns) != 2 || strings.Contains(text, "bi-database") {
		f.t.Fatalf("the page has another example than the test expects:\n%s", text)
	}
	f.run("kubectl apply -f -", text)
}

// run runs a command line that a user has copied.
func (f *fixture) run(command, stdin string) {
	f.t.Helper()
	c := exec.CommandContext(f.t.Context(), "bash", "-euo", "pipefail", "-c", command)
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(control.Kubectl)+":"+os.Getenv("PATH"), "KUBECONFIG="+control.Kubeconfig)
	c.Stdin = strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		f.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// writeSecret changes the Secret of the sample as a user who rotates a password does.
func (f *fixture) writeSecret(content string) {
	f.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: sample.Name, Namespace: f.ns}}
	must(f.t, k8s.Patch(f.t.Context(), secret, client.RawPatch(types.MergePatchType, []byte(`{"stringData":{"rotated":"`+content+`"}}`))))
}

// inSync waits until the Secrets are in sync, or are not for a reason, for the newest spec.
func (f *fixture) inSync(is metav1.ConditionStatus, reason string) metav1.Condition {
	f.t.Helper()
	s := f.until("SecretsInSync is "+string(is)+" "+reason, func(s *v1alpha1.Superset) bool {
		c := condition(s, v1alpha1.ConditionSecretsInSync)
		return c.Status == is && c.Reason == reason && c.ObservedGeneration == s.Generation
	})
	return condition(s, v1alpha1.ConditionSecretsInSync)
}

// refreshed waits until another release than before is Ready.
func (f *fixture) refreshed(before string) *v1alpha1.Superset {
	f.t.Helper()
	return f.until("Ready with the changed Secret", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.Release != before && condition(s, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
	})
}

// Where a user grants it, a Secret that has changed restarts every tier in stage order, once. That
// it is named restarts nothing, and neither does a grant that is taken away: the message says how
// to give it again, and what has changed meanwhile counts then.
func TestRefreshSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	f.permit(sample.Name)
	release, before := f.get().Status.Release, f.templates()
	f.rec.forget()
	f.edit(restarts(sample.Name))
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
	if s := f.get(); s.Status.Release != release || s.Status.Phase != v1alpha1.PhaseReady || s.Status.RefreshSecrets.Versions[sample.Name] == "" {
		t.Errorf("phase %s, release %s, want Ready and %s; %+v", s.Status.Phase, s.Status.Release, release, s.Status.RefreshSecrets)
	}
	if diff := cmp.Diff(before, f.templates()); diff != "" {
		t.Errorf("naming the Secret restarts tiers:\n%s", diff)
	}

	f.writeSecret("one")
	s := f.refreshed(release)
	if s.Status.Upgrade.Kind != v1alpha1.KindConfigChange || s.Status.PreviousRelease != release {
		t.Errorf("a %s, with the previous release %s, want %s", s.Status.Upgrade.Kind, s.Status.PreviousRelease, release)
	}
	want := []v1alpha1.Phase{"Ready", "Validate", "UpgradeScheduler", "UpgradeWorkers", "UpgradeWeb", "Verify", "Ready"}
	if diff := cmp.Diff(want, f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	for i, after := range f.templates() {
		if after == before[i] {
			t.Errorf("%s was not restarted", components.Catalog[i].Name)
		}
	}

	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "bi-refresh", Namespace: f.ns}}
	must(t, k8s.Delete(t.Context(), binding))
	refusal := f.inSync(metav1.ConditionFalse, v1alpha1.ReasonSecretNotRead).Message
	f.writeSecret("two")
	f.rec.forget()
	f.edit(annotation("example.com/touched", "1")) // a reconcile decides on what is known
	release = s.Status.Release
	f.inSync(metav1.ConditionFalse, v1alpha1.ReasonSecretNotRead)
	if now := f.get(); now.Status.Release != release || now.Status.Phase != v1alpha1.PhaseReady || len(f.rec.phases()) > 1 {
		t.Errorf("without the grant: phase %s, release %s, phases %v", now.Status.Phase, now.Status.Release, f.rec.phases())
	}
	contains(t, refusal, "spec.refreshSecrets ("+sample.Name+")", "--resource-name="+sample.Name, "--serviceaccount=superset-operator-system:superset-operator")
	_, command, _ := strings.Cut(refusal, "To permit it: ")
	f.run(command, "")
	if again := f.refreshed(release); again.Status.UpgradeRevision != s.Status.UpgradeRevision+1 {
		t.Errorf("revision %d after %d: each change is one run", again.Status.UpgradeRevision, s.Status.UpgradeRevision)
	}
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
	f.onlyGets()
}

// A Secret that changes while a failed upgrade is rolled back does not try it again. Once spec is
// back at what runs, the tiers are restarted.
func TestRefreshSecretsWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.permit(sample.Name)
	f.install("5.0.0", restarts(sample.Name))
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
	release := f.get().Status.Release
	f.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	revision := f.rolledBack("5.0.0").Status.UpgradeRevision
	f.writeSecret("one")
	contains(t, f.inSync(metav1.ConditionFalse, v1alpha1.ReasonSecretChanged).Message, "Secret "+sample.Name+" has changed", "once the phase is Ready")
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseRolledBack || s.Status.UpgradeRevision != revision {
		t.Errorf("phase %s, revision %d, want RolledBack and %d", s.Status.Phase, s.Status.UpgradeRevision, revision)
	}
	f.edit(version("5.0.0"), tag(""))
	f.refreshed(release)
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
}

// A Secret that does not exist holds nothing, and its creation restarts nothing.
func TestRefreshSecretsMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.permit("later")
	f.install("6.0.0", restarts("later"))
	release := f.get().Status.Release
	contains(t, f.inSync(metav1.ConditionFalse, v1alpha1.ReasonSecretNotRead).Message, "Secret later does not exist: create it")
	must(t, k8s.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "later", Namespace: f.ns}}))
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
	if s := f.get(); s.Status.Release != release {
		t.Errorf("release %s, want %s", s.Status.Release, release)
	}
	err := k8s.Create(t.Context(), sample.Superset(f.ns, "6.0.0", func(s *v1alpha1.Superset) { s.Name = "twice" }, restarts("a", "a")))
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "Duplicate value") {
		t.Errorf("a name twice: %v", err)
	}
}

// onlyGets requires that the operator has asked for Secrets by name alone.
func (f *fixture) onlyGets() {
	f.t.Helper()
	log, err := os.Open(control.AuditLog)
	must(f.t, err)
	defer func() { _ = log.Close() }()
	lines, gets := bufio.NewScanner(log), 0
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e auditEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.User.Username != shipped.User || e.ObjectRef == nil || e.ObjectRef.Resource != "secrets" {
			continue
		}
		if e.Verb != "get" || e.ObjectRef.Name == "" {
			f.t.Errorf("the operator has sent %s %s", e.Verb, e.RequestURI)
		}
		gets++
	}
	if gets == 0 {
		f.t.Error("the audit log has no read of a Secret")
	}
}
