// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

func config() *v1alpha1.SupersetConfigSpec {
	inline := "inline"
	return &v1alpha1.SupersetConfigSpec{
		From: []v1alpha1.ConfigSource{{ConfigMapKeyRef: v1alpha1.ConfigMapKeyReference{Name: "shared", Key: "a.py"}}},
		Files: map[string]v1alpha1.ConfigFile{
			"security.py": {ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "shared", Key: "security"}},
			"ca.pem":      {Value: &inline},
		},
		Revision: "1",
	}
}

func TestFiles(t *testing.T) {
	c := config()
	copied := map[string]string{"_from-0.py": "A = 1\n", "security.py": "B = 2\n", "another": "not referred to"}
	files, err := Files(c, copied)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"_from-0.py": "A = 1\n", "security.py": "B = 2\n", "ca.pem": "inline"}, files); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]superset.File{{Name: "_from-0.py", Text: "A = 1\n"}}, From(c, files)); diff != "" {
		t.Errorf("from (-want +got):\n%s", diff)
	}
	if !Importable(c) || Importable(&v1alpha1.SupersetConfigSpec{}) {
		t.Error("security.py is not importable, or nothing is")
	}
	if files, err := Files(&v1alpha1.SupersetConfigSpec{}, nil); files != nil || err != nil {
		t.Errorf("without any: %v, %v", files, err)
	}
}

func TestFilesRefuses(t *testing.T) {
	big := strings.Repeat("x", MaxFilesBytes)
	for want, edit := range map[string]func(*v1alpha1.SupersetConfigSpec){
		`spec.config.files["../x"]: a file has a name of`:              func(c *v1alpha1.SupersetConfigSpec) { c.Files["../x"] = c.Files["ca.pem"] },
		`spec.config.files["_from-0.py"]: a file has`:                  func(c *v1alpha1.SupersetConfigSpec) { c.Files["_from-0.py"] = c.Files["ca.pem"] },
		`spec.config.files["superset_config.py"]: a file has`:          func(c *v1alpha1.SupersetConfigSpec) { c.Files["superset_config.py"] = c.Files["ca.pem"] },
		"spec.config: from and files have 393234 bytes, more than the": func(c *v1alpha1.SupersetConfigSpec) { c.Files["big"] = v1alpha1.ConfigFile{Value: &big} },
		"spec.config.from[1]: key b.py of ConfigMap shared was not":    func(c *v1alpha1.SupersetConfigSpec) { c.From = append(c.From, source2("b.py")) },
	} {
		c := config()
		edit(c)
		_, err := Files(c, map[string]string{"_from-0.py": "A = 1\n", "security.py": "B = 2\n"})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func source2(key string) v1alpha1.ConfigSource {
	return v1alpha1.ConfigSource{ConfigMapKeyRef: v1alpha1.ConfigMapKeyReference{Name: "shared", Key: key}}
}

// What is copied is read again for other references and for another revision, and for nothing
// else.
func TestCopies(t *testing.T) {
	if got := Copies(&v1alpha1.SupersetConfigSpec{Revision: "1"}); got != "" {
		t.Errorf("without references: %q", got)
	}
	base := Copies(config())
	for name, c := range map[string]struct {
		edit  func(*v1alpha1.SupersetConfigSpec)
		other bool
	}{
		"nothing":   {func(*v1alpha1.SupersetConfigSpec) {}, false},
		"raw":       {func(c *v1alpha1.SupersetConfigSpec) { c.Raw = "A = 1" }, false},
		"inline":    {func(c *v1alpha1.SupersetConfigSpec) { delete(c.Files, "ca.pem") }, false},
		"revision":  {func(c *v1alpha1.SupersetConfigSpec) { c.Revision = "2" }, true},
		"key":       {func(c *v1alpha1.SupersetConfigSpec) { c.From[0].ConfigMapKeyRef.Key = "b.py" }, true},
		"name":      {func(c *v1alpha1.SupersetConfigSpec) { c.From[0].ConfigMapKeyRef.Name = "another" }, true},
		"file":      {func(c *v1alpha1.SupersetConfigSpec) { c.Files["b.py"] = c.Files["security.py"] }, true},
		"one more":  {func(c *v1alpha1.SupersetConfigSpec) { c.From = append(c.From, source2("b.py")) }, true},
		"no longer": {func(c *v1alpha1.SupersetConfigSpec) { delete(c.Files, "security.py") }, true},
		"other file": {func(c *v1alpha1.SupersetConfigSpec) {
			c.Files["s.py"] = c.Files["security.py"]
			delete(c.Files, "security.py")
		}, true},
	} {
		edited := config()
		c.edit(edited)
		if other := Copies(edited) != base; other != c.other {
			t.Errorf("%s: another copy: %v, want %v", name, other, c.other)
		}
	}
}
