// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/test/sample"
)

const admissionDir = "../../config/admission"

// policyLabel is on the namespaces of a copy of the policy, with the name of the copy.
const policyLabel = "test.example/policy"

// request is one entry of testdata/admission.
type request struct {
	Rule, Name, As              string
	Spec, Old, Components       map[string]any
	Annotations, OldAnnotations map[string]string
	Labels                      map[string]string
	Owned                       bool
	May                         []string
}

// TestAdmissionPolicy sends the requests of testdata/admission to copies of the policy: the
// whole one, and for each rule one without it, which must admit an object that the whole one
// refuses.
func TestAdmissionPolicy(t *testing.T) {
	t.Parallel()
	var refused, allowed []request
	decode(t, "testdata/admission/refused.yaml", &refused)
	decode(t, "testdata/admission/allowed.yaml", &allowed)
	var policy admission.ValidatingAdmissionPolicy
	decode(t, admissionDir+"/policy.yaml", &policy)
	byRule := map[string][]request{}
	for _, r := range refused {
		byRule[r.Rule] = append(byRule[r.Rule], r)
	}
	if len(refused) < 60 || len(allowed) < 30 {
		t.Errorf("%d requests to refuse and %d to allow", len(refused), len(allowed))
	}
	whole := newCopy(t, slices.Concat(refused, allowed))
	mutants := map[string]*policyCopy{}
	for rule, requests := range byRule {
		mutants[rule] = newCopy(t, requests)
	}
	whole.install(&policy, admission.Deny)
	tested := map[int]bool{}
	for rule, mutant := range mutants {
		at := validationOf(t, &policy, rule)
		tested[at] = true
		without := policy.DeepCopy()
		without.Spec.Validations = slices.Delete(without.Spec.Validations, at, at+1)
		mutant.install(without, admission.Deny)
	}
	for i, v := range policy.Spec.Validations {
		if !tested[i] {
			t.Errorf("no request breaks the rule %s", v.Expression)
		}
	}
	whole.holds(refused[0])
	for _, r := range refused {
		want := messageOf(policy.Spec.Validations[validationOf(t, &policy, r.Rule)])
		for kind, err := range whole.send(r) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %s (%s): got %v, want %q", r.Rule, r.Name, kind, err, want)
			}
		}
	}
	for _, r := range allowed {
		for kind, err := range whole.send(r) {
			if err != nil {
				t.Errorf("%s (%s): %v", r.Name, kind, err)
			}
		}
	}
	for _, sample := range []string{"high-availability", "standalone_worker"} {
		contains(t, kubectlOutput(t, "apply", "--dry-run=server", "-n", whole.ns, "-f", "../../config/samples/"+sample+".yaml"), "created (server dry run)")
	}
	for rule, mutant := range mutants {
		eventually(t, "the policy without the rule "+rule+" admits an object", func() bool {
			return slices.ContainsFunc(byRule[rule], func(r request) bool {
				for _, err := range mutant.send(r) {
					if err == nil {
						return true
					}
				}
				return false
			})
		})
	}
}

// A policy that only warns refuses nothing.
func TestAdmissionWarns(t *testing.T) {
	t.Parallel()
	text := kubectlOutput(t, "kustomize", "testdata/admission/warn")
	var binding admission.ValidatingAdmissionPolicyBinding
	for _, document := range strings.Split(text, "\n---\n") {
		if strings.Contains(document, "kind: ValidatingAdmissionPolicyBinding") {
			must(t, yaml.UnmarshalStrict([]byte(document), &binding))
		}
	}
	var policy admission.ValidatingAdmissionPolicy
	decode(t, admissionDir+"/policy.yaml", &policy)
	r := request{Name: "warned", Spec: map[string]any{"podTemplate": map[string]any{"spec": map[string]any{"hostNetwork": true}}}}
	c := newCopy(t, []request{r})
	c.install(&policy, binding.Spec.ValidationActions...)
	eventually(t, "a warning", func() bool {
		c.warned = ""
		for _, err := range c.send(r) {
			must(t, err)
		}
		return strings.Contains(c.warned, "spec.podTemplate: a pod must not use namespaces of the host")
	})
}

// The largest object that users are likely to write stays within the cost limits of CEL.
func TestAdmissionOfALargeSpec(t *testing.T) {
	t.Parallel()
	var containers []any
	for i := range 20 {
		var env []any
		for j := range 50 {
			env = append(env, map[string]any{"name": fmt.Sprintf("A%d", j), "value": strings.Repeat("x", 50)})
		}
		containers = append(containers, map[string]any{"name": fmt.Sprintf("c%d", i), "image": "a", "env": env,
			"securityContext": map[string]any{"allowPrivilegeEscalation": false}})
	}
	template := map[string]any{"podTemplate": map[string]any{"spec": map[string]any{"containers": containers}}}
	spec := map[string]any{"web": template, "worker": template, "scheduler": template, "jobs": template}
	spec["podTemplate"] = template["podTemplate"]
	var policy admission.ValidatingAdmissionPolicy
	decode(t, admissionDir+"/policy.yaml", &policy)
	large := request{Name: "large", Spec: spec}
	edited := request{Name: "edited", Old: spec, Spec: map[string]any{"podTemplate": map[string]any{"spec": map[string]any{"nodeSelector": map[string]any{"a": "b"}}}}}
	probe := request{Name: "probe", Spec: map[string]any{"podTemplate": map[string]any{"spec": map[string]any{"hostNetwork": true}}}}
	c := newCopy(t, []request{large, edited, probe})
	c.install(&policy, admission.Deny)
	c.holds(probe)
	for _, r := range []request{large, edited} {
		for _, err := range c.send(r) {
			must(t, err)
		}
	}
}

