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

// scrape is the size of a response with the gauges of the state, in bytes, with a compression
// such as gzip; "" for none.
func scrape(tb testing.TB, f *fleet, compression string) int {
	tb.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(collector(f))
	w, request := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept-Encoding", compression)
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, request)
	if w.Code != 200 {
		tb.Fatalf("status %d", w.Code)
	}
	return w.Body.Len()
}

// maxScrape is what a Superset may add to a scrape: bytes without compression.
const maxScrape = 5 << 10

// A Superset adds the same few KiB to a scrape, whatever their number is.
func TestScrapeSize(t *testing.T) {
	if got := (scrape(t, fleetOf(310), "") - scrape(t, fleetOf(10), "")) / 300; got > maxScrape {
		t.Errorf("%d bytes per Superset, want at most %d", got, maxScrape)
	}
}

// The page has the figures of this benchmark.
func BenchmarkScrape300(b *testing.B) {
	for name, compression := range map[string]string{"plain": "", "gzip": "gzip"} {
		b.Run(name, func(b *testing.B) {
			f, size := fleetOf(300), 0
			b.ReportAllocs()
			for b.Loop() {
				size = scrape(b, f, compression)
			}
			b.ReportMetric(float64(size), "bytes/scrape")
		})
	}
}

// figures are the measured bytes of a scrape of 300 Supersets on the page, in KiB.
const (
	plainKiB = 1243
	gzipKiB  = 43
)

// The bytes on the page are those that are measured, within five percent.
func TestFigures(t *testing.T) {
	f := fleetOf(300)
	for compression, want := range map[string]int{"": plainKiB, "gzip": gzipKiB} {
		if got := scrape(t, f, compression) >> 10; got < want*95/100 || got > want*105/100 {
			t.Errorf("%d KiB with the compression %q, want %d", got, compression, want)
		}
	}
}
