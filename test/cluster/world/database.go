// SPDX-License-Identifier: Apache-2.0

package world

import (
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// Count says how often a database was migrated since the world began. Only
// Jobs of the script migrate count, whether or not they have anything to do.
type Count struct {
	// Started is how many pods began.
	Started int
	// Finished is how many of them ended, well or not; a pod that was deleted
	// while it migrated ended too.
	Finished int
	// AtOnce is the most that ever ran at the same time: 2 or more means that
	// the operator broke its promise.
	AtOnce int
}

// place names a database: the Secret with its URI, or for want of one the
// namespace alone.
type place struct{ namespace, secret string }

// String is a valid key of a ConfigMap: no namespace holds a dot.
func (p place) String() string { return strings.TrimSuffix(p.namespace+"."+p.secret, ".") }

func parsePlace(key string) place {
	namespace, secret, _ := strings.Cut(key, ".")
	return place{namespace, secret}
}

// databaseOf is the database that a pod would talk to.
func databaseOf(pod *corev1.Pod) place {
	p := place{namespace: pod.Namespace}
	if from := env(pod, "SUPERSET_DATABASE_URI").ValueFrom; from != nil && from.SecretKeyRef != nil {
		p.secret = from.SecretKeyRef.Name
	}
	return p
}

// databases is what all databases know.
type databases struct {
	mu        sync.Mutex
	revisions map[place]string
	counts    map[place]Count
}

func (d *databases) revision(p place) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.revisions[p]
}

func (d *databases) setRevision(p place, revision string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if revision == "" {
		delete(d.revisions, p)
		return
	}
	d.revisions[p] = revision
}

// all is a copy, as data of a ConfigMap.
func (d *databases) all() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	data := map[string]string{}
	for p, revision := range d.revisions {
		data[p.String()] = revision
	}
	return data
}

func (d *databases) count(p place) Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[p]
}

// begin counts a migration that starts and returns how many run now.
func (d *databases) begin(p place) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts[p]
	c.Started++
	running := c.Started - c.Finished
	c.AtOnce = max(c.AtOnce, running)
	d.counts[p] = c
	return running
}

func (d *databases) end(p place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts[p]
	c.Finished++
	d.counts[p] = c
}
