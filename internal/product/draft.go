package product

import "github.com/postern/postern/internal/fault"

// Draft writes a spec for what introspection found: every table a record set,
// every foreign key a relationship.
func Draft(s Schema, uri, id, name string) ([]byte, error) {
	return nil, fault.New(fault.Invalid, "nothing to draft from %d tables of %s for %s %s", len(s.Tables), uri, id, name)
}
