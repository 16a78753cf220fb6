package runner

import (
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/schemacost"
)

// bound of one check is about a second of processor: callers wait for it.
var bound = schemacost.Bound{Pairs: 400_000, Matched: 20_000_000}

// tooMuch is the fault of an input that is too much for the agent's schema.
func tooMuch() error {
	e := fault.New(fault.Invalid, "the input is too much to be checked against this agent's schema: send less, or ask an editor of the agent for a simpler one")
	e.Fields = []fault.Field{{Loc: []string{"body"}, Msg: e.Message, Type: "too_long"}}
	return e
}
