package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/audit"
)

func TestARecordOfCallersTextDoesNotReachTheTerminalAsControls(t *testing.T) {
	evil := "SELECT '\x1b[2J\x1b]0;owned\a\u202e' \r--\nFROM t"
	e := audit.Event{ID: "1", Time: time.Unix(0, 0), Kind: audit.QueryRefused, SQL: evil, RanSQL: evil, Product: evil, Object: evil, Reason: evil, ActorName: evil}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printEvent(&out, audit.Row{Record: audit.Record{Body: b, Hash: make([]byte, 32)}}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\a\r\u202e") {
		t.Errorf("%q", out.String())
	}
	if !strings.Contains(out.String(), `SELECT '\x1b[2J`) {
		t.Errorf("the text is not shown: %q", out.String())
	}
}
