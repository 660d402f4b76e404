// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Where the files of TLS are mounted, and their names.
const (
	databaseDir    = "/etc/superset-operator/database-tls"
	applicationDir = "/etc/superset-operator/application-tls"
	cacheDir       = "/etc/superset-operator/cache-tls"

	certFile = "/tls.crt"
	keyFile  = "/tls.key"
)

// CAFile is the file of certificates to trust, in the folder of a volume.
const CAFile = "/ca.crt"

// databaseOptions is the query of the URL.
func databaseOptions(driver v1alpha1.DatabaseDriver, t *v1alpha1.TLSSpec, dir string) string {
	if t == nil {
		return ""
	}
	if driver == v1alpha1.DriverMySQL {
		names := map[v1alpha1.TLSMode]string{v1alpha1.TLSRequire: "REQUIRED", v1alpha1.TLSVerifyCA: "VERIFY_CA", v1alpha1.TLSVerifyFull: "VERIFY_IDENTITY"}
		return options(t, dir, "ssl_mode="+names[mode(t)], [3]string{"ssl_ca", "ssl_cert", "ssl_key"})
	}
	return options(t, dir, "sslmode="+string(mode(t)), [3]string{"sslrootcert", "sslcert", "sslkey"})
}

func cacheOptions(t *v1alpha1.TLSSpec) string {
	if t == nil {
		return ""
	}
	checks := map[v1alpha1.TLSMode]string{
		v1alpha1.TLSRequire:    "ssl_cert_reqs=none",
		v1alpha1.TLSVerifyCA:   "ssl_cert_reqs=required&ssl_check_hostname=false",
		v1alpha1.TLSVerifyFull: "ssl_cert_reqs=required&ssl_check_hostname=true",
	}
	return options(t, cacheDir, checks[mode(t)], [3]string{"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
}

// options adds the files of a connection, whose options have these names.
func options(t *v1alpha1.TLSSpec, dir, check string, names [3]string) string {
	out := []string{check}
	for i, file := range files(t) {
		if file.set() {
			out = append(out, names[i]+"="+dir+file.path)
		}
	}
	return strings.Join(out, "&")
}

// mode is verify-full with certificates to trust, unless the user has set it.
func mode(t *v1alpha1.TLSSpec) v1alpha1.TLSMode {
	switch {
	case t.Mode != "":
		return t.Mode
	case t.CAFrom != nil:
		return v1alpha1.TLSVerifyFull
	default:
		return v1alpha1.TLSRequire
	}
}

// file is a file of TLS and the key that it comes from.
type file struct {
	path      string
	secret    *v1alpha1.SecretKeyReference
	configMap *v1alpha1.ConfigMapKeyReference
}

func (f file) set() bool { return f.secret != nil || f.configMap != nil }

// files are the certificates to trust, the client certificate and its key, in this order.
func files(t *v1alpha1.TLSSpec) [3]file {
	return [3]file{caOf(t.CAFrom), {path: certFile, secret: t.CertFrom}, {path: keyFile, secret: t.KeyFrom}}
}

func caOf(source *v1alpha1.KeySource) file {
	ca := file{path: CAFile}
	if source != nil {
		ca.secret, ca.configMap = source.SecretKeyRef, source.ConfigMapKeyRef
	}
	return ca
}

// CA is the part of a volume with certificates to trust, as CAFile.
func CA(source *v1alpha1.KeySource) corev1.VolumeProjection { return caOf(source).projection() }

// Mount adds the files of TLS of a runtime to a pod and its main container.
func Mount(pod *corev1.PodSpec, main *corev1.Container, r v1alpha1.RuntimeSpec) {
	mount(pod, main, "database-tls", databaseDir, r.Database.TLS)
	if r.Cache != nil {
		mount(pod, main, "cache-tls", cacheDir, r.Cache.TLS)
	}
}

// MountApplication adds the files of TLS for Application.
func MountApplication(pod *corev1.PodSpec, main *corev1.Container, d v1alpha1.DatabaseConnection) {
	mount(pod, main, "application-tls", applicationDir, d.TLS)
}

func mount(pod *corev1.PodSpec, main *corev1.Container, name, dir string, t *v1alpha1.TLSSpec) {
	if t == nil {
		return
	}
	var sources []corev1.VolumeProjection
	for _, f := range files(t) {
		if f.set() {
			sources = append(sources, f.projection())
		}
	}
	if sources == nil {
		return
	}
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: sources}}})
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: dir, ReadOnly: true})
}

// projection is what a projected volume has of a file. libpq refuses a key that everybody may read:
// with this mode only root and the group of the pod may.
func (f file) projection() corev1.VolumeProjection {
	var mode *int32
	if f.path == keyFile {
		mode = new(int32(0o440))
	}
	if f.configMap != nil {
		return corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: f.configMap.Name},
			Items:                []corev1.KeyToPath{{Key: f.configMap.Key, Path: f.path[1:], Mode: mode}}}}
	}
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: f.secret.Name},
		Items:                []corev1.KeyToPath{{Key: f.secret.Key, Path: f.path[1:], Mode: mode}}}}
}
