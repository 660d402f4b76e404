// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// PKI is a cluster's certificate authority. Its keys are elliptic: RSA keys took
// up to 17 s on a busy machine.
type PKI struct {
	// CAFile is the certificate that everyone in the cluster trusts.
	CAFile string
	// CAKeyFile is its key.
	CAKeyFile string

	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// tenYears is the lifetime of certificates: longer than any test cluster lives.
const tenYears = 10 * 365 * 24 * time.Hour

// NewPKI creates an authority; its files are dir/name.crt and dir/name.key.
func NewPKI(dir, name string) (*PKI, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for certificates: %w", err)
	}
	p := &PKI{dir: dir}
	template := certificate(pkix.Name{CommonName: "superset-operator test " + name})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage |= x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	var err error
	p.CAFile, p.CAKeyFile, err = p.issue(name, template)
	return p, err
}

// openPKI reads the authority that NewPKI created.
func openPKI(dir, name string) (*PKI, error) {
	p := &PKI{dir: dir, CAFile: filepath.Join(dir, name+".crt"), CAKeyFile: filepath.Join(dir, name+".key")}
	cert, err := readPEM(p.CAFile)
	if err != nil {
		return nil, err
	}
	key, err := readPEM(p.CAKeyFile)
	if err != nil {
		return nil, err
	}
	if p.cert, err = x509.ParseCertificate(cert); err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.CAFile, err)
	}
	if p.key, err = x509.ParseECPrivateKey(key); err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.CAKeyFile, err)
	}
	return p, nil
}

// Client issues a client certificate for a user in some groups, in the files
// NAME.crt and NAME.key.
func (p *PKI) Client(name, user string, groups ...string) (certFile, keyFile string, err error) {
	template := certificate(pkix.Name{CommonName: user, Organization: groups})
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return p.issue(name, template)
}

// Server issues a certificate for a server with some host names or addresses, in
// the files NAME.crt and NAME.key. The certificate of a kubelet, whose CN is
// system:node:NODE, also authenticates it as that node.
func (p *PKI) Server(name, cn string, hosts ...string) (certFile, keyFile string, err error) {
	template := certificate(pkix.Name{CommonName: cn})
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if strings.HasPrefix(cn, "system:node:") {
		template.Subject.Organization = []string{"system:nodes"}
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return p.issue(name, template)
}

func certificate(subject pkix.Name) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   subject,
		NotBefore: now.Add(-time.Hour), // a clock may be set back a little
		NotAfter:  now.Add(tenYears),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

// issue signs a certificate for a new key; an authority without one signs itself.
func (p *PKI) issue(name string, template *x509.Certificate) (certFile, keyFile string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("making the key of %s: %w", name, err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return "", "", fmt.Errorf("numbering the certificate of %s: %w", name, err)
	}
	parent, signer := p.cert, p.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return "", "", fmt.Errorf("signing the certificate of %s: %w", name, err)
	}
	if p.cert == nil {
		p.key = key
		if p.cert, err = x509.ParseCertificate(der); err != nil {
			return "", "", fmt.Errorf("reading the certificate of %s: %w", name, err)
		}
	}
	if keyFile, err = writeKey(p.dir, name, key); err != nil {
		return "", "", err
	}
	certFile = filepath.Join(p.dir, name+".crt")
	return certFile, keyFile, writePEM(certFile, "CERTIFICATE", der)
}
