//go:build integration

package compat_test

import (
	"os"
	"path/filepath"
	"testing"
)

// Other people's libraries verify tokens of every algorithm Postern signs with.
func TestConformanceOfTokens(t *testing.T) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			s := serve(t, "--signing-alg", alg)
			env := append(os.Environ(), "POSTERN_URL="+s.base, "POSTERN_CLIENT_ID="+s.client.ID, "POSTERN_CLIENT_SECRET="+s.client.Secret,
				"COMPAT_PRODUCTS=[]", "COMPAT_TOKEN="+s.token(), "COMPAT_ALG="+alg, "COMPAT_NODE_MODULES="+filepath.Join(cache(t), "npm", "node_modules"))
			for _, p := range []program{
				{"jose.py", []string{filepath.Join(cache(t), "others", "bin", "python"), filepath.Join("clients", "jose.py")}},
				{"jose.mjs", []string{"node", filepath.Join("clients", "jose.mjs")}},
			} {
				t.Log("\n" + table(run(t, p, env)))
			}
		})
	}
}

func TestConformanceOfTheOpenAPIDocument(t *testing.T) {
	s := serve(t)
	env := append(os.Environ(), "POSTERN_URL="+s.base, "POSTERN_CLIENT_ID=", "POSTERN_CLIENT_SECRET=", "COMPAT_PRODUCTS=[]")
	t.Log("\n" + table(run(t, program{"openapi.py", []string{filepath.Join(cache(t), "others", "bin", "python"), filepath.Join("clients", "openapi.py")}}, env)))
}
