// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// Count has the numbers of migrations of a database since the world was started.
// Only Jobs of the script migrate count, whether or not they change the schema;
// AtOnce also counts downgrade and restore.
type Count struct {
	// Started is how many pods began.
	Started int
	// Finished is how many of them ended, successfully or not; a pod that was
	// deleted while it migrated has ended too.
	Finished int
	// AtOnce is the highest number that ran at the same time: 2 or more is a bug of
	// the operator.
	AtOnce int
}

// place identifies a database: by the Secret with its URI, or by the namespace if
// there is none.
type place struct{ namespace, secret string }

// String is a valid key of a ConfigMap: namespaces have no dots.
func (p place) String() string { return strings.TrimSuffix(p.namespace+"."+p.secret, ".") }

func parsePlace(key string) place {
	namespace, secret, _ := strings.Cut(key, ".")
	return place{namespace, secret}
}

// databaseOf is the database of a pod, from any of its containers: in a rehearsal
// only the first one has it.
func databaseOf(pod *corev1.Pod) place {
	p := place{namespace: pod.Namespace}
	for _, container := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		for _, e := range container.Env {
			if e.Name == "SUPERSET_DATABASE_URI" && e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				p.secret = e.ValueFrom.SecretKeyRef.Name
			}
			if e.Name == "DB_HOST" { // a connection by parts
				p.secret = e.Value
			}
		}
	}
	return p
}

// schema is the state of one database.
type schema struct {
	revision string
	// half is true when the schema is partially migrated: a change failed and could
	// not be rolled back.
	half bool
}

// databases has the state of all databases and all backups.
type databases struct {
	mu      sync.Mutex
	schemas map[place]schema
	counts  map[place]Count
	// changing is how many pods change a schema now.
	changing map[place]int
	backups  map[shelf][]Backup // the newest first
	// identities are those of databases that a test has replaced by others, and company
	// is who else uses a database.
	identities map[place]string
	company    map[place]Company
}

func newDatabases() databases {
	return databases{schemas: map[place]schema{}, counts: map[place]Count{}, changing: map[place]int{}, backups: map[shelf][]Backup{},
		identities: map[place]string{}, company: map[place]Company{}}
}

func (d *databases) schema(p place) schema {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.schemas[p]
}

func (d *databases) setSchema(p place, s schema) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s == (schema{}) {
		delete(d.schemas, p)
		return
	}
	d.schemas[p] = s
}

func (d *databases) count(p place) Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[p]
}

// begin counts the start of a script that changes a schema and returns how many
// run now.
func (d *databases) begin(p place, script string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts[p]
	if script == scriptMigrate {
		c.Started++
	}
	d.changing[p]++
	c.AtOnce = max(c.AtOnce, d.changing[p])
	d.counts[p] = c
	return d.changing[p]
}

func (d *databases) end(p place, script string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts[p]
	if script == scriptMigrate {
		c.Finished++
	}
	d.changing[p]--
	d.counts[p] = c
}
