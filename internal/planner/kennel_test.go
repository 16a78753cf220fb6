package planner_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

const kennelDDL = `
CREATE TABLE dog (dog_id INTEGER PRIMARY KEY, name TEXT, breed TEXT, sex TEXT, age INTEGER, price REAL, gold INTEGER, vaccinated TEXT, chip TEXT, is_sold INTEGER, sold_date TEXT, joined_year INTEGER, state TEXT, home TEXT, walk_count INTEGER, keeper_id INTEGER);
CREATE TABLE keeper (keeper_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE pen (pen_id INTEGER PRIMARY KEY, name TEXT, maximum_occupancy INTEGER);
CREATE TABLE list (name TEXT, floor INTEGER);
INSERT INTO keeper VALUES (1,'Ole'),(2,'Per');
INSERT INTO dog VALUES
 (1,'Rex','collie','M',3,100,2,'Y','No',1,'2020-01-02',2019,'CA','Paris , France',5,1),
 (2,'Fido','collie','F',5,400,0,'N','RFID',0,'2018-05-06',2017,'TX','Lyon',1,1),
 (3,'Bella','pug','F',9,250,7,'Y','RFID',0,'2019-03-03',2018,'CA','Lyon',9,2),
 (4,'Max','boxer','M',2,900,1,'Y','No',1,'2021-07-08',2020,'NY','Paris , France',2,2);
INSERT INTO pen VALUES (1,'north',2),(2,'south',6),(3,'east',4);
INSERT INTO list VALUES ('a',1),('b',1),('c',2);`

func kennel() *semantic.Model {
	num, text := semantic.Numeric, semantic.Text
	of := func(c semantic.Column, values ...string) semantic.Column {
		c.Values, c.Complete = values, true
		return c
	}
	nullable := func(c semantic.Column) semantic.Column {
		c.Nullable = true
		return c
	}
	return &semantic.Model{
		Name: "Kennel 1",
		Tables: []semantic.Table{
			{Name: "dog", Physical: "dog", PrimaryKey: []string{"dog_id"}, Columns: []semantic.Column{
				col("dog_id", num, semantic.Key), col("name", text, semantic.Dimension), col("breed", text, semantic.Dimension),
				of(col("sex", text, semantic.Dimension), "F", "M"), col("age", num, semantic.Measured), col("price", num, semantic.Measured), col("gold", num, semantic.Measured),
				of(col("vaccinated", text, semantic.Dimension), "N", "Y"), of(col("chip", text, semantic.Dimension), "No", "RFID"),
				of(col("is_sold", num, semantic.Measured), "0", "1"), col("sold_date", semantic.Date, semantic.Time),
				of(col("joined_year", num, semantic.Measured), "2017", "2018", "2019", "2020"), col("state", text, semantic.Dimension), nullable(col("home", text, semantic.Dimension)),
				col("walk_count", num, semantic.Measured), col("keeper_id", num, semantic.Foreign)}},
			{Name: "keeper", Physical: "keeper", PrimaryKey: []string{"keeper_id"}, Columns: []semantic.Column{col("keeper_id", num, semantic.Key), col("name", text, semantic.Dimension)}},
			{Name: "pen", Physical: "pen", PrimaryKey: []string{"pen_id"}, Columns: []semantic.Column{
				col("pen_id", num, semantic.Key), col("name", text, semantic.Dimension), col("maximum_occupancy", num, semantic.Measured)}},
			{Name: "list", Physical: "list", Columns: []semantic.Column{col("name", text, semantic.Dimension), col("floor", num, semantic.Measured)}},
		},
		Joins: []semantic.Join{{Name: "dog_keeper", From: "dog", Columns: []string{"keeper_id"}, To: "keeper", RefColumns: []string{"keeper_id"}, Cardinality: semantic.ManyToOne}},
	}
}

func kennelValues() *planner.Dictionary {
	d := &planner.Dictionary{}
	for column, values := range map[string]string{"name": "Rex|Fido|Bella|Max", "breed": "collie|pug|boxer", "sex": "F|M", "state": "CA|TX|NY", "home": "Paris , France|Lyon", "vaccinated": "Y|N", "chip": "No|RFID"} {
		for v := range strings.SplitSeq(values, "|") {
			d.Add("dog", column, v)
		}
	}
	for _, v := range []string{"Ole", "Per"} {
		d.Add("keeper", "name", v)
	}
	return d
}

