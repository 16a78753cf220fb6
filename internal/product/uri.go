package product

import "github.com/postern/postern/internal/fault"

// ParseSource reads a delivery-system URI. What it refuses it names, except
// what may be a secret.
func ParseSource(uri string) (Source, error) {
	return Source{}, fault.New(fault.Invalid, "the URI %d is not understood", len(uri))
}
