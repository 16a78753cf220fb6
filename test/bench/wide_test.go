package main

import (
	"runtime"
	"testing"

	"github.com/postern/postern/internal/planner"
)

// Time is the bench's to tell; but what looks at every table for every reading
// also makes maps of them, and that shows here, on any machine.
func TestAQuestionOverAWideProductTakesLittleMemory(t *testing.T) {
	const most = 16 << 20 // of one question; what once took a quarter of a second made 200 MiB
	p := planner.New(wideModel(), wideDictionary())
	for _, q := range wideQuestions {
		p.Plan(q) // what is made once is
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p.Plan(q)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%.1f MiB were made for %q", float64(got)/(1<<20), q)
		} else {
			t.Logf("%.1f MiB: %s", float64(got)/(1<<20), q)
		}
	}
}
