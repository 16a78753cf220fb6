package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/chat/chattest"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// chatRig is a server of chats with one agent, whose answers the test lets go.
type chatRig struct {
	*httptest.Server
	tools   *rest.Tools
	chats   *chat.Chats
	store   *chattest.Memory
	asked   chan *tool.Env // an agent was asked
	answer  chan string    // and answers this
	refused error          // what Again says
}

type said struct {
	Text string `json:"text"`
}

func (s said) Said() (string, any) { return s.Text, map[string]any{"status": "answered"} }

type askedInput struct {
	Message string `json:"message"`
	Product string `json:"data_product_id"`
}

func newChatRig(t *testing.T) *chatRig {
	t.Helper()
	r := &chatRig{store: &chattest.Memory{}, asked: make(chan *tool.Env, 10), answer: make(chan string)}
	r.chats = &chat.Chats{Store: r.store, Seal: chattest.Plain{}, Node: "n1"}
	ask := tool.Define("sql_query_agent", "Ask", "Answers.", func(ctx context.Context, e *tool.Env, in askedInput) (tool.Answer[said], error) {
		r.asked <- e
		if err := e.Tell(tool.Step{Tool: "sql_execution_tool", CallID: "call_1", Args: json.RawMessage(`{}`)}); err != nil {
			return tool.Answer[said]{}, err
		}
		select {
		case text := <-r.answer:
			if text == "panic" {
				panic(text)
			}
			return tool.Answer[said]{Content: said{text}}, nil
		case <-ctx.Done():
			return tool.Answer[said]{}, ctx.Err()
		}
	})
	r.tools = &rest.Tools{
		Data: toolsData{}, Tools: tool.Builtin(), Agents: []tool.Tool{ask}, Chats: r.chats,
		Again: func(_ context.Context, c auth.Caller) (auth.Caller, error) { return c, r.refused },
	}
	m := &web.Mux{PublicURL: "https://gate.example", Guard: toolsGuard{}, Log: slog.New(slog.DiscardHandler)}
	if err := m.Add(slices.Concat(r.tools.Routes(), rest.Chats{Chats: r.chats}.Routes())...); err != nil {
		t.Fatal(err)
	}
	r.Server = httptest.NewServer(m)
	t.Cleanup(r.Close)
	return r
}

// do sends a request as a token's owner.
func (r *chatRig) do(t *testing.T, ctx context.Context, token, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, r.URL+"/ai/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Token", token)
	resp, err := r.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// got is a JSON answer with its status.
func (r *chatRig) got(t *testing.T, token, method, path, body string) (int, map[string]any) {
	t.Helper()
	resp := r.do(t, t.Context(), token, method, path, body)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, b)
		}
	}
	return resp.StatusCode, m
}

const askStream = "chats/agent/default/sql_query_agent/stream"

func question(text string) string {
	return `{"message":"` + text + `","data_product_id":"shop:sales"}`
}

// event reads one event of a stream.
func event(t *testing.T, b *bufio.Reader) map[string]any {
	t.Helper()
	for {
		line, err := b.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			var m map[string]any
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatal(err)
			}
			return m
		}
	}
}

func text(m map[string]any) string {
	part := m["model_message"].(map[string]any)["parts"].([]any)[0].(map[string]any)
	s, _ := part["content"].(string)
	return s
}

// begin asks a question and gives the chat, with the stream after its first
// event.
func (r *chatRig) begin(t *testing.T, ctx context.Context, path, message string) (chatID string, b *bufio.Reader) {
	t.Helper()
	b = bufio.NewReader(r.do(t, ctx, "viewer", "POST", path, question(message)).Body)
	first := event(t, b)
	return first["chat_id"].(string), b
}

// messages are the texts and kinds of what is kept of a chat.
func (r *chatRig) messages(t *testing.T, chatID string) (texts []string) {
	t.Helper()
	_, m := r.got(t, "viewer", "GET", "chats/"+chatID+"/messages", "")
	for _, e := range m["data"].([]any) {
		texts = append(texts, text(e.(map[string]any)))
	}
	return texts
}

func TestABrokenConnectionLosesNothing(t *testing.T) {
	r := newChatRig(t)
	ctx, hangUp := context.WithCancel(t.Context())
	chatID, _ := r.begin(t, ctx, askStream, "how many?")
	<-r.asked
	hangUp()
	r.answer <- "Seven."
	r.chats.Drain(t.Context())
	if d := cmp.Diff([]string{"how many?", "", "Seven."}, r.messages(t, chatID)); d != "" {
		t.Error(d)
	}
}

