// SPDX-License-Identifier: Apache-2.0

package model

import (
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// tiers are what Deployments do to pods, and component controllers to the status
// of their objects.
func (m *model) tiers(s *state, yield yielder) {
	for i := range s.live.tiers {
		m.roll(s, i, yield)
		m.answer(s, i, yield)
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
	if t.is(tierDeleted) && p == (pods{}) { // the collector is done
		n.live.tiers[i] = tier{flags: t.flags & tierRemade}
		m.emit(s, &n, by, i, yield)
		return
	}
	next, starts := rolled(p, want, i == lifecycle.Scheduler)
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

// rolled are the pods after the next step towards a release; starts is set when
// a pod starts in it, and makes that one crash. Recreate ends all old ones first.
func rolled(p pods, want release, recreate bool) (next pods, starts func(pods) pods) {
	switch {
	case p.stands.at == podEnding:
		return pods{stands: p.comes}, nil
	case p.stands.release == none && want != none:
		return pods{stands: pod{release: want}}, standingCrashes
	case p.stands.release == want: // and a roll is called off
		return pods{stands: p.stands}, nil
	case want == none, recreate, p.comes == pod{release: want}:
		p.stands.at = podEnding
		return p, nil
	case p.comes.release != want:
		return pods{stands: p.stands, comes: pod{release: want}}, comingCrashes
	default:
		return p, nil // the new one crashes, and the old one stays
	}
}

func standingCrashes(p pods) pods { p.stands.at = podCrashing; return p }
func comingCrashes(p pods) pods   { p.comes.at = podCrashing; return p }

// answer is what a component controller writes into the status: when all is as
// the spec says, pods that are ending left out; or that a pod cannot run.
func (m *model) answer(s *state, i int, yield yielder) {
	t, p := s.live.tiers[i], s.live.pods[i]
	if !t.exists() || t.is(tierDeleted) {
		return
	}
	settled := isSettled(t, p)
	crashes := p.stands.at == podCrashing || p.comes.at == podCrashing
	if !settled && !crashes && !t.is(tierCurrent) {
		return // a roll that goes well is answered at its end
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
	m.emit(s, &n, step{what: stepAnswer, arg: uint8(i)}, i, yield)
}

func isSettled(t tier, p pods) bool {
	var standing []pod
	for _, one := range [2]pod{p.stands, p.comes} {
		if one.release != none && one.at != podEnding {
			standing = append(standing, one)
		}
	}
	if !t.serves() {
		return len(standing) == 0
	}
	return len(standing) == 1 && standing[0].release == t.release && standing[0].at == podReady
}

// time lets waits be over. A deadline passes by itself where something is stuck;
// elsewhere it is a fault.
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

// page lets the maintenance page's pod come up, or not, and its time be over.
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
	if m.scenario.Policy.Page && s.clock&clockGrace == 0 && m.statusOf(&s.live).phase == pDBMigrate {
		n := *s
		n.clock |= clockGrace
		yield(&n, step{what: stepGrace})
	}
}

// stuck is true while a pod crashes.
func stuck(s *state) bool {
	for _, p := range s.live.pods {
		if p.stands.at == podCrashing || p.comes.at == podCrashing {
			return true
		}
	}
	return false
}
