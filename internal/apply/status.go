// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Status patches the status of obj; before is the object as it was read. If it has
// changed since then, the error is a conflict (optimistic lock).
func Status(ctx context.Context, c client.StatusClient, obj, before client.Object) error {
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := c.Status().Patch(ctx, obj, patch, FieldOwner); err != nil {
		return fmt.Errorf("patching the status: %w", err)
	}
	return nil
}

// MaxMessage is the maximum length of a condition's message, in characters.
const MaxMessage = 1500

// Condition completes a condition of obj: it sets observedGeneration and
// lastTransitionTime (now), and truncates the message to MaxMessage characters.
func Condition(obj metav1.Object, now time.Time, c metav1.Condition) metav1.Condition {
	if runes := []rune(c.Message); len(runes) > MaxMessage {
		c.Message = string(runes[:MaxMessage-1]) + "…"
	}
	c.ObservedGeneration, c.LastTransitionTime = obj.GetGeneration(), metav1.NewTime(now).Rfc3339Copy()
	return c
}

// MaxNote is the limit of the API server for the note of an event, in bytes.
const MaxNote = 1024

// Note shortens the note of an event to MaxNote.
func Note(text string) string {
	if len(text) > MaxNote {
		text = strings.ToValidUTF8(text[:MaxNote], "") // a cut character would be sent as three bytes
	}
	return text
}