func TestABusyChatShowsWhatRuns(t *testing.T) {
	r := newChatRig(t)
	chatID, first := r.begin(t, t.Context(), askStream, "how many?")
	<-r.asked
	resp := r.do(t, t.Context(), "viewer", "POST", askStream+"?chat_id="+chatID, question("and now?"))
	if resp.StatusCode != http.StatusConflict || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("a busy chat answers %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	b := bufio.NewReader(resp.Body)
	if got := text(event(t, b)); got != "how many?" {
		t.Errorf("the running chat begins with %q", got)
	}
	r.answer <- "Seven."
	for _, b := range []*bufio.Reader{first, b} {
		event(t, b) // the call
		if e := event(t, b); text(e) != "Seven." || e["postern"] == nil {
			t.Errorf("the last event is %v", e)
		}
	}
	// The chat is free again, and its earlier question is known.
	_, _ = r.begin(t, t.Context(), askStream+"?chat_id="+chatID, "and now?")
	e := <-r.asked
	if want := []json.RawMessage{json.RawMessage(question("how many?"))}; !cmp.Equal(want, e.Earlier) {
		t.Errorf("earlier: %s", e.Earlier)
	}
	r.answer <- "Eight."
}

func TestACanceledRunSaysSo(t *testing.T) {
	r := newChatRig(t)
	chatID, b := r.begin(t, t.Context(), askStream, "how many?")
	<-r.asked
	if code, m := r.got(t, "viewer", "POST", "chats/"+chatID+"/cancel", ""); code != 200 || m["canceled"] != true {
		t.Fatalf("cancel: %d %v", code, m)
	}
	event(t, b) // the call
	e := event(t, b)
	facts, _ := e["postern"].(map[string]any)
	if !strings.Contains(text(e), "canceled") || facts["status"] != "failed" {
		t.Errorf("the last event is %v", e)
	}
	if code, m := r.got(t, "viewer", "POST", "chats/"+chatID+"/cancel", ""); code != 200 || m["canceled"] != false {
		t.Errorf("cancel of nothing: %d %v", code, m)
	}
}

func TestAPanicIsTheAnswerAndFreesTheChat(t *testing.T) {
	r := newChatRig(t)
	chatID, b := r.begin(t, t.Context(), askStream, "how many?")
	r.answer <- "panic"
	event(t, b)
	if e := event(t, b); !strings.Contains(text(e), "not answered") || strings.Contains(text(e), "panic") {
		t.Errorf("the last event is %v", e)
	}
	r.begin(t, t.Context(), askStream+"?chat_id="+chatID, "again?")
	r.answer <- "Seven."
}

func TestAChatIsItsOwnersAlone(t *testing.T) {
	r := newChatRig(t)
	chatID, _ := r.begin(t, t.Context(), askStream, "how many?")
	defer func() { r.answer <- "Seven." }()
	for _, c := range []struct{ method, path, body string }{
		{"GET", "chats/" + chatID, ""},
		{"PATCH", "chats/" + chatID, `{"name":"mine"}`},
		{"GET", "chats/" + chatID + "/messages", ""},
		{"POST", "chats/" + chatID + "/cancel", ""},
		{"POST", "chats/" + chatID + "/tags/add", `{"tags":["x"]}`},
		{"POST", "chats/" + chatID + "/tags/remove", `{"tags":["x"]}`},
		{"GET", "chats/" + chatID + "/eval_expected_output", ""},
		{"POST", askStream + "?chat_id=" + chatID, question("mine?")},
	} {
		code, m := r.got(t, "other", c.method, c.path, c.body)
		none, n := r.got(t, "other", c.method, strings.Replace(c.path, chatID, "11111111-2222-4333-8444-555555555555", 1), c.body)
		delete(m, "request_id")
		delete(n, "request_id")
		if code != 404 || none != 404 || !cmp.Equal(m, n) {
			t.Errorf("%s %s: %d %v, one that is not there: %d %v", c.method, c.path, code, m, none, n)
		}
	}
	if _, m := r.got(t, "other", "GET", "chats", ""); m["total"] != 0.0 {
		t.Errorf("another sees %v", m)
	}
}

func TestChatsAreNamedTaggedAndListed(t *testing.T) {
	r := newChatRig(t)
	code, m := r.got(t, "viewer", "POST", "chats", `{"name":"sales","tags":["q4","emea","q4"]}`)
	if code != 201 || m["name"] != "sales" || !cmp.Equal(m["tags"], any([]any{"emea", "q4"})) || m["created_by"] != "client:pc_test" {
		t.Fatalf("created %d %v", code, m)
	}
	id := m["id"].(string)
	if _, m = r.got(t, "viewer", "PATCH", "chats/"+id, `{"name":"orders"}`); m["name"] != "orders" || len(m["tags"].([]any)) != 2 {
		t.Errorf("renamed %v", m)
	}
	r.got(t, "viewer", "POST", "chats/"+id+"/tags/add", `{"tags":["new"]}`)
	if _, m = r.got(t, "viewer", "POST", "chats/"+id+"/tags/remove", `{"tags":["q4","never"]}`); !cmp.Equal(m["tags"], any([]any{"emea", "new"})) {
		t.Errorf("tags %v", m["tags"])
	}
	for query, want := range map[string]float64{"": 1, "?include_tags=new": 1, "?include_tags=q4": 0, "?exclude_tags=emea": 0, "?created_by=user": 1} {
		if _, m := r.got(t, "viewer", "GET", "chats"+query, ""); m["total"] != want {
			t.Errorf("chats%s: %v", query, m)
		}
	}
	for body, field := range map[string]string{`{"name":"` + strings.Repeat("x", 256) + `"}`: "name", `{"tags":[""]}`: "tags", `{"name":"a\u0000b"}`: "name"} {
		code, m := r.got(t, "viewer", "POST", "chats", body)
		if b, _ := json.Marshal(m); code != 422 || !strings.Contains(string(b), field) {
			t.Errorf("%.40s: %d %s", body, code, b)
		}
	}
}

func TestACallIsWorkedLaterAndItsTaskGoes(t *testing.T) {
	r := newChatRig(t)
	queued := make(chan string, 1)
	r.store.Queued = func(id string) { queued <- id }
	code, m := r.got(t, "viewer", "POST", "chats/agent/default/sql_query_agent/call", question("how many?"))
	if code != 200 || m["task_id"] != <-queued {
		t.Fatalf("call: %d %v", code, m)
	}
	id, chatID := m["task_id"].(string), m["chat_id"].(string)
	if code, m := r.got(t, "viewer", "GET", "task/"+id, ""); code != 200 || m["status"] != "queued" {
		t.Errorf("task: %d %v", code, m)
	}
	if code, _ := r.got(t, "other", "GET", "task/"+id, ""); code != 404 {
		t.Errorf("another's task: %d", code)
	}
	if code, _ := r.got(t, "viewer", "POST", "chats/agent/default/sql_query_agent/call?chat_id="+chatID, question("now?")); code != 409 {
		t.Errorf("a call in a busy chat: %d", code)
	}
	worked := make(chan error)
	go func() { worked <- r.tools.Resume(t.Context(), id) }()
	<-r.asked
	if code, m := r.got(t, "viewer", "GET", "task/"+id, ""); code != 200 || m["status"] != "running" {
		t.Errorf("task: %d %v", code, m)
	}
	r.answer <- "Seven."
	if err := <-worked; err != nil {
		t.Fatal(err)
	}
	if code, _ := r.got(t, "viewer", "GET", "task/"+id, ""); code != 404 {
		t.Errorf("a task that has ended: %d", code)
	}
	if d := cmp.Diff([]string{"how many?", "", "Seven."}, r.messages(t, chatID)); d != "" {
		t.Error(d)
	}
	if _, m := r.got(t, "viewer", "GET", "chats/"+chatID+"/eval_expected_output", ""); m["expected_output"] != "Seven." {
		t.Errorf("expected output: %v", m)
	}
	if err := r.tools.Resume(t.Context(), id); err != nil {
		t.Errorf("a run that is gone: %v", err)
	}
}

func TestACallOfARevokedCallerIsNotWorked(t *testing.T) {
	r := newChatRig(t)
	queued := make(chan string, 1)
	r.store.Queued = func(id string) { queued <- id }
	_, m := r.got(t, "viewer", "POST", "chats/agent/default/sql_query_agent/call", question("how many?"))
	r.refused = fault.New(fault.Unauthenticated, "the token was revoked")
	if err := r.tools.Resume(t.Context(), <-queued); err != nil {
		t.Fatal(err)
	}
	texts := r.messages(t, m["chat_id"].(string))
	if len(texts) != 2 || !strings.Contains(texts[1], "revoked") {
		t.Errorf("said %q", texts)
	}
	select {
	case <-r.asked:
		t.Error("the agent was asked")
	default:
	}
}

func TestWhatIsKeptDoesNotOpenElsewhere(t *testing.T) {
	r := newChatRig(t)
	chatID, b := r.begin(t, t.Context(), askStream, "how many?")
	r.answer <- "Seven."
	event(t, b)
	event(t, b)
	stored, err := r.store.Messages(t.Context(), chatID, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, m := r.got(t, "viewer", "POST", "chats", `{}`)
	if err := r.store.Say(t.Context(), m["id"].(string), time.Now(), stored); err != nil {
		t.Fatal(err)
	}
	if code, m := r.got(t, "viewer", "GET", "chats/"+m["id"].(string)+"/messages", ""); code != 500 {
		t.Errorf("a message moved to another chat opens: %d %v", code, m)
	}
	kept, err := r.store.Chat(t.Context(), chatID)
	if err != nil {
		t.Fatal(err)
	}
	kept.ID = m["id"].(string)
	if err := r.store.UpdateChat(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	if code, m := r.got(t, "viewer", "GET", "chats/"+kept.ID, ""); code != 500 {
		t.Errorf("a name moved to another chat opens: %d %v", code, m)
	}
}

func TestARunWhoseServerStoppedEndsWithAMessage(t *testing.T) {
	r := newChatRig(t)
	chatID, _ := r.begin(t, t.Context(), askStream, "how many?")
	<-r.asked
	defer func() { r.answer <- "Too late." }()
	// Another node, a minute later, that heard nothing of the first.
	elsewhere := r.tools
	elsewhere.Chats = &chat.Chats{Store: r.store, Seal: chattest.Plain{}, Node: "n2", Now: func() time.Time { return time.Now().Add(time.Minute) }}
	if err := elsewhere.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"how many?", "", "The question was not answered: the server stopped while it worked on this; ask again"}, r.messages(t, chatID)); d != "" {
		t.Error(d)
	}
}
