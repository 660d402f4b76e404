// SPDX-License-Identifier: Apache-2.0

// Package controller wires the controllers to a manager: package superset is the controller
// of a Superset, package component that of its components, and package watch what both of
// them watch. With package apply they are the only packages that have a client.
package controller
