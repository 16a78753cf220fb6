package auth

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
)

// A client secret is "psk_", 43 base-62 characters (256 bits), and 6 that are
// the CRC-32 of those 43: secret scanners recognise it without asking us. It
// is settled: secrets outlive releases.
const (
	secretPrefix = "psk_"
	secretRandom = 43
	secretCheck  = 6
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func newSecret() string {
	out := make([]byte, 0, secretRandom)
	var b [64]byte
	for len(out) < secretRandom {
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		for _, x := range b {
			// 248 is the last multiple of 62 below 256: above it, the first
			// characters would come more often.
			if x < 248 && len(out) < secretRandom {
				out = append(out, base62[x%62])
			}
		}
	}
	return secretPrefix + string(out) + checksum(string(out))
}

func checksum(s string) string {
	n := crc32.ChecksumIEEE([]byte(s))
	var b [secretCheck]byte
	for i := range b {
		b[secretCheck-1-i] = base62[n%62]
		n /= 62
	}
	return string(b[:])
}

// IsSecret reports whether s has the form of a client secret, checksum
// included: for scanners and for tests that nothing printed one. It says
// nothing of whether any client has it.
func IsSecret(s string) bool {
	body, ok := strings.CutPrefix(s, secretPrefix)
	if !ok || len(body) != secretRandom+secretCheck {
		return false
	}
	return checksum(body[:secretRandom]) == body[secretRandom:]
}
