// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/looplab/fsm"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Unexpected behavior of looplab/fsm, and how this package avoids each. A failure after an
// update means that the library has changed: the guard in phase.go may then be unnecessary or
// insufficient.

// An Event inside a callback that runs before the move deadlocks. Our machine has no callbacks.
func TestTrapEventInCallbackDeadlocks(t *testing.T) {
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}, {Name: "on", Src: []string{"a"}, Dst: "c"}}, fsm.Callbacks{
		"before_go": func(ctx context.Context, e *fsm.Event) { _ = e.FSM.Event(ctx, "on") },
	})
	returned := make(chan struct{})
	go func() { // this goroutine leaks: nothing can wake it
		defer close(returned)
		_ = m.Event(context.Background(), "go")
	}()
	stacks := make([]byte, 1<<20)
	for range 100_000 {
		select {
		case <-returned:
			t.Fatal("an Event inside a callback returns: the behavior has changed")
		default:
		}
		all := string(stacks[:runtime.Stack(stacks, true)])
		for _, one := range strings.Split(all, "\n\n") {
			if strings.Contains(one, "[sync.Mutex.Lock") && strings.Count(one, "fsm.(*FSM).Event") == 2 {
				return
			}
		}
		runtime.Gosched()
	}
	t.Fatal("the Event neither returned nor deadlocked")
}

// An error in an enter_ callback is returned after the move. A caller that treats it as a
// rejection continues in the wrong state.
func TestTrapErrorInEnterHasMoved(t *testing.T) {
	refusal := errors.New("no")
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}}, fsm.Callbacks{
		"enter_b": func(_ context.Context, e *fsm.Event) { e.Cancel(refusal) },
	})
	if err := m.Event(context.Background(), "go"); !errors.Is(err, refusal) {
		t.Fatalf("got %v, want the callback's error", err)
	}
	if m.Current() != "b" {
		t.Errorf("the state is %s: the behavior has changed", m.Current())
	}
}

// A machine accepts a current state that no event has, and then rejects every event as
// inappropriate. Next checks the phase first.
func TestTrapUnknownStateIsAccepted(t *testing.T) {
	m := machine("Levitate")
	if m.Current() != "Levitate" {
		t.Errorf("the state is %s: the behavior has changed", m.Current())
	}
	if _, err := Next("Levitate", Begin); err == nil || !strings.Contains(err.Error(), `phase "Levitate" is unknown`) {
		t.Errorf("got %v, want an error with the unknown phase", err)
	}
	if _, err := Next("", Begin); err == nil {
		t.Error("an empty phase must be refused: the caller has to pass Pending")
	}
	if _, err := Next(v1alpha1.PhaseReady, "Fly"); err == nil {
		t.Error("an unknown event must be refused")
	}
}

// Of two rows with the same event and source the last one wins, without an error.
// TestTableHasNoDuplicates checks our table.
func TestTrapDuplicateOverwrites(t *testing.T) {
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}, {Name: "go", Src: []string{"a"}, Dst: "c"}}, nil)
	if err := m.Event(context.Background(), "go"); err != nil || m.Current() != "c" {
		t.Errorf("state %s, %v: the behavior has changed", m.Current(), err)
	}
}

// An event whose target is the current state returns an error. In our machine it is a move: a
// new run may begin in Validate.
func TestTrapNoTransitionIsAnError(t *testing.T) {
	var same fsm.NoTransitionError
	if err := machine(v1alpha1.PhaseValidate).Event(context.Background(), string(Begin)); !errors.As(err, &same) {
		t.Errorf("got %v: the behavior has changed", err)
	}
	if next, err := Next(v1alpha1.PhaseValidate, Begin); err != nil || next != v1alpha1.PhaseValidate {
		t.Errorf("got %s, %v", next, err)
	}
}
