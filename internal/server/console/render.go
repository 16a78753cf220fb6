package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static
var files embed.FS

// assets holds the hash of each static file, which is in its address: a new
// release is loaded at once, an old file never again.
var assets = func() map[string]string {
	sums := map[string]string{}
	entries, err := fs.ReadDir(files, "static")
	if err != nil || len(entries) == 0 {
		panic("the console's static files are not embedded")
	}
	for _, e := range entries {
		b, err := fs.ReadFile(files, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(b)
		sums[e.Name()] = hex.EncodeToString(sum[:6])
	}
	return sums
}()

var pageTemplates = func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(funcs).ParseFS(templates, "templates/layout.html", "templates/parts.html", "templates/modelparts.html"))
	pages := map[string]*template.Template{}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil || len(names) < 3 {
		panic("the console's templates are not embedded")
	}
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		if base != "layout" && !strings.HasSuffix(base, "parts") {
			pages[base] = template.Must(template.Must(shared.Clone()).ParseFS(templates, name))
		}
	}
	return pages
}()

var funcs = template.FuncMap{
	"asset": func(name string) string { return "/admin/static/" + name + "?v=" + assets[name] },
	"when":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") },
	"stamp": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") },
	"exact": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000 UTC") },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"span":  span,
	"secs":  func(d time.Duration) int64 { return int64(d / time.Second) },
	"count": func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + many
	},
	"dict":        dict,
	"ms":          func(f *float64) string { return strconv.FormatFloat(*f, 'f', 1, 64) + " ms" },
	"productPath": productPath,
	"marketPath":  marketPath,
}

// dict makes the named arguments of a part.
func dict(kv ...any) (map[string]any, error) {
	if len(kv)%2 != 0 {
		return nil, fmt.Errorf("dict wants pairs")
	}
	m := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		k, ok := kv[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict wants names")
		}
		m[k] = kv[i+1]
	}
	return m, nil
}

// span writes a duration as people say it: "1 hour", "1 hour 30 minutes".
func span(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := int64(d / u.size)
		d -= time.Duration(n) * u.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+u.name)
		case n > 1:
			parts = append(parts, strconv.FormatInt(n, 10)+" "+u.name+"s")
		}
	}
	return strings.Join(parts, " ")
}

// screen is what the layout shows around a page.
type screen struct {
	Title   string
	Section string // which entry of the navigation is lit
	User    string // "" where nobody is signed in
	Role    string
	Nav     []navEntry
	Flash   string
	Version string
	Request string
	Data    any
}

type navEntry struct {
	Name, Path, Section string
}

func (v *visit) nav() []navEntry {
	nav := []navEntry{{"Overview", "/admin/", "overview"}}
	for _, e := range []struct {
		navEntry
		needs auth.Scope
	}{
		{navEntry{"Authentication", "/admin/auth/", "auth"}, auth.ScopeClients},
		{navEntry{"Data products", "/admin/products/", "products"}, auth.ScopeProductsRead},
		{navEntry{"Marketplaces", "/admin/marketplaces/", "marketplaces"}, auth.ScopeProductsRead},
		{navEntry{"Models", "/admin/models/", "models"}, auth.ScopeModels},
		{navEntry{"Audit", "/admin/audit/", "audit"}, auth.ScopeAudit},
	} {
		if v.may(e.needs) {
			nav = append(nav, e.navEntry)
		}
	}
	return nav
}

// show renders a page for the person who is signed in.
func (v *visit) show(status int, name, section, title string, data any) error {
	s := v.frame(section)
	s.Title, s.Flash, s.Data = title, v.h.takeFlash(v.w, v.r), data
	return v.h.render(v.w, v.r, status, name, s)
}

// frame is what surrounds every page of the person who is signed in.
func (v *visit) frame(section string) screen {
	return screen{Section: section, User: v.caller.Name, Role: v.caller.Role.Title(), Nav: v.nav()}
}

// render writes a page whole, or an error and nothing of the page.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name string, s screen) error {
	s.Version, s.Request = h.Version, auth.RequestID(r.Context())
	var b bytes.Buffer
	t, ok := pageTemplates[name]
	if !ok {
		return fmt.Errorf("no template %q", name)
	}
	if err := t.ExecuteTemplate(&b, "layout", s); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the person has gone: nobody to tell
	return nil
}

// static serves the console's own files.
func static(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	b, err := files.ReadFile("static/" + name)
	if err != nil || assets[name] == "" {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	cache := "public, max-age=300"
	if r.URL.Query().Get("v") == assets[name] {
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
	return nil
}

// problems are what is wrong with a form, by field; "" is the form as a whole.
type problems map[string]string

// fieldNames maps what the API calls a field to what the form calls it.
var fieldNames = map[string]string{"access_token_expiry": "duration", "access_token_duration": "duration"}

// problemsOf gives what a person can correct; ok is false for other errors.
func problemsOf(err error) (p problems, ok bool) {
	e := fault.As(err)
	if e == nil || e.Kind != fault.Invalid && e.Kind != fault.Conflict {
		return nil, false
	}
	p = problems{}
	for _, f := range e.Fields {
		name := f.Loc[len(f.Loc)-1]
		if known := fieldNames[name]; known != "" {
			name = known
		}
		p[name] = sentence(f.Msg)
	}
	if len(p) == 0 {
		p[""] = sentence(e.Message)
	}
	return p, true
}

// sentence makes the API's terse message one for people.
func sentence(s string) string {
	if s == "Field required" {
		return "This is needed."
	}
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
