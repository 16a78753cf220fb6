package result

import (
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendJSONString writes s quoted. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendCSVString quotes where RFC 4180 asks for it, and the empty string, so
// that it is not taken for a null.
func appendCSVString(b []byte, s string) []byte {
	if s == "" {
		return append(b, '"', '"')
	}
	quote := false
	for i := range len(s) {
		if c := s[i]; c == ',' || c == '"' || c == '\n' || c == '\r' {
			quote = true
			break
		}
	}
	if !quote {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// appendFloat writes the shortest text that reads back as the same value; whole
// bits (32 or 64) say of which width.
func appendFloat(b []byte, f float64, bits int) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, bits)
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// appendScaled writes n / 10^scale with every digit.
func appendScaled(b []byte, n int64, scale int32) []byte {
	var buf [20]byte
	return appendPoint(b, strconv.AppendInt(buf[:0], n, 10), scale)
}

func appendBigScaled(b []byte, n *big.Int, scale int32) []byte {
	var buf [80]byte
	return appendPoint(b, n.Append(buf[:0], 10), scale)
}

func appendPoint(b, digits []byte, scale int32) []byte {
	if digits[0] == '-' {
		b, digits = append(b, '-'), digits[1:]
	}
	if scale <= 0 {
		b = append(b, digits...)
		for ; scale < 0 && digits[0] != '0'; scale++ {
			b = append(b, '0')
		}
		return b
	}
	whole := len(digits) - int(scale)
	if whole <= 0 {
		b = append(b, '0', '.')
		for ; whole < 0; whole++ {
			b = append(b, '0')
		}
		return append(b, digits...)
	}
	b = append(append(b, digits[:whole]...), '.')
	return append(b, digits[whole:]...)
}

// appendDate writes the day that is days after 1970-01-01. A year that RFC 3339
// has no room for gets a sign, as ISO 8601 expands it.
func appendDate(b []byte, days int64) []byte {
	// Days to a civil date in the proleptic Gregorian calendar, with years
	// that begin in March (Hinnant): time.Time is five times slower.
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day := doy - (153*mp+2)/5 + 1
	month := mp + 3
	year := yoe + era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	b = appendYear(b, year)
	b = append(b, '-')
	b = append2(b, month)
	b = append(b, '-')
	return append2(b, day)
}

func appendYear(b []byte, year int64) []byte {
	if 0 <= year && year <= 9999 {
		return append2(append2(b, year/100), year%100)
	}
	sign := byte('+')
	if year < 0 {
		sign, year = '-', -year
	}
	b = append(b, sign)
	for limit := int64(1000); limit > year; limit /= 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, year, 10)
}

func append2(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// appendClock writes a time of day, given in units of which there are perSecond.
func appendClock(b []byte, n, perSecond int64) []byte {
	sec, frac := n/perSecond, n%perSecond
	b = append(append2(b, sec/3600), ':')
	b = append(append2(b, sec/60%60), ':')
	return appendFraction(append2(b, sec%60), frac, perSecond)
}

// appendTimestamp writes RFC 3339, with Z when the column has a zone.
func appendTimestamp(b []byte, n, perSecond int64, zone bool) []byte {
	day := floorDiv(n, 86400*perSecond)
	b = append(appendDate(b, day), 'T')
	b = appendClock(b, n-day*86400*perSecond, perSecond)
	if zone {
		b = append(b, 'Z')
	}
	return b
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// appendInterval writes an ISO 8601 duration. The parts are kept apart, since
// a month has no fixed number of days.
func appendInterval(b []byte, months, days int64, nanos int64) []byte {
	b = append(b, 'P')
	if months != 0 {
		b = append(strconv.AppendInt(b, months, 10), 'M')
	}
	if days != 0 {
		b = append(strconv.AppendInt(b, days, 10), 'D')
	}
	if nanos == 0 && (months != 0 || days != 0) {
		return b
	}
	return appendSeconds(append(b, 'T'), nanos, 1e9)
}

// appendDuration writes an ISO 8601 duration in seconds.
func appendDuration(b []byte, n, perSecond int64) []byte {
	return appendSeconds(append(b, 'P', 'T'), n, perSecond)
}

func appendSeconds(b []byte, n, perSecond int64) []byte {
	sec, frac := n/perSecond, n%perSecond
	if n < 0 && sec == 0 {
		b = append(b, '-')
	}
	b = appendFraction(strconv.AppendInt(b, sec, 10), max(frac, -frac), perSecond)
	return append(b, 'S')
}

// appendFraction writes .5 for 500 of 1000, and nothing for 0.
func appendFraction(b []byte, frac, perSecond int64) []byte {
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for unit := perSecond / 10; frac > 0; unit /= 10 {
		b = append(b, byte('0'+frac/unit))
		frac %= unit
	}
	return b
}
