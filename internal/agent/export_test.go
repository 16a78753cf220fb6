package agent

// SameTable is sameTable, for its test.
var SameTable = sameTable
