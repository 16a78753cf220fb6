package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// page cuts a page out of a list. Where there is more, X-Next-Page says where:
// published clients follow it until it is absent.
func page[T any](w http.ResponseWriter, r *http.Request, all []T, limit, skip int) []T {
	if skip+limit < len(all) {
		w.Header().Set("X-Next-Page", nextPage(r, limit, skip+limit))
	}
	return all[min(skip, len(all)):min(skip+limit, len(all))]
}

// nextPage is the path of the next page: of this request's own path, as
// clients put it behind the host they know.
func nextPage(r *http.Request, limit, skip int) string {
	q := r.URL.Query()
	q.Del("offset")
	q.Set("limit", strconv.Itoa(limit))
	q.Set("skip", strconv.Itoa(skip))
	return r.URL.EscapedPath() + "?" + q.Encode()
}

// subjectParts are a subject's kind and id as they stand on the wire.
func subjectParts(subject string) (kind, id string) {
	kind, id, ok := strings.Cut(subject, ":")
	if !ok {
		id = kind // everyone
	}
	return kind, id
}
