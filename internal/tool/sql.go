package tool

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
)

// What a model gets to read of one result. A row is at least three characters,
// so that headRows is never what trims.
const (
	headChars = 10_000
	headRows  = 4_096
)

// queryInput is what the tools that reach a warehouse share.
type queryInput struct {
	DataProductID      string `json:"data_product_id" jsonschema:"Id of the data product, as list_data_products_tool gives it."`
	DataProductVersion string `json:"data_product_version,omitempty" jsonschema:"Version of the data product; leave out for the current one."`
	PreExecSQL         string `json:"pre_exec_sql,omitempty" jsonschema:"A statement to run first in the same session: SET of a custom variable, for tenant scoping."`
	AuthID             string `json:"auth_id,omitempty" jsonschema:"A stored warehouse credential (auth_id) to use; leave out to use the newest active one."`
	AuthMode           string `json:"auth_mode,omitempty" jsonschema:"Leave out. mde_credentials is refused."`
	AllowFallbackAuth  bool   `json:"allow_fallback_auth,omitempty" jsonschema:"Accepted and ignored."`
}

// Product says which product the input is about.
func (q queryInput) Product() (id, version string) { return q.DataProductID, q.DataProductVersion }

func (q queryInput) query(e *Env) product.Query {
	return product.Query{
		ProductID: q.DataProductID, Version: q.DataProductVersion, PreSQL: q.PreExecSQL,
		AuthID: q.AuthID, AuthMode: q.AuthMode, Via: e.Via,
	}
}

type sqlInput struct {
	queryInput
	SQL             string `json:"sql" jsonschema:"One read-only statement in the warehouse's own dialect. Name tables as get_data_schema_tool names them."`
	ResultTableName string `json:"result_table_name" jsonschema:"A short name for the result, of your choice, such as monthly_sales."`
}

// sqlOutput is the trimmed result; the full one is the asset.
type sqlOutput struct {
	ResultTableName string   `json:"result_table_name"`
	Columns         []column `json:"columns"`
	Rows            [][]any  `json:"rows" jsonschema:"Values in the order of columns."`
	RowCount        int64    `json:"row_count" jsonschema:"Rows of the full result."`
	Truncated       bool     `json:"truncated" jsonschema:"True when rows holds less than the full result."`
	Reason          string   `json:"reason,omitempty" jsonschema:"Why it was trimmed."`
	Next            string   `json:"next,omitempty" jsonschema:"What to do to see more."`
	AssetID         string   `json:"asset_id,omitempty" jsonschema:"Where the full result is kept for a while: what generate_chart_tool draws."`
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

var sqlExecution = Define("sql_execution_tool", "Run SQL",
	"Runs one read-only SQL statement on a data product's warehouse, with the caller's own warehouse credentials, and returns the rows. "+
		"Only the product's tables and columns can be read; call get_data_schema_tool first to see them. "+
		"data_product_id, sql and result_table_name (any short name for the result) are required. "+
		"A large result is trimmed: row_count is the full count, reason and next say what was left out and how to get it.",
	runSQL)

func runSQL(ctx context.Context, e *Env, in sqlInput) (Answer[sqlOutput], error) {
	q := in.query(e)
	q.SQL = in.SQL
	rows, err := e.Data.Run(ctx, e.Caller, q)
	if err != nil {
		return Answer[sqlOutput]{}, err
	}
	t, assets, err := e.read(ctx, rows, in.ResultTableName)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return Answer[sqlOutput]{}, err
	}
	out := sqlOutput{
		ResultTableName: in.ResultTableName, Columns: []column{}, Rows: t.Rows,
		RowCount: t.RowCount, Truncated: t.Truncated, Reason: t.Reason, Next: t.Next,
	}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, column(c))
	}
	if out.Rows == nil {
		out.Rows = [][]any{}
	}
	if len(assets) > 0 {
		out.AssetID = assets[0].ID
	}
	if out.Truncated {
		out.Next += e.whole(in.DataProductID, assets)
	}
	return Answer[sqlOutput]{Content: out, Assets: assets}, nil
}

// read takes the result to its end: its beginning is the answer, all of it the
// asset, where assets are kept.
func (e *Env) read(ctx context.Context, rows result.Rows, name string) (result.Table, []AssetRef, error) {
	if e.Assets == nil {
		t, err := result.Head(ctx, rows, headRows, headChars)
		return t, nil, err
	}
	t, kept, err := result.HeadKept(ctx, rows, e.Assets, result.Asset{
		Owner: e.Caller.Subject(), ChatID: e.ChatID, Kind: "sql", Name: fileName(name), ContentType: string(result.CSV),
	}, headRows, headChars)
	if kept.ID == "" { // too large to be kept
		return t, nil, err
	}
	return t, []AssetRef{{Kind: kept.Kind, ID: kept.ID}}, err
}

// whole says where the full result is.
func (e *Env) whole(productID string, assets []AssetRef) string {
	s := fmt.Sprintf(" POST /api/v2/data-product/%s/query/ streams the full result.", url.PathEscape(productID))
	if len(assets) > 0 {
		s += fmt.Sprintf(" GET /ai/api/v1/assets/%s?chat_id=%s gives the asset.", assets[0].ID, e.ChatID)
	}
	return s
}

// fileName keeps of a result's name what is safe in a file's.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name)
	if name == "" || len(name) > 80 {
		name = "result"
	}
	return name + ".csv"
}
