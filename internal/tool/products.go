package tool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
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
	SearchTerm    string `json:"search_term" jsonschema:"Words to look for in names, descriptions and table names; empty lists every product."`
	Limit         int    `json:"limit,omitempty" jsonschema:"Products to return at most; 5 when left out."`
	MarketplaceID string `json:"marketplace_id,omitempty" jsonschema:"Leave out: the marketplace default holds every product that you may see."`
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
}

var productSearch = leading(Define("list_data_products_tool", "Search data products",
	"Finds the data products that you may use, best match first. An empty search_term lists all of them. "+
		"Take product_id from here for get_data_schema_tool and sql_execution_tool.",
	search))

func search(ctx context.Context, e *Env, in searchInput) (Answer[found[foundProduct]], error) {
	if m := in.MarketplaceID; m != "" && m != "default" {
		return Answer[found[foundProduct]]{}, fault.New(fault.NotFound, "there is no marketplace of this id; the marketplace default always exists")
	}
	all, err := e.Data.Products(ctx, e.Caller)
	if err != nil {
		return Answer[found[foundProduct]]{}, err
	}
	hit := matching(all, terms(in.SearchTerm))
	limit := cmp.Or(in.Limit, 5)
	out := found[foundProduct]{Results: []foundProduct{}}
	for _, pr := range hit[:min(limit, len(hit))] {
		out.Results = append(out.Results, summary(pr))
	}
	out.Instructions = instructions(len(out.Results), len(hit), len(all))
	return Answer[found[foundProduct]]{Content: out, Top: out}, nil
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

func summary(pr product.Product) foundProduct {
	f := foundProduct{
		ProductID: pr.ID, VersionID: pr.Version, Name: pr.Name, Description: pr.Description,
		ShortDescription: pr.ShortDescription, Status: string(pr.Status), Tables: []string{},
	}
	for _, rs := range pr.RecordSets {
		f.Tables = append(f.Tables, rs.Name)
	}
	return f
}

// matching ranks products by how many of the terms they hold, and where; no
// terms means all of them, by id.
func matching(all []product.Product, want []string) []product.Product {
	points := map[string]int{}
	hit := slices.DeleteFunc(slices.Clone(all), func(pr product.Product) bool {
		n := 4*hits(want, pr.ID) + 4*hits(want, pr.Name) + 2*hits(want, pr.ShortDescription) + 2*hits(want, pr.Description)
		for _, rs := range pr.RecordSets {
			n += 2*hits(want, rs.Name) + hits(want, rs.DisplayName) + hits(want, rs.Description)
		}
		points[pr.ID] = n
		return n == 0 && len(want) > 0
	})
	slices.SortStableFunc(hit, func(a, b product.Product) int {
		return cmp.Or(points[b.ID]-points[a.ID], strings.Compare(a.ID, b.ID))
	})
	return hit
}

// terms are the words of a query: lower case, letters and digits. Words as
// short as "of" are in everything, and count only when there are no others.
func terms(s string) []string {
	all := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	long := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return len([]rune(w)) < 3 })
	if len(long) > 0 {
		return long
	}
	return all
}

// hits counts the terms that text holds.
func hits(want []string, text string) int {
	text, n := strings.ToLower(text), 0
	for _, w := range want {
		if strings.Contains(text, w) {
			n++
		}
	}
	return n
}
