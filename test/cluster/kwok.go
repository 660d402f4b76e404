// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
)

//go:embed kwok/stages.yaml
var kwokStages []byte

//go:embed kwok/objects.yaml
var kwokObjects []byte

// startKwok starts kwok and waits for its nodes.
func (c *Cluster) startKwok(ctx context.Context) error {
	stages := filepath.Join(c.Dir, "kwok.yaml")
	if err := os.WriteFile(stages, kwokStages, 0o600); err != nil {
		return fmt.Errorf("writing kwok's configuration: %w", err)
	}
	kubeconfig, err := c.KubeconfigFor("kwok")
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	for document := range bytes.SplitSeq(kwokObjects, []byte("\n---\n")) {
		if err := create(ctx, client, document); err != nil {
			return fmt.Errorf("creating kwok's objects: %w", err)
		}
	}
	err = c.start("kwok", []string{
		"--kubeconfig=" + kubeconfig, "--config=" + stages,
		"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
		"--cidr=" + podRange, "--node-ip=" + loopback, "--node-port=0", "--server-address=" + loopback + ":" + c.ports.kwok,
		// Without leases the nodes become Unknown after a while.
		"--node-lease-duration-seconds=40",
	})
	if err != nil {
		return err
	}
	return c.until(ctx, "both simulated nodes ready", func(ctx context.Context) error { return nodesReady(ctx, client) })
}

func create(ctx context.Context, client kubernetes.Interface, document []byte) error {
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
	if err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	switch object := object.(type) {
	case *corev1.Node:
		_, err = client.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{})
	case *rbacv1.ClusterRole:
		_, err = client.RbacV1().ClusterRoles().Create(ctx, object, metav1.CreateOptions{})
	case *rbacv1.ClusterRoleBinding:
		_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, object, metav1.CreateOptions{})
	default:
		err = fmt.Errorf("cannot create a %T", object)
	}
	return err
}

func nodesReady(ctx context.Context, client kubernetes.Interface) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue}
	count := 0
	for _, node := range nodes.Items {
		tainted := len(node.Spec.Taints) > 0
		if !tainted && slices.ContainsFunc(node.Status.Conditions, func(have corev1.NodeCondition) bool {
			return have.Type == ready.Type && have.Status == ready.Status
		}) {
			count++
		}
	}
	if count < 2 {
		return errors.New("the two nodes are not both ready")
	}
	return nil
}
