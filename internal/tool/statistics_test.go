package tool_test

import (
	"context"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
)

// surveyed answers every statement with the same rows of numbers.
type surveyed struct{ shop }

func (s *surveyed) Run(_ context.Context, _ auth.Caller, q product.Query) (result.Rows, error) {
	s.asked = q
	return &survey{left: 1}, s.err
}

type survey struct{ left int }

var surveySchema = arrow.NewSchema([]arrow.Field{
	{Name: "height", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "weight", Type: arrow.PrimitiveTypes.Int64}, {Name: "flat", Type: arrow.PrimitiveTypes.Int64},
}, nil)

func (s *survey) Schema() *arrow.Schema { return surveySchema }
func (s *survey) Close() error          { return nil }
func (s *survey) Next(context.Context) (arrow.RecordBatch, error) {
	if s.left--; s.left < 0 {
		return nil, io.EOF
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, surveySchema)
	b.Field(0).(*array.Float64Builder).AppendValues([]float64{1.5, 0, 1.7, 1.9}, []bool{true, false, true, true})
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{50, 60, 70, 90}, nil)
	b.Field(2).(*array.Int64Builder).AppendValues([]int64{7, 7, 7, 7}, nil)
	return b.NewRecordBatch(), nil
}

func TestAStatisticIsComputedOverTheWholeResult(t *testing.T) {
	data := &surveyed{}
	_, m := call(t, data, "correlation_tool", `{"data_product_id":"shop:sales","sql":"select height, weight from people","x":"height","y":"WEIGHT"}`)
	figures, _ := m["figures"].(map[string]any)
	if c, _ := figures["coefficient"].(float64); c < 0.999 || m["rows_used"] != 3.0 || m["rows_left_out"] != 1.0 {
		t.Errorf("answered %v", m)
	}
	if want := (product.Query{ProductID: "shop:sales", SQL: "select height, weight from people", Via: "test"}); !cmp.Equal(want, data.asked) {
		t.Error(cmp.Diff(want, data.asked))
	}
}

func TestAnUndefinedFigureIsNull(t *testing.T) {
	_, m := call(t, &surveyed{}, "correlation_tool", `{"data_product_id":"shop:sales","sql":"s"}`)
	rows, _ := m["rows"].([]any)
	if len(rows) != 3 || rows[1].([]any)[2] != nil {
		t.Errorf("rows %v", rows)
	}
}

func TestAColumnThatTheResultLacksIsNamed(t *testing.T) {
	ret, m := call(t, &surveyed{}, "outliers_tool", `{"data_product_id":"shop:sales","sql":"s","column":"age"}`)
	e, _ := m["error"].(map[string]any)
	if ret.Err == nil || e["message"] != `column: the result has no column "age"; it has height, weight, flat` {
		t.Errorf("answered %v", m)
	}
}
