// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startRedis returns the URL of a Redis of the test on loopback.
func startRedis(t *testing.T) string {
	t.Helper()
	port := strconv.Itoa(freePort(t))
	serveRedis(t, port, "--port", port)
	return "redis://127.0.0.1:" + port + "/3"
}

// startRedisTLS returns the URL of a Redis that accepts only TLS. The URL names
// the certificate authority, as is necessary for a private one; everything else
// is left to the rendered configuration.
func startRedisTLS(t *testing.T) string {
	t.Helper()
	port := strconv.Itoa(freePort(t))
	certificate, key := selfSigned(t)
	serveRedis(t, port, "--port", "0", "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	return "rediss://127.0.0.1:" + port + "/4?ssl_ca_certs=" + url.QueryEscape(certificate)
}

func serveRedis(t *testing.T, port string, arguments ...string) *process {
	t.Helper()
	arguments = append(arguments, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	p := start(t, "redis-server", exec.Command("redis-server", arguments...), syscall.SIGTERM)
	p.waitUntil(t, "ready", func() bool { return answers("127.0.0.1:" + port) })
	return p
}

// keys counts the keys of a Redis without TLS in the URL's database.
func keys(t *testing.T, cache string) string {
	t.Helper()
	out, err := exec.Command("redis-cli", "-u", cache, "DBSIZE").CombinedOutput()
	if err != nil {
		t.Fatalf("querying Redis: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// selfSigned writes a self-signed certificate for loopback and its key, and
// returns the files' names.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "redis.crt"), filepath.Join(folder, "redis.key")
	writeFile(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	return certificate, key
}
