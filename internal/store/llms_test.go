package store_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
)

const modelKey = "sk-canary-of-a-model-0123456789"

func newModels(t *testing.T, db *store.DB) *llm.Models {
	t.Helper()
	return &llm.Models{Store: db, Seal: newGCM(t)}
}

func at[T any](v T) *T { return &v }

// asked is a good configuration at a host, with a key.
func asked(name, base, key string) llm.Change {
	ch := llm.Change{Name: &name, Provider: at("openai"), Model: at("gpt"), BaseURL: &base}
	if key != "" {
		ch.Key = secret.New(key)
	}
	return ch
}

func opened(t *testing.T, m *llm.Models, id string) string {
	t.Helper()
	_, key, err := m.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return key.Reveal()
}

func TestALanguageModelIsKeptWithItsKeySealed(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		if _, err := m.Get(ctx, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("none is there yet: %v", err)
		}
		one, err := m.Create(ctx, asked("one", "https://Models.example.com:8443/v1/", modelKey))
		must(t, err)
		if one.BaseURL != "https://models.example.com:8443/v1" || !one.Default || one.Budget != (llm.Budget{Steps: 8, Tokens: 100_000, Rows: 200, Seconds: 60}) {
			t.Errorf("%+v", one)
		}
		two, err := m.Create(ctx, asked("two", "", ""))
		must(t, err)
		if two.Default || two.BaseURL != "https://api.openai.com/v1" || two.CredentialID != "" || opened(t, m, two.ID) != "" {
			t.Errorf("%+v", two)
		}
		if got := opened(t, m, ""); got != modelKey {
			t.Errorf("the default opens with %q", got)
		}
		two, err = m.Update(ctx, two.ID, llm.Change{Default: at(true), Budget: &llm.Budget{Steps: 3}})
		must(t, err)
		if two.Budget != (llm.Budget{Steps: 3, Tokens: 100_000, Rows: 200, Seconds: 60}) {
			t.Errorf("a part of the budget was changed, and it is %+v", two.Budget)
		}
		all, err := m.List(ctx)
		must(t, err)
		if len(all) != 2 || all[0].Default || !all[1].Default {
			t.Errorf("%+v", all)
		}
		if _, err := m.Create(ctx, asked("two", "", "")); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second of the name: %v", err)
		}
		must(t, m.Delete(ctx, one.ID))
		keys, err := m.Keys(ctx)
		must(t, err)
		if len(keys) != 0 {
			t.Errorf("its key stayed: %+v", keys)
		}
	})
}

func TestAKeyIsNoUseAtAnotherHostOrInAnotherRow(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		v := &vault{db: db}
		one, err := m.Create(ctx, asked("one", "https://a.example.com/v1", modelKey))
		must(t, err)
		two, err := m.Create(ctx, asked("two", "https://a.example.com/v1", modelKey+"2"))
		must(t, err)
		for what, ch := range map[string]llm.Change{
			"another host":       {BaseURL: at("https://b.example.com/v1")},
			"another port":       {BaseURL: at("https://a.example.com:444/v1")},
			"another's own key":  {CredentialID: &two.CredentialID},
			"a key that is none": {CredentialID: at("nonsense")},
		} {
			if _, err := m.Update(ctx, one.ID, ch); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), modelKey) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err = m.Update(ctx, one.ID, llm.Change{BaseURL: at("https://a.example.com:443/v2")}) // the same place
		must(t, err)
		for _, q := range []string{
			`UPDATE llms SET base_url = 'https://evil.example.com/v1' WHERE name = 'one'`,
			`UPDATE llm_keys SET sealed = (SELECT k.sealed FROM llm_keys k WHERE k.config = '` + two.ID + `') WHERE config = '` + two.ID + `'; UPDATE llms SET credential = '` + one.CredentialID + `', base_url = 'http://127.0.0.1:1' WHERE name = 'two'`,
		} {
			for _, s := range strings.Split(q, "; ") {
				v.sql(t, s)
			}
		}
		for _, id := range []string{one.ID, two.ID} {
			if _, key, err := m.Open(ctx, id); !fault.Is(err, fault.Unavailable) || !key.Empty() {
				t.Errorf("a row that was altered opens: %v", err)
			}
		}
		must(t, m.Delete(ctx, two.ID))
		moved, err := m.Update(ctx, one.ID, asked("one", "https://b.example.com/v1", modelKey+"3"))
		must(t, err)
		if got := opened(t, m, moved.ID); got != modelKey+"3" {
			t.Errorf("after the key was given again: %q", got)
		}
	})
}

