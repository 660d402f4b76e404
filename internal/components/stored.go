// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"fmt"

	"github.com/superset-operator/superset-operator/internal/stored"
)

// ParseRelease decodes a stored release. An unknown layout is an error. Fields that this
// operator does not know, because a newer one stored the release, are left out.
func ParseRelease(raw []byte) (*Release, error) {
	var r Release
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("reading a stored release: %w", err)
	}
	if r.Schema != releaseSchema {
		return nil, fmt.Errorf("reading a stored release: it has layout %d, this operator supports %d; run the operator release that stored it", r.Schema, releaseSchema)
	}
	return &r, nil
}

// LoadRelease decodes a release that was stored under a hash, and checks that nobody has
// changed it. A newer operator may have stored fields that this one does not know.
func LoadRelease(hash string, raw []byte) (*Release, error) {
	r, err := ParseRelease(raw)
	if err != nil {
		return nil, err
	}
	if got := contentHash(raw); got != hash {
		return nil, fmt.Errorf("reading release %s: its content has hash %s, so somebody changed it", hash, got)
	}
	r.hash, r.Unknown = hash, unknownFields(raw, r)
	return r, nil
}

// unknownFields are the paths of the fields that are stored and that this operator does not
// know, sorted.
func unknownFields(raw []byte, r *Release) []string {
	known, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encoding a release: %v", err)) // plain values only
	}
	return stored.UnknownFields(raw, known)
}

// contentHash identifies everything that is stored of a release, whatever the order of its
// fields, except its pins. It is empty for what is no JSON.
func contentHash(raw []byte) string {
	if sorted := stored.Sorted(raw, "pins"); sorted != "" {
		return Hash(sorted)
	}
	return ""
}
