package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/server/web"
)

// UserInfo serves who the caller is.
type UserInfo struct{}

// Routes lists what it serves.
func (h UserInfo) Routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/integration/v1/userinfo/", Scope: auth.ScopeProfile, Errors: web.ProblemErrors, Handle: h.get}}
}

type userInfoView struct {
	ID          int64  `json:"id"`
	Subject     string `json:"sub"`
	Role        string `json:"role"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Username    string `json:"username"`
	Email       string `json:"email"`
	ClientID    string `json:"client_id,omitempty"`
	IsActive    bool   `json:"is_active"`
}

// get answers from the caller alone: clients ask before every call.
func (h UserInfo) get(w http.ResponseWriter, r *http.Request) error {
	c := auth.CallerFrom(r.Context())
	v := userInfoView{
		ID: c.UserID, Subject: strconv.FormatInt(c.UserID, 10), Role: string(c.Role), Name: c.Name, DisplayName: c.Name, Username: c.Name,
		Email: c.Name, ClientID: string(c.ClientID), IsActive: true,
	}
	if !strings.Contains(v.Email, "@") {
		// Clients expect an address; this one can never be somebody's (RFC 2606).
		v.Email = strings.ReplaceAll(c.Subject(), ":", "-") + "@postern.invalid"
	}
	return web.Respond(w, http.StatusOK, v)
}
