// Package product is WHAT: data products, their record sets, where their data
// is (Source), who they are shared with (Grant), and what introspection finds
// in a warehouse (Schema).
package product

import (
	"encoding/json"
	"time"

	"github.com/postern/postern/internal/product/spec"
)

// Status of a version.
type Status string

// The documented statuses.
const (
	InDraft Status = "draft"
	Ready   Status = "ready"
)

// Product is one version of a data product, parsed from its spec.
type Product struct {
	ID      string // "finance:last_quarter_sales"
	Version string // semver
	Status  Status
	Public  bool // visible to all; otherwise only by grant

	Name             string
	Description      string
	ShortDescription string
	ContactEmail     string
	ContactName      string

	Systems    []System
	RecordSets []RecordSet
	Metrics    []Metric
	Verified   []VerifiedQuery
	Questions  []Question
	ModelUse   ModelUse // x-postern-model: what may leave to a language model

	Spec     json.RawMessage // the whole document as JSON, x- keys kept
	SpecYAML string          // as it was posted, when it was YAML

	CreatedBy string // Caller.Subject()
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ModelUse is what of a product may leave to the provider of a language model.
// The zero value is nothing.
type ModelUse string

// The uses.
const (
	ModelNone   ModelUse = "none"
	ModelSchema ModelUse = "schema" // what the tables mean, and no value of a cell; the default
	ModelRows   ModelUse = "rows"   // values and the beginnings of results too
)

// System is a delivery system: where the data is.
type System struct {
	Name    string // its key in the spec
	Type    string // "sql"
	URI     string // as written
	Source  Source // parsed
	NoLogin bool   // x-postern-login: none
}

// RecordSet is a table as the product shows it.
type RecordSet struct {
	Key           string // its key in the spec
	Name          string
	DisplayName   string
	Description   string
	Columns       []Column // empty: queries are not column-checked
	Table         Table    // the physical table
	Relationships []Relationship
}

// Table is a physical table's name. Database and Schema may be empty where the
// engine has none.
type Table struct {
	Database string
	Schema   string
	Name     string
}

// Column of a record set.
type Column struct {
	Name        string
	Type        string // text, numeric, date, boolean, unknown
	DisplayName string
	Description string
}

// Relationship to another record set.
type Relationship struct {
	Name          string
	RightTable    string
	Expression    string
	SQLDialect    string
	Cardinality   string
	LeftNullable  bool
	RightNullable bool
	Notes         string
}

// Metric is a named expression over the product.
type Metric struct {
	Key         string
	DisplayName string
	Description string
	Expression  string
	Type        string
	Columns     []string
}

// System gives the delivery system queries go to: the first of type sql, by
// name.
func (p Product) System() (System, bool) {
	for _, s := range p.Systems {
		if s.Type == "sql" {
			return s, true
		}
	}
	return System{}, false
}

// YAML is the spec as YAML: as it was posted, or rendered from JSON.
func (p Product) YAML() string {
	if p.SpecYAML != "" || len(p.Spec) == 0 {
		return p.SpecYAML
	}
	return spec.FromJSON(p.Spec)
}

// Grant shares a product with a subject, or one verified query of it.
type Grant struct {
	Product   string
	Subject   string // "client:<id>", "user:<id>", "group:<id>", "everyone"
	Query     string // the verified query's name, with the role QueryRunner
	Member    string // of the group: whom the grant reaches, where that was asked
	Role      GrantRole
	CreatedAt time.Time
	CreatedBy string
}

// GrantRole is a role on one product.
type GrantRole string

// The documented roles on a product.
const (
	ProductViewer GrantRole = "product_viewer"
	ProductAdmin  GrantRole = "product_admin"
)

// QueryRunner is the role on one verified query: to run it, and nothing else
// of its product.
const QueryRunner GrantRole = "query_runner"

// Query is a request for rows of a product.
type Query struct {
	ProductID string
	Version   string // "" is the current one
	SQL       string
	PreSQL    string // runs first, in the same session
	AuthID    string // a stored credential; "" resolves one
	AuthMode  string // "mde_credentials" is refused
	Limit     int64  // rows; 0 is the server's limit
	Via       string // the tool or route, for the record
	// Verified runs that verified query, with Values, in place of SQL.
	Verified string
	Values   map[string]string
}

// Judgement is what the gate makes of a statement that is not to run.
type Judgement struct {
	SQL        string
	Ran        string   // as it would go to the warehouse; "" when refused
	RecordSets []string // that it reads
	Err        error    // why it is refused; nil when it may run
}

// Schema is what introspection finds in a warehouse.
type Schema struct {
	Tables []SchemaTable
}

// SchemaTable is one table or view.
type SchemaTable struct {
	Table       Table
	RecordSet   string // the product's name for it, when asked through one
	Description string
	View        bool
	Rows        int64 // an estimate, -1 when unknown
	Columns     []SchemaColumn
	PrimaryKey  []string
	ForeignKeys []ForeignKey
}

// SchemaColumn is one column. Samples are values seen under the caller's own
// credential.
type SchemaColumn struct {
	Name        string
	Type        string // the engine's spelling
	Nullable    bool
	Description string
	Samples     []string
}

// ForeignKey is one key; a composite key is one.
type ForeignKey struct {
	Name       string
	Columns    []string
	RefTable   Table
	RefColumns []string
}