// validationOf returns the index of the validation of a rule.
func validationOf(t *testing.T, p *admission.ValidatingAdmissionPolicy, rule string) int {
	t.Helper()
	part, ok := map[string]string{
		"accounts": "variables.accounts[0]", "moreAccounts": "variables.accounts[2]", "tooManyAccounts": "variables.accounts.size() <= 4",
		"approve": "variables.approves ", "weakensApproval": "variables.weakensApproval ", "edits": "variables.edits ",
		"opensService": "variables.opensService ", "makesAccount": "variables.makesAccount ",
	}[rule]
	if !ok {
		part = "variables." + rule + ".size() == 0"
	}
	var at []int
	for i, v := range p.Spec.Validations {
		if strings.Contains(v.Expression, part) {
			at = append(at, i)
		}
	}
	if len(at) != 1 {
		t.Fatalf("the rule %s has the validations %v", rule, at)
	}
	return at[0]
}

// messageOf returns the constant part of the message of a rule.
func messageOf(v admission.Validation) string {
	if _, text, ok := strings.Cut(v.MessageExpression, " + ': "); ok {
		return strings.TrimSuffix(text, "'")
	}
	return v.Message
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, yaml.UnmarshalStrict(raw, into))
}

// policyCopy is a copy of the policy that holds in one namespace, and the users of its
// requests.
type policyCopy struct {
	t      *testing.T
	ns     string
	names  map[string]string
	warned string
}

// newCopy creates the namespace, the users and the objects that requests change: all this
// before the policy is there.
func newCopy(t *testing.T, requests []request) *policyCopy {
	t.Helper()
	ns := sample.Namespace()
	ns.Labels = map[string]string{}
	must(t, k8s.Create(t.Context(), ns))
	t.Cleanup(func() { _ = k8s.Delete(context.Background(), ns) })
	ns.Labels[policyLabel] = ns.Name
	must(t, k8s.Update(t.Context(), ns))
	c := &policyCopy{t: t, ns: ns.Name, names: map[string]string{}}
	for i, r := range requests {
		name := fmt.Sprintf("r%d", i)
		c.names[r.Rule+r.Name] = name
		c.grant(r, name)
		if r.Old != nil {
			must(t, k8s.Create(t.Context(), c.object("Superset", name, r.Old, r.OldAnnotations)))
		}
	}
	return c
}

// grant gives the author of a request the role that the operator ships, and what else he may.
func (c *policyCopy) grant(r request, user string) {
	c.t.Helper()
	roles := []string{"superset-editor"}
	switch r.As {
	case "operator":
		return // it has its role in every namespace
	case "approver":
		roles = []string{"superset-approver"}
	}
	for _, may := range r.May {
		if may == "approve" {
			roles = append(roles, "superset-approver")
			continue
		}
		rule := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{may}, Verbs: []string{"create"}}
		if _, account, ok := strings.Cut(may, "/"); ok {
			if account == "own" { // that of the object, which has the name of its author
				account = user
			}
			rule.Resources, rule.ResourceNames = []string{"serviceaccounts/token"}, []string{account}
		}
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: strings.ReplaceAll(user+"-"+may, "/", "-")}, Rules: []rbacv1.PolicyRule{rule}}
		must(c.t, k8s.Create(c.t.Context(), role))
		c.bind(user, "Role", role.Name)
	}
	for _, role := range roles {
		c.bind(user, "ClusterRole", role)
	}
}

func (c *policyCopy) bind(user, kind, role string) {
	c.t.Helper()
	must(c.t, k8s.Create(c.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: user + "-" + role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}))
}

// install makes a policy hold in the namespace alone.
func (c *policyCopy) install(policy *admission.ValidatingAdmissionPolicy, actions ...admission.ValidationAction) {
	c.t.Helper()
	p := policy.DeepCopy()
	p.ObjectMeta = metav1.ObjectMeta{Name: "copy-" + c.ns}
	var binding admission.ValidatingAdmissionPolicyBinding
	decode(c.t, admissionDir+"/binding.yaml", &binding)
	if binding.Spec.PolicyName != policy.Name || !slices.Equal(binding.Spec.ValidationActions, []admission.ValidationAction{admission.Deny}) {
		c.t.Errorf("the binding is %+v", binding.Spec)
	}
	binding.ObjectMeta = p.ObjectMeta
	binding.Spec.PolicyName, binding.Spec.ValidationActions = p.Name, actions
	binding.Spec.MatchResources = &admission.MatchResources{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{policyLabel: c.ns}}}
	for _, object := range []client.Object{p, &binding} {
		must(c.t, k8s.Create(c.t.Context(), object))
		c.t.Cleanup(func() { _ = k8s.Delete(context.Background(), object) })
	}
}

// holds waits until a request is refused.
func (c *policyCopy) holds(r request) {
	c.t.Helper()
	eventually(c.t, "the policy holds", func() bool {
		for _, err := range c.send(r) {
			return err != nil && strings.Contains(err.Error(), "denied request")
		}
		return false
	})
}
