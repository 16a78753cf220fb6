package audit

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

var b32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an id that sorts by time: 48 bits of milliseconds and 80 random
// bits in Crockford's base 32 (26 characters, the shape of a ULID).
func NewID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails since Go 1.24
	return b32.EncodeToString(b[:])
}
