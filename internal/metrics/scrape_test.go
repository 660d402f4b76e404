// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// fleet is a cache with so many Supersets, each with every series, and with pods of two
// versions in each tier.
type fleet struct {
	client.Reader
	items []v1alpha1.Superset
	pods  []corev1.Pod
}

func fleetOf(n int) *fleet {
	f := &fleet{}
	for i := range n {
		s := waiting()
		s.Name = fmt.Sprintf("superset-%d", i)
		f.items = append(f.items, *s)
		for _, tier := range tiers {
			for _, object := range append(podsOf(tier, "5.0.0", true), podsOf(tier, "6.0.0", true)...) {
				pod := object.(*corev1.Pod)
				pod.Labels[v1alpha1.LabelInstance], pod.OwnerReferences[0].Name = s.Name, s.Name+"-"+tier+"-7d"
				f.pods = append(f.pods, *pod)
			}
		}
	}
	return f
}

func (f *fleet) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch l := list.(type) {
	case *v1alpha1.SupersetList:
		l.Items = f.items
	case *corev1.PodList:
		l.Items = f.pods
	}
	return nil
}

// scrape is the size of a response with the gauges of the state: bytes without compression.
func scrape(tb testing.TB, f *fleet) int {
	tb.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(collector(f))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		tb.Fatalf("status %d", w.Code)
	}
	return w.Body.Len()
}

// maxScrape is what a Superset may add to a scrape: bytes without compression.
const maxScrape = 5 << 10

// A Superset adds the same few KiB to a scrape, whatever their number is.
func TestScrapeSize(t *testing.T) {
	if got := (scrape(t, fleetOf(310)) - scrape(t, fleetOf(10))) / 300; got > maxScrape {
		t.Errorf("%d bytes per Superset, want at most %d", got, maxScrape)
	}
}

// BenchmarkScrape is one scrape of 300 Supersets.
func BenchmarkScrape(b *testing.B) {
	f, size := fleetOf(300), 0
	b.ReportAllocs()
	for b.Loop() {
		size = scrape(b, f)
	}
	b.ReportMetric(float64(size), "bytes/scrape")
}
