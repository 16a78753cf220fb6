// Package fault is the one error type of Postern. Deep code names the kind of
// failure and writes a message for the caller; only a door knows what status
// or body that becomes. An error that is not a fault is Internal, and its text
// never leaves the process.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure it is. Doors map kinds to statuses.
type Kind int

// The kinds. Internal is the zero value, so that an error nobody classified
// says nothing to the caller.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Denied
	NotFound
	Conflict
	Rejected // the warehouse refused the SQL
	Limited
	Unavailable
	Timeout
)

var kindNames = [...]string{
	"internal", "invalid", "unauthenticated", "denied", "not_found",
	"conflict", "rejected", "limited", "unavailable", "timeout",
}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "internal"
	}
	return kindNames[k]
}

// Field is one thing wrong with the input: where, what, and the machine name
// of the rule, in the form FastAPI clients read (loc, msg, type).
type Field struct {
	Loc  []string
	Msg  string
	Type string
}

// Error is a failure that may be told to the caller.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Field

	// Code and Name are the documented tool error (10001
	// QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED, ...), zero where there is none.
	Code int
	Name string

	// Lock and Position belong to a refused statement: which of the four
	// locks refused, and the byte offset in the SQL as the caller wrote it
	// (-1 when there is no place).
	Lock     string
	Position int

	RetryAfter time.Duration

	cause error
}

func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap gives the cause, which is for the log only.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault with a message for the caller.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Position: -1}
}

// Because makes a fault with a cause that only the log sees.
func Because(cause error, k Kind, format string, args ...any) *Error {
	e := New(k, format, args...)
	e.cause = cause
	return e
}

// Missing is the Invalid fault of a required field that was not given.
func Missing(field string) *Error {
	return BadField(field, "missing", "Field required")
}

// BadField is the Invalid fault of one field. rule is the machine name of the
// broken rule; format is the sentence for a person.
func BadField(field, rule, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	e := New(Invalid, "%s: %s", field, msg)
	e.Fields = []Field{{Loc: append([]string{"body"}, strings.Split(field, ".")...), Msg: msg, Type: rule}}
	return e
}

// Coded sets the documented tool error code and its name.
func (e *Error) Coded(code int, name string) *Error {
	e.Code, e.Name = code, name
	return e
}

// At sets which lock refused a statement and where.
func (e *Error) At(lock string, position int) *Error {
	e.Lock, e.Position = lock, position
	return e
}

// After sets when a retry makes sense.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// As finds the fault in a chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf is the kind of the fault in the chain; Internal where there is none.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is reports whether the chain holds a fault of the kind.
func Is(err error, k Kind) bool {
	e := As(err)
	return e != nil && e.Kind == k
}
