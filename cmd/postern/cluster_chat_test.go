package main_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const chatsAPI = "/ai/api/v1/chats"

// slowCall leaves a query that takes long for later, on a node.
func (m *member) slowCall(t *testing.T, token string) (task, chat string) {
	t.Helper()
	body := map[string]string{"data_product_id": "shop:sales", "sql": slow, "result_table_name": "r"}
	var left struct {
		Task string `json:"task_id"`
		Chat string `json:"chat_id"`
	}
	decode(t, m.must(t, http.StatusOK, http.MethodPost, chatsAPI+"/tool/default/sql_execution_tool/call", token, body), &left)
	eventually(t, "the call is worked", func() error {
		_, b, err := m.call(http.MethodGet, "/ai/api/v1/task/"+left.Task, token, nil)
		if err != nil || !strings.Contains(string(b), `"running"`) {
			return errors.Join(err, fmt.Errorf("the task says %s", b))
		}
		return nil
	})
	return left.Task, left.Chat
}

func (m *member) lastSaid(chat, token, want string) error {
	_, b, err := m.call(http.MethodGet, chatsAPI+"/"+chat+"/messages", token, nil)
	if err != nil || !strings.Contains(string(b), want) {
		return errors.Join(err, fmt.Errorf("the chat says %.300s", b))
	}
	return nil
}

func TestAChatIsTheSameOnEveryNode(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	home := c.dir(t)
	one, two := c.node(t, c.dir(t)), c.node(t, c.dir(t))
	shop(t, c, home)
	mc := c.client(t, home, "reader", "viewer")
	c.cli(t, home, "", "product", "grant", "shop:sales", "--client", "reader")
	token := one.token(t, mc)

	task, chat := one.slowCall(t, token)
	two.must(t, http.StatusOK, http.MethodGet, "/ai/api/v1/task/"+task, token, nil)
	busy := map[string]string{"data_product_id": "shop:sales", "sql": quick, "result_table_name": "r"}
	for _, m := range []*member{one, two} {
		m.must(t, http.StatusConflict, http.MethodPost, chatsAPI+"/tool/default/sql_execution_tool/call?chat_id="+chat, token, busy)
	}
	// Whichever node works it, the other cancels it.
	two.must(t, http.StatusOK, http.MethodPost, chatsAPI+"/"+chat+"/cancel", token, nil)
	within(t, "the chat says that it was canceled", func() error { return one.lastSaid(chat, token, "CANCELED") })
	one.must(t, http.StatusNotFound, http.MethodGet, "/ai/api/v1/task/"+task, token, nil)

	_, chat = two.slowCall(t, token)
	one.must(t, http.StatusOK, http.MethodPost, chatsAPI+"/"+chat+"/cancel", token, nil)
	within(t, "the chat says that it was canceled", func() error { return two.lastSaid(chat, token, "CANCELED") })
	two.must(t, http.StatusOK, http.MethodPost, chatsAPI+"/tool/default/sql_execution_tool/stream?chat_id="+chat, token, busy)
}
