// Package spec reads the documents that people write: the specs of data
// products and of marketplaces, as YAML or JSON. What is wrong with one is told
// field by field, each with its path and its line; keys of the author's own
// begin with x- at every level and are kept as written.
package spec
