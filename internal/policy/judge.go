package policy

import (
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

// Verdict is a statement that may run.
type Verdict struct {
	SQL        string   // with physical names
	RecordSets []string // the record sets it reads, for the record
}

// Judge opens the four locks for a statement, or says which one stays shut.
func Judge(f sqlfacts.Facts, sql string, pr product.Product, rewritten bool) (Verdict, error) {
	return Verdict{}, fault.New(fault.Denied, "no statement is allowed yet").At("statement", 0)
}

// JudgePre judges pre_exec_sql: one setting of a variable of the caller's own.
func JudgePre(f sqlfacts.Facts, sql string) error {
	return fault.New(fault.Denied, "no statement is allowed yet").At("statement", 0)
}
