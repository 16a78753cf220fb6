package agent_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
)

// framed makes a stream of events, each as the format says.
func framed(format string) func([]string) string {
	return func(events []string) string {
		var b strings.Builder
		for _, e := range events {
			fmt.Fprintf(&b, format, e)
		}
		return b.String()
	}
}

// with changes the events before they are sent.
func with(change func([]string) []string) func([]string) string {
	return func(events []string) string { return framed("data: %s\n\n")(change(events)) }
}

// as is a turn that says DONE in two pieces and its own stream.
func as(body func([]string) string) []scripted.Turn {
	return []scripted.Turn{{Text: "DONE", Fragment: 2, In: 10, Out: 1, As: body}, {Status: 418}}
}

// indented are events of several lines, as the JSON of some servers is.
func indented(events []string) string {
	var b strings.Builder
	for _, e := range events {
		e = strings.ReplaceAll(e, `,"`, ",\n  \"")
		b.WriteString("data: " + strings.ReplaceAll(e, "\n", "\ndata: ") + "\n\n")
	}
	return b.String()
}

const day = 24 * time.Hour

// streamScenarios are about the stream of a reply, and how it ends.
var streamScenarios = []scenario{
	{name: "words alone", turns: []scripted.Turn{done}, want: ends("DONE")},
	{name: "no words at all", turns: []scripted.Turn{{In: 10, Out: 1}}, want: ends("")},
	{name: "words in fragments", turns: []scripted.Turn{{Text: "It is DONE, é", Fragment: 1}}, want: ends("It is DONE, é"), hears: true},
	{name: "words cut inside characters are heard whole", turns: []scripted.Turn{{Text: "é€😀 DONE", Fragment: 1, By: "bytes"}}, want: ends("é€😀 DONE"), hears: true},
	{name: "words cut inside pairs of UTF-16 are heard whole", turns: []scripted.Turn{{Text: "😀é DONE", Fragment: 1, By: "units"}}, want: ends("😀é DONE"), hears: true},
	{name: "one byte at a time", turns: []scripted.Turn{{Text: "é DONE", In: 10, Out: 1, Chop: 1}}, want: ends("é DONE")},
	{name: "one byte at a time, lines end with CRLF", turns: []scripted.Turn{{Text: "DONE", Chop: 1, As: framed("data: %s\r\n\r\n")}}, want: ends("DONE")},
	{name: "lines end with CRLF", turns: as(framed("event: x\r\ndata: %s\r\n\r\n")), want: ends("DONE")},
	{name: "lines end with CR", turns: as(framed("event: x\rdata: %s\r\r")), want: ends("DONE")},
	{name: "comments, ids and unknown fields between", turns: as(framed(": ping\nid: 7\nretry: 10\nfoo\ndata: %s\n\n: ping\n\n")), want: ends("DONE")},
	{name: "no space after the colon", turns: as(framed("data:%s\n\n")), want: ends("DONE")},
	{name: "the type of the event after its data", turns: as(framed("data: %s\nevent: x\n\n")), want: ends("DONE")},
	{name: "a mark of the byte order at the start", turns: as(func(e []string) string { return "\ufeff" + framed("data: %s\n\n")(e) }), want: ends("DONE")},
	{name: "blank lines more than there should be", turns: as(framed("\n\n\ndata: %s\n\n\n\n")), want: ends("DONE")},
	{name: "events without data", turns: as(framed("data:\n\ndata\n\ndata: %s\n\n")), want: ends("DONE")},
	{name: "an event in several lines", turns: as(indented), want: ends("DONE")},
	{name: "an event in several lines that end with CRLF", turns: as(func(e []string) string { return strings.ReplaceAll(indented(e), "\n", "\r\n") }), want: ends("DONE")},
	{name: "events that say nothing", turns: as(with(func(e []string) []string { return append([]string{"{}"}, e...) })), want: ends("DONE")},
	{name: "the last blank line is missing", turns: as(func(e []string) string { return strings.TrimRight(framed("data: %s\n\n")(e), "\n") }), want: ends("DONE")},
	{name: "the mark at the end is missing", turns: as(with(func(e []string) []string { return e[:len(e)-1] })), skip: "gemini", want: ends("DONE")},
	{name: "junk after the end", turns: as(with(func(e []string) []string { return append(e, "{junk", e[0]) })), want: ends("DONE")},
	{name: "a second answer beside the first is not read", turns: as(with(func(e []string) []string {
		return append([]string{`{"choices":[{"index":1,"delta":{"content":"OTHER"}}],"candidates":[{"index":1,"content":{"parts":[{"text":"OTHER"}]}}]}`}, e...)
	})), want: ends("DONE")},
	{name: "a stream that stays open after its end", turns: []scripted.Turn{{Text: "DONE", In: 10, Out: 1, Wait: day, At: 99}}, want: ends("DONE"), took: 100 * time.Millisecond},
	{name: "a packed stream", turns: []scripted.Turn{{Text: "DONE", In: 10, Out: 1, Gzip: true}}, want: ends("DONE")},
	{name: "a packed stream that unpacks without end", turns: []scripted.Turn{{Gzip: true, As: func([]string) string { return strings.Repeat(": "+strings.Repeat("x", 998)+"\n", 9<<10) }}},
		want: notReached, cause: "too long"},
	{name: "an encoding that is none", turns: []scripted.Turn{{Text: "DONE", Header: map[string]string{"Content-Encoding": "identity"}}}, want: ends("DONE")},
	{name: "an encoding that was not asked for", turns: []scripted.Turn{{Text: "DONE", Header: map[string]string{"Content-Encoding": "br"}}}, want: notReached, cause: "encoding"},
	{name: "a page in the place of a stream", turns: []scripted.Turn{{Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, As: func([]string) string { return "<html>" + modelKey }}},
		want: notReached, cause: "no stream of events (text/html)"},
	{name: "a document in the place of a stream", turns: []scripted.Turn{{Header: map[string]string{"Content-Type": "application/json"}, As: func(e []string) string { return e[0] }}},
		want: notReached, cause: "no stream of events (application/json)"},
	{name: "a stream under another name is read all the same", turns: []scripted.Turn{{Text: "DONE", Header: map[string]string{"Content-Type": "text/plain"}}}, want: ends("DONE")},
	{name: "an empty stream", turns: []scripted.Turn{{As: func([]string) string { return "" }}, done}, want: after(0)},
	{name: "words without end", turns: []scripted.Turn{{Text: strings.Repeat("x", 9<<20), Fragment: 64 << 10}}, want: notReached, cause: "too long"},
	{name: "a line without end", turns: []scripted.Turn{{Text: strings.Repeat("x", 2<<20)}}, want: notReached, cause: "too long"},
	{name: "an event of lines without end", turns: []scripted.Turn{{As: func([]string) string { return strings.Repeat("data: "+strings.Repeat("x", 994)+"\n", 2<<10) }}}, want: notReached, cause: "too long"},
	{name: "headers without end", turns: []scripted.Turn{{Text: "x", Header: map[string]string{"X-Long": strings.Repeat("x", 1<<20)}}, done}, want: after(0)},
	{name: "a reply that is cut is no answer", turns: []scripted.Turn{{Text: "DO", Cut: true}}, want: seen{End: agent.OutOfTokens, Steps: 1}},
	{name: "a reply that a filter ends is no answer", turns: []scripted.Turn{{Text: "DONE", Held: true}}, want: seen{End: agent.Refused, Steps: 1}},
	{name: "counts that are missing", turns: []scripted.Turn{{Text: "DONE"}}, want: ends("DONE")},
	{name: "counts that are negative", turns: []scripted.Turn{{Text: "DONE", Count: "-5"}}, want: ends("DONE")},
	{name: "counts that are words", turns: []scripted.Turn{{Text: "DONE", Count: `"many"`}}, want: ends("DONE")},
	{name: "counts that are fractions", turns: []scripted.Turn{{Text: "DONE", Count: `1.5e1`}}, want: ends("DONE")},
}
