package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two invented databases: by its name, one is held.
const dev, kept = "harbour", "bakehouse"

const boats = `
CREATE TABLE pier (pier_id INTEGER PRIMARY KEY, name TEXT, length REAL);
CREATE TABLE boat (boat_id INTEGER PRIMARY KEY, name TEXT, crew INTEGER, pier_id INTEGER REFERENCES pier);
INSERT INTO pier VALUES (1,'North',120.5),(2,'South',80);
INSERT INTO boat VALUES (1,'Heron',4,1),(2,'Gull',2,1),(3,'Tern',7,2);`

const asked = `{"database":"harbour","question":"How many boats are there?","sql":"SELECT count(*) FROM boat"}
{"database":"harbour","question":"What is the average crew of all boats?","sql":"SELECT max(crew) FROM boat"}
{"database":"harbour","question":"How many zeppelins are there?","sql":"SELECT count(*) FROM pier"}
{"database":"harbour","question":"How many piers are there?","sql":"SELECT count(*) FROM quay"}
{"database":"bakehouse","question":"How many piers are there?","sql":"SELECT count(*) + 1 FROM pier"}
`

func folder(t *testing.T) (dir, questions string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{dev, kept} {
		db, err := sql.Open("sqlite", filepath.Join(dir, name+".sqlite"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(boats); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	questions = filepath.Join(dir, "questions.jsonl")
	if err := os.WriteFile(questions, []byte(asked), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, questions
}

func measured(t *testing.T, more ...string) string {
	t.Helper()
	dir, questions := folder(t)
	var out strings.Builder
	if err := run(context.Background(), append([]string{"--databases", dir, "--questions", questions}, more...), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestEachQuestionIsCountedOnce(t *testing.T) {
	var s summary
	if err := json.Unmarshal([]byte(measured(t, "--json", "--per-database", "--kinds", "--curve", "--unanswerable")), &s); err != nil {
		t.Fatal(err)
	}
	if want := (totals{Databases: 1, Questions: 4, Correct: 1, Wrong: 1, Abstained: 1, Unscored: 1}); s.Totals != want {
		t.Errorf("%+v, want %+v", s.Totals, want)
	}
	if len(s.PerDatabase) != 1 || s.PerDatabase[dev].Correct != 1 || s.Wrong["other rows"] != 1 {
		t.Errorf("%+v", s)
	}
	if k := s.Kinds["how many, one table"]; k == nil || k.Questions != 3 {
		t.Errorf("%+v", s.Kinds)
	}
	if len(s.Curve) == 0 {
		t.Error("there is no curve")
	}
	if d := s.Unanswerable["of what is not there"]; d == nil || d.Asked < 3 || d.Answered+d.Unnamed != 0 {
		t.Errorf("%+v", s.Unanswerable)
	}
}

func TestHeldDatabasesAreCountedAndNeverShown(t *testing.T) {
	if held(dev) || !held(kept) {
		t.Fatal("the split has changed: rules may have been written on what is held")
	}
	shown := filepath.Join(t.TempDir(), "wrong.jsonl")
	out := measured(t, "--split", "all", "--wrong", shown)
	if !strings.Contains(out, "all: 2 databases, 5 questions: correct 1 (20.0%), wrong 2 (40.0%)") {
		t.Error(out)
	}
	b, err := os.ReadFile(shown)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); !strings.Contains(s, "average crew") || strings.Contains(s, kept) {
		t.Error(s)
	}
}
