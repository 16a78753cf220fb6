package rest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// Chats serves chats and their messages to their owner, whatever the role.
type Chats struct{ Chats *chat.Chats }

const chatsPath = "/ai/api/v1/chats"

// Routes lists what it serves.
func (h Chats) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Scope: auth.ScopeQuery, Errors: web.DetailErrors, Handle: handle}
	}
	return []web.Route{
		route("GET", chatsPath, h.list),
		route("POST", chatsPath, h.create),
		route("GET", chatsPath+"/{chat_id}", h.get),
		route("PATCH", chatsPath+"/{chat_id}", h.change),
		route("GET", chatsPath+"/{chat_id}/messages", h.messages),
		route("POST", chatsPath+"/{chat_id}/cancel", h.cancel),
		route("POST", chatsPath+"/{chat_id}/tags/add", h.tag),
		route("POST", chatsPath+"/{chat_id}/tags/remove", h.untag),
		route("GET", chatsPath+"/{chat_id}/eval_expected_output", h.expected),
		route("GET", "/ai/api/v1/task/{task_id}", h.task),
	}
}

// chatView is a chat as it is told.
type chatView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Tags      []string  `json:"tags"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	CreatedBy string    `json:"created_by"`
}

func viewChat(c chat.Chat) chatView {
	return chatView{c.ID, c.Name, append([]string{}, c.Tags...), c.CreatedAt.UTC(), c.UpdatedAt.UTC(), c.Owner}
}

func respondChat(w http.ResponseWriter, status int, c chat.Chat, err error) error {
	if err != nil {
		return err
	}
	return web.Respond(w, status, viewChat(c))
}

type chatList struct {
	Data  []chatView `json:"data"`
	Total int        `json:"total"`
}

func (h Chats) list(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := web.Page(r, 100, chat.MostListed)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	all, total, err := h.Chats.List(r.Context(), auth.CallerFrom(r.Context()), chat.Filter{
		Include: q["include_tags"], Exclude: q["exclude_tags"], Limit: limit, Offset: offset,
	})
	if err != nil {
		return err
	}
	out := chatList{[]chatView{}, total}
	for _, c := range all {
		out.Data = append(out.Data, viewChat(c))
	}
	return web.Respond(w, http.StatusOK, out)
}

type chatInput struct {
	Name *string   `json:"name"`
	Tags *[]string `json:"tags"`
}

func (h Chats) create(w http.ResponseWriter, r *http.Request) error {
	var in chatInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	name, tags := "", []string(nil)
	if in.Name != nil {
		name = *in.Name
	}
	if in.Tags != nil {
		tags = *in.Tags
	}
	c, err := h.Chats.Create(r.Context(), auth.CallerFrom(r.Context()), name, tags)
	return respondChat(w, http.StatusCreated, c, err)
}

func (h Chats) get(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Chats.Get(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("chat_id"))
	return respondChat(w, http.StatusOK, c, err)
}

// change leaves alone what is not given.
func (h Chats) change(w http.ResponseWriter, r *http.Request) error {
	var in chatInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	return h.edit(w, r, func(c *chat.Chat) {
		if in.Name != nil {
			c.Name = *in.Name
		}
		if in.Tags != nil {
			c.Tags = *in.Tags
		}
	})
}

func (h Chats) edit(w http.ResponseWriter, r *http.Request, f func(*chat.Chat)) error {
	c, err := h.Chats.Change(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("chat_id"), f)
	return respondChat(w, http.StatusOK, c, err)
}

type tagsInput struct {
	Tags []string `json:"tags"`
}

// readTags reads the body of a chat that is there: another's is not found,
// whatever the body.
func (h Chats) readTags(w http.ResponseWriter, r *http.Request) ([]string, error) {
	if _, err := h.Chats.Get(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("chat_id")); err != nil {
		return nil, err
	}
	var in tagsInput
	if err := web.Decode(w, r, &in); err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, fault.Missing("tags")
	}
	return in.Tags, nil
}

func (h Chats) tag(w http.ResponseWriter, r *http.Request) error {
	tags, err := h.readTags(w, r)
	if err != nil {
		return err
	}
	return h.edit(w, r, func(c *chat.Chat) { c.Tags = append(c.Tags, tags...) })
}

func (h Chats) untag(w http.ResponseWriter, r *http.Request) error {
	tags, err := h.readTags(w, r)
	if err != nil {
		return err
	}
	return h.edit(w, r, func(c *chat.Chat) {
		c.Tags = slices.DeleteFunc(c.Tags, func(t string) bool { return slices.Contains(tags, t) })
	})
}

type messageList struct {
	Data  []json.RawMessage `json:"data"`
	Total int               `json:"total"`
}

func (h Chats) messages(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := web.Page(r, 100, chat.MostListed)
	if err != nil {
		return err
	}
	events, total, err := h.Chats.Messages(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("chat_id"), limit, offset)
	if err != nil {
		return err
	}
	out := messageList{[]json.RawMessage{}, total}
	for _, e := range events {
		out.Data = append(out.Data, e.Body)
	}
	return web.Respond(w, http.StatusOK, out)
}

type cancelBody struct {
	Canceled bool `json:"canceled"`
}

// cancel answers the same whether something ran or not, but says which.
func (h Chats) cancel(w http.ResponseWriter, r *http.Request) error {
	running, err := h.Chats.Cancel(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("chat_id"))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, cancelBody{running})
}

type expectedBody struct {
	ExpectedOutput *string `json:"expected_output"`
}

// expected is the chat's last answer in words: what an evaluation of the same
// question would expect.
func (h Chats) expected(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	events, err := h.Chats.Recent(ctx, auth.CallerFrom(ctx), r.PathValue("chat_id"), looked)
	if err != nil {
		return err
	}
	var out expectedBody
	for _, e := range events {
		var m struct {
			Message struct {
				Kind  string     `json:"kind"`
				Parts []textPart `json:"parts"`
			} `json:"model_message"`
		}
		if json.Unmarshal(e.Body, &m) == nil && m.Message.Kind == "response" && len(m.Message.Parts) > 0 && m.Message.Parts[0].Kind == "text" {
			out.ExpectedOutput = &m.Message.Parts[0].Content
		}
	}
	return web.Respond(w, http.StatusOK, out)
}

type taskView struct {
	TaskID string `json:"task_id"`
	ChatID string `json:"chat_id"`
	Status string `json:"status"` // queued, running
}

// task is 404 once the call has ended: what came of it is in the chat.
func (h Chats) task(w http.ResponseWriter, r *http.Request) error {
	run, err := h.Chats.Task(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, taskView{run.ID, run.ChatID, string(run.Status)})
}
