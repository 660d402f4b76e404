// SPDX-License-Identifier: Apache-2.0

// Package tiers judges a tier by its component and its pods, pure.
package tiers
