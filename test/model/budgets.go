// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"
)

// budgets are what users and faults may still do.
type budgets struct {
	// Edits of spec, Tokens for a rollback or a retry, and Pauses.
	Edits, Tokens, Pauses uint8
	// Fails of Jobs, of pods that start, and of deadlines; Drifts are components
	// that somebody deletes.
	Fails, Drifts uint8
	// Lags of a cache, Crashes of the operator, and Zombies: leaders that lose
	// their lease with writes in hand.
	Lags, Crashes, Zombies uint8
}

var budgetNames = []string{"edits", "tokens", "pauses", "fails", "drifts", "lags", "crashes", "zombies"}

// BudgetNames are those of all budgets.
func BudgetNames() []string { return budgetNames }

func (b *budgets) fields() []*uint8 {
	return []*uint8{&b.Edits, &b.Tokens, &b.Pauses, &b.Fails, &b.Drifts, &b.Lags, &b.Crashes, &b.Zombies}
}

// Set takes over the numbers that are not negative.
func (b *budgets) Set(numbers map[string]*int) {
	for i, at := range b.fields() {
		if n := numbers[budgetNames[i]]; n != nil && *n >= 0 {
			*at = uint8(min(*n, 9))
		}
	}
}

// String names those that are not zero.
func (b budgets) String() string {
	var parts []string
	for i, at := range b.fields() {
		if *at > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", budgetNames[i], *at))
		}
	}
	return strings.Join(parts, ", ")
}
