package draft_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	_ "modernc.org/sqlite" // makes the file

	"github.com/postern/postern/internal/draft"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

// zoo declares half of its keys, and keeps dates and numbers as texts.
const zoo = `
CREATE TABLE keepers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, reach TEXT, shift TEXT, card_type TEXT, keeper_lname TEXT);
CREATE TABLE animals (animal_id INTEGER, species TEXT, keeper_id INTEGER REFERENCES keepers (id), weight_kg REAL, age INTEGER, born TEXT, chip TEXT, story TEXT);
CREATE TABLE feedings (id INTEGER PRIMARY KEY, animal_id INTEGER, at TEXT, grams INTEGER, food TEXT);
CREATE TABLE visits (id INTEGER PRIMARY KEY, keeper_id INTEGER, animal_id INTEGER);
CREATE VIEW heavy AS SELECT * FROM animals WHERE weight_kg > 100;
INSERT INTO keepers VALUES (1, 'Ada Quill', 'ada@zoo.example', '+44 20 7946 0018', 'early', 'gold', 'Quillon'), (2, 'Bo Rook', 'bo@zoo.example', '+44 20 7946 0019', 'late', 'blue', 'Rookwood');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
INSERT INTO animals SELECT i, CASE i % 3 WHEN 0 THEN 'Lion' WHEN 1 THEN 'Owl' ELSE 'Newt' END, 1 + i % 2, i * 1.5, i % 12, date('2019-01-01', '+' || i || ' days'), 1000 + i, 'It came ' || i || char(10) || 'years ago' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO feedings SELECT i, 1 + i % 90, datetime('2024-01-01', '+' || i || ' hours'), 50 * (i % 7), CASE i % 2 WHEN 0 THEN 'meat' ELSE 'hay' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)
INSERT INTO visits SELECT i, 1 + i % 2, 5000 + i FROM n;`

// conn is a session of the driver that the gate uses.
type conn struct {
	warehouse.Conn
	refuse string // part of a statement that is refused
}

// Run implements draft.Session.
func (c conn) Run(ctx context.Context, statement string) ([][]*string, error) {
	if c.refuse != "" && strings.Contains(statement, c.refuse) {
		return nil, errors.New("permission denied")
	}
	rows, err := c.Query(ctx, statement, warehouse.Limits{})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return result.Texts(ctx, rows)
}

