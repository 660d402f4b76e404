// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"path/filepath"
)

const (
	// serviceRange is the address range of Services, podRange that of pods; a
	// node's part of the latter is its spec.podCIDR.
	serviceRange = "10.96.0.0/16"
	podRange     = "10.244.0.0/16"
	// firstService is the address of the Service "kubernetes".
	firstService = "10.96.0.1"
)

// startControlPlane starts the programs in order: the controller manager and the
// scheduler exit if RBAC's bootstrap roles, which readiness waits for, do not
// exist yet.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	var err error
	if c.PKI, err = NewPKI(filepath.Join(c.Dir, "pki"), "ca"); err != nil {
		return err
	}
	if err := c.writeKubeconfig(c.Kubeconfig, "admin", "admin", "system:masters"); err != nil {
		return err
	}
	if err := c.readAdmin(); err != nil {
		return err
	}
	signing, err := signingKey(filepath.Join(c.Dir, "pki"), "serviceaccount")
	if err != nil {
		return err
	}
	if err := c.start("etcd", c.etcdFlags()); err != nil {
		return err
	}
	flags, err := c.apiserverFlags(signing)
	if err != nil {
		return err
	}
	if err := c.start("kube-apiserver", flags); err != nil {
		return err
	}
	if err := c.until(ctx, "kube-apiserver ready", c.apiserverReady); err != nil {
		return err
	}
	return c.startControllers(ctx, signing)
}

func (c *Cluster) startControllers(ctx context.Context, signing string) error {
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		flags, err := c.controllerFlags(name, signing)
		if err != nil {
			return err
		}
		if err := c.start(name, flags); err != nil {
			return err
		}
	}
	if err := c.until(ctx, "kube-controller-manager running", c.serviceAccountThere); err != nil {
		return err
	}
	return c.until(ctx, "kube-scheduler ready", c.schedulerReady)
}

func (c *Cluster) start(name string, flags []string) error {
	return c.Run(name, filepath.Join(c.programs, name), flags...)
}

// etcdFlags disable durability: no data of this etcd has to survive a power
// failure.
func (c *Cluster) etcdFlags() []string {
	client, peer := "http://"+loopback+":"+c.ports.etcd, "http://"+loopback+":"+c.ports.etcdPeer
	return []string{
		"--name=cluster", "--data-dir=" + filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=cluster=" + peer,
	}
}

func (c *Cluster) apiserverFlags(signing string) ([]string, error) {
	serverCert, serverKey, err := c.PKI.Server("kube-apiserver", "kube-apiserver", loopback, "localhost", c.advertise, firstService,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	if err != nil {
		return nil, err
	}
	kubeletCert, kubeletKey, err := c.PKI.Client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return nil, err
	}
	front, err := NewPKI(filepath.Join(c.Dir, "pki", "front-proxy"), "front-proxy-ca")
	if err != nil {
		return nil, err
	}
	frontCert, frontKey, err := front.Client("client", "front-proxy-client")
	if err != nil {
		return nil, err
	}
	audit, err := c.auditFlags()
	if err != nil {
		return nil, err
	}
	return append([]string{
		"--bind-address=" + c.bind, "--advertise-address=" + c.advertise, "--secure-port=" + c.ports.apiserver,
		"--etcd-servers=http://" + loopback + ":" + c.ports.etcd,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + serviceRange, "--allow-privileged=true",
		"--client-ca-file=" + c.PKI.CAFile, "--tls-cert-file=" + serverCert, "--tls-private-key-file=" + serverKey,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + signing, "--service-account-signing-key-file=" + signing,
		"--kubelet-client-certificate=" + kubeletCert, "--kubelet-client-key=" + kubeletKey,
		"--kubelet-certificate-authority=" + c.PKI.CAFile, "--kubelet-preferred-address-types=InternalIP,Hostname",
		"--requestheader-client-ca-file=" + front.CAFile, "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + frontCert, "--proxy-client-key-file=" + frontKey,
	}, audit...), nil
}

// controllerFlags of the controller manager and the scheduler. With the high
// limits the default ServiceAccount exists in under a second instead of 5.5.
func (c *Cluster) controllerFlags(name, signing string) ([]string, error) {
	kubeconfig, err := c.KubeconfigFor("system:" + name)
	if err != nil {
		return nil, err
	}
	cert, key, err := c.PKI.Server(name, name, loopback)
	if err != nil {
		return nil, err
	}
	port := c.ports.scheduler
	flags := []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--tls-cert-file=" + cert, "--tls-private-key-file=" + key,
		"--bind-address=" + loopback, "--leader-elect=false", "--kube-api-qps=1000", "--kube-api-burst=1000",
	}
	if name == "kube-controller-manager" {
		port = c.ports.controllerManager
		flags = append(flags,
			"--use-service-account-credentials=true", "--root-ca-file="+c.PKI.CAFile, "--service-account-private-key-file="+signing,
			"--cluster-signing-cert-file="+c.PKI.CAFile, "--cluster-signing-key-file="+c.PKI.CAKeyFile,
			"--service-cluster-ip-range="+serviceRange, "--cluster-cidr="+podRange, "--allocate-node-cidrs=true",
			// Otherwise a claim may be bound 14 s late.
			"--pvclaimbinder-sync-period=1s")
	}
	return append(flags, fmt.Sprintf("--secure-port=%s", port)), nil
}
