// Package draft makes the specification of a data product out of a warehouse:
// what introspection found (product.Schema), what a bounded look into the
// tables shows, and what is guessed from both. The same warehouse gives the
// same text, and every guess is marked, for a person to look over.
package draft
