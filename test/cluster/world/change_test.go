// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	rev41 = "48cbb571fa3a"
	rev50 = "74ad1125881c"
	rev60 = "c233f5365c9e"
	// half50to60 is a revision between the two releases.
	half50to60 = "f1edd4a4d4f2"
)

// script is the pod of a Job.
type script struct {
	name, tag, dialect string
	env                map[string]string
}

func (s script) pod() *corev1.Pod {
	c := corev1.Container{Name: "superset", Image: "apache/superset:" + s.tag}
	for name, value := range s.env {
		c.Env = append(c.Env, corev1.EnvVar{Name: name, Value: value})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "bi", Labels: map[string]string{labelScript: s.name}, Annotations: map[string]string{AnnotationDatabase: s.dialect}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{c}},
	}
}

// run runs a script and applies its changes to the database.
func (s script) run(t *testing.T, d *databases) Result {
	t.Helper()
	pod := s.pod()
	p := databaseOf(pod)
	o := play(pod, behaviorOf(pod), d.look(p, pod))
	d.change(p, pod, o)
	var r Result
	if o.Message == "" {
		return r
	}
	if err := json.Unmarshal([]byte(o.Message), &r); err != nil {
		t.Fatal(err)
	}
	if (r.Reason == "") != (o.ExitCode == 0) {
		t.Errorf("reason %q with exit code %d", r.Reason, o.ExitCode)
	}
	return r
}

func back(tag, target string) script {
	return script{name: "downgrade", tag: tag, env: map[string]string{envTargetRevision: target}}
}

