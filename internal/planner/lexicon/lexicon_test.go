package lexicon_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner/lexicon"
)

func TestPluralsHaveOneLemma(t *testing.T) {
	for plural, want := range map[string]string{
		"cities": "city", "boxes": "box", "children": "child", "status": "status", "addresses": "address",
		"buses": "bus", "ids": "id", "classes": "class", "people": "person", "pos": "pos", "heroes": "hero",
	} {
		if got := lexicon.Lemma(plural); got != want {
			t.Errorf("%s: got %s, want %s", plural, got, want)
		}
	}
}

func TestNamesFallIntoWords(t *testing.T) {
	for name, want := range map[string][]string{
		"OrderDate": {"order", "date"}, "num_of_items": {"number", "of", "item"}, "LName": {"last", "name"}, "fname": {"first", "name"},
		"ORDER_ID": {"order", "id"}, "customerIDs": {"customer", "id"}, "pPos": {"p", "position"}, "zip_code2": {"zip", "code", "2"},
		"custid": {"customer", "id"}, "EMP_DOB": {"employee", "birth", "date"}, "valid": {"valid"}, "discount": {"discount"},
	} {
		if diff := cmp.Diff(want, lexicon.SplitName(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTokens(t *testing.T) {
	type token struct {
		Text, Num string
		Quoted    bool
	}
	for q, want := range map[string][]token{
		"players' names":         {{Text: "players"}, {Text: "'"}, {Text: "names"}},
		"the team's 'Red Bull'":  {{Text: "the"}, {Text: "team"}, {Text: "Red Bull", Quoted: true}},
		"don't cost $1,200":      {{Text: "do"}, {Text: "not"}, {Text: "cost"}, {Text: "$1,200", Num: "1200"}},
		"before June 21, 2002":   {{Text: "before"}, {Text: "June", Num: "2002-06-21"}},
		"on 2018-03-17 07:13:53": {{Text: "on"}, {Text: "2018-03-17", Num: "2018-03-17 07:13:53"}},
		"A340-300 >= three":      {{Text: "A340-300"}, {Text: ">="}, {Text: "three", Num: "3"}},
	} {
		toks, _ := lexicon.Tokens(q)
		var got []token
		for _, t := range lexicon.Dates(toks) {
			got = append(got, token{t.Text, t.Num, t.Quoted})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
}

func TestLongQuestionIsCut(t *testing.T) {
	long := ""
	for range lexicon.MaxTokens + 1 {
		long += "word "
	}
	if toks, cut := lexicon.Tokens(long); !cut || len(toks) != lexicon.MaxTokens {
		t.Errorf("%d tokens, cut %v", len(toks), cut)
	}
}

func TestAbbreviations(t *testing.T) {
	for _, c := range []struct {
		short, word string
		want        bool
	}{{"dpt", "department", true}, {"dept", "department", true}, {"str", "street", true}, {"ag", "age", false}, {"cat", "dog", false}, {"price", "price", false}} {
		if got := lexicon.Abbreviates(c.short, c.word); got != c.want {
			t.Errorf("%s for %s: %v", c.short, c.word, got)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"a 'b' c", "\xff\xfe", "“x", "don’t", "1,00,0.5.", "$", "%", "#", "''", "9th June 20"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		toks, _ := lexicon.Tokens(q)
		for _, tok := range lexicon.Dates(toks) {
			if tok.Start < 0 || tok.End > len(q) || tok.Start > tok.End {
				t.Fatalf("%q: token outside of the question: %+v", q, tok)
			}
		}
	})
}
