// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	shipped "github.com/superset-operator/superset-operator/test/operator"
	"github.com/superset-operator/superset-operator/test/sample"
)

// operatorNamespace is where the operator runs, and where its lease is.
const operatorNamespace = "superset-operator-system"

// TestPrivileges runs the operator on a control plane of its own, in one namespace with Roles
// alone, and then in all namespaces with the ClusterRole. Each time it does everything that it
// can do, and afterwards the audit log must show that it may do nothing else.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	p := newPrivileged(t)
	p.kubectl("apply", "-f", "../../config/manager/namespace.yaml", "-f", "../../config/crd/bases")
	p.kubectl("apply", "-f", "../../config/rbac/service_account.yaml",
		"-f", "../../config/rbac/leader_election_role.yaml", "-f", "../../config/rbac/leader_election_role_binding.yaml")

	ns, other := p.namespace(), p.namespace()
	p.kubectl("apply", "-n", ns, "-k", "../../config/rbac/namespaced")
	must(t, p.Create(t.Context(), sample.Superset(other, "5.0.0")))
	requests := p.run(ns, "-metrics-secure=false", "-namespaces="+ns)
	p.usesWhatIsGranted(requests)
	for _, r := range requests {
		if r.ObjectRef == nil && !map[string]bool{"/version": true, "/api": true, "/apis": true}[r.path()] ||
			r.ObjectRef != nil && r.ObjectRef.Namespace != ns && r.ObjectRef.Namespace != operatorNamespace {
			t.Errorf("in one namespace, the operator has sent %s %s", r.Verb, r.RequestURI)
		}
	}
	untouched := &v1alpha1.Superset{}
	must(t, p.Get(t.Context(), client.ObjectKey{Namespace: other, Name: sample.Name}, untouched))
	if untouched.Status.Phase != "" {
		t.Errorf("a Superset in another namespace is in phase %s", untouched.Status.Phase)
	}
	must(t, p.Delete(t.Context(), untouched))
	must(t, p.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}))
	eventually(t, "the namespace is gone", func() bool {
		return p.Get(t.Context(), client.ObjectKey{Name: ns}, &corev1.Namespace{}) != nil
	})

	p.kubectl("delete", "lease", "--all", "-n", operatorNamespace)
	p.kubectl("apply", "-k", "../../config/rbac")
	p.usesWhatIsGranted(p.run(p.namespace(), "-metrics-secure=true"))
}

// privileged is a control plane on which an operator runs under the shipped rights.
type privileged struct {
	client.Client
	t       *testing.T
	control *cluster.Cluster
}

func newPrivileged(t *testing.T) *privileged {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Options{Dir: filepath.Join(t.TempDir(), "cluster"), Kwok: true, AuditLog: true})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop() })
	k, err := client.New(c.REST(), client.Options{Scheme: k8s.Scheme()})
	must(t, err)
	w := world.New(c.REST(), world.Options{})
	go func() { _ = w.Run(t.Context()) }()
	return &privileged{Client: k, t: t, control: c}
}

