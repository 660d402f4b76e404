// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"io"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// buildPrograms builds the programs of the control plane and the node, or finds
// them in the cache.
func buildPrograms(ctx context.Context, progress io.Writer) (programs, error) {
	control, err := cluster.Build(ctx, progress)
	if err != nil {
		return programs{}, err
	}
	if _, err := cluster.Build(ctx, progress, "kubelet", "kube-proxy"); err != nil {
		return programs{}, err
	}
	sources, err := cluster.ProgramsDir()
	if err != nil {
		return programs{}, err
	}
	node, err := buildNodePrograms(ctx, sources, progress)
	return programs{Control: control, Node: node}, err
}

// startControlPlane starts the control plane on the node's address, so that pods
// can reach it.
func (k *keeper) startControlPlane(ctx context.Context) (err error) {
	k.cluster, err = cluster.Start(ctx, cluster.Options{Dir: k.plan.Dir, Bind: "0.0.0.0", Advertise: Address})
	return err
}

// identity has kubelet's credentials.
type identity struct {
	kubeconfig, certificate, key string
}

func (k *keeper) kubeletIdentity() (i identity, err error) {
	const user = "system:node:" + Name
	if i.kubeconfig, err = k.cluster.KubeconfigFor(user, "system:nodes"); err != nil {
		return identity{}, fmt.Errorf("making kubelet's kubeconfig: %w", err)
	}
	if i.certificate, i.key, err = k.cluster.PKI.Server("kubelet", user, Name, Address); err != nil {
		return identity{}, fmt.Errorf("making kubelet's certificate: %w", err)
	}
	return i, nil
}