// The effect of each script on a database at a revision.
func TestScriptsChangeTheDatabase(t *testing.T) {
	mysqlOf := func(s script) script { s.dialect = mysql; return s }
	for name, test := range map[string]struct {
		from   schema
		script script
		reason string
		says   string // the revision in the result
		want   schema
	}{
		"downgrade":                         {schema{rev60, false}, back("6.0.0", rev50), "", rev50, schema{rev50, false}},
		"downgrade two releases":            {schema{rev60, false}, back("6.0.0", rev41), "", rev41, schema{rev41, false}},
		"downgrade again":                   {schema{rev50, false}, back("6.0.0", rev50), "", rev50, schema{rev50, false}},
		"downgrade without target":          {schema{rev60, false}, back("6.0.0", ""), "", rev60, schema{rev60, false}},
		"downgrade in the old image":        {schema{rev60, false}, back("5.0.0", rev50), "DatabaseAhead", rev60, schema{rev60, false}},
		"downgrade upwards":                 {schema{rev50, false}, back("6.0.0", rev60), "DowngradeFailed", rev50, schema{rev50, false}},
		"downgrade fails":                   {schema{rev60, false}, back("6.0.0-downgrade-fails", rev50), "DowngradeFailed", rev60, schema{rev60, false}},
		"downgrade fails on MySQL":          {schema{rev60, false}, mysqlOf(back("6.0.0-downgrade-fails", rev50)), "DowngradeFailed", half50to60, schema{half50to60, true}},
		"downgrade when partially migrated": {schema{half50to60, true}, mysqlOf(back("6.0.0", rev50)), "DowngradeFailed", half50to60, schema{half50to60, true}},
		"migrate fails":                     {schema{rev50, false}, script{name: "migrate", tag: "6.0.0-migrate-fails"}, "MigrationFailed", rev50, schema{rev50, false}},
		"migrate fails on MySQL":            {schema{rev50, false}, script{name: "migrate", tag: "6.0.0-migrate-fails", dialect: mysql}, "MigrationFailed", half50to60, schema{half50to60, true}},
		"migrate crashes on MySQL":          {schema{rev50, false}, script{name: "migrate", tag: "6.0.0-migrate-crashes", dialect: mysql}, "", "", schema{half50to60, true}},
		"migrate when partially migrated":   {schema{half50to60, true}, script{name: "migrate", tag: "6.0.0", dialect: mysql}, "MigrationFailed", half50to60, schema{half50to60, true}},
		"preflight when partially migrated": {schema{half50to60, true}, script{name: "preflight", tag: "6.0.0", dialect: mysql}, "", half50to60, schema{half50to60, true}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDatabases()
			p := place{namespace: "bi"}
			d.setSchema(p, test.from)
			r := test.script.run(t, &d)
			if r.Reason != test.reason || r.Revision != test.says || (r.Reason == "") != (r.Message == "") {
				t.Errorf("result %+v, want reason %q at %q", r, test.reason, test.says)
			}
			if got := d.schema(p); got != test.want {
				t.Errorf("the database is %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestBackupsAndRestores(t *testing.T) {
	d, p := newDatabases(), place{namespace: "bi"}
	store := func(name string) Result {
		return script{name: "backup", tag: "5.0.0", env: map[string]string{envBackup: name, envBackupDir: "/backups/x", envBackupKeep: "2"}}.run(t, &d)
	}
	d.setSchema(p, schema{revision: rev41})
	first := store("r1")
	d.setSchema(p, schema{revision: rev50})
	second := store("r2")
	if first.Backup == nil || first.Backup.Revision != rev41 || second.Backup.Revision != rev50 || first.Backup.SHA256 == second.Backup.SHA256 {
		t.Fatalf("backups: %+v, %+v", first.Backup, second.Backup)
	}
	d.setSchema(p, schema{revision: rev60})
	again := store("r2")
	if diff := cmp.Diff(second.Backup, again.Backup); diff != "" {
		t.Errorf("an existing backup was created again (-first +second):\n%s", diff)
	}
	if third := store("r3"); !slices.Equal(third.Backup.Kept, []string{"r3", "r2"}) {
		t.Errorf("kept %v, want the newest two", third.Backup.Kept)
	}
	load := func(tag, dialect string, env map[string]string) Result {
		env[envBackupDir] = "/backups/x"
		return script{name: "restore", tag: tag, dialect: dialect, env: env}.run(t, &d)
	}
	for _, test := range []struct {
		name, tag, dialect, reason string
		env                        map[string]string
		want                       schema
	}{
		{"a deleted backup", "6.0.0", "", "BackupMissing", map[string]string{envBackup: "r1"}, schema{rev60, false}},
		{"a different checksum", "6.0.0", "", "BackupDamaged", map[string]string{envBackup: "r2", envBackupSum: first.Backup.SHA256}, schema{rev60, false}},
		{"a different revision", "6.0.0", "", "BackupDamaged", map[string]string{envBackup: "r2", envExpectedRevision: rev41}, schema{rev60, false}},
		{"it fails", "6.0.0-restore-fails", "", "RestoreFailed", map[string]string{envBackup: "r2"}, schema{rev60, false}},
		{"it fails on MySQL", "6.0.0-restore-fails", mysql, "RestoreFailed", map[string]string{envBackup: "r2"}, schema{"", true}},
		{"it fixes a partially migrated schema", "6.0.0", mysql, "", map[string]string{envBackup: "r2", envExpectedRevision: rev50, envBackupSum: second.Backup.SHA256}, schema{rev50, false}},
		{"without an expected revision", "6.0.0", "", "", map[string]string{envBackup: "r3"}, schema{rev60, false}},
	} {
		if r := load(test.tag, test.dialect, test.env); r.Reason != test.reason {
			t.Errorf("%s: result %+v, want reason %q", test.name, r, test.reason)
		}
		if got := d.schema(p); got != test.want {
			t.Errorf("%s: the database is %+v, want %+v", test.name, got, test.want)
		}
	}
	if r := (script{name: "backup", tag: "5.0.0-backup-fails", env: map[string]string{envBackup: "r9"}}).run(t, &d); r.Reason != "BackupFailed" || r.Backup != nil {
		t.Errorf("a backup that fails: %+v", r)
	}
}

// A restarted world has the state of the previous one.
func TestDatabasesArePersistent(t *testing.T) {
	before, after := newDatabases(), newDatabases()
	before.setSchema(place{"a", "db"}, schema{rev50, false})
	before.setSchema(place{"b", "db"}, schema{half50to60, true})
	script{name: "backup", tag: "5.0.0", env: map[string]string{envBackup: "r1", envBackupDir: "/backups/x"}}.run(t, &before)
	if err := after.recall(before.remember()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.schemas, after.schemas, cmp.AllowUnexported(place{}, schema{})); diff != "" {
		t.Errorf("schemas (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.backups, after.backups, cmp.AllowUnexported(shelf{})); diff != "" || len(after.backups) != 1 {
		t.Errorf("backups (-before +after):\n%s", diff)
	}
}

// All scripts that change a schema count for AtOnce; only migrations are counted
// one by one.
func TestConcurrentSchemaChanges(t *testing.T) {
	d, p := newDatabases(), place{namespace: "bi"}
	d.begin(p, "migrate")
	d.begin(p, "restore")
	d.end(p, "restore")
	d.end(p, "migrate")
	d.begin(p, "downgrade")
	if diff := cmp.Diff(Count{Started: 1, Finished: 1, AtOnce: 2}, d.count(p)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