func (p *privileged) kubectl(arguments ...string) {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), p.control.Kubectl, append([]string{"--kubeconfig", p.control.Kubeconfig}, arguments...)...)
	if out, err := command.CombinedOutput(); err != nil {
		p.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// namespace creates a namespace with the Secret of the sample.
func (p *privileged) namespace() string {
	p.t.Helper()
	ns := sample.Namespace()
	must(p.t, p.Create(p.t.Context(), ns))
	must(p.t, p.Create(p.t.Context(), sample.Secret(ns.Name)))
	return ns.Name
}

// run starts the operator with flags, lets it do everything in a namespace, ends it, and
// returns its requests.
func (p *privileged) run(ns string, flags ...string) []auditEvent {
	p.t.Helper()
	begin, err := os.Stat(p.control.AuditLog)
	must(p.t, err)
	metrics, err := shipped.FreeAddress()
	must(p.t, err)
	all, err := shipped.Flags(p.control, metrics)
	must(p.t, err)
	all = append(all, "-leader-elect", "-leader-election-namespace="+operatorNamespace)
	path := filepath.Join(p.t.TempDir(), "manager.log")
	log, err := os.Create(path)
	must(p.t, err)
	command := exec.Command(operator.binary, append(all, flags...)...)
	command.Stdout, command.Stderr = log, log
	must(p.t, command.Start())
	p.t.Cleanup(func() {
		_ = command.Process.Kill()
		if raw, err := os.ReadFile(path); err == nil && p.t.Failed() {
			p.t.Logf("%s", raw[max(0, len(raw)-20000):])
		}
	})
	p.everything(ns)
	if strings.Contains(strings.Join(flags, " "), "-metrics-secure=true") {
		p.scrapes(metrics)
	}
	must(p.t, command.Process.Signal(syscall.SIGTERM))
	must(p.t, command.Wait())
	return p.requests(begin.Size())
}

// everything makes the operator use each of its rights: a backup and a maintenance page, a
// release that is pruned, components, an exporter and an account that are removed, a Job without a
// pod, and a Job that is superfluous.
func (p *privileged) everything(ns string) {
	p.t.Helper()
	one := int32(1)
	must(p.t, p.Create(p.t.Context(), sample.Superset(ns, "5.0.0", backedUp, strategy(v1alpha1.StrategyDrain), statsd("statsd-exporter"),
		account(v1alpha1.ServiceAccountSpec{}), func(s *v1alpha1.Superset) { s.Spec.HistoryLimit = &one })))
	p.ready(ns)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "no-pods", Namespace: ns},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourceLimitsMemory: resource.MustParse("1Gi")}}}
	must(p.t, p.Create(p.t.Context(), quota))
	p.edit(ns, version("6.1.0"))
	p.until(ns, "the refusal of a pod is quoted", func(s *v1alpha1.Superset) bool {
		return strings.Contains(condition(s, v1alpha1.ConditionReady).Message, "failed quota")
	})
	must(p.t, p.Delete(p.t.Context(), quota))
	p.edit(ns, version("6.0.0")) // another target: the Job of the first one is deleted
	p.ready(ns)
	for _, edit := range []func(*v1alpha1.Superset){
		func(s *v1alpha1.Superset) {
			unmonitored(s)
			sample.Config("ROW_LIMIT = 1\n")(s)
			s.Spec.ServiceAccount = nil
		},
		func(s *v1alpha1.Superset) { s.Spec.Web = nil },
		func(s *v1alpha1.Superset) {
			s.Spec.Web, s.Spec.Worker, s.Spec.Scheduler = &v1alpha1.WebSpec{}, nil, nil
		},
	} {
		p.edit(ns, edit)
		p.ready(ns)
	}
	eventually(p.t, "the removed components, the exporter and the account are gone", func() bool {
		var workers v1alpha1.SupersetAsyncWorkerList
		var services corev1.ServiceList
		must(p.t, p.List(p.t.Context(), &workers, client.InNamespace(ns)))
		must(p.t, p.List(p.t.Context(), &services, client.InNamespace(ns)))
		gone := apierrors.IsNotFound(p.Get(p.t.Context(), client.ObjectKey{Namespace: ns, Name: sample.Name}, &corev1.ServiceAccount{}))
		return gone && len(workers.Items) == 0 && len(exporterNames(components.Pointers(services.Items))) == 0
	})
}

func (p *privileged) edit(ns string, edit func(*v1alpha1.Superset)) {
	p.t.Helper()
	s := &v1alpha1.Superset{}
	must(p.t, p.Get(p.t.Context(), client.ObjectKey{Namespace: ns, Name: sample.Name}, s))
	before := s.DeepCopy()
	edit(s)
	must(p.t, p.Patch(p.t.Context(), s, client.MergeFrom(before)))
}

func (p *privileged) until(ns, what string, is func(*v1alpha1.Superset) bool) {
	p.t.Helper()
	s, done := &v1alpha1.Superset{}, false
	defer func() {
		if !done {
			p.t.Logf("phase %s, %+v", s.Status.Phase, s.Status.Conditions)
		}
	}()
	eventually(p.t, what, func() bool {
		must(p.t, p.Get(p.t.Context(), client.ObjectKey{Namespace: ns, Name: sample.Name}, s))
		return is(s)
	})
	done = true
}

func (p *privileged) ready(ns string) {
	p.t.Helper()
	p.until(ns, "Ready", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseReady && s.Status.ObservedGeneration == s.Generation &&
			condition(s, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
	})
}

// bound are the rules of the roles that are bound to the operator, in all namespaces.
func (p *privileged) bound() []rbacv1.PolicyRule {
	p.t.Helper()
	var roles rbacv1.RoleBindingList
	var clusterRoles rbacv1.ClusterRoleBindingList
	must(p.t, p.List(p.t.Context(), &roles))
	must(p.t, p.List(p.t.Context(), &clusterRoles))
	ours := func(subjects []rbacv1.Subject) bool {
		return len(subjects) == 1 && subjects[0].Namespace == operatorNamespace && subjects[0].Name == "superset-operator"
	}
	var out []rbacv1.PolicyRule
	for _, b := range roles.Items {
		role := &rbacv1.Role{}
		if ours(b.Subjects) {
			must(p.t, p.Get(p.t.Context(), client.ObjectKey{Namespace: b.Namespace, Name: b.RoleRef.Name}, role))
			out = append(out, role.Rules...)
		}
	}
	for _, b := range clusterRoles.Items {
		role := &rbacv1.ClusterRole{}
		if ours(b.Subjects) {
			must(p.t, p.Get(p.t.Context(), client.ObjectKey{Name: b.RoleRef.Name}, role))
			out = append(out, role.Rules...)
		}
	}
	return out
}
