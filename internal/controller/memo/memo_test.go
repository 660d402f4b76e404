// SPDX-License-Identifier: Apache-2.0

package memo

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A value belongs to one version of one object, and goes with the object.
func TestMemo(t *testing.T) {
	var m Memo[int]
	a, b := client.ObjectKey{Namespace: "n", Name: "a"}, client.ObjectKey{Namespace: "n", Name: "b"}
	has := func(key client.ObjectKey, version string, want int, known bool) {
		t.Helper()
		if got, ok := m.Get(key, version); got != want || ok != known {
			t.Errorf("%s %s: %d, %v, want %d, %v", key, version, got, ok, want, known)
		}
	}
	has(a, "1", 0, false)
	m.Set(a, "1", 10)
	has(a, "1", 10, true)
	has(a, "2", 0, false)
	has(b, "1", 0, false)
	m.Set(a, "2", 20)
	has(a, "1", 0, false)
	has(a, "2", 20, true)
	m.Forget(a)
	has(a, "2", 0, false)
	if len(m.of) != 0 {
		t.Errorf("%d values are left", len(m.of))
	}
}
