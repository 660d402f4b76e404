// SPDX-License-Identifier: Apache-2.0

// Package chronicle keeps a record of all that changes in a namespace.
package chronicle
