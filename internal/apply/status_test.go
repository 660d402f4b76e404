// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A message with the maximum length is kept; a longer one is truncated to it.
func TestConditionIsBounded(t *testing.T) {
	obj := &metav1.ObjectMeta{Generation: 4}
	long := strings.Repeat("ä", MaxMessage)
	if got := Condition(obj, time.Unix(1, 0), metav1.Condition{Message: long}); got.Message != long || got.ObservedGeneration != 4 {
		t.Errorf("%d characters of generation %d", len([]rune(got.Message)), got.ObservedGeneration)
	}
	got := Condition(obj, time.Unix(1, 0), metav1.Condition{Message: long + "x"}).Message
	if len([]rune(got)) != MaxMessage || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
