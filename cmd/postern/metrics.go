package main

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/warehouse"
)

// metrics are the Prometheus figures of a server. Labels have few values by
// construction: route patterns, statuses, engines and outcomes, never paths,
// clients or products.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	queries  *prometheus.HistogramVec
	rows     *prometheus.CounterVec
	tokens   *prometheus.CounterVec
	commits  *prometheus.HistogramVec
}

var (
	requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	queryBuckets   = []float64{.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 600}
	commitBuckets  = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 15}
)

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: histogram("postern_http_request_duration_seconds", "Time from a request to the end of its answer.", requestBuckets, "route", "status"),
		queries:  histogram("postern_query_duration_seconds", "Time from a query, or a reading of a schema, to its last row, by how it ended: ok, denied (by policy or a lock), refused (by the warehouse, or as bad input), failed, canceled.", queryBuckets, "engine", "kind", "outcome"),
		rows:     counter("postern_query_rows_total", "Rows that queries gave.", "engine"),
		tokens:   counter("postern_tokens_total", "Access tokens asked for, by outcome: issued, refused (each refusal that is on record).", "outcome"),
		commits:  histogram("postern_store_commit_duration_seconds", "Time of a group commit, which changes and records share.", commitBuckets, "outcome"),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "postern_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.requests, m.queries, m.rows, m.tokens, m.commits, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range []string{"issued", "refused"} {
		m.tokens.WithLabelValues(outcome) // a series that is there from the start can be alerted on
	}
	return m
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// watch adds what the store and the pool know of themselves.
func (m *metrics) watch(db *store.DB, p *warehouse.Pool) {
	db.OnCommit(m.committed)
	count := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f))
	}
	gauge := func(name, help string, f func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	count("postern_store_commits_total", "Group commits of the store, one fsync each.", func() float64 { n, _ := db.Work(); return float64(n) })
	count("postern_store_changes_total", "Changes and records that were committed; by commits, how many share one.", func() float64 { _, n := db.Work(); return float64(n) })
	gauge("postern_store_counter_age_seconds", "Age of the change counter after trying to read it: beyond 1, nothing remembered is used.", func() float64 {
		_, _ = db.Changes(context.Background())
		return db.CounterAge().Seconds()
	})
	gauge("postern_warehouse_sessions", "Sessions that are open in warehouses.", func() float64 { open, _ := p.Sessions(); return float64(open) })
	gauge("postern_warehouse_sessions_idle", "Those of them that wait for the next query of their credential.", func() float64 { _, idle := p.Sessions(); return float64(idle) })
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(cmp.Or(route, "none"), strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) queried(e gateway.Ended) {
	engine, kind := cmp.Or(string(e.Engine), "none"), "query"
	if e.Schema {
		kind = "schema"
	}
	m.queries.WithLabelValues(engine, kind, e.Outcome).Observe(e.Took.Seconds())
	m.rows.WithLabelValues(engine).Add(float64(e.Rows))
}

func (m *metrics) committed(took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	m.commits.WithLabelValues(outcome).Observe(took.Seconds())
}

// tokenBook is the store with its tokens counted.
type tokenBook struct {
	*store.DB
	tokens *prometheus.CounterVec
}

func (b tokenBook) count(outcome string, err error) error {
	if err == nil {
		b.tokens.WithLabelValues(outcome).Inc()
	}
	return err
}

// TokenIssued implements auth.TokenStore.
func (b tokenBook) TokenIssued(ctx context.Context, i auth.Issued) error {
	return b.count("issued", b.DB.TokenIssued(ctx, i))
}

// TokenIssuedAlone implements auth.TokenStore.
func (b tokenBook) TokenIssuedAlone(ctx context.Context, id auth.ClientID, i auth.Issued) (int64, error) {
	epoch, err := b.DB.TokenIssuedAlone(ctx, id, i)
	return epoch, b.count("issued", err)
}

// TokenRefused implements auth.TokenStore and auth.ClientStore.
func (b tokenBook) TokenRefused(ctx context.Context, r auth.Refusal) error {
	return b.count("refused", b.DB.TokenRefused(ctx, r))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// serve answers scrapers on a listener of their own, until it is closed.
func (m *metrics) serve(l net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	srv := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10}
	_ = srv.Serve(l) // it ends when l is closed
}
