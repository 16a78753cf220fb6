package semantic_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/internal/semantic"
)

func TestStoredReadsTextsOfDigitsAsTexts(t *testing.T) {
	m := &semantic.Model{Tables: []semantic.Table{{Name: "kiln", Physical: "kiln", PrimaryKey: []string{"id"}, Columns: []semantic.Column{
		{Name: "id", Class: semantic.Numeric, Role: semantic.Key}, {Name: "heat", Class: semantic.Text, NumericText: true}}}}}
	m.Seal()
	heat := semantic.Ref{Set: "kiln", Column: "heat"}
	q := semantic.Query{From: "kiln", Select: []semantic.Output{{Expr: heat}}, Order: []semantic.Order{{By: heat, Desc: true}},
		Where: semantic.Compare{Left: heat, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "90"}}}
	number, err := semantic.Compile(q, m, semantic.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	text, err := semantic.Compile(q, m.Stored(), semantic.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(number.SQL, "AS NUMERIC") || strings.Contains(text.SQL, "NUMERIC") || !strings.Contains(text.SQL, "> '90'") {
		t.Errorf("as a number: %s\nas stored: %s", number.SQL, text.SQL)
	}
	if !m.Tables[0].Columns[1].NumericText {
		t.Error("the model itself was changed")
	}
}
