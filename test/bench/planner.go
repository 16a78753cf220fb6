package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// Of the planner on a wide product.
const (
	wideTables = 500
	wideValues = 400_000 // as many as the server keeps of a product
	wideAsked  = 400
)

// planners are figures of the planner alone, in this process: from a question
// to its query, over 500 tables of 20 columns, and what its index holds.
func (b *bench) planners() []*figure {
	var p *planner.Planner
	index := func() (float64, error) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		p = planner.New(wideModel(), wideDictionary())
		runtime.GC()
		runtime.ReadMemStats(&after)
		return (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (1 << 20), nil
	}
	asked := func() (float64, error) {
		if p == nil {
			p = planner.New(wideModel(), wideDictionary())
		}
		took := make([]time.Duration, wideAsked)
		for i := range took {
			began := time.Now()
			a := p.Plan(wideQuestions[i%len(wideQuestions)])
			took[i] = time.Since(began)
			if !a.Read && a.Reason == "" {
				return 0, fmt.Errorf("a question came to nothing: %s", wideQuestions[i%len(wideQuestions)])
			}
		}
		slices.Sort(took)
		return float64(took[len(took)*95/100].Microseconds()) / 1000, nil
	}
	return []*figure{
		{name: "planner's index of 500 tables, 10,000 columns, 400,000 values", unit: "MiB", gate: index, goal: 200, most: true, runs: 1},
		{name: "question to query over them, p95", unit: "ms", gate: asked, goal: 20, most: true, runs: 1},
	}
}

var wideWords = strings.Fields("order item price customer store region product stock ship invoice payment ledger account branch visit ticket agent route fleet depot")

var wideQuestions = []string{
	"What is the average price of order item 1 for each region?",
	"How many customers have more than 3 invoices and live in place 7?",
	"Show the names and prices of the products with the highest stock in 2023.",
	"List the ticket agent and depot of every route without a payment, ordered by fleet.",
	"How many order item 1 are there?",
}

// wideModel has tables and columns with names of few words, so that each word
// of a question may be many of them.
func wideModel() *semantic.Model {
	m := &semantic.Model{}
	for t := range wideTables {
		table := semantic.Table{Name: fmt.Sprintf("%s_%s_%d", wideWords[t%20], wideWords[t/20%20], t), PrimaryKey: []string{"id"}, Rows: 1000}
		table.Physical = table.Name
		table.Columns = append(table.Columns, semantic.Column{Name: "id", Class: semantic.Numeric, Role: semantic.Key, Distinct: -1},
			semantic.Column{Name: "parent_id", Class: semantic.Numeric, Role: semantic.Foreign, Distinct: -1})
		for c := range 18 {
			class := semantic.Text
			if c%2 == 0 {
				class = semantic.Numeric
			}
			table.Columns = append(table.Columns, semantic.Column{Name: wideWords[c] + "_" + wideWords[(c+t)%20], Class: class, Role: semantic.Dimension, Distinct: -1})
		}
		m.Tables = append(m.Tables, table)
		if t > 0 {
			m.Joins = append(m.Joins, semantic.Join{Name: fmt.Sprint("j", t), From: table.Name, Columns: []string{"parent_id"},
				To: m.Tables[(t-1)/3].Name, RefColumns: []string{"id"}, Cardinality: semantic.ManyToOne})
		}
	}
	m.Seal()
	return m
}

func wideDictionary() *planner.Dictionary {
	d := &planner.Dictionary{}
	for i := range wideValues {
		t, c := i/800, 2*(i/100%8)+1
		d.Add(fmt.Sprintf("%s_%s_%d", wideWords[t%20], wideWords[t/20%20], t), wideWords[c]+"_"+wideWords[(c+t)%20], fmt.Sprintf("place %d of %d", i%100, i))
	}
	return d
}
