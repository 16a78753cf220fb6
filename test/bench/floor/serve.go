package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// serve answers /sign and /empty until it is killed: what net/http does with
// the same request when there is no client to look up, no role, no record.
func serve(args []string) (any, error) {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := f.String("listen", "127.0.0.1:0", "address")
	size := f.Int("payload", 400, "bytes of a token's claims")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /sign", signer{key, *size})
	mux.HandleFunc("GET /empty", func(http.ResponseWriter, *http.Request) {})
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return nil, err
	}
	fmt.Println(l.Addr())
	return nil, (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

// signer reads the form and signs a JWT with ES256, its claims as long as
// Postern's and fresh each time.
type signer struct {
	key  *ecdsa.PrivateKey
	size int
}

func (s signer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Form.Get("client_secret") == "" {
		http.Error(w, "no secret", http.StatusBadRequest)
		return
	}
	token, err := s.token()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "all", "created_at": time.Now().Unix()})
}

func (s signer) token() (string, error) {
	b64 := base64.RawURLEncoding
	claims := map[string]any{"iat": time.Now().Unix(), "jti": rand.Text(), "pad": ""}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	claims["pad"] = strings.Repeat("x", max(0, s.size-len(payload)))
	if payload, err = json.Marshal(claims); err != nil {
		return "", err
	}
	text := b64.EncodeToString([]byte(`{"alg":"ES256","kid":"0123456789012345678901234567890123456789012","typ":"at+jwt"}`)) + "." + b64.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	x, y, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", err
	}
	var sig [64]byte
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	return text + "." + b64.EncodeToString(sig[:]), nil
}
