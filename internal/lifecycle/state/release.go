// SPDX-License-Identifier: Apache-2.0

package state

import "github.com/superset-operator/superset-operator/api/v1alpha1"

// Release is what the machine needs to know of a release.
type Release struct {
	// Hash identifies it as it was rendered; empty for none.
	Hash string
	// Wish identifies what the user wrote, however an operator renders it; empty for a
	// release that an older operator stored.
	Wish string
	// Version of Superset in it.
	Version string
	// Revision is the upgradeRevision that stored it; 0 when it is not stored.
	Revision int64
	// Head is the schema revision of its image; empty before a preflight has read it.
	Head string
	// Key and PreviousKey name its secret keys and Database its database URI, each as
	// <Secret>/<key>.
	Key, PreviousKey, Database string
	// KeyPrefix is what its keys in Redis begin with; empty for nothing.
	KeyPrefix string
	// PlanHash is the hash of the plan that was stored with it last.
	PlanHash string
	// Unknown names what a newer operator has stored of it and this one leaves out.
	Unknown string
	// Init is what migrate does after superset init; nil for nothing more.
	Init *v1alpha1.InitSpec
	// Has says which tiers it has.
	Has [3]bool
}
