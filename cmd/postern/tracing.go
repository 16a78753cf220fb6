package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/secret"
)

// traceSettings say where traces go. Beyond the endpoint they are set by the
// environment alone, under the names that OpenTelemetry's specification gives
// them: whoever runs a collector knows those.
type traceSettings struct {
	endpoint *url.URL // with the path
	headers  map[string]secret.Secret
	gzip     bool
	timeout  time.Duration // of one request
	service  string
	pause    func(context.Context, time.Duration) bool // between two tries; false gives up
}

const (
	otlpPath       = "/v1/traces"
	otlpTimeout    = 10 * time.Second
	tracesLastWord = 3 * time.Second // for what is left when the server stops
)

// samplers are those that the SDK knows.
var samplers = []string{
	"", "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

// readTracing reads the environment beside the endpoint; nil traces nothing.
// Its errors name the variable and never what stands in it.
func readTracing(endpoint string, env func(string) string) (*traceSettings, error) {
	// of gives a variable of OTLP, the one for traces before the one for all.
	of := func(name string) (from, value string) {
		if v := env("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
			return "OTEL_EXPORTER_OTLP_TRACES_" + name, v
		}
		return "OTEL_EXPORTER_OTLP_" + name, env("OTEL_EXPORTER_OTLP_" + name)
	}
	whole := env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" && whole == "" || strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	s := &traceSettings{timeout: otlpTimeout, service: env("OTEL_SERVICE_NAME"), pause: pause}
	var err error
	if s.endpoint, err = collectorURL(endpoint, whole); err != nil {
		return nil, hint(err, "for example http://127.0.0.1:4318")
	}
	if from, v := of("PROTOCOL"); v != "" && v != "http/protobuf" {
		return nil, hint(fmt.Errorf("%s: only http/protobuf is spoken", from), "collectors listen for it on port 4318")
	}
	if from, v := of("COMPRESSION"); v != "" && v != "none" && v != "gzip" {
		return nil, fmt.Errorf("%s: must be gzip or none", from)
	} else if v == "gzip" {
		s.gzip = true
	}
	if from, v := of("TIMEOUT"); v != "" {
		ms, err := strconv.Atoi(v)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%s: must be a number of milliseconds", from)
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	if !slices.Contains(samplers, strings.ToLower(strings.TrimSpace(env("OTEL_TRACES_SAMPLER")))) {
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: must be one of %s", strings.Join(samplers[1:], ", "))
	}
	if arg := strings.TrimSpace(env("OTEL_TRACES_SAMPLER_ARG")); arg != "" {
		if share, err := strconv.ParseFloat(arg, 64); err != nil || !(share >= 0 && share <= 1) {
			return nil, errors.New("OTEL_TRACES_SAMPLER_ARG: must be a number between 0 and 1")
		}
	}
	s.headers, err = otlpHeaders(of("HEADERS"))
	return s, err
}

// collectorURL is where spans are posted: whole as it is, or the path after a
// base.
func collectorURL(base, whole string) (*url.URL, error) {
	from, given := "--otlp-endpoint", base
	if whole != "" {
		from, given = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", whole
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s: must be an http or https URL without user, query and fragment", from)
	}
	if whole == "" {
		u.Path = strings.TrimRight(u.Path, "/") + otlpPath
	}
	return u, nil
}

// otlpHeaders reads name=value pairs, separated by commas, values encoded as in
// a URL. They may be keys.
func otlpHeaders(from, text string) (map[string]secret.Secret, error) {
	out := map[string]secret.Secret{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		plain := func(s string, also string) bool {
			return !strings.ContainsFunc(s, func(r rune) bool { return (r <= ' ' || r > '~') && !strings.ContainsRune(also, r) })
		}
		if !ok || err != nil || name == "" || strings.Contains(name, ":") || !plain(name, "") || !plain(value, " ") {
			return nil, errors.New(from + ": must be name=value pairs, separated by commas, values encoded as in a URL")
		}
		out[name] = secret.New(value)
	}
	return out, nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (s *traceSettings) host() string { return s.endpoint.Scheme + "://" + s.endpoint.Host }

// tracing is the tracer of a server and what sends its spans off.
type tracing struct {
	provider *sdk.TracerProvider
	stopping context.CancelFunc // sends what is left once
	ended    context.CancelFunc // and sends nothing more
}

// start makes the tracer. Spans are sent from a bounded queue, beside whatever
// answers: what a collector does not take is dropped.
func (s *traceSettings) start(log *slog.Logger) (*tracing, error) {
	if s == nil {
		return nil, nil
	}
	// What the SDK has to say is of no use to who asked, and may come often.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Debug("tracing", "cause", err.Error()) }))
	own := []attribute.KeyValue{attribute.String("service.version", version)}
	if s.service == "" {
		own = append(own, attribute.String("service.name", "postern"))
	}
	about, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(), resource.WithAttributes(own...), resource.WithFromEnv()) // the environment has the last word
	if err != nil {
		return nil, hint(fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: must be name=value pairs, separated by commas"), "for example deployment.environment.name=production")
	}
	t := &tracing{}
	e := &otlp{traceSettings: s, log: log, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // headers go to one host
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}}
	e.stopping, t.stopping = context.WithCancel(context.Background())
	e.ended, t.ended = context.WithCancel(context.Background())
	t.provider = sdk.NewTracerProvider(sdk.WithBatcher(e), sdk.WithResource(about))
	return t, nil
}

// tracer gives nil where nothing is traced.
func (t *tracing) tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("github.com/postern/postern", trace.WithInstrumentationVersion(version))
}

// stop sends what is left, within its time.
func (t *tracing) stop() {
	if t == nil {
		return
	}
	t.stopping()
	defer t.ended()
	defer time.AfterFunc(tracesLastWord, t.ended).Stop()
	ctx, cancel := context.WithTimeout(context.Background(), tracesLastWord+time.Second)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what could not be sent was said by the exporter
}
