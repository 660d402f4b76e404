// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// KubeconfigFor writes a kubeconfig for a user in some groups, authenticated by
// certificate, and returns its path. It contains the certificate and the key.
// RBAC decides what the user may do.
func (c *Cluster) KubeconfigFor(user string, groups ...string) (path string, err error) {
	name := strings.NewReplacer(":", "-", "/", "-", " ", "-").Replace(user)
	path = filepath.Join(c.Dir, "kubeconfigs", name)
	return path, c.writeKubeconfig(path, name, user, groups...)
}

func (c *Cluster) writeKubeconfig(path, name, user string, groups ...string) error {
	certFile, keyFile, err := c.PKI.Client(name, user, groups...)
	if err != nil {
		return err
	}
	var content [3][]byte
	for i, file := range []string{c.PKI.CAFile, certFile, keyFile} {
		if content[i], err = os.ReadFile(file); err != nil {
			return fmt.Errorf("reading a certificate: %w", err)
		}
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: c.URL, CertificateAuthorityData: content[0]}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{ClientCertificateData: content[1], ClientKeyData: content[2]}
	config.Contexts["cluster"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: user}
	config.CurrentContext = "cluster"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("writing the kubeconfig of %s: %w", user, err)
	}
	return nil
}

// REST returns the administrator's client configuration, without client-side rate
// limiting.
func (c *Cluster) REST() *rest.Config { return rest.CopyConfig(c.admin) }

func (c *Cluster) readAdmin() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return fmt.Errorf("reading %s: %w", c.Kubeconfig, err)
	}
	config.QPS = -1
	c.admin = config
	return nil
}
