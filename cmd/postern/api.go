package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// api calls a server as an OAuth client, with a token that is fetched when
// needed and again before it expires.
type api struct {
	base   string
	id     string
	secret secret.Secret
	http   *http.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

func (f clientFlags) api() (*api, error) {
	s := os.Getenv("POSTERN_CLIENT_SECRET")
	if f.ClientID == "" || s == "" {
		return nil, hint(errors.New("no client to call as"),
			"set POSTERN_CLIENT_ID and POSTERN_CLIENT_SECRET; an admin makes both with: postern client create --name N --role viewer")
	}
	return &api{base: strings.TrimSuffix(f.URL, "/"), id: f.ClientID, secret: secret.New(s), http: &http.Client{}}, nil
}

// grant is the token endpoint's answer.
type grant struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`
	CreatedAt   int64  `json:"created_at,omitempty"`
}

func (a *api) fetchToken(ctx context.Context) (grant, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.id}, "client_secret": {a.secret.Reveal()}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/oauth/v2/token/", strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	var g grant
	err = a.send(req, &g)
	return g, err
}

// bearer gives a token that is good for another half minute at least.
func (a *api) bearer(ctx context.Context, fresh bool) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !fresh && a.token != "" && time.Until(a.expires) > 30*time.Second {
		return a.token, nil
	}
	g, err := a.fetchToken(ctx)
	if err != nil {
		return "", err
	}
	a.token, a.expires = g.AccessToken, time.Now().Add(time.Duration(g.ExpiresIn)*time.Second)
	return a.token, nil
}

// call sends a JSON body and decodes the JSON answer into out; either may be
// nil.
func (a *api) call(ctx context.Context, method, path string, in, out any) error {
	req, err := a.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	return a.send(req, out)
}

func (a *api) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	token, err := a.bearer(ctx, false)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (a *api) send(req *http.Request, out any) error {
	res, err := a.http.Do(req)
	if err != nil {
		return hint(fmt.Errorf("%s does not answer: %w", a.base, errors.Unwrap(err)), "is postern serve running, and is POSTERN_URL right?")
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode >= 300 {
		return answerError(res)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// answerError reads whichever error body the surface has.
func answerError(res *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var e struct {
		Detail      json.RawMessage `json:"detail"`
		Description string          `json:"error_description"`
		RequestID   string          `json:"request_id"`
		Code        int             `json:"code"`
	}
	if json.Unmarshal(b, &e) != nil {
		return fmt.Errorf("the server answered %s", res.Status)
	}
	text := e.Description
	var s string
	var fields []struct {
		Loc []string `json:"loc"`
		Msg string   `json:"msg"`
	}
	if json.Unmarshal(e.Detail, &s) == nil {
		text = s
	} else if json.Unmarshal(e.Detail, &fields) == nil {
		for _, f := range fields {
			text += strings.Join(f.Loc, ".") + ": " + f.Msg + "; "
		}
	}
	err := &refused{status: res.StatusCode, text: strings.TrimSuffix(text, "; "), request: e.RequestID}
	if res.StatusCode == http.StatusTooManyRequests {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return fault.New(fault.Limited, "%s", err.Error()).After(time.Duration(max(seconds, 1)) * time.Second)
	}
	if e.Code == credential.CodeNotProvided {
		return hint(err, "store a login: postern credential set --product ID --username U, with the password on stdin")
	}
	return err
}

// refused is an error that the server answered.
type refused struct {
	status  int
	text    string
	request string
}

func (r *refused) Error() string {
	return fmt.Sprintf("%s (HTTP %d, request %s)", r.text, r.status, r.request)
}

// tool runs a tool over its event stream and gives the content of its
// tool-return: the last event's.
func (a *api) tool(ctx context.Context, ref string, in any) (json.RawMessage, error) {
	req, err := a.request(ctx, http.MethodPost, "/ai/api/v1/chats/tool/default/"+ref+"/stream", in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode != http.StatusOK {
		return nil, answerError(res)
	}
	return lastReturn(res.Body)
}

type streamEvent struct {
	Message struct {
		Parts []struct {
			Kind    string          `json:"part_kind"`
			Tool    string          `json:"tool_name"`
			Content json.RawMessage `json:"content"`
		} `json:"parts"`
	} `json:"model_message"`
}

func lastReturn(r io.Reader) (json.RawMessage, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the stream broke off: %w", err)
	}
	var content json.RawMessage
	for line := range strings.Lines(string(b)) {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var e streamEvent
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return nil, err
		}
		for _, p := range e.Message.Parts {
			if p.Kind == "tool-return" || p.Kind == "text" {
				content = p.Content
			}
		}
	}
	if content == nil {
		return nil, errors.New("the stream ended without an answer")
	}
	return unquote(content), toolError(unquote(content))
}

// unquote opens content that is JSON inside a JSON string.
func unquote(c json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(c, &s) == nil && json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return c
}

// toolError is the failure that a tool-return tells, if it is one.
func toolError(content json.RawMessage) error {
	var e struct {
		Error *struct {
			Code    int    `json:"code"`
			Name    string `json:"name"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(content, &e) != nil || e.Error == nil {
		return nil
	}
	return fmt.Errorf("%s (%d %s)", e.Error.Message, e.Error.Code, e.Error.Name)
}
