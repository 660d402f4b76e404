// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	_ "embed"
	"fmt"
)

// coreDNS is the cluster's DNS: one pod, what the usual add-on has.
//
//go:embed coredns.yaml
var coreDNS string

// startDNS starts CoreDNS and waits until it answers.
func (k *keeper) startDNS(ctx context.Context) error {
	if _, err := k.kubectl(ctx, coreDNS, "apply", "--filename=-"); err != nil {
		return fmt.Errorf("applying CoreDNS: %w", err)
	}
	_, err := k.kubectl(ctx, "", "--namespace=kube-system", "rollout", "status", "deployment/coredns", "--timeout="+patience.String())
	if err != nil {
		return fmt.Errorf("waiting for CoreDNS: %w", err)
	}
	return nil
}