func open(t *testing.T, statements, refuse string) (product.Schema, []draft.Session, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zoo.sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var all []draft.Session
	var s product.Schema
	for range 3 {
		c, err := sqlite.Driver{}.Open(t.Context(), product.Source{Engine: product.SQLite, Path: file}, warehouse.Login{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if s, err = c.Schema(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, conn{c, refuse})
	}
	return draft.Named(s), all, "sqlite://" + file
}

// write looks and writes, with what was told of tables that were not read.
func write(t *testing.T, refuse string, b draft.Bounds, o draft.Options) (string, *semantic.Model, []string) {
	t.Helper()
	s, sessions, uri := open(t, zoo, refuse)
	m := draft.Model(s, product.SQLite)
	var told []string
	last := draft.Progress{}
	if err := draft.Look(t.Context(), s, m, sessions, b, func(p draft.Progress) {
		last = p
		if p.Skipped != "" {
			told = append(told, p.Table+": "+p.Skipped)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if last.Done != 4 || last.Total != 4 {
		t.Errorf("told of %d of %d tables at the end", last.Done, last.Total)
	}
	o.URI = uri
	doc, err := draft.Spec(s, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc), m, told
}

func readBack(t *testing.T, doc string) *semantic.Model {
	t.Helper()
	p, err := product.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return semantic.FromProduct(p)
}

func TestADraftKeepsWhatTheModelKnows(t *testing.T) {
	doc, drafted, _ := write(t, "", draft.Usual, draft.Options{})
	s, sessions, _ := open(t, zoo, "")
	straight := semantic.FromSchema(s, semantic.SQLite)
	if err := straight.Sample(t.Context(), &semantic.Looker{Dialect: semantic.SQLite, Run: sessions[0].Run}, draft.Few); err != nil {
		t.Fatal(err)
	}
	straight.InferExcept(func(j semantic.Join) bool { return j.From == "visits" && j.To == "animals" })
	got := readBack(t, doc)
	got.Infer()
	views := cmp.Options{ // which a draft does not look at
		cmpopts.IgnoreSliceElements(func(t semantic.Table) bool { return t.Name == "heavy" }),
		cmpopts.IgnoreSliceElements(func(j semantic.Join) bool { return j.From == "heavy" }),
	}
	same := cmp.Options{views, cmpopts.IgnoreUnexported(semantic.Model{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(semantic.Model{}, "ProductID", "Name", "Description", "Version", "Measures")}
	if d := cmp.Diff(straight, drafted, same); d != "" {
		t.Errorf("two statements a table find other things than one a column: %s", d)
	}
	same = append(same, cmpopts.IgnoreFields(semantic.Column{}, "Nullable", "Values", "Complete", "Unit"))
	if d := cmp.Diff(straight, got, same); d != "" {
		t.Errorf("%s\n%s", d, doc)
	}
	for _, m := range got.Measures {
		if m.Expr == nil {
			t.Errorf("the measure %s is not understood: %s", m.Name, m.Expression)
		}
	}
	for _, want := range []string{"expression: feedings.animal_id = animals.animal_id", "x-postern-inferred: true", "x-postern-inferred: [x-postern-primary-key, x-postern-time-column]",
		"x-postern-unit: kg", "Total grams", "Average age", "x-postern-values: [Lion, Newt, Owl]", "x-postern-values: [early, late]", "x-postern-values: [blue, gold]", "x-postern-rows: 200"} {
		if !strings.Contains(doc, want) {
			t.Errorf("the draft lacks %s\n%s", want, doc)
		}
	}
}

func TestAColumnThatIsCalledLikeAKeyWithoutItsValuesIsNone(t *testing.T) {
	doc, _, _ := write(t, "", draft.Usual, draft.Options{})
	m := readBack(t, doc)
	m.Infer() // as the server does: the draft has to hold there too
	var to []string
	for _, j := range m.Joins {
		if j.From == "visits" {
			to = append(to, j.To)
		}
	}
	if d := cmp.Diff([]string{"keepers"}, to); d != "" {
		t.Errorf("%s\n%s", d, doc)
	}
}

func TestADraftTellsNothingOfPersons(t *testing.T) {
	doc, _, _ := write(t, "", draft.Usual, draft.Options{})
	for _, hidden := range []string{"Ada", "Quillon", "zoo.example", "7946", "It came"} {
		if strings.Contains(doc, hidden) {
			t.Errorf("%s is in the draft\n%s", hidden, doc)
		}
	}
	if doc, _, _ = write(t, "", draft.Usual, draft.Options{NoSamples: true}); strings.Contains(doc, "Lion") || strings.Contains(doc, "early") || strings.Contains(doc, "values") {
		t.Errorf("values are in a draft without samples\n%s", doc)
	}
}

func TestALookIsTheSameEachTime(t *testing.T) {
	s, sessions, uri := open(t, zoo, "")
	var first string
	for range 5 {
		m := draft.Model(s, product.SQLite)
		if err := draft.Look(t.Context(), s, m, sessions, draft.Usual, func(draft.Progress) {}); err != nil {
			t.Fatal(err)
		}
		doc, err := draft.Spec(s, m, draft.Options{URI: uri})
		if err != nil || first != "" && first != string(doc) {
			t.Fatalf("%v\n%s", err, cmp.Diff(first, string(doc)))
		}
		first = string(doc)
	}
}

func TestALargeTableIsLookedAtInPart(t *testing.T) {
	b := draft.Usual
	b.Rows = 100
	doc, _, told := write(t, "", b, draft.Options{})
	if d := cmp.Diff([]string{"feedings: its first 100 rows were looked at"}, told); d != "" {
		t.Error(d)
	}
	m := readBack(t, doc)
	feedings, _ := m.Table("feedings")
	food, _ := feedings.Column("food")
	if food.Complete || food.Distinct >= 0 || !cmp.Equal(food.Values, []string{"hay", "meat"}) || strings.Contains(doc, "x-postern-values: [hay") {
		t.Errorf("a part of the rows counts as all: %+v", food)
	}
	if animals, _ := m.Table("animals"); animals.Rows != 90 {
		t.Errorf("%d rows", animals.Rows)
	}
}

func TestAColumnThatIsRefusedHidesNoOther(t *testing.T) {
	doc, _, told := write(t, `"weight_kg"`, draft.Usual, draft.Options{})
	animals, _ := readBack(t, doc).Table("animals")
	weight, _ := animals.Column("weight_kg")
	species, _ := animals.Column("species")
	if weight.Distinct != -1 || species.Distinct != 3 || animals.Rows != 90 || len(told) > 0 {
		t.Errorf("%+v %+v %d rows, told %v", weight, species, animals.Rows, told)
	}
	if _, _, told = write(t, `"feedings"`, draft.Usual, draft.Options{}); len(told) != 1 || !strings.HasPrefix(told[0], "feedings: it cannot be read") {
		t.Errorf("%v", told)
	}
}

func TestALookThatRunsOutOfTimeSaysSoOnce(t *testing.T) {
	s, sessions, uri := open(t, zoo, "")
	m := draft.Model(s, product.SQLite)
	b := draft.Usual
	b.Within = 0
	var told []string
	if err := draft.Look(t.Context(), s, m, sessions, b, func(p draft.Progress) { told = append(told, p.Table+p.Skipped) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"4 tables are left uncounted: the time is up"}, told); d != "" {
		t.Error(d)
	}
	if doc, err := draft.Spec(s, m, draft.Options{URI: uri}); err != nil || !strings.Contains(string(doc), "name: feedings") || strings.Contains(string(doc), "x-postern-distinct") {
		t.Errorf("%v\n%s", err, doc)
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	s, sessions, _ := open(t, zoo, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := draft.Look(ctx, s, draft.Model(s, product.SQLite), sessions, draft.Usual, func(draft.Progress) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
