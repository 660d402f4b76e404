// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// auditEvent is a request in the audit log.
type auditEvent struct {
	Verb, RequestURI string
	User             struct{ Username string }
	ObjectRef        *struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	ResponseStatus   struct {
		Code    int
		Message string
	}
}

func (e auditEvent) path() string {
	path, _, _ := strings.Cut(e.RequestURI, "?")
	return path
}

// requests are the operator's requests since an offset of the audit log.
func (p *privileged) requests(offset int64) []auditEvent {
	p.t.Helper()
	f, err := os.Open(p.control.AuditLog)
	must(p.t, err)
	defer func() { _ = f.Close() }()
	_, err = f.Seek(offset, io.SeekStart)
	must(p.t, err)
	var out []auditEvent
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e auditEvent
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.User.Username == shipped.User {
			out = append(out, e)
		}
	}
	if len(out) < 100 {
		p.t.Errorf("the audit log has only %d requests of the operator", len(out))
	}
	return out
}

// notInAudit are rights that no request shows, with the reason that they are needed.
var notInAudit = map[string]string{
	"batch jobs get":                                                  "a Job that was just created is read while the cache does not show it yet: it depends on the timing",
	"superset-operator.dev supersets get":                             "a Superset is read while the cache is known to be stale: it depends on the timing",
	"events.k8s.io events patch":                                      "client-go counts an event again that is repeated about the same resource version: it depends on the timing",
	"superset-operator.dev supersets/finalizers update":               "the admission plugin OwnerReferencesPermissionEnforcement asks for it",
	"superset-operator.dev supersetwebworkers/finalizers update":      "as above",
	"superset-operator.dev supersetasyncworkers/finalizers update":    "as above",
	"superset-operator.dev supersetasyncschedulers/finalizers update": "as above",
}

// usesWhatIsGranted compares the rights of the operator with its requests.
func (p *privileged) usesWhatIsGranted(requests []auditEvent) {
	p.t.Helper()
	used := map[string]bool{}
	for _, e := range requests {
		if strings.Contains(e.ResponseStatus.Message, "is forbidden: User ") || e.ResponseStatus.Code == http.StatusUnauthorized {
			p.t.Errorf("refused: %s %s: %s", e.Verb, e.RequestURI, e.ResponseStatus.Message)
		}
		if e.ObjectRef == nil {
			continue
		}
		for _, verb := range verbsOf(e) {
			used[right(e.ObjectRef.APIGroup, e.ObjectRef.Resource, e.ObjectRef.Subresource, verb)] = true
		}
	}
	granted := 0
	for _, rule := range p.bound() {
		for _, each := range expand(rule) {
			granted++
			if !used[each] && notInAudit[each] == "" {
				p.t.Errorf("granted, but never used: %s", each)
			}
		}
	}
	if granted < 50 {
		p.t.Errorf("only %d rights are granted", granted)
	}
	p.t.Logf("%d rights granted, %d requests", granted, len(requests))
}

// verbsOf are the verbs that a request needs. A server-side apply that creates an object needs
// create as well. A watch with the initial objects stands for a list, which reflectors use when
// the server has no such watches.
func verbsOf(e auditEvent) []string {
	switch {
	case e.Verb == "patch" && e.ResponseStatus.Code == http.StatusCreated:
		return []string{"patch", "create"}
	case e.Verb == "watch" && strings.Contains(e.RequestURI, "sendInitialEvents=true"):
		return []string{"watch", "list"}
	default:
		return []string{e.Verb}
	}
}

func right(group, resource, subresource, verb string) string {
	if subresource != "" {
		resource += "/" + subresource
	}
	return strings.TrimSpace(group + " " + resource + " " + verb)
}

func expand(rule rbacv1.PolicyRule) []string {
	var out []string
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				out = append(out, right(group, resource, "", verb))
			}
		}
	}
	return out
}

// scrapes reads the protected metrics: without a token, with that of anybody, and with that of
// a reader of metrics.
func (p *privileged) scrapes(address string) {
	p.t.Helper()
	ns := p.namespace()
	must(p.t, p.Create(p.t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reads-metrics"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "superset-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: ns, Name: "prometheus"}},
	}))
	token := func(name string) string {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
		must(p.t, p.Create(p.t.Context(), account))
		request := &authenticationv1.TokenRequest{}
		must(p.t, p.SubResource("token").Create(p.t.Context(), account, request))
		return request.Status.Token
	}
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"nobody": {"", http.StatusUnauthorized}, "somebody": {token("somebody"), http.StatusForbidden}, "prometheus": {token("prometheus"), http.StatusOK},
	} {
		eventually(p.t, fmt.Sprintf("%s gets %d from the metrics", name, c.want), func() bool { return scrapeStatus(p, address, c.token) == c.want })
	}
}

// scrapeStatus is the status of the metrics for a token; 0 while they do not answer.
func scrapeStatus(p *privileged, address, token string) int {
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "https://"+address+"/metrics", nil)
	must(p.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the certificate is self-signed
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
