package scripted

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/txtar"
)

// exchange is a request and what a real server answered, as they stand in a
// file: the request as a person reads it, the answer as it came.
type exchange struct{ request, answer string }

// shown are the headers of a request that are kept. What a provider is to take
// for a key is kept as a name.
var (
	shown   = []string{"Accept", "Anthropic-Version", "Content-Type"}
	secrets = []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key"}
)

// asText is a request without its secrets. The body's JSON is indented, so that
// a change of it shows as the lines that changed.
func asText(r *http.Request, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.URL.RequestURI())
	head := map[string]string{}
	for _, k := range shown {
		if v := r.Header.Get(k); v != "" {
			head[k] = v
		}
	}
	for _, k := range secrets {
		if r.Header.Get(k) != "" {
			head[k] = "(a secret)"
		}
	}
	for _, k := range slices.Sorted(maps.Keys(head)) {
		fmt.Fprintf(&b, "%s: %s\n", k, head[k])
	}
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") == nil {
		body = indented.Bytes()
	}
	text := string(body)
	for _, k := range secrets {
		if v := strings.TrimPrefix(r.Header.Get(k), "Bearer "); len(v) >= 8 { // less would be found in words
			text = strings.ReplaceAll(text, v, "(a secret)")
		}
	}
	fmt.Fprintf(&b, "\n%s\n", text)
	return b.String()
}

// archive is the file of exchanges.
func archive(about string, all []exchange) []byte {
	a := &txtar.Archive{Comment: []byte(about)}
	for i, x := range all {
		a.Files = append(a.Files,
			txtar.File{Name: fmt.Sprintf("request %d", i+1), Data: []byte(x.request)},
			txtar.File{Name: fmt.Sprintf("answer %d", i+1), Data: []byte(x.answer)})
	}
	return txtar.Format(a)
}

// Recorder passes requests on to a real server and keeps what was said, without
// secrets. It is an http.Handler, and stands where the server is expected.
type Recorder struct {
	Upstream string // URL of the server, without a path

	mu  sync.Mutex
	all []exchange
}

// File is what was said so far, with a line about it at the top.
func (r *Recorder) File(about string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return archive(about, r.all)
}

// ServeHTTP implements http.Handler.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return
	}
	x := exchange{request: asText(in, body)}
	out, err := http.NewRequestWithContext(in.Context(), in.Method, r.Upstream+in.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, "the recorder cannot make the request", http.StatusBadGateway)
		return
	}
	out.Header = in.Header.Clone()
	out.Header.Del("Accept-Encoding") // the transport's own, which it undoes
	out.Close = true                  // a server that ends idle connections is asked all the same
	res, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		http.Error(w, "the recorder does not reach the server", http.StatusBadGateway)
		return
	}
	defer func() { _ = res.Body.Close() }() // read to its end below
	kind := res.Header.Get("Content-Type")
	said, err := io.ReadAll(res.Body)
	if err != nil {
		http.Error(w, "the server broke off", http.StatusBadGateway)
		return
	}
	x.answer = fmt.Sprintf("%d\n%s\n\n%s", res.StatusCode, kind, said)
	r.mu.Lock()
	r.all = append(r.all, x)
	r.mu.Unlock()
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(said) // to the test's own client
}

// Difference is a request that is not the one that was recorded at its place.
type Difference struct{ Recorded, Now string }

// Replayer answers as a recorded server did, as long as it is asked the same.
// It is an http.Handler.
type Replayer struct {
	mu    sync.Mutex
	about string
	all   []exchange
	now   []string // the requests that came
}

// Replay reads a Recorder's file. One without an exchange is an error.
func Replay(file []byte) (*Replayer, error) {
	a := txtar.Parse(file)
	p := &Replayer{about: string(a.Comment)}
	for i := 0; i+1 < len(a.Files); i += 2 {
		p.all = append(p.all, exchange{string(a.Files[i].Data), string(a.Files[i+1].Data)})
	}
	if len(p.all) == 0 || len(a.Files)%2 != 0 {
		return nil, fmt.Errorf("a recording has %d files, which are no exchanges", len(a.Files))
	}
	return p, nil
}

// Differences are where the requests were not the recorded ones: another, one
// too many, or none. They were answered all the same, as far as the recording
// goes.
func (p *Replayer) Differences() (out []Difference) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range max(len(p.all), len(p.now)) {
		var d Difference
		if i < len(p.all) {
			d.Recorded = p.all[i].request
		}
		if i < len(p.now) {
			d.Now = p.now[i]
		}
		if d.Recorded != d.Now {
			out = append(out, d)
		}
	}
	return out
}

// Asked is the last request that came, as it stands in a file.
func (p *Replayer) Asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.now) == 0 {
		return ""
	}
	return p.now[len(p.now)-1]
}

// Rewritten is the file with the requests as they are now, and the answers that
// the recorded ones got.
func (p *Replayer) Rewritten() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.all[:min(len(p.all), len(p.now))])
	for i := range all {
		all[i].request = p.now[i]
	}
	return archive(p.about, all)
}

// ServeHTTP implements http.Handler.
func (p *Replayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	status, rest, _ := strings.Cut(p.next(asText(r, body)), "\n")
	kind, said, _ := strings.Cut(rest, "\n\n")
	code, err := strconv.Atoi(status)
	if err != nil {
		http.Error(w, "nothing was recorded here", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = io.WriteString(w, said) // to the test's own client
}

// next is the recorded answer to the request that comes now.
func (p *Replayer) next(now string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = append(p.now, now)
	if len(p.now) > len(p.all) {
		return ""
	}
	return p.all[len(p.now)-1].answer
}
