package oauth

import (
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/server/web"
)

// serverMetadata is RFC 8414, and says only what is there. Two fields are for
// MCP clients, which refuse metadata without them: authorization_endpoint (it
// answers unsupported_response_type) and the PKCE method.
func (h Handler) serverMetadata(w http.ResponseWriter, _ *http.Request) error {
	methods := []string{"client_secret_basic", "client_secret_post"}
	public(w)
	return web.Respond(w, http.StatusOK, map[string]any{
		"issuer":                                        h.PublicURL,
		"authorization_endpoint":                        h.PublicURL + "/oauth/v1/authorize/",
		"token_endpoint":                                h.PublicURL + "/oauth/v2/token/",
		"jwks_uri":                                      h.PublicURL + "/oauth/v2/.well-known/jwks.json",
		"introspection_endpoint":                        h.PublicURL + "/oauth/v2/introspect/",
		"revocation_endpoint":                           h.PublicURL + "/oauth/v2/revoke/",
		"scopes_supported":                              auth.Scopes,
		"response_types_supported":                      []string{},
		"grant_types_supported":                         []string{"client_credentials"},
		"token_endpoint_auth_methods_supported":         methods,
		"introspection_endpoint_auth_methods_supported": methods,
		"revocation_endpoint_auth_methods_supported":    methods,
		"code_challenge_methods_supported":              []string{"S256"},
	})
}

// resourceMetadata is RFC 9728. Clients compare resource with the URL they
// were given, byte for byte, so it has the final slash when the request has.
func (h Handler) resourceMetadata(path string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		resource := h.PublicURL + strings.TrimSuffix(path, "/")
		if strings.HasSuffix(r.URL.Path, "/") {
			resource += "/"
		}
		// What a client should ask for, no more: some join all that is listed,
		// and one scope that their role lacks would refuse the whole request.
		scopes := []auth.Scope{auth.ScopeAll}
		if path == auth.MCPPath {
			scopes = []auth.Scope{auth.ScopeQuery}
		}
		public(w)
		return web.Respond(w, http.StatusOK, map[string]any{
			"resource":                 resource,
			"resource_name":            "Postern",
			"authorization_servers":    []string{h.PublicURL},
			"bearer_methods_supported": []string{"header"},
			"scopes_supported":         scopes,
		})
	}
}
