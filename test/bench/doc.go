// SPDX-License-Identifier: Apache-2.0

// Command bench measures what the operator costs: time, CPU, memory and requests for a
// number of Supersets, what it adds to the time of pods and Jobs, and how fast another
// process takes over. The control plane is real, nodes and databases are simulated, and the
// operator runs as a process with the RBAC and the memory settings of its manifests.
//
// fleet.go has the main part; lab.go is what all parts run in. requests.go, timeline.go with
// busy.go, and cpu.go count; page.go writes. There is no assertion on time: counts and ratios hold on
// another machine, times do not.
package main
