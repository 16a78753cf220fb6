package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"time"

	"github.com/postern/postern/internal/fault"
)

// ErrWhole is what each gives when the reply is whole: nothing after it is read,
// so that a connection that stays open holds nobody up.
var ErrWhole = errors.New("the reply is whole")

// How long what is not needed is waited for: what follows a whole reply, so that
// the connection can be used again, and the text of an error.
const (
	drained   = 100 * time.Millisecond
	errorText = 2 * time.Second
)

// within ends the reading of a body after a while, until it is stopped.
func within(d time.Duration, body io.Closer) (stop func() bool) {
	return time.AfterFunc(d, func() { _ = body.Close() }).Stop
}

// read gives the events of an answer.
func read(ctx context.Context, res *http.Response, each func([]byte) error) error {
	if e := res.Header.Get("Content-Encoding"); e != "" && e != "identity" { // the transport undid what it asked for
		return fault.New(fault.Denied, "the language model answers in an encoding that it was not asked for")
	}
	some := false
	left := &io.LimitedReader{R: res.Body, N: maxReply}
	err := events(ctx, left, func(data []byte) error {
		some = true
		return each(data)
	})
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")) // no kind is "", which is none of events
	switch {
	case errors.Is(err, ErrWhole):
		defer within(drained, res.Body)()
		_, _ = io.Copy(io.Discard, left)
		return nil
	case left.N <= 0: // and the last event is half of one
		return tooLong()
	case err == nil && !some && kind != "" && kind != "text/event-stream":
		return fault.New(fault.Denied, "the language model answers with no stream of events%s: its base URL may be another's", named(kind))
	}
	return err
}

var mediaType = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]{1,40}$`)

func named(kind string) string {
	if !mediaType.MatchString(kind) {
		return ""
	}
	return " (" + kind + ")"
}

func tooLong() error { return fault.New(fault.Denied, "the language model's reply is too long") }

// lines splits at each of the ends that a line of events may have: LF, CRLF and
// CR alone, which is not waited behind.
func lines(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxLine)
	cr := false // the last line ended with a CR, and an LF is its other half
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) == 0 {
			return 0, nil, nil
		}
		skip := 0
		if cr && data[0] == '\n' {
			skip = 1
		}
		cr = false
		rest := data[skip:]
		if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
			cr = rest[i] == '\r'
			return skip + i + 1, rest[:i], nil
		}
		if atEOF && len(rest) > 0 {
			return len(data), rest, nil
		}
		return skip, nil, nil
	})
	return s
}

func events(ctx context.Context, r io.Reader, each func([]byte) error) error {
	in := lines(r)
	var data []byte
	begun := false // the event has data
	for first := true; in.Scan(); first = false {
		line := in.Bytes()
		if first {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) == 0 {
			if len(data) > 0 {
				if err := each(data); err != nil {
					return err
				}
			}
			data, begun = data[:0], false
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		if string(field) != "data" {
			continue
		}
		if begun {
			data = append(data, '\n')
		}
		begun = true
		data = append(data, bytes.TrimPrefix(value, []byte(" "))...)
		if len(data) > maxLine {
			return tooLong()
		}
	}
	switch err := in.Err(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, bufio.ErrTooLong):
		return tooLong()
	case err != nil:
		return Broken(err)
	case len(data) > 0: // some servers leave the last blank line out
		return each(data)
	}
	return nil
}
