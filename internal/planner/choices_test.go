package planner_test

import (
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// A word that two columns are called by is no reason to take one of them.
func TestAWordOfTwoColumnsGivesBothAsChoices(t *testing.T) {
	num := semantic.Numeric
	m := &semantic.Model{Tables: []semantic.Table{{Name: "flight", Physical: "flight", PrimaryKey: []string{"flight_id"}, Columns: []semantic.Column{
		col("flight_id", num, semantic.Key), col("departure_delay", num, semantic.Measured), col("arrival_delay", num, semantic.Measured)}}}}
	a := planner.New(m, nil).Plan("What is the average delay?")
	if a.OK || len(a.Choices) < 2 || a.Choices[0].ID == a.Choices[1].ID {
		t.Errorf("%v %+v: %s", a.OK, a.Choices, a.Reason)
	}
}
