package product

import (
	"strconv"
)

// Canonical is what a credential is bound to: the engine, then host:port/db
// for servers or the absolute path for files. Two URIs of one place give the
// same.
func (s Source) Canonical() string {
	if s.Path != "" {
		return string(s.Engine) + ":" + s.Path
	}
	host := s.Host
	if isIPv6(host) {
		host = "[" + host + "]"
	}
	return string(s.Engine) + ":" + host + ":" + strconv.Itoa(s.Port) + "/" + s.Database
}

func isIPv6(host string) bool {
	for i := range len(host) {
		if host[i] == ':' {
			return true
		}
	}
	return false
}