func TestAKeyThatStandsByItselfServesSeveralModels(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		key, err := m.CreateKey(ctx, "shared", "https://a.example.com", secret.New(modelKey))
		must(t, err)
		ch := asked("one", "https://a.example.com/v1", "")
		ch.CredentialID = &key.ID
		one, err := m.Create(ctx, ch)
		must(t, err)
		if err := m.DeleteKey(ctx, key.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("a key in use: %v", err)
		}
		_, err = m.UpdateKey(ctx, key.ID, nil, secret.New(modelKey+"2"))
		must(t, err)
		again, err := m.Get(ctx, one.ID)
		must(t, err)
		if again.Revision == one.Revision || opened(t, m, one.ID) != modelKey+"2" {
			t.Errorf("a key that was replaced is not seen by those who ask with it: %+v", again)
		}
		_, err = m.Update(ctx, one.ID, llm.Change{CredentialID: at("")})
		must(t, err)
		must(t, m.DeleteKey(ctx, key.ID))
		for name, err := range map[string]error{
			"no key":     only(m.CreateKey(ctx, "x", "https://a.example.com", secret.Secret{})),
			"two lines":  only(m.CreateKey(ctx, "x", "https://a.example.com", secret.New(modelKey+"\n"+modelKey))),
			"no host":    only(m.CreateKey(ctx, "x", modelKey, secret.New(modelKey))),
			"in a URL":   only(m.CreateKey(ctx, "x", "https://"+modelKey+"@a.example.com", secret.New(modelKey))),
			"in clear":   only(m.CreateKey(ctx, "x", "http://a.example.com", secret.New(modelKey))),
			"a long one": only(m.CreateKey(ctx, strings.Repeat("x", 97), "https://a.example.com", secret.New(modelKey))),
		} {
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), modelKey) || strings.Contains(fmt.Sprint(fault.As(err).Fields), modelKey) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func only[T any](_ T, err error) error { return err }

func TestNetworksAreForgottenWithTheHostTheyWereAllowedFor(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		ch := asked("one", "http://127.0.0.1:1", modelKey)
		ch.Networks = &llm.Networks{netip.MustParsePrefix("127.0.0.1/32")}
		one, err := m.Create(ctx, ch)
		must(t, err)
		one, err = m.Update(ctx, one.ID, llm.Change{Model: at("other")})
		must(t, err)
		if len(one.Networks) != 1 || one.Model != "other" {
			t.Errorf("%+v", one)
		}
		one, err = m.Update(ctx, one.ID, asked("one", "http://127.0.0.1:2", modelKey))
		must(t, err)
		if len(one.Networks) != 0 {
			t.Errorf("%v still count at another host", one.Networks)
		}
	})
}

func TestWritersOfLanguageModelsTakeTurns(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		one, err := m.Create(ctx, asked("one", "", modelKey))
		must(t, err)
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				ch := asked(fmt.Sprint("more", i), "", modelKey)
				ch.Default = at(true)
				_, errs[i] = m.Create(ctx, ch)
			})
		}
		wg.Wait()
		for _, err := range errs {
			must(t, err)
		}
		all, err := m.List(ctx)
		must(t, err)
		defaults := 0
		for _, c := range all {
			if c.Default {
				defaults++
			}
		}
		if len(all) != 9 || defaults != 1 {
			t.Errorf("%d models, %d defaults", len(all), defaults)
		}
		one.Default = true // as it was read before
		if _, err := db.PutLLM(ctx, one, nil); !fault.Is(err, fault.Conflict) {
			t.Errorf("a write on what was changed since: %v", err)
		}
	})
}

func TestAModelsKeyIsInNoRecordAndNoRowInTheClear(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx, m := t.Context(), newModels(t, db)
		one, err := m.Create(ctx, asked("one", "", modelKey))
		must(t, err)
		key, err := m.CreateKey(ctx, "shared", "https://api.openai.com", secret.New(modelKey))
		must(t, err)
		_, err = m.UpdateKey(ctx, key.ID, at("renamed"), secret.New(modelKey))
		must(t, err)
		must(t, m.Delete(ctx, one.ID))
		must(t, m.DeleteKey(ctx, key.ID))
		rows, err := db.Audit(ctx, store.AuditFilter{Limit: 20})
		must(t, err)
		var kinds []string
		for _, r := range rows {
			e, err := r.Event()
			must(t, err)
			kinds = append(kinds, string(e.Kind))
			if strings.Contains(string(r.Body), modelKey) {
				t.Errorf("the key is on record: %s", r.Body)
			}
		}
		want := []string{"llm_key.deleted", "llm.deleted", "llm_key.stored", "llm_key.stored", "llm.stored"}
		if d := cmp.Diff(want, kinds); d != "" {
			t.Error(d)
		}
	})
}
