package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// MaxBody is the limit of a JSON body, in bytes.
const MaxBody = 1 << 20

// Body reads the whole body, cut off at limit: one byte more is an error.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		e := fault.New(fault.Invalid, "the body is larger than %d bytes", limit)
		return nil, e.Coded(http.StatusRequestEntityTooLarge, statusOverride)
	}
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "the body could not be read")
	}
	return b, nil
}

// Decode reads a JSON object into v. A body that is not JSON is Invalid
// without fields (400); a value of the wrong type names its field. Fields that
// v does not know are ignored, as the API's published clients send extras.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		mt, _, err := mime.ParseMediaType(ct)
		if err != nil || mt != "application/json" && !strings.HasSuffix(mt, "+json") {
			e := fault.New(fault.Invalid, "Content-Type must be application/json")
			return e.Coded(http.StatusUnsupportedMediaType, statusOverride)
		}
	}
	b, err := Body(w, r, MaxBody)
	if err != nil {
		return err
	}
	return DecodeBytes(b, v)
}

// DecodeBytes is Decode on bytes already read. Its errors never carry input.
func DecodeBytes(b []byte, v any) error {
	if string(bytes.TrimSpace(b)) == "null" { // which Unmarshal takes for an object without fields
		return fault.New(fault.Invalid, "the body must be a JSON object")
	}
	err := json.Unmarshal(b, v)
	if err == nil {
		return nil
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if te.Field == "" {
			return fault.New(fault.Invalid, "the body must be a JSON object")
		}
		return fault.BadField(te.Field, "type_error", "Input should be a valid %s", jsonName(te.Type))
	}
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.New(fault.Invalid, "the body is not valid JSON (at byte %d)", se.Offset)
	}
	return fault.New(fault.Invalid, "the body is not valid JSON")
}

// jsonName is what JSON calls a value that fits a Go type.
func jsonName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	case reflect.Pointer:
		return jsonName(t.Elem())
	default:
		return "string"
	}
}

// Respond writes v as JSON.
func Respond(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client is gone; the request event has the status
	return nil
}

// Page reads limit and skip (or offset) from the query.
func Page(r *http.Request, def, most int) (limit, skip int, err error) {
	q := r.URL.Query()
	if limit, err = pageNumber(q.Get("limit"), "limit", def, 1, most); err != nil {
		return 0, 0, err
	}
	name, v := "skip", q.Get("skip")
	if v == "" && q.Get("offset") != "" {
		name, v = "offset", q.Get("offset")
	}
	skip, err = pageNumber(v, name, 0, 0, 1<<31)
	return limit, skip, err
}

func pageNumber(v, name string, def, least, most int) (int, error) {
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		e := fault.New(fault.Invalid, "%s must be a whole number from %d to %d", name, least, most)
		e.Fields = []fault.Field{{Loc: []string{"query", name}, Msg: e.Message, Type: "int_range"}}
		return 0, e
	}
	return n, nil
}
