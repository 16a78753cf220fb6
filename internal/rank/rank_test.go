package rank_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/rank"
)

// shelf is a small schema: names count four times what descriptions do.
func shelf() *rank.Index {
	x := rank.New()
	for _, d := range [][3]string{
		{"t_order_items", "Lines of an order", "mug"},
		{"orders", "What customers bought", "open,shipped"},
		{"CustomerAddress", "Where to ship", "Zürich,Delft"},
		{"payroll", "Salaries of the staff, never of a customer", ""},
	} {
		fields := []rank.Field{{Name: "name", Text: d[0], Weight: 4}, {Name: "description", Text: d[1]}}
		for v := range strings.SplitSeq(d[2], ",") {
			fields = append(fields, rank.Field{Name: "value", Of: "column", Text: v, Weight: 2})
		}
		x.Add(d[0], fields...)
	}
	return x
}

func TestTheBestDocumentComesFirst(t *testing.T) {
	for query, want := range map[string]string{
		"orders":                        "orders t_order_items",
		"order items":                   "t_order_items orders",
		"orderItem":                     "t_order_items orders",
		"which customers live in Delft": "CustomerAddress orders payroll",
		"ZURICH":                        "CustomerAddress",
		"shipping":                      "orders CustomerAddress",
		"address of the customer":       "CustomerAddress orders payroll",
		"salary":                        "payroll",
		"pay":                           "payroll",
		"mugs":                          "t_order_items",
		"the of which":                  "payroll t_order_items",
		"zebra":                         "",
		"":                              "",
		"?!":                            "",
	} {
		var got []string
		for _, h := range shelf().Search(query, 0) {
			got = append(got, h.ID)
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%q: %s", query, d)
		}
	}
}

func TestAHitSaysWhereItFoundHowManyWords(t *testing.T) {
	hits := shelf().Search("customer address in zurich", 1)
	want := []rank.Match{{"name", "", "CustomerAddress", 2}, {"value", "column", "Zürich", 1}}
	if len(hits) != 1 || hits[0].Score <= 0 {
		t.Fatalf("got %+v", hits)
	}
	if d := cmp.Diff(want, hits[0].Matches); d != "" {
		t.Error(d)
	}
}

func TestAWordIsWorthMoreTheFewerHoldIt(t *testing.T) {
	x := rank.New()
	for i := range 50 {
		x.Add(fmt.Sprint("common", i), rank.Field{Name: "text", Text: "orders by month"})
	}
	x.Add("rare", rank.Field{Name: "text", Text: "refunds by month"})
	if hits := x.Search("monthly orders refunds", 1); hits[0].ID != "rare" {
		t.Errorf("got %+v", hits)
	}
}

func TestEqualHitsKeepTheirOrder(t *testing.T) {
	var first []rank.Hit
	for n := range 20 {
		x := rank.New()
		for i := range 30 {
			x.Add(fmt.Sprint(i), rank.Field{Name: "a", Text: "blue house"}, rank.Field{Name: "b", Text: "garden of a house"})
		}
		got := x.Search("house garden", 10)
		if n == 0 {
			first = got
			if got[0].ID != "0" || got[9].ID != "9" || len(got) != 10 {
				t.Fatalf("got %+v", got)
			}
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Fatal(d)
		}
	}
}

func TestWordsOfScriptsWithoutSpacesAreFound(t *testing.T) {
	x := rank.New()
	x.Add("a", rank.Field{Name: "name", Text: "顧客マスタ"})
	x.Add("b", rank.Field{Name: "name", Text: "注文"})
	if hits := x.Search("顧客", 0); len(hits) != 1 || hits[0].ID != "a" {
		t.Errorf("got %+v", hits)
	}
}

func TestTheNearestNamesAreThoseSpelledAlikeOrOfTheSameWords(t *testing.T) {
	names := []string{"arrival_delay", "departure_delay", "departs", "carrier"}
	for written, want := range map[string]string{
		"arival_delay": "; did you mean arrival_delay?",
		"delays":       "; did you mean arrival_delay or departure_delay?",
		"zebra":        "",
		"":             "",
	} {
		if got := rank.DidYouMean(written, names); got != want {
			t.Errorf("%q: got %q, want %q", written, got, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("order_items", "Order ITEMS")
	f.Add("\xff\x00é", "'s ’ _")
	f.Fuzz(func(t *testing.T, text, query string) {
		x := rank.New()
		x.Add("d", rank.Field{Name: "n", Text: text})
		for _, h := range x.Search(query, 0) {
			if !(h.Score > 0) || len(h.Matches) == 0 {
				t.Errorf("a hit without a reason: %+v", h)
			}
		}
	})
}
