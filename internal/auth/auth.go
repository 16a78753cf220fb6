// Package auth is WHO: OAuth clients and their secrets, people and their
// passwords, access tokens and the keys that sign them, and Caller, which is
// what all of that comes down to for the rest of Postern.
package auth

import "strconv"

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
