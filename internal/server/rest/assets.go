package rest

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// AssetReader opens an asset of its owner; *result.Assets does.
type AssetReader interface {
	Open(ctx context.Context, owner, id, chatID string) (result.Asset, io.ReadCloser, error)
}

// Assets serves what tools kept: full results, charts.
type Assets struct {
	Assets AssetReader
	Draw   tool.Drawer // gives charts as pictures; nil gives their specs only
}

// Routes lists what it serves.
func (h Assets) Routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/ai/api/v1/assets/{asset_id}", Scope: auth.ScopeQuery, Errors: web.DetailErrors, Handle: h.get}}
}

// guard keeps what a caller's data made from acting in this origin when it is
// opened in a browser.
func guard(head http.Header) {
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:")
}

func (h Assets) get(w http.ResponseWriter, r *http.Request) error {
	a, body, err := h.Assets.Open(r.Context(), auth.CallerFrom(r.Context()).Subject(), r.PathValue("asset_id"), r.URL.Query().Get("chat_id"))
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // read only: what was read was checked
	if a.Kind == "chart" {
		return h.chart(w, r, a, body)
	}
	// The first chunk is opened before the header goes out, so that an asset
	// that was tampered with is an error and not an empty answer.
	first := make([]byte, 32<<10)
	n, err := io.ReadFull(body, first)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF { //nolint:errorlint // ReadFull's own; a reader's wrapped one is a failure
		return err
	}
	head := w.Header()
	head.Set("Content-Type", a.Media())
	head.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	guard(head)
	if a.Name != "" {
		head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	}
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(first[:n]); err != nil {
		return err
	}
	copied, err := io.Copy(w, body)
	if err == nil && int64(n)+copied != a.Size {
		err = fmt.Errorf("asset %s has %d bytes instead of %d", a.ID, int64(n)+copied, a.Size)
	}
	return err
}
