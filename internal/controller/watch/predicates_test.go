// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

func TestSupersetChanged(t *testing.T) {
	cases := map[string]struct {
		edit func(*v1alpha1.Superset)
		want bool
	}{
		"nothing":        {func(*v1alpha1.Superset) {}, false},
		"spec":           {func(s *v1alpha1.Superset) { s.Generation++ }, true},
		"phase":          {func(s *v1alpha1.Superset) { s.Status.Phase = "Verify" }, true},
		"fence":          {func(s *v1alpha1.Superset) { s.Status.UpgradeRevision++ }, true},
		"rollback token": {func(s *v1alpha1.Superset) { s.Annotations[v1alpha1.AnnotationRollback] = "x" }, true},
		"retry token":    {func(s *v1alpha1.Superset) { s.Annotations[v1alpha1.AnnotationRetry] = "x" }, true},
		"token removed":  {func(s *v1alpha1.Superset) { delete(s.Annotations, v1alpha1.AnnotationRetry) }, true},
		"own conditions": {func(s *v1alpha1.Superset) { s.Status.Conditions = []metav1.Condition{{Type: "Ready"}} }, true},
		"foreign label":  {func(s *v1alpha1.Superset) { s.Labels = map[string]string{"a": "b"} }, false},
		"annotation":     {func(s *v1alpha1.Superset) { s.Annotations["a"] = "b" }, false},
	}
	for name, c := range cases {
		before := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Generation: 1, Annotations: map[string]string{v1alpha1.AnnotationRetry: "1"}}}
		after := before.DeepCopy()
		c.edit(after)
		if got := SupersetChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestComponentChanged(t *testing.T) {
	cases := map[string]struct {
		edit func(*v1alpha1.SupersetWebWorker)
		want bool
	}{
		"nothing":       {func(*v1alpha1.SupersetWebWorker) {}, false},
		"spec":          {func(w *v1alpha1.SupersetWebWorker) { w.Generation++ }, true},
		"own status":    {func(w *v1alpha1.SupersetWebWorker) { w.Status.ReadyReplicas++ }, true},
		"foreign label": {func(w *v1alpha1.SupersetWebWorker) { w.Labels = map[string]string{"a": "b"} }, false},
	}
	for name, c := range cases {
		before := &v1alpha1.SupersetWebWorker{}
		after := before.DeepCopy()
		c.edit(after)
		if got := ComponentChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestChildChanged(t *testing.T) {
	cases := map[string]struct {
		edit func(*v1alpha1.SupersetWebWorker)
		want bool
	}{
		"nothing":   {func(*v1alpha1.SupersetWebWorker) {}, false},
		"spec":      {func(w *v1alpha1.SupersetWebWorker) { w.Generation++ }, true},
		"observed":  {func(w *v1alpha1.SupersetWebWorker) { w.Status.ObservedGeneration++ }, true},
		"fence":     {func(w *v1alpha1.SupersetWebWorker) { w.Status.Fence++ }, true},
		"condition": {func(w *v1alpha1.SupersetWebWorker) { w.Status.Conditions[0].Status = "False" }, true},
		"message":   {func(w *v1alpha1.SupersetWebWorker) { w.Status.Conditions[0].Message = "x" }, true},
		"counts":    {func(w *v1alpha1.SupersetWebWorker) { w.Status.ReadyReplicas++ }, false},
	}
	for name, c := range cases {
		before := &v1alpha1.SupersetWebWorker{}
		before.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "True"}}
		after := before.DeepCopy()
		c.edit(after)
		if got := ChildChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPodChanged(t *testing.T) {
	waiting := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	cases := map[string]struct {
		edit func(*corev1.Pod)
		want bool
	}{
		"nothing":     {func(*corev1.Pod) {}, false},
		"succeeded":   {func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }, true},
		"failed":      {func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, true},
		"pending":     {func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }, false},
		"ending":      {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1_700_000_000, 0)} }, true},
		"ready":       {func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionTrue }, true},
		"blocked":     {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = waiting("ErrImagePull") }, true},
		"not blocked": {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = waiting("PodInitializing") }, false},
		"restarts":    {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount++ }, true}, // fails a soak
		"script ends": {func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
		}, true}, // another container may keep the phase
		"address": {func(p *corev1.Pod) { p.Status.PodIP = "10.0.0.1" }, false},
		"label":   {func(p *corev1.Pod) { p.Labels = map[string]string{"a": "b"} }, false},
	}
	for name, c := range cases {
		before := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelScript: "verify"}}, Status: corev1.PodStatus{Phase: corev1.PodRunning,
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "superset", State: waiting("ContainerCreating")}}}}
		after := before.DeepCopy()
		c.edit(after)
		if got := PodChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPodBlocked(t *testing.T) {
	fine := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "superset"}}}}
	ready := fine.DeepCopy()
	ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	blocked := fine.DeepCopy()
	blocked.Status.ContainerStatuses[0].State.Waiting = &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}
	otherwise := blocked.DeepCopy()
	otherwise.Status.ContainerStatuses[0].State.Waiting.Message = "unauthorized"
	for name, c := range map[string]struct {
		before, after *corev1.Pod
		want          bool
	}{
		"ready":            {fine, ready, false},
		"blocked":          {fine, blocked, true},
		"blocked as ever":  {blocked, blocked, false},
		"another problem":  {blocked, otherwise, true},
		"no longer":        {blocked, ready, true},
		"created":          {nil, fine, false},
		"created, blocked": {nil, blocked, true},
		"deleted":          {fine, nil, false},
		"deleted, blocked": {blocked, nil, true},
	} {
		var got bool
		switch p := PodBlocked(); {
		case c.before == nil:
			got = p.Create(event.CreateEvent{Object: c.after})
		case c.after == nil:
			got = p.Delete(event.DeleteEvent{Object: c.before})
		default:
			got = p.Update(event.UpdateEvent{ObjectOld: c.before, ObjectNew: c.after})
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestJobChanged(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*batchv1.Job)
		want bool
	}{
		"nothing":  {func(*batchv1.Job) {}, false},
		"version":  {func(j *batchv1.Job) { j.ResourceVersion = "2" }, false}, // the cache lacks the counts of pods
		"ended":    {func(j *batchv1.Job) { j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete}} }, true},
		"deleted":  {func(j *batchv1.Job) { j.DeletionTimestamp = &metav1.Time{Time: time.Unix(1_700_000_000, 0)} }, true},
		"label":    {func(j *batchv1.Job) { j.Labels["a"] = "c" }, true},
		"orphaned": {func(j *batchv1.Job) { j.OwnerReferences = nil }, true},
	} {
		before := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", Labels: map[string]string{"a": "b"}, OwnerReferences: []metav1.OwnerReference{{UID: "u"}}}}
		after := before.DeepCopy()
		c.edit(after)
		if got := JobChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDeploymentChanged(t *testing.T) {
	progressing := func(reason string) []appsv1.DeploymentCondition {
		return []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: reason}}
	}
	for name, c := range map[string]struct {
		edit func(*appsv1.Deployment)
		want bool
	}{
		"nothing":     {func(*appsv1.Deployment) {}, false},
		"version":     {func(d *appsv1.Deployment) { d.ResourceVersion = "2" }, false},
		"unavailable": {func(d *appsv1.Deployment) { d.Status.UnavailableReplicas = 1 }, false},
		"a step":      {func(d *appsv1.Deployment) { d.Status.Conditions = progressing("ReplicaSetUpdated") }, false},
		"spec":        {func(d *appsv1.Deployment) { d.Generation++ }, true},
		"annotation":  {func(d *appsv1.Deployment) { d.Annotations = map[string]string{"a": "b"} }, true}, // drift
		"ready":       {func(d *appsv1.Deployment) { d.Status.ReadyReplicas = 1 }, true},
		"settled":     {func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 2 }, true},
		"observed":    {func(d *appsv1.Deployment) { d.Status.AvailableReplicas, d.Status.ObservedGeneration = 2, 3 }, true},
		"stalled":     {func(d *appsv1.Deployment) { d.Status.Conditions = progressing("ProgressDeadlineExceeded") }, true},
	} {
		replicas := int32(2)
		before := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", Generation: 3}, Spec: appsv1.DeploymentSpec{Replicas: &replicas},
			Status: appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 1}}
		if name == "observed" {
			before.Status.ObservedGeneration = 2
		}
		after := before.DeepCopy()
		c.edit(after)
		if got := DeploymentChanged().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestToInstance(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Labels: map[string]string{v1alpha1.LabelInstance: "bi"}}}
	got := ToInstance(t.Context(), pod)
	if len(got) != 1 || got[0].NamespacedName != (types.NamespacedName{Namespace: "ns", Name: "bi"}) {
		t.Errorf("got %v", got)
	}
	if got := ToInstance(t.Context(), &corev1.Pod{}); got != nil {
		t.Errorf("a pod without an instance label: %v", got)
	}
}

