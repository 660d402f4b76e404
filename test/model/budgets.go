// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"
)

// budgets limit how often users and faults can still act.
type budgets struct {
	// Edits of spec, Tokens for a rollback or a retry, and Pauses.
	Edits, Tokens, Pauses uint8
	// Fails of Jobs, of starting pods and of deadlines; Drifts are components that a user deletes.
	Fails, Drifts uint8
	// Vanishes are ended Jobs, or their pods, that are deleted.
	Vanishes uint8
	// Lags are writes that a cache does not show at first, Crashes restarts of the operator, and
	// Zombies leaders that lose their lease with pending writes.
	Lags, Crashes, Zombies uint8
	// Renderers are replacements of the operator by a release of it that renders spec differently,
	// and back.
	Renderers uint8
	// Slots are slots that other Supersets take; they release them at any time.
	Slots uint8
	// Outages are times, longer than any deadline, that pass without an operator, while paused or at
	// a gate.
	Outages uint8
}

var budgetNames = []string{"edits", "tokens", "pauses", "fails", "drifts", "vanishes", "lags", "crashes", "zombies", "renderers", "slots", "outages"}

// BudgetNames are the names of all budgets.
func BudgetNames() []string { return budgetNames }

func (b *budgets) fields() []*uint8 {
	return []*uint8{&b.Edits, &b.Tokens, &b.Pauses, &b.Fails, &b.Drifts, &b.Vanishes, &b.Lags, &b.Crashes, &b.Zombies, &b.Renderers, &b.Slots, &b.Outages}
}

// Set sets the budgets whose number is not negative.
func (b *budgets) Set(numbers map[string]*int) {
	for i, at := range b.fields() {
		if n := numbers[budgetNames[i]]; n != nil && *n >= 0 {
			*at = uint8(min(*n, 9))
		}
	}
}

// String lists the budgets that are not zero.
func (b budgets) String() string {
	var parts []string
	for i, at := range b.fields() {
		if *at > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", budgetNames[i], *at))
		}
	}
	return strings.Join(parts, ", ")
}
