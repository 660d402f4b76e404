// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const (
	// Address is the node's own address, on a bridge that exists only in the
	// node's network namespace.
	Address = "10.99.0.1"
	// Name of the node.
	Name = "node-1"

	serviceRange = "10.96.0.0/16"
	dnsAddress   = "10.96.0.10"
)

// setUpNetwork sets up the empty network namespace. The last route makes
// connections to the outside fail at once: without any route, or with a real
// default route, pulling an image that does not exist would hang.
func setUpNetwork(ctx context.Context) error {
	commands := []string{
		"link set lo up",
		"link add node0 type bridge",
		"address add " + Address + "/24 dev node0",
		"link set node0 up",
		"route add " + serviceRange + " dev node0", // any route, for kube-proxy to rewrite
		"route add unreachable default",
	}
	ip := exec.CommandContext(ctx, "ip", "-batch", "-")
	ip.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	if out, err := ip.CombinedOutput(); err != nil {
		return fmt.Errorf("setting up the node's network: %w\n%s", err, out)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("forwarding between pods: %w", err)
	}
	// Absent where bridges are built without netfilter; pods can then still reach
	// Services, except those that select themselves.
	_ = os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o644)
	return nil
}