// The cache keeps only the fields of a pod that the operator reads, and only objects that the
// operator manages.
func TestCache(t *testing.T) {
	o := Cache([]string{"a", "b"})
	if len(o.DefaultNamespaces) != 2 || !o.ReaderFailOnMissingInformer {
		t.Errorf("%+v", o.DefaultNamespaces)
	}
	if Cache(nil).DefaultNamespaces != nil {
		t.Error("without namespaces, all namespaces must be watched")
	}
	kinds := 0
	for obj, by := range o.ByObject {
		kinds++
		if by.Label == nil || by.Label.String() != "app.kubernetes.io/managed-by=superset-operator" {
			t.Errorf("%T: the cache is not limited to managed objects", obj)
		}
	}
	if kinds != 8 {
		t.Errorf("%d kinds", kinds)
	}
	owners := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "bi-web", UID: "u"}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: "{}"}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}, ManagedFields: []metav1.ManagedFieldsEntry{{}},
			OwnerReferences: owners},
		Spec: corev1.PodSpec{NodeName: "n", Hostname: "h", HostNetwork: true, Containers: []corev1.Container{{Name: "superset"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1",
			Conditions: []corev1.PodCondition{{Type: corev1.PodInitialized}, {Type: corev1.PodReady}, {Type: corev1.PodScheduled}, {Type: corev1.ContainersReady}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "superset", Ready: true, RestartCount: 2, Image: "i", ImageID: "id", ContainerID: "c",
				State: ended, LastTerminationState: ended, VolumeMounts: []corev1.VolumeMountStatus{{Name: "v"}}}}},
	}
	slim, err := slimPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"a": "b"}, OwnerReferences: owners},
		Spec:       corev1.PodSpec{NodeName: "n", Hostname: "h", HostNetwork: true},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady}, {Type: corev1.PodScheduled}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "superset", Ready: true, RestartCount: 2, ImageID: "id", State: ended, LastTerminationState: ended}}},
	}
	if diff := cmp.Diff(want, slim); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := slimPod(&corev1.Service{}); err == nil {
		t.Error("an object that is not a pod must be an error")
	}
}

