// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admission "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

var (
	ruleInPage   = regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\|")
	ruleInPolicy = regexp.MustCompile(`variables\.([a-z][A-Za-z]*)`)
)

// The page about the admission policy has every rule of it, in its order.
func TestAdmissionRules(t *testing.T) {
	var policy admission.ValidatingAdmissionPolicy
	read(t, "config/admission/policy.yaml", &policy)
	var want []string
	for _, v := range policy.Spec.Validations {
		rule := ruleInPolicy.FindStringSubmatch(v.Expression)[1]
		if rule == "asksForAccounts" {
			rule = "accounts"
		}
		want = append(want, rule)
	}
	var got []string
	page, err := os.ReadFile(filepath.Join(root, "docs/reference/admission.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range ruleInPage.FindAllStringSubmatch(string(page), -1) {
		got = append(got, match[1])
	}
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Errorf("the rules of the policy and of the page (-policy +page):\n%s", diff)
	}
}

// The policy reads every podTemplate of the four kinds.
func TestAdmissionReadsEveryTemplate(t *testing.T) {
	var policy admission.ValidatingAdmissionPolicy
	read(t, "config/admission/policy.yaml", &policy)
	at := slices.IndexFunc(policy.Spec.Variables, func(v admission.Variable) bool { return v.Name == "templates" })
	var got []string
	for _, match := range regexp.MustCompile(`\?'(spec[A-Za-z.]*)': `).FindAllStringSubmatch(policy.Spec.Variables[at].Expression, -1) {
		got = append(got, match[1])
	}
	want := map[string]bool{}
	for _, spec := range []reflect.Type{reflect.TypeFor[v1alpha1.SupersetSpec](), reflect.TypeFor[v1alpha1.SupersetWebWorkerSpec](),
		reflect.TypeFor[v1alpha1.SupersetAsyncWorkerSpec](), reflect.TypeFor[v1alpha1.SupersetAsyncSchedulerSpec]()} {
		templates(spec, "spec", want)
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), got); diff != "" || len(got) < 5 {
		t.Errorf("fields without a schema, and those that the policy reads (-API +policy):\n%s", diff)
	}
}

// templates collects the paths of the fields of a type that have no schema.
func templates(of reflect.Type, path string, into map[string]bool) {
	switch {
	case of == reflect.TypeFor[runtime.RawExtension]():
		into[path] = true
	case of.Kind() == reflect.Pointer:
		templates(of.Elem(), path, into)
	case of.Kind() == reflect.Slice || of.Kind() == reflect.Map:
		templates(of.Elem(), path+"[]", into)
	case of.Kind() == reflect.Struct && strings.Contains(of.PkgPath(), "v1alpha1"):
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			templates(of.Field(i).Type, strings.TrimSuffix(path+"."+name, "."), into)
		}
	default:
	}
}
