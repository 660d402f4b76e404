// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Keys of the ConfigMap that name no database: no namespace begins like this.
const (
	keyHalf    = "_half"
	keyBackups = "_backups"
)

// remembered is a shelf in its stored form.
type remembered struct {
	Namespace string   `json:"namespace"`
	Dir       string   `json:"dir"`
	Backups   []Backup `json:"backups"`
}

// remember returns all revisions and backups as data of a ConfigMap.
func (d *databases) remember() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	data := map[string]string{}
	var half []string
	for p, s := range d.schemas {
		data[p.String()] = s.revision
		if s.half {
			half = append(half, p.String())
		}
	}
	if len(half) > 0 {
		data[keyHalf] = strings.Join(half, ",")
	}
	var shelves []remembered
	for s, backups := range d.backups {
		shelves = append(shelves, remembered{s.namespace, s.dir, backups})
	}
	if len(shelves) > 0 {
		raw, err := json.Marshal(shelves)
		if err != nil {
			panic(err) // strings and numbers always encode
		}
		data[keyBackups] = string(raw)
	}
	return data
}

// recall loads the data of an earlier world.
func (d *databases) recall(data map[string]string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var shelves []remembered
	if raw, ok := data[keyBackups]; ok {
		if err := json.Unmarshal([]byte(raw), &shelves); err != nil {
			return fmt.Errorf("reading the backups that were kept: %w", err)
		}
	}
	for _, s := range shelves {
		d.backups[shelf{s.Namespace, s.Dir}] = s.Backups
	}
	for key, revision := range data {
		if !strings.HasPrefix(key, "_") {
			d.schemas[parsePlace(key)] = schema{revision: revision}
		}
	}
	for key := range strings.SplitSeq(data[keyHalf], ",") {
		if s, ok := d.schemas[parsePlace(key)]; ok {
			s.half = true
			d.schemas[parsePlace(key)] = s
		}
	}
	return nil
}