// What the operator reads of a Job is the same in the cache.
func TestSlimJob(t *testing.T) {
	volume := func(name, claim string) corev1.Volume {
		return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}
	}
	full := func() *batchv1.Job {
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}, ManagedFields: []metav1.ManagedFieldsEntry{{}}}}
		job.Spec.Template.Spec = corev1.PodSpec{
			Volumes:        []corev1.Volume{volume("certificates", "other"), volume(migrations.BackupsVolume, "backups")},
			InitContainers: []corev1.Container{{Name: "database", Image: "postgres:17", Command: []string{"sh"}}},
			Containers:     []corev1.Container{{Name: "superset", Env: []corev1.EnvVar{{Name: "A"}}}},
		}
		job.Status = batchv1.JobStatus{Active: 1, Conditions: []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}}
		return job
	}
	out, err := slimJob(full())
	if err != nil {
		t.Fatal(err)
	}
	want := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j", Labels: map[string]string{"a": "b"}}}
	want.Spec.Template.Spec = corev1.PodSpec{Volumes: []corev1.Volume{volume(migrations.BackupsVolume, "backups")}, InitContainers: []corev1.Container{{Name: "database", Image: "postgres:17"}}}
	want.Status.Conditions = full().Status.Conditions
	slim := out.(*batchv1.Job)
	if diff := cmp.Diff(want, slim); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi"}}
	for _, image := range []string{"postgres:17", "postgres:18"} {
		s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{Image: image, Claim: v1alpha1.BackupClaim{Name: "backups"}}
		if render.CheckOutdated(s, slim) != render.CheckOutdated(s, full()) || migrations.ClaimOf(slim) != "backups" || !migrations.Ended(slim) {
			t.Errorf("%s: read differently from the cache", image)
		}
	}
	if _, err := slimJob(&corev1.Pod{}); err == nil {
		t.Error("an object that is not a Job must be an error")
	}
}

func TestClaims(t *testing.T) {
	claim := func(labels map[string]string) *metav1.PartialObjectMetadata {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Labels: labels}}
	}
	for name, c := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"of this operator":     {map[string]string{v1alpha1.LabelBackupsOf: "bi"}, "bi"},
		"of an older operator": {map[string]string{v1alpha1.LabelInstance: "bi"}, "bi"},
		"of somebody else":     {nil, ""},
	} {
		got := ""
		for _, request := range ClaimToInstance(t.Context(), claim(c.labels)) {
			got = request.Name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	deleted := claim(nil)
	deleted.DeletionTimestamp = &metav1.Time{Time: time.Unix(1_700_000_000, 0)}
	if !ClaimChanged().Update(event.UpdateEvent{ObjectOld: claim(nil), ObjectNew: deleted}) || ClaimChanged().Update(event.UpdateEvent{ObjectOld: claim(nil), ObjectNew: claim(nil)}) {
		t.Error("a change of a claim is its deletion alone")
	}
}
