package semantic

import "slices"

// Stored gives the model as someone would read it who takes every column for
// what the engine stores: texts of digits are compared and ordered as texts.
// A query whose rows differ between the two rests on the reading of a column
// that nobody has declared.
func (m *Model) Stored() *Model {
	s := *m
	s.stored = true
	s.Tables = slices.Clone(m.Tables)
	for i := range s.Tables {
		s.Tables[i].Columns = slices.Clone(s.Tables[i].Columns)
		for j := range s.Tables[i].Columns {
			s.Tables[i].Columns[j].NumericText = false
		}
	}
	return &s
}
