// Package rest is door 2: the REST surface that published clients know, under
// /api, /ai/api, /integration and /dps. Each noun has a handler of its own with
// its Routes, the wire structs it answers with, and the few methods it needs of
// what is behind it. It decides nothing: scopes are the mux's, products and
// credentials the gateway's.
package rest
