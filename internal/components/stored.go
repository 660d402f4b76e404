// SPDX-License-Identifier: Apache-2.0

package components

import (
	"bytes"
	"encoding/json"
	"fmt"
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
// changed it: by the hash, or by content, the ContentHash that its operator has stored with
// it, where a newer operator has stored fields that this one does not know.
func LoadRelease(hash, content string, raw []byte) (*Release, error) {
	r, err := ParseRelease(raw)
	if err != nil {
		return nil, err
	}
	if r.Hash() != hash && (content == "" || ContentHash(raw) != content) {
		return nil, fmt.Errorf("reading release %s: its content has hash %s, so somebody changed it", hash, r.Hash())
	}
	r.stored = hash
	return r, nil
}

// ContentHash identifies everything that is stored of a release, whatever the order of its
// fields. It is empty for what is no JSON.
func ContentHash(raw []byte) string {
	var content any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a number is compared as it is written
	if err := d.Decode(&content); err != nil {
		return ""
	}
	sorted, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encoding a release: %v", err)) // decoded just now
	}
	return Hash(string(sorted))
}
