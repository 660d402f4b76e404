// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// patience is the timeout of every wait; an idle machine needs a hundredth of it.
const patience = 3 * time.Minute

// until waits for a condition while all processes live. If one has ended, the
// error contains the end of its log.
func (c *Cluster) until(ctx context.Context, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			c.say("%s", what)
			return nil
		}
		for _, p := range c.processes {
			if !p.running() {
				return fmt.Errorf("waiting for: %s: %s has ended; the end of its log, %s:\n%s", what, p.name, p.log, p.tail())
			}
		}
		select {
		case <-ctx.Done():
			last := c.processes[len(c.processes)-1]
			return fmt.Errorf("waiting for: %s: %w (last: %w); the end of %s:\n%s", what, ctx.Err(), err, last.log, last.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *Cluster) apiserverReady(ctx context.Context) error { return c.probe(ctx, c.URL+"/readyz") }

func (c *Cluster) schedulerReady(ctx context.Context) error {
	return c.probe(ctx, "https://"+loopback+":"+c.ports.scheduler+"/readyz")
}

// probe sends a request to a server of the cluster as the administrator.
func (c *Cluster) probe(ctx context.Context, url string) error {
	client, err := rest.HTTPClientFor(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: status %s", url, response.Status)
	}
	return nil
}

// serviceAccountThere verifies that the controller manager's loops run; without
// the account no pod can be created.
func (c *Cluster) serviceAccountThere(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	_, err = client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}
