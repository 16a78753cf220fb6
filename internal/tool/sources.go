package tool

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"path"
	"slices"

	"github.com/postern/postern/internal/product"
)

type sourcesInput struct {
	Limit int `json:"limit,omitempty" jsonschema:"Data sources to return at most; 100 when left out."`
}

func (sourcesInput) bounds() map[string][2]float64 { return map[string][2]float64{"limit": {1, 1000}} }

type dataSource struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

var dataSources = Define("get_data_sources_tool", "List data sources",
	"Lists the warehouses behind the data products that you may use.",
	listSources)

func listSources(ctx context.Context, e *Env, in sourcesInput) (Answer[[]dataSource], error) {
	all, err := e.Data.Products(ctx, e.Caller)
	if err != nil {
		return Answer[[]dataSource]{}, err
	}
	out, seen := []dataSource{}, map[int64]bool{}
	for _, pr := range all {
		sys, ok := pr.System()
		if !ok {
			continue
		}
		id := sourceID(pr, sys)
		if !seen[id] {
			seen[id] = true
			out = append(out, dataSource{id, sourceTitle(sys), fmt.Sprintf("/data/%d/", id)})
		}
	}
	slices.SortFunc(out, func(a, b dataSource) int { return cmp.Compare(a.ID, b.ID) })
	return Answer[[]dataSource]{Content: out[:min(cmp.Or(in.Limit, 100), len(out))]}, nil
}

// sourceID is the spec's datasourceId, or a number that stays the same for the
// same place: Postern keeps no table of sources.
func sourceID(pr product.Product, sys product.System) int64 {
	var spec struct {
		Product struct {
			DeliverySystems map[string]struct {
				DatasourceID int64 `json:"datasourceId"`
			} `json:"deliverySystems"`
		} `json:"product"`
	}
	if json.Unmarshal(pr.Spec, &spec) == nil {
		if id := spec.Product.DeliverySystems[sys.Name].DatasourceID; id > 0 {
			return id
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(sys.URI))
	return int64(h.Sum32() >> 1)
}

// sourceTitle names the place without the folders a file lies in.
func sourceTitle(sys product.System) string {
	s := sys.Source
	where := s.Host
	if s.Path != "" {
		where = path.Base(s.Path)
	} else if s.Database != "" {
		where += "/" + s.Database
	}
	return fmt.Sprintf("%s (%s %s)", sys.Name, s.Engine, where)
}
