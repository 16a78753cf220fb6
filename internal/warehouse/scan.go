package warehouse

import (
	"bytes"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// in reports whether a batch holds one of the long secrets, in any string or
// binary column at any depth. It looks at whole buffers, not at values: a hit
// across two values is possible and harmless, at 12 characters or more.
func (h hidden) in(b arrow.RecordBatch) bool {
	if len(h.long) == 0 {
		return false
	}
	for _, col := range b.Columns() {
		if h.inData(col.Data()) {
			return true
		}
	}
	return false
}

func (h hidden) inData(d arrow.ArrayData) bool {
	switch d.DataType().ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY, arrow.STRING_VIEW, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		for _, buf := range d.Buffers() {
			if buf != nil && h.inBytes(buf.Bytes()) {
				return true
			}
		}
	}
	if d.DataType().ID() == arrow.DICTIONARY && h.inData(d.Dictionary()) {
		return true
	}
	return slices.ContainsFunc(d.Children(), h.inData)
}

func (h hidden) inBytes(b []byte) bool {
	for _, s := range h.long {
		if bytes.Contains(b, []byte(s)) {
			return true
		}
	}
	return false
}
