package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// settingsOf reads tracing from what would be the environment.
func settingsOf(t *testing.T, endpoint string, env map[string]string) *traceSettings {
	t.Helper()
	s, err := readTracing(endpoint, func(name string) string { return env[name] })
	ok(t, err)
	return s
}

// spans ends n spans under the settings, and then the tracer.
func spans(t *testing.T, s *traceSettings, n int) string {
	t.Helper()
	var log bytes.Buffer
	tr, err := s.start(slog.New(slog.NewJSONHandler(&log, nil)))
	ok(t, err)
	for range n {
		_, span := tr.tracer().Start(context.Background(), "a span")
		span.End()
	}
	if s.timeout == otlpTimeout {
		ok(t, tr.provider.ForceFlush(context.Background()))
	}
	tr.stop()
	return log.String()
}

func TestACollectorGetsItsHeadersAndWhoseSpansTheyAre(t *testing.T) {
	c := newFakeCollector(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests")
	log := spans(t, settingsOf(t, c.URL+"/", map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "x-ignored=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20key-of-a-collector, x-tenant=a",
		"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
	}), 3)
	if len(c.spans) != 3 || log != "" {
		t.Fatalf("%d spans came, and the log says %s", len(c.spans), log)
	}
	h := c.headers[0]
	if h.Get("Authorization") != "Bearer key-of-a-collector" || h.Get("X-Tenant") != "a" || h.Get("X-Ignored") != "" {
		t.Errorf("the headers are %v", h)
	}
	about := map[string]string{}
	for _, a := range c.about {
		about[a.Key] = a.Value.GetStringValue()
	}
	if about["service.name"] != "postern" || about["service.version"] != version || about["deployment.environment.name"] != "tests" || about["telemetry.sdk.language"] != "go" {
		t.Errorf("the resource is %v", about)
	}
}

func TestABatchIsSentAgainWhereThatIsWorthIt(t *testing.T) {
	for name, c := range map[string]struct {
		answers  []int
		requests int
		log      string
	}{
		"busy, then not": {[]int{429, 503}, 3, ""},
		"refused":        {[]int{401}, 1, "it answers 401"},
		"redirected":     {[]int{307}, 1, "it answers 307"},
		"busy for ever":  {[]int{503, 503, 503, 503, 503}, 4, "it answers 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeCollector(t)
			f.answers = c.answers
			s := settingsOf(t, f.URL, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "api-key=key-of-a-collector"})
			s.pause = func(context.Context, time.Duration) bool { return true }
			log := spans(t, s, 1)
			if len(f.headers) != c.requests || !strings.Contains(log, c.log) || c.log == "" && log != "" {
				t.Errorf("%d requests, and the log says %s", len(f.headers), log)
			}
			if strings.Contains(log, "key-of-a-collector") {
				t.Error("the key is in the log")
			}
		})
	}
}

// TestACollectorThatIsDeadHoldsNothingUp ends spans by the thousand towards
// collectors that refuse connections, or never answer, and would not return if
// anything waited for them.
func TestACollectorThatIsDeadHoldsNothingUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	ok(t, err)
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ok(t, closed.Close())
	for name, l := range map[string]net.Listener{"silent": silent, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			s := settingsOf(t, "http://"+l.Addr().String(), map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "3600000"})
			if log := spans(t, s, 10_000); strings.Count(log, "traces are not delivered") != 1 || !strings.Contains(log, "traces were lost") {
				t.Errorf("the log says %s", log)
			}
		})
	}
}

func TestAServerAnswersAndStopsWithoutItsCollector(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ok(t, closed.Close())
	g := newGateRig(t, func(f *serveFlags) { f.OTLPEndpoint = "http://" + closed.Addr().String() })
	a := g.want(200, g.do("POST", askedOfModel, g.owner.token, `{"message":"how many sales?","data_product_id":"`+rigProduct+`"}`, ""))
	if !strings.Contains(string(a.body), `"status":"answered"`) {
		t.Errorf("%s", a.body)
	}
	g.stop()
	if n := strings.Count(g.log.String(), "traces are not delivered"); n != 1 {
		t.Errorf("the log says %d times that traces are lost", n)
	}
	if n := g.count(`SELECT count(*) FROM audit_records WHERE kind = 'server.stopped' OR kind = 'query.finished'`); n == 0 {
		t.Error("nothing is on record")
	}
}

func TestTracingIsReadFromTheEnvironmentOfTheSpecification(t *testing.T) {
	for name, c := range map[string]struct {
		endpoint string
		env      map[string]string
		want     string // the URL that is posted to; "" is no tracing
		err      string
	}{
		"nothing":          {},
		"a base":           {"https://collector:4318", nil, "https://collector:4318/v1/traces", ""},
		"a base with path": {"https://collector/otlp/", nil, "https://collector/otlp/v1/traces", ""},
		"for traces":       {"https://other", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/in"}, "https://collector/in", ""},
		"disabled":         {"https://collector", map[string]string{"OTEL_SDK_DISABLED": "true"}, "", ""},
		"no exporter":      {"https://collector", map[string]string{"OTEL_TRACES_EXPORTER": "none"}, "", ""},
		"no URL":           {"collector:4318", nil, "", "--otlp-endpoint"},
		"a password":       {"https://u:canary@collector", nil, "", "--otlp-endpoint"},
		"gRPC":             {"http://collector:4317", map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"a header":         {"https://collector", map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "canary"}, "", "OTEL_EXPORTER_OTLP_HEADERS"},
		"a broken header":  {"https://collector", map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "a=canary%0d%0ab"}, "", "OTEL_EXPORTER_OTLP_HEADERS"},
		"a time":           {"https://collector", map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, "", "OTEL_EXPORTER_OTLP_TIMEOUT"},
		"a sampler":        {"https://collector", map[string]string{"OTEL_TRACES_SAMPLER": "some"}, "", "OTEL_TRACES_SAMPLER"},
		"a share":          {"https://collector", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"}, "", "OTEL_TRACES_SAMPLER_ARG"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readTracing(c.endpoint, func(name string) string { return c.env[name] })
			switch {
			case c.err != "":
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "canary") {
					t.Errorf("the error is %v", err)
				}
			case err != nil:
				t.Error(err)
			case (s == nil) != (c.want == "") || s != nil && s.endpoint.String() != c.want:
				t.Errorf("%+v", s)
			}
		})
	}
}
