// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"regexp"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/chronicle"
)

// normaliser removes from objects the values that differ between runs.
type normaliser struct {
	words *strings.Replacer
}

// newNormaliser learns the namespace and every uid of a record.
func newNormaliser(story []chronicle.Change) *normaliser {
	seen, pairs := map[string]bool{}, []string(nil)
	runUndisturbed := func(word, instead string) {
		if word != "" && !seen[word] {
			seen[word] = true
			pairs = append(pairs, word, instead)
		}
	}
	for _, c := range story {
		runUndisturbed(string(c.Obj.GetUID()), "UID")
	}
	for _, c := range story {
		if job, ok := c.Obj.(*batchv1.Job); ok {
			runUndisturbed(job.Name, "JOB "+jobOf(job.Labels))
		}
	}
	for _, c := range story {
		runUndisturbed(c.Obj.GetNamespace(), "NAMESPACE")
	}
	return &normaliser{strings.NewReplacer(pairs...)}
}

// nameOf returns the normalised name of an object, with its kind.
func (n *normaliser) nameOf(obj metav1.Object) string {
	return kindOf(obj) + " " + n.words.Replace(obj.GetName())
}

func kindOf(obj any) string { return reflect.TypeOf(obj).Elem().Name() }

// state is the compared part of an object.
func (n *normaliser) state(obj client.Object) any {
	if job, ok := obj.(*batchv1.Job); ok {
		// The rest is bookkeeping of the Job controller.
		return map[string]any{"labels": n.value("", toAny(job.Labels)), "succeeded": job.Status.Succeeded, "failed": job.Status.Failed}
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return err.Error()
	}
	if metadata, ok := content["metadata"].(map[string]any); ok {
		for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace"} {
			delete(metadata, field)
		}
	}
	return n.value("", content)
}

func toAny(labels map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range labels {
		out[k] = v
	}
	return out
}

var (
	moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	span   = regexp.MustCompile(`\b(\d+m)?\d+s\b`)
	// progressed is a message of the Deployment controller. It replaces the message only when
	// the reason changes (SetDeploymentCondition in k8s.io/kubernetes), so that it names an older
	// ReplicaSet if a rollout ended before the controller saw it begin.
	progressed = regexp.MustCompile(`^ReplicaSet "[^"]+" has successfully progressed\.$`)
)

// value normalises one value, depending on the field that holds it.
func (n *normaliser) value(field string, in any) any {
	switch in := in.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range in {
			out[k] = n.value(k, v)
		}
		return out
	case []any:
		out := make([]any, len(in))
		for i, v := range in {
			out[i] = n.value(field, v)
		}
		return out
	case string:
		return n.text(field, in)
	default:
		if field == "seconds" {
			return "SECONDS"
		}
		return in
	}
}

func (n *normaliser) text(field, s string) string {
	switch field {
	case "clusterIP", "clusterIPs":
		return "ADDRESS"
	case "sha256":
		return "DIGEST" // also inside a namespace
	case v1alpha1.AnnotationApplied:
		return "HASH" // also inside a uid
	}
	s = n.words.Replace(moment.ReplaceAllString(s, "TIME")) // first: a namespace may be called t-4652s
	switch field {
	case "phases", "downtime", "message":
		s = progressed.ReplaceAllString(span.ReplaceAllString(s, "SECONDS"), "PROGRESSED")
	}
	return s
}
