// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Hashes that the user writes are kept for the package of any spelling, and no other one gets them.
func TestPinsKeepHashes(t *testing.T) {
	hash := " --hash=sha256:" + strings.Repeat("0a", 32)
	got := PinsOf([]string{"acme-core==1.5", "acme-driver==1.2"}, []v1alpha1.PackageRequirement{
		v1alpha1.PackageRequirement("Acme_Driver[extra]==1.2" + hash + hash), "acme-core>=1",
	})
	want := []v1alpha1.PinnedPackage{"acme-core==1.5", v1alpha1.PinnedPackage("acme-driver==1.2" + hash + hash)}
	if diff := cmp.Diff(want, got.Lines()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if none := PinsOf(nil, nil); none == nil || none.List == nil || (*Pins)(nil).Lines() != nil {
		t.Error("no pins and unknown pins are the same")
	}
}

func TestValid(t *testing.T) {
	for pin, want := range map[string]bool{
		"psycopg2-binary==2.9.10": true, "a==1!2.0+local": true, "a": false, "a>=1": false, "a==1 --index-url=x": false,
		"a==1\nb": false, "": false, "-r==1": false, "a==" + strings.Repeat("1", maxPin): false,
	} {
		if got := Valid([]string{"b==1", pin}); got != want {
			t.Errorf("%q: %v", pin, got)
		}
	}
	if Valid(slices.Repeat([]string{"a==1"}, maxPins+1)) || !Valid(nil) {
		t.Error("the number of pins")
	}
}
