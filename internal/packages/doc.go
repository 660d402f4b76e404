// SPDX-License-Identifier: Apache-2.0

// Package packages adds to a pod what installs Python packages before Superset starts: an init
// container, and a volume that ends up in the PYTHONPATH. It is pure. Read packages.py first, which
// runs in that container; [Install] renders it, and pins.go says what a release pins.
package packages
