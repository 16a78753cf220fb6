package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the Prometheus figures of a server. Labels have few values by
// construction: route patterns and statuses, never paths, clients or products.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// newMetrics gets work from the store: its group commits, and the changes and
// records in them.
func newMetrics(work func() (commits, changes int64)) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "postern_http_request_duration_seconds", Help: "Time from a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"route", "status"}),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "postern_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	commits := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "postern_store_commits_total", Help: "Group commits of the store, one fsync each.",
	}, func() float64 { n, _ := work(); return float64(n) })
	changes := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "postern_store_changes_total", Help: "Changes and records that were committed.",
	}, func() float64 { _, n := work(); return float64(n) })
	m.registry.MustRegister(m.requests, build, commits, changes, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
