// SPDX-License-Identifier: Apache-2.0

package model

import (
	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// tiers yields the steps of the Deployments and of the component controllers.
func (m *model) tiers(s *state, yield yielder) {
	for i := range s.live.tiers {
		m.roll(s, i, yield)
		m.report(s, i, yield)
	}
}

// roll is a step of a Deployment.
func (m *model) roll(s *state, i int, yield yielder) {
	t, p := s.live.tiers[i], s.live.pods[i]
	n, by := *s, step{what: stepRoll, arg: uint8(i)}
	want := none
	if t.serves() && !t.is(tierDeleted) {
		want = t.release
	}
	if t.is(tierDeleted) && p == (pods{}) { // garbage collection is done
		n.live.tiers[i] = tier{flags: t.flags & tierRemade}
		m.emit(s, &n, by, i, yield)
		return
	}
	next, starts := rolled(p, want, i == machine.Scheduler)
	if next == p {
		return
	}
	n.live.pods[i] = next
	m.emit(s, &n, by, kindPods, yield)
	if starts == nil || s.left.Fails == 0 {
		return
	}
	n = *s
	n.left.Fails--
	n.live.pods[i] = starts(next)
	by.fails = true
	m.emit(s, &n, by, kindPods, yield)
}

// rolled returns the pods after the next step towards a release. If a pod starts in it, starts is a
// function that makes this pod crash. With recreate all old pods end first.
func rolled(p pods, want release, recreate bool) (next pods, starts func(pods) pods) {
	switch {
	case p.current.at == podEnding:
		return pods{current: p.next}, nil
	case p.current.release == none && want != none:
		return pods{current: pod{release: want}}, currentCrashes
	case p.current.release == want: // a pending roll is canceled
		return pods{current: p.current}, nil
	case want == none, recreate, p.next == pod{release: want}:
		p.current.at = podEnding
		return p, nil
	case p.next.release != want:
		return pods{current: p.current, next: pod{release: want}}, nextCrashes
	default:
		return p, nil // the new pod crashes, and the old one stays
	}
}

func currentCrashes(p pods) pods { p.current.at = podCrashing; return p }
func nextCrashes(p pods) pods    { p.next.at = podCrashing; return p }

// report yields a status write of a component controller: the spec is rolled out (terminating pods
// are ignored), or a pod cannot run.
func (m *model) report(s *state, i int, yield yielder) {
	t, p := s.live.tiers[i], s.live.pods[i]
	if !t.exists() || t.is(tierDeleted) {
		return
	}
	settled := isSettled(t, p)
	crashes := p.current.at == podCrashing || p.next.at == podCrashing
	if !settled && !crashes && !t.is(tierCurrent) {
		return // a successful roll is reported at its end
	}
	flags := t.flags&^tierSettled | tierCurrent
	if settled {
		flags |= tierSettled
	}
	if flags == t.flags {
		return
	}
	n := *s
	n.live.tiers[i].flags = flags
	m.emit(s, &n, step{what: stepReport, arg: uint8(i)}, i, yield)
}

func isSettled(t tier, p pods) bool {
	var running []pod
	for _, one := range [2]pod{p.current, p.next} {
		if one.release != none && one.at != podEnding {
			running = append(running, one)
		}
	}
	if !t.serves() {
		return len(running) == 0
	}
	return len(running) == 1 && running[0].release == t.release && running[0].at == podReady
}

// time yields the ends of waits. While a pod crashes, the deadline passes without a fault; otherwise
// it is a fault.
func (m *model) time(s *state, yield yielder) {
	m.page(s, yield)
	if m.statusOf(&s.live).phase.resting() || s.clock&clockLate != 0 {
		return
	}
	n := *s
	n.clock |= clockLate
	switch {
	case stuck(s):
		yield(&n, step{what: stepOverdue})
	case s.left.Fails > 0:
		n.left.Fails--
		yield(&n, step{what: stepOverdue, fails: true})
	}
}

// page yields the start or failure of the maintenance page's pod, and the end of the wait for it.
func (m *model) page(s *state, yield yielder) {
	if s.page&pageExists != 0 && s.page&(pageReady|pageBlocked) == 0 {
		n := *s
		n.page |= pageReady
		yield(&n, step{what: stepPage})
		if s.left.Fails > 0 {
			n.page = s.page | pageBlocked
			n.left.Fails--
			yield(&n, step{what: stepPage, fails: true})
		}
	}
	if m.scenario.Policy.MaintenancePage && s.clock&clockGrace == 0 && m.statusOf(&s.live).phase == pDBMigrate {
		n := *s
		n.clock |= clockGrace
		yield(&n, step{what: stepGrace})
	}
}

// slots yields a slot that another Superset takes or releases.
func slots(s *state, yield yielder) {
	for i := range slotKinds {
		n, bit := *s, uint8(1)<<i
		n.slots ^= bit
		switch {
		case s.slots&bit != 0:
			yield(&n, step{what: stepRelease, arg: uint8(i)})
		case s.left.Slots > 0:
			n.left.Slots--
			yield(&n, step{what: stepTake, arg: uint8(i)})
		}
	}
}

// stuck is true while a pod crashes.
func stuck(s *state) bool {
	for _, p := range s.live.pods {
		if p.current.at == podCrashing || p.next.at == podCrashing {
			return true
		}
	}
	return false
}
