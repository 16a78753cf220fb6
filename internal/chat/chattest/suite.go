package chattest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
)

// Suite is what every store of chats must pass; open gives an empty one.
func Suite(t *testing.T, open func(t *testing.T) chat.Store) {
	for name, f := range map[string]func(*testing.T, chat.Store){
		"chats are listed by their owner and tags": listed,
		"messages keep their order and grow":       said,
		"a chat has one run":                       oneRun,
		"a queued run is taken once":               taken,
		"what runs can be canceled":                canceled,
		"old chats go, running ones stay":          swept,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

// at is a moment that both engines keep exactly.
func at(minutes int) time.Time {
	return time.Date(2026, 11, 24, 12, minutes, 0, 0, time.UTC)
}

func newChat(id, owner string, minute int, tags ...string) chat.Chat {
	return chat.Chat{ID: id, Owner: owner, Name: "chat " + id, Tags: append([]string{}, tags...), CreatedAt: at(minute), UpdatedAt: at(minute)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, s chat.Store) {
	ctx := context.Background()
	for _, c := range []chat.Chat{newChat("a", "client:one", 1, "red"), newChat("b", "client:one", 3, "blue", "red"), newChat("c", "client:one", 2), newChat("d", "client:two", 4, "red")} {
		must(t, s.CreateChat(ctx, c))
	}
	for _, c := range []struct {
		filter chat.Filter
		want   []string
		total  int
	}{
		{chat.Filter{Limit: 10}, []string{"b", "c", "a"}, 3},
		{chat.Filter{Limit: 1, Offset: 1}, []string{"c"}, 3},
		{chat.Filter{Limit: 10, Include: []string{"red", "green"}}, []string{"b", "a"}, 2},
		{chat.Filter{Limit: 10, Include: []string{"red"}, Exclude: []string{"blue"}}, []string{"a"}, 1},
		{chat.Filter{Limit: 10, Offset: 9}, nil, 3},
	} {
		c.filter.Owner = "client:one"
		all, total, err := s.Chats(ctx, c.filter)
		must(t, err)
		var ids []string
		for _, ch := range all {
			ids = append(ids, ch.ID)
		}
		if d := cmp.Diff(c.want, ids); d != "" || total != c.total {
			t.Errorf("%+v: %d in all, %s", c.filter, total, d)
		}
	}
	b := newChat("b", "client:one", 3, "green")
	b.Name = "renamed"
	must(t, s.UpdateChat(ctx, b))
	got, err := s.Chat(ctx, "b")
	must(t, err)
	if d := cmp.Diff(b, got); d != "" {
		t.Error(d)
	}
	if _, err := s.Chat(ctx, "none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a chat that is not there: %v", err)
	}
	if err := s.UpdateChat(ctx, newChat("none", "client:one", 1)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a change to a chat that is not there: %v", err)
	}
}

func message(id, body string) chat.Stored { return chat.Stored{ID: id, Body: []byte(body)} }

func said(t *testing.T, s chat.Store) {
	ctx := context.Background()
	must(t, s.CreateChat(ctx, newChat("a", "client:one", 1)))
	must(t, s.Say(ctx, "a", at(2), []chat.Stored{message("m1", "one"), message("m2", "tw")}))
	must(t, s.Say(ctx, "a", at(3), []chat.Stored{message("m2", "two"), message("m3", "three")}))
	all, err := s.Messages(ctx, "a", 0, 10)
	must(t, err)
	want := []chat.Stored{{ID: "m1", Seq: 1, Body: []byte("one")}, {ID: "m2", Seq: 2, Body: []byte("two")}, {ID: "m3", Seq: 3, Body: []byte("three")}}
	if d := cmp.Diff(want, all); d != "" {
		t.Error(d)
	}
	some, err := s.Messages(ctx, "a", 1, 1)
	must(t, err)
	if d := cmp.Diff(want[1:2], some); d != "" {
		t.Error(d)
	}
	n, err := s.CountMessages(ctx, "a")
	must(t, err)
	c, err := s.Chat(ctx, "a")
	must(t, err)
	if n != 3 || !c.UpdatedAt.Equal(at(3)) {
		t.Errorf("%d messages, last touched %v", n, c.UpdatedAt)
	}
	if err := s.Say(ctx, "none", at(3), []chat.Stored{message("m", "x")}); err == nil {
		t.Error("a message was put in a chat that is not there")
	}
}

func run(id, chatID string, status chat.Status, minute int) chat.Run {
	r := chat.Run{ID: id, ChatID: chatID, Owner: "client:one", Status: status, Node: "n1", Seen: at(minute), Request: []byte("asked")}
	if status == chat.Queued {
		r.Node = ""
	}
	return r
}

func oneRun(t *testing.T, s chat.Store) {
	ctx := context.Background()
	c := newChat("a", "client:one", 1)
	must(t, s.Begin(ctx, c, true, run("r1", "a", chat.Running, 1), at(0), []chat.Stored{message("m1", "hello")}))
	err := s.Begin(ctx, c, false, run("r2", "a", chat.Running, 2), at(0), []chat.Stored{message("m2", "too soon")})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a second run: %v", err)
	}
	if n, _ := s.CountMessages(ctx, "a"); n != 1 {
		t.Errorf("a refused run said something: %d messages", n)
	}
	if r, running, err := s.Current(ctx, "a", at(0)); err != nil || !running || r.ID != "r1" {
		t.Errorf("what runs: %+v %v %v", r, running, err)
	}
	// Its node was not heard of since: the next one goes ahead.
	if _, running, _ := s.Current(ctx, "a", at(2)); running {
		t.Error("a run whose node is gone still counts")
	}
	must(t, s.Begin(ctx, c, false, run("r3", "a", chat.Running, 3), at(2), nil))
	must(t, s.End(ctx, chat.Run{ID: "r3", ChatID: "a"}, at(4), []chat.Stored{message("m3", "bye")}))
	if _, err := s.Run(ctx, "r3"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a run that ended: %v", err)
	}
	must(t, s.Begin(ctx, c, false, run("r4", "a", chat.Running, 5), at(2), nil))
}

func taken(t *testing.T, s chat.Store) {
	ctx := context.Background()
	must(t, s.Begin(ctx, newChat("a", "client:one", 1), true, run("r1", "a", chat.Queued, 1), at(0), nil))
	r, err := s.Take(ctx, "r1", "n2", at(30), at(25))
	must(t, err)
	if r.Node != "n2" || r.Status != chat.Running || string(r.Request) != "asked" {
		t.Errorf("took %+v", r)
	}
	if _, err := s.Take(ctx, "r1", "n3", at(31), at(25)); !fault.Is(err, fault.NotFound) {
		t.Errorf("it was taken twice: %v", err)
	}
	if ids, err := s.Lost(ctx, at(30)); err != nil || len(ids) != 0 {
		t.Errorf("lost, though it was just taken: %v %v", ids, err)
	}
	if ids, err := s.Lost(ctx, at(31)); err != nil || !cmp.Equal(ids, []string{"r1"}) {
		t.Errorf("not lost: %v %v", ids, err)
	}
	must(t, s.Beat(ctx, "n2", at(40)))
	if _, err := s.Take(ctx, "r1", "n3", at(41), at(39)); !fault.Is(err, fault.NotFound) {
		t.Errorf("it was taken from a node that lives: %v", err)
	}
	if _, err := s.Take(ctx, "r1", "n3", at(50), at(45)); err != nil {
		t.Errorf("it was not taken from a node that died: %v", err)
	}
}

func canceled(t *testing.T, s chat.Store) {
	ctx := context.Background()
	if was, err := s.Cancel(ctx, "a"); was || err != nil {
		t.Errorf("nothing ran: %v %v", was, err)
	}
	must(t, s.Begin(ctx, newChat("a", "client:one", 1), true, run("r1", "a", chat.Running, 1), at(0), nil))
	if was, err := s.Cancel(ctx, "a"); !was || err != nil {
		t.Errorf("it ran: %v %v", was, err)
	}
	for node, want := range map[string][]string{"n1": {"a"}, "n2": nil} {
		got, err := s.Canceled(ctx, node)
		must(t, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", node, d)
		}
	}
}

func swept(t *testing.T, s chat.Store) {
	ctx := context.Background()
	must(t, s.CreateChat(ctx, newChat("old", "client:one", 1, "red")))
	must(t, s.CreateChat(ctx, newChat("new", "client:one", 9)))
	must(t, s.Begin(ctx, newChat("busy", "client:one", 1), true, run("r1", "busy", chat.Running, 1), at(0), nil))
	n, err := s.DeleteChats(ctx, at(5))
	must(t, err)
	_, total, err := s.Chats(ctx, chat.Filter{Owner: "client:one", Limit: 10})
	must(t, err)
	if n != 1 || total != 2 {
		t.Errorf("%d deleted, %d left", n, total)
	}
}