func openKennel(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(kennelDDL); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestWhatIsSaidOfOneTableIsRead(t *testing.T) {
	m := kennel()
	db, p := openKennel(t), planner.New(m, kennelValues())
	for _, c := range []struct {
		question string
		want     []string
	}{
		// flags
		{"How many dogs are vaccinated?", []string{"3"}},
		{"List the names of vaccinated dogs.", []string{"Rex", "Bella", "Max"}},
		{"List the names of dogs that are not vaccinated.", []string{"Fido"}},
		{"What are the names of dogs that do not have a chip?", []string{"Rex", "Max"}},
		{"What are the names of dogs that have a chip?", []string{"Fido", "Bella"}},
		{"How many dogs are sold?", []string{"2"}},
		{"Show the name and chip of every dog.", []string{"Bella RFID", "Fido RFID", "Max No", "Rex No"}},
		// nouns that add nothing
		{"What is the average number of gold medals of dogs?", []string{"2.5"}},
		{"What is the average price amount of dogs?", []string{"412.5"}},
		{"List the names of dogs by number of walks in descending order.", []string{"Bella", "Rex", "Max", "Fido"}},
		{"How many kennel dogs are there?", []string{"4"}},
		{"How many kennels are there?", []string{"3"}},
		// when something was done
		{"List the names of dogs ordered by the year they joined.", []string{"Fido", "Bella", "Rex", "Max"}},
		{"When was the first dog sold?", []string{"2018-05-06"}},
		// bounds
		{"List the names of dogs that are at least 5 years old.", []string{"Fido", "Bella"}},
		{"List the names of dogs with age 3 to 5.", []string{"Rex", "Fido"}},
		{"Which pens can hold more than 3 dogs? Show their names.", []string{"south", "east"}},
		{"What is the name of the pen that can accommodate the most dogs?", []string{"south"}},
		// ranks
		{"What are the names of the dogs with the top 2 prices?", []string{"Max", "Fido"}},
		{"Show the names of the top 2 expensive dogs.", []string{"Max", "Fido"}},
		{"List the names of all dogs sorted by price from large to small.", []string{"Max", "Fido", "Bella", "Rex"}},
		{"What is the top 1 breed by number of dogs?", []string{"collie"}},
		// values
		{"How many dogs are from California?", []string{"2"}},
		{"List the names of dogs whose home is Paris, France.", []string{"Rex", "Max"}},
		{"Find the names of dogs whose name contains 'x' or the word 'id'.", []string{"Rex", "Fido", "Max"}},
		{"How many dogs from CA state are there?", []string{"2"}},
		{"Show the age of the dog with the name Rex.", []string{"3"}},
		{"Which dogs have a price above 200 or a price below 120? Show their names.", []string{"Rex", "Fido", "Bella", "Max"}},
		// bounds of other forms
		{"What are the names of dogs whose price has reached 400?", []string{"Fido", "Max"}},
		{"Which pens can seat between 3 and 5 dogs? Show their names.", []string{"east"}},
		{"What are the names of the dogs with a greater than average price?", []string{"Max"}},
		{"What are the names of the dogs that have a higher price than average?", []string{"Max"}},
		{"List the names of dogs with dog id 1 or 3.", []string{"Rex", "Bella"}},
		{"List the names of dogs that have no home.", nil},
		// beyond the extreme of others, and beyond some or all of them
		{"What are the names of the dogs that are older than every collie?", []string{"Bella"}},
		{"Which dogs are older than at least one collie? List their names.", []string{"Fido", "Bella"}},
		{"Show the names of dogs that cost less than the most expensive collie.", []string{"Rex", "Bella"}},
		{"Find the names of dogs with a higher price than the lowest price of dogs in CA.", []string{"Fido", "Bella", "Max"}},
		{"What are the names of dogs that are not 5 years old?", []string{"Rex", "Bella", "Max"}},
		{"List the names of dogs with either the breed pug or boxer.", []string{"Bella", "Max"}},
		{"List the names of dogs with an age above the average or a price above the average.", []string{"Fido", "Bella", "Max"}},
		{"List the names of dogs with breed equal to pug.", []string{"Bella"}},
		{"Which breeds have dogs from CA but not from TX?", []string{"pug"}},
		{"List the breeds of dogs that are in CA but not in TX.", []string{"pug"}},
		{"Show the breeds of dogs with state CA and TX.", []string{"collie"}},
		{"What is the average price of all dogs except the dog with name Max?", []string{"250"}},
		{"Which keepers have never had a dog before? List their names.", nil},
		{"What are the names of dogs that are more expensive then all dogs in CA?", []string{"Fido", "Max"}},
		{"List the names of dogs with the letters X or B in their name.", []string{"Rex", "Bella", "Max"}},
		{"Which breeds have more than 1 records?", []string{"collie"}},
		{"Which keepers have more than a single dog? List their names.", []string{"Ole", "Per"}},
		{"List the names of dogs that are not of the most common breed.", []string{"Bella", "Max"}},
		{"What are the names of the dogs that are not the oldest?", []string{"Rex", "Fido", "Max"}},
		{"Which breeds have more than 300 total price?", []string{"boxer", "collie"}},
		{"List the names of dogs with price under 200 or the highest age.", []string{"Rex", "Bella"}},
		// rows of two tables
		{"What are the names of all dogs and all keepers?", []string{"Rex", "Fido", "Bella", "Max", "Ole", "Per"}},
		{"Which names are used by both dogs and keepers?", nil},
		// orders of other forms
		{"Show the names of all dogs, starting with the oldest.", []string{"Bella", "Fido", "Rex", "Max"}},
		{"List the name and age of dogs, and sort first by sex (in descending order), and then by age (in ascending order).", []string{"Max 2", "Rex 3", "Fido 5", "Bella 9"}},
		{"List the names of dogs in order of their joining years.", []string{"Fido", "Bella", "Rex", "Max"}},
		// counts of other forms
		{"What are the sexes of dogs and how many are in each sex?", []string{"F 2", "M 2"}},
		{"Show all the breeds along with the number of dogs the breeds have.", []string{"collie 2", "pug 1", "boxer 1"}},
		{"Show the number of male and female dogs.", []string{"F 2", "M 2"}},
		{"Show all the breeds and the number of male and female dogs for each breed.", []string{"boxer M 1", "collie F 1", "collie M 1", "pug F 1"}},
		{"How many all-female dogs are there?", []string{"2"}},
		{"Which sex makes up the majority of the dogs older than 3?", []string{"F"}},
		// each
		{"List every dog's name.", []string{"Rex", "Fido", "Bella", "Max"}},
		{"What are the names of all the dogs, as well as the walk counts of each, ordered alphabetically?", []string{"Bella 9", "Fido 1", "Max 2", "Rex 5"}},
	} {
		t.Run(c.question, func(t *testing.T) {
			a := p.Plan(c.question)
			if !a.Read {
				t.Fatalf("not read: %s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, m, semantic.SQLite)
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, db, s.SQL)
			if !strings.Contains(c.question, "order") && !strings.Contains(c.question, "sort") && !strings.Contains(c.question, "starting") {
				sortBoth(got, c.want)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s)\n%s", diff, a.Trace, s.SQL)
			}
		})
	}
}

func TestAWordThatOnlyLooksLikeOneOfTheseIsDeclined(t *testing.T) {
	p := planner.New(kennel(), kennelValues())
	for _, q := range []string{
		"How many gold collars are there?",                  // no number of them is asked of a dog
		"How many licensed dogs are there?",                 // no flag of that name
		"List the names of dogs that are 5 kilometers old.", //
		"Show the names of the top 2 friendly dogs.",
		"Which pens can hold more than 3 dragons?",
		"How many dogs are from Nebraska?",
	} {
		if a := p.Plan(q); a.Read {
			t.Errorf("%q is read: %s (%s)", q, a.Restatement, a.Trace)
		}
	}
}
