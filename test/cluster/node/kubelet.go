// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/template"
)

// kubeletConfig: cgroup v1 is permitted; the eviction thresholds are those of a
// throw-away node on a shared machine; file and OOM limits are what root may set
// without CAP_SYS_RESOURCE.
var kubeletConfig = template.Must(template.New("kubelet").Parse(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + Address + `
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: "{{.CA}}"}
authorization: {mode: Webhook}
tlsCertFile: "{{.Certificate}}"
tlsPrivateKeyFile: "{{.Key}}"
cgroupDriver: cgroupfs
cgroupRoot: /{{.Cgroup}}
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://` + containerdSocket + `
clusterDNS: [` + dnsAddress + `]
clusterDomain: cluster.local
resolvConf: "{{.ResolvConf}}"
evictionHard:
  memory.available: 100Mi
  nodefs.available: "0%"
  nodefs.inodesFree: "0%"
  imagefs.available: "0%"
  imagefs.inodesFree: "0%"
imageGCHighThresholdPercent: 100
oomScoreAdj: 0
maxOpenFiles: 20000
`))

var proxyConfig = template.Must(template.New("kube-proxy").Parse(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: "{{.Kubeconfig}}"}
hostnameOverride: ` + Name + `
bindAddress: ` + Address + `
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0}
oomScoreAdj: 0
`))

// startKubelet starts kubelet and waits until the node has registered and has
// its pod range, writes the CNI configuration for that range, and waits until
// the node is ready.
func (k *keeper) startKubelet(ctx context.Context) error {
	resolvConf := k.plan.path("resolv.conf")
	// For pods that don't use the cluster's DNS; no server listens on that address.
	if err := os.WriteFile(resolvConf, []byte("nameserver "+Address+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing resolv.conf: %w", err)
	}
	identity, err := k.kubeletIdentity()
	if err != nil {
		return err
	}
	config, err := k.render(kubeletConfig, "kubelet.yaml", map[string]string{
		"CA": k.cluster.PKI.CAFile, "Certificate": identity.certificate, "Key": identity.key,
		"Cgroup": k.plan.Cgroup, "ResolvConf": resolvConf,
	})
	if err != nil {
		return err
	}
	kubelet, err := k.start("kubelet", k.plan.Programs.control("kubelet"), "--config="+config,
		"--kubeconfig="+identity.kubeconfig, "--hostname-override="+Name, "--node-ip="+Address)
	if err != nil {
		return err
	}
	podRange := ""
	registered := func() bool {
		podRange, err = k.kubectl(ctx, "", "get", "node", Name, "--output=jsonpath={.spec.podCIDR}")
		return err == nil && podRange != ""
	}
	if err := kubelet.waitFor(ctx, registered); err != nil {
		return err
	}
	if err := writeCNIConfig(podRange); err != nil {
		return err
	}
	return kubelet.waitFor(ctx, func() bool {
		ready, err := k.kubectl(ctx, "", "get", "node", Name, `--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
		return err == nil && strings.TrimSpace(ready) == "True"
	})
}

func (k *keeper) startProxy() error {
	kubeconfig, err := k.cluster.KubeconfigFor("system:kube-proxy")
	if err != nil {
		return err
	}
	config, err := k.render(proxyConfig, "kube-proxy.yaml", map[string]string{"Kubeconfig": kubeconfig})
	if err != nil {
		return err
	}
	_, err = k.start("kube-proxy", k.plan.Programs.control("kube-proxy"), "--config="+config)
	return err
}

// render writes a configuration into the run's folder and returns its path.
func (k *keeper) render(t *template.Template, name string, values map[string]string) (string, error) {
	content := strings.Builder{}
	if err := t.Execute(&content, values); err != nil {
		return "", fmt.Errorf("rendering %s: %w", name, err)
	}
	path := k.plan.path(name)
	if err := os.WriteFile(path, []byte(content.String()), 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return path, nil
}
