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

// What looplab/fsm does that one would not expect, each with how we keep out of
// its way. If one of these fails after an update, the library has changed: the
// guard in phase.go may then be more than is needed, or not enough.

// An Event inside a callback that runs before the move waits for itself, for
// good. Our machine has no callbacks.
func TestTrapEventInCallbackDeadlocks(t *testing.T) {
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}, {Name: "on", Src: []string{"a"}, Dst: "c"}}, fsm.Callbacks{
		"before_go": func(ctx context.Context, e *fsm.Event) { _ = e.FSM.Event(ctx, "on") },
	})
	returned := make(chan struct{})
	go func() { // stays behind: nothing can wake it
		defer close(returned)
		_ = m.Event(context.Background(), "go")
	}()
	stacks := make([]byte, 1<<20)
	for range 100_000 {
		select {
		case <-returned:
			t.Fatal("an Event inside a callback returns: the trap is gone")
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
	t.Fatal("the Event neither returned nor waits for itself")
}

// An error in an enter_ callback comes after the move: who takes it for a
// refusal acts in the wrong state.
func TestTrapErrorInEnterHasMoved(t *testing.T) {
	refusal := errors.New("no")
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}}, fsm.Callbacks{
		"enter_b": func(_ context.Context, e *fsm.Event) { e.Cancel(refusal) },
	})
	if err := m.Event(context.Background(), "go"); !errors.Is(err, refusal) {
		t.Fatalf("got %v, want the callback's error", err)
	}
	if m.Current() != "b" {
		t.Errorf("the state is %s: the trap is gone", m.Current())
	}
}

// A machine takes a current state that no event knows, and then refuses every
// event as if it were misplaced. Next asks for the phase first.
func TestTrapUnknownStateIsTaken(t *testing.T) {
	m := machine("Levitate")
	if m.Current() != "Levitate" {
		t.Errorf("the state is %s: the trap is gone", m.Current())
	}
	if _, err := Next("Levitate", Begin); err == nil || !strings.Contains(err.Error(), `phase "Levitate" is unknown`) {
		t.Errorf("got %v, want the unknown phase by its name", err)
	}
	if _, err := Next("", Begin); err == nil {
		t.Error("an empty phase must be refused: who asks has to call it Pending")
	}
	if _, err := Next(ready, "Fly"); err == nil {
		t.Error("an unknown event must be refused")
	}
}

// Of two rows with one event and one source the last one wins, in silence.
// TestTableHasNoDuplicates looks for them in ours.
func TestTrapDuplicateOverwrites(t *testing.T) {
	m := fsm.NewFSM("a", fsm.Events{{Name: "go", Src: []string{"a"}, Dst: "b"}, {Name: "go", Src: []string{"a"}, Dst: "c"}}, nil)
	if err := m.Event(context.Background(), "go"); err != nil || m.Current() != "c" {
		t.Errorf("state %s, %v: the trap is gone", m.Current(), err)
	}
}

// An event that leads to where one is comes back as an error. For us that is a
// move: a new run may begin while one validates.
func TestTrapNoTransitionIsAnError(t *testing.T) {
	var same fsm.NoTransitionError
	if err := machine(validate).Event(context.Background(), string(Begin)); !errors.As(err, &same) {
		t.Errorf("got %v: the trap is gone", err)
	}
	if next, err := Next(validate, Begin); err != nil || next != v1alpha1.PhaseValidate {
		t.Errorf("got %s, %v", next, err)
	}
}
