// SPDX-License-Identifier: Apache-2.0

//go:build nextrenderer

package components

// Renderer is that of an operator release which renders everything differently. Only a test
// builds it: see TestOperatorReleases.
const Renderer = 1000
