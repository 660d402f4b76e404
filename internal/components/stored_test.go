// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A release that a newer operator has stored, with fields that this one does not know, is
// used under the hash that it was stored with. One that was changed is not.
func TestLoadRelease(t *testing.T) {
	before := releaseOf(t, read(t, "full"))
	raw, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	fields["sidecars"] = []any{map[string]any{"name": "proxy", "weight": 0.5}}
	newer, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(strings.Replace(string(newer), "proxy", "spy", 1))
	layout := []byte(strings.Replace(string(raw), `"schema":1`, `"schema":2`, 1))
	for name, c := range map[string]struct {
		hash string
		raw  []byte
		err  string
	}{
		"as stored":           {before.Hash(), raw, ""},
		"of a newer operator": {contentHash(newer), newer, ""},
		"changed":             {contentHash(newer), changed, "somebody changed it"},
		"with one more field": {before.Hash(), newer, "somebody changed it"},
		"a newer layout":      {before.Hash(), layout, "it has layout 2, this operator supports 1; run the operator release that stored it"},
		"no JSON":             {before.Hash(), []byte("{"), "reading a stored release"},
	} {
		got, err := LoadRelease(c.hash, c.raw)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Hash() != c.hash || got.Component(Web, read(t, "full")).ComponentSpec().Release != c.hash {
			t.Errorf("%s: hash %s, want %s", name, got.Hash(), c.hash)
		}
		if newer := c.hash != before.Hash(); newer != slices.Equal(got.Unknown, []string{"sidecars"}) {
			t.Errorf("%s: unknown fields %v", name, got.Unknown)
		}
		if diff := cmp.Diff(before.Runtime, got.Runtime); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The API server sorts the fields of what it stores. The content stays the same.
func TestContentHash(t *testing.T) {
	if a, b := contentHash([]byte(`{"b":{"d":1.50,"c":[2,1]},"a":"<"}`)), contentHash([]byte(` {"a":"<", "b":{"c":[2,1],"d":1.50}} `)); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
	if a, b := contentHash([]byte(`{"c":[2,1]}`)), contentHash([]byte(`{"c":[1,2]}`)); a == b {
		t.Error("the order of a list does not count")
	}
	if got := contentHash([]byte("{")); got != "" {
		t.Errorf("no JSON has %q", got)
	}
}
