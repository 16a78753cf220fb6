package postgres

import (
	"math/big"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// precision reads numeric(p,s) from a type modifier; ok is false where there
// is none, or one that Decimal128 does not hold.
func precision(typmod int32) (p, s int32, ok bool) {
	if typmod < 4 {
		return 0, 0, false
	}
	p = (typmod - 4) >> 16 & 0xffff
	s = (typmod - 4) & 0x7ff
	if s >= 0x400 { // negative scales are 11-bit two's complement
		return 0, 0, false
	}
	return p, s, p >= 1 && p <= 38 && s <= p
}

// appendDecimal reads the text of a numeric(p,s).
func appendDecimal(c *column, v []byte) error {
	_, scale, _ := precision(c.typmod)
	b := c.builder.(*array.Decimal128Builder) //nolint:forcetypeassert // columnOf pairs them
	digits := make([]byte, 0, 48)
	negative, point := false, -1
	for i, ch := range v {
		switch {
		case ch == '-' && i == 0:
			negative = true
		case ch == '.' && point < 0:
			point = len(digits)
		case '0' <= ch && ch <= '9':
			digits = append(digits, ch)
		default:
			return c.unshown(string(v), "a decimal")
		}
	}
	if point < 0 {
		point = len(digits)
	}
	for int32(len(digits)-point) < scale { //nolint:gosec // a few dozen digits
		digits = append(digits, '0')
	}
	if int32(len(digits)-point) > scale { //nolint:gosec // a few dozen digits
		return c.unshown(string(v), c.field.Type.String())
	}
	n, ok := decimalOf(digits)
	if !ok {
		return c.unshown(string(v), c.field.Type.String())
	}
	if negative {
		n = n.Negate()
	}
	b.Append(n)
	return nil
}

func decimalOf(digits []byte) (decimal128.Num, bool) {
	if len(digits) <= 18 {
		n := int64(0)
		for _, d := range digits {
			n = n*10 + int64(d-'0')
		}
		return decimal128.FromI64(n), true
	}
	n, ok := new(big.Int).SetString(string(digits), 10)
	if !ok || n.BitLen() > 127 {
		return decimal128.Num{}, false
	}
	return decimal128.FromBigInt(n), true
}
