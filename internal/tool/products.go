package tool

import (
	"cmp"
	"context"
	"fmt"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/product/search"
)

type specInput struct {
	DataProductID      string `json:"data_product_id" jsonschema:"Id of the data product."`
	DataProductVersion string `json:"data_product_version,omitempty" jsonschema:"Version of the data product; leave out for the current one."`
}

// Product says which product the input is about.
func (in specInput) Product() (id, version string) { return in.DataProductID, in.DataProductVersion }

type specOutput struct {
	ProductID string `json:"product_id"`
	VersionID string `json:"version_id"`
	Status    string `json:"status"`
	Name      string `json:"name"`
	Spec      any    `json:"spec_json" jsonschema:"The whole specification."`
}

// found is the shape that published clients read from the two product tools.
type found[T any] struct {
	Instructions string `json:"instructions"`
	Results      []T    `json:"results"`
}

var productSpec = leading(Define("get_data_product_spec_tool", "Get data product spec",
	"Gives a data product's specification: its delivery system, record sets, columns, relationships and metrics, as its owner wrote them.",
	readSpec))

func readSpec(ctx context.Context, e *Env, in specInput) (Answer[specOutput], error) {
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return Answer[specOutput]{}, err
	}
	out := specOutput{pr.ID, pr.Version, string(pr.Status), pr.Name, pr.Spec}
	return Answer[specOutput]{Content: out, Top: found[specOutput]{
		Instructions: "The specification of data product " + pr.ID + ". Query it with sql_execution_tool.",
		Results:      []specOutput{out},
	}}, nil
}

type searchInput struct {
	SearchTerm    string `json:"search_term" jsonschema:"Words to look for in names, descriptions, tables, columns, metrics and their synonyms; empty lists every product."`
	Limit         int    `json:"limit,omitempty" jsonschema:"Products to return at most; 5 when left out."`
	MarketplaceID string `json:"marketplace_id,omitempty" jsonschema:"Id of a marketplace to look in; leave out for every product that you may see."`
}

func (searchInput) bounds() map[string][2]float64 { return map[string][2]float64{"limit": {1, 100}} }

type foundProduct struct {
	ProductID        string   `json:"product_id"`
	VersionID        string   `json:"version_id"`
	Name             string   `json:"name"`
	Description      string   `json:"description,omitempty"`
	ShortDescription string   `json:"short_description,omitempty"`
	Status           string   `json:"status"`
	Tables           []string `json:"tables"`
	Matched          []string `json:"matched,omitempty" jsonschema:"Where the words were found: name, table orders, column orders.city."`
}

var productSearch = leading(Define("list_data_products_tool", "Search data products",
	"Finds the data products that you may use, best match first. An empty search_term lists all of them. "+
		"Take product_id from here for get_data_schema_tool and sql_execution_tool.",
	findProducts))

func findProducts(ctx context.Context, e *Env, in searchInput) (Answer[found[foundProduct]], error) {
	all, err := e.products(ctx, in.MarketplaceID)
	if err != nil {
		return Answer[found[foundProduct]]{}, err
	}
	hit := search.Products(all, in.SearchTerm)
	limit := cmp.Or(in.Limit, 5)
	out := found[foundProduct]{Results: []foundProduct{}}
	for _, h := range hit[:min(limit, len(hit))] {
		out.Results = append(out.Results, summary(h))
	}
	out.Instructions = instructions(len(out.Results), len(hit), len(all))
	return Answer[found[foundProduct]]{Content: out, Top: out}, nil
}

// markets is Data that knows of marketplaces.
type markets interface {
	Listed(ctx context.Context, c auth.Caller, marketplace string) ([]market.Shown, error)
}

// products are those of a marketplace that the caller may see; of all, where
// none is named.
func (e *Env) products(ctx context.Context, marketplace string) ([]product.Product, error) {
	if marketplace == "" || marketplace == market.Default {
		return e.Data.Products(ctx, e.Caller)
	}
	m, ok := e.Data.(markets)
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no marketplace of this id; the marketplace default always exists")
	}
	shown, err := m.Listed(ctx, e.Caller, marketplace)
	out := make([]product.Product, len(shown))
	for i, s := range shown {
		out[i] = s.Product
	}
	return out, err
}

func instructions(shown, hit, all int) string {
	switch {
	case all == 0:
		return "No data product is shared with you. Ask an administrator for a grant."
	case hit == 0:
		return fmt.Sprintf("None of the %d data products you may use matches. Search with an empty search_term to list them.", all)
	case shown < hit:
		return fmt.Sprintf("%d of %d matching data products, best first; raise limit for more. Use product_id as data_product_id.", shown, hit)
	}
	return "Use product_id as data_product_id in get_data_schema_tool and sql_execution_tool."
}

func summary(h search.Hit) foundProduct {
	pr := h.Product
	f := foundProduct{
		ProductID: pr.ID, VersionID: pr.Version, Name: pr.Name, Description: pr.Description,
		ShortDescription: pr.ShortDescription, Status: string(pr.Status), Tables: []string{}, Matched: h.Matched,
	}
	for _, rs := range pr.RecordSets {
		f.Tables = append(f.Tables, rs.Name)
	}
	return f
}
