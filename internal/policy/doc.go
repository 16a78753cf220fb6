// Package policy is WHETHER. It decides in two places on the path, and nothing
// else may decide:
//
//   - who may do what: seven role policies and the product policies, written in
//     Cedar (roles/*.cedar), default deny, forbid wins;
//   - what a statement may do: Judge looks at the facts an engine's own parser
//     found and opens four locks (statement, functions, tables, columns), then
//     splices the product's names into physical ones.
//
// Policy never parses SQL. A kind of node or a function it does not know is
// refused, so that what a new engine version adds stays shut until someone has
// looked at it.
package policy
