// SPDX-License-Identifier: Apache-2.0

// Package memo remembers what was computed of an object, so that it is computed once for each
// version of it.
package memo

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Memo has one value per object, of one version of it. It is as large as the number of objects
// that exist, if it is told of those that are deleted. The zero value is empty. It is safe for
// concurrent use; the values are shared, so nobody changes them.
type Memo[V any] struct {
	mu sync.Mutex
	of map[client.ObjectKey]entry[V]
}

type entry[V any] struct {
	version string
	value   V
}

// Get returns the value of a version; ok is false if there is none.
func (m *Memo[V]) Get(key client.ObjectKey, version string) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.of[key]
	if !ok || e.version != version {
		return value, false
	}
	return e.value, true
}

// Set replaces the value of an object by that of a version.
func (m *Memo[V]) Set(key client.ObjectKey, version string, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[client.ObjectKey]entry[V]{}
	}
	m.of[key] = entry[V]{version, value}
}

// Forget drops the value of an object that does not exist any more.
func (m *Memo[V]) Forget(key client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.of, key)
}
