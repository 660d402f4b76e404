// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Etcd returns what an etcd stores by key: that of the Secrets, and everything else. url is
// that of its clients, without TLS.
func Etcd(ctx context.Context, url string) (secrets, others map[string]string, err error) {
	// The range from the first key to the end, by the JSON API.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v3/kv/range", strings.NewReader(`{"key":"AA==","range_end":"AA=="}`))
	if err != nil {
		return nil, nil, fmt.Errorf("reading etcd: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("reading etcd: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return nil, nil, fmt.Errorf("reading etcd: %w", err)
	}
	var answer struct {
		Kvs []struct{ Key, Value []byte }
	}
	if err := json.Unmarshal(body.Bytes(), &answer); err != nil || response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("reading etcd: status %s: %w", response.Status, err)
	}
	secrets, others = map[string]string{}, map[string]string{}
	for _, kv := range answer.Kvs {
		into := others
		if strings.HasPrefix(string(kv.Key), "/registry/secrets/") {
			into = secrets
		}
		into[string(kv.Key)] = string(kv.Value)
	}
	return secrets, others, nil
}
