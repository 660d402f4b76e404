// SPDX-License-Identifier: Apache-2.0

//go:build !nextrenderer

package components

// Renderer is the version of the code that renders pod templates. It is part of the
// identity of a release. Increase it if a pod template changes for the same spec:
// then the change is rolled out by the state machine, tier by tier, and not by a
// restart of all tiers at once. The golden files show when that is needed.
const Renderer = 2
