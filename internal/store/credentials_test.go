package store_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
)

// gcm is a bare AEAD, so that what a vault test shows is the vault's doing.
type gcm struct{ cipher.AEAD }

func newGCM(t testing.TB) gcm {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm{a}
}

func (g gcm) Seal(plain, aad []byte) ([]byte, error) { return g.AEAD.Seal(nil, nil, plain, aad), nil }
func (g gcm) Open(box, aad []byte) ([]byte, error)   { return g.AEAD.Open(nil, nil, box, aad) }

const (
	canary = "Tr0ub4dor&3-canary"
	here   = "postgresql:db.example.com:5432/shop"
)

type vault struct {
	credential.Vault
	db  *store.DB
	now time.Time
}

func newVault(t *testing.T, db *store.DB) *vault {
	t.Helper()
	v := &vault{db: db, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	v.Vault = credential.Vault{Store: db, Seal: newGCM(t), Now: func() time.Time { return v.now }}
	for _, id := range []string{"shop", "other"} {
		v.sql(t, `INSERT INTO products (id, created_by, created_at, updated_at) VALUES (?, 'test', 1, 1)`, id)
	}
	return v
}

// sql changes rows by hand, as someone with the database could.
func (v *vault) sql(t *testing.T, q string, args ...any) {
	t.Helper()
	err := v.db.Change(context.Background(), &audit.Event{Kind: audit.ServerStarted}, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (v *vault) put(t *testing.T, owner, id, state, pw string, s credential.Status) credential.Credential {
	t.Helper()
	c, _, err := v.Put(context.Background(), credential.Credential{
		Owner: owner, ProductID: id, State: state, Username: "u", Type: credential.Basic, Status: s, Target: here,
	}, credential.Secret{Password: secret.New(pw)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACredentialPostedAgainKeepsItsID(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		first := v.put(t, "client:a", "shop", "prod", "old", credential.Active)
		v.now = v.now.Add(time.Hour)
		second := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
		if second.ID != first.ID || !second.CreatedAt.Equal(first.CreatedAt) || !second.UpdatedAt.Equal(v.now) || second.Revision <= first.Revision {
			t.Errorf("first %+v\nsecond %+v", first, second)
		}
		got, s, err := v.Resolve(ctx, "client:a", "shop", here, "")
		if err != nil || s.Password.Reveal() != canary {
			t.Fatal(err)
		}
		if diff := cmp.Diff(second, got); diff != "" {
			t.Errorf("(-put +got)\n%s", diff)
		}
		if other := v.put(t, "client:b", "shop", "prod", "x", credential.Active); other.ID == first.ID {
			t.Error("another owner's state took the same credential")
		}
	})
}

func TestCredentialsAreResolvedInTheDocumentedOrder(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		want := func(authID, wantID string, wantCode int) {
			t.Helper()
			c, _, err := v.Resolve(ctx, "client:a", "shop", here, authID)
			if code := codeOf(err); code != wantCode || c.ID != wantID {
				t.Errorf("resolve %q: %s, %v", authID, c.State, err)
			}
		}
		want("", "", credential.CodeNotProvided)
		rejected := v.put(t, "client:a", "shop", "rejected", "1", credential.Rejected)
		foreign := v.put(t, "client:b", "shop", "prod", "2", credential.Active)
		elsewhere := v.put(t, "client:a", "other", "prod", "3", credential.Active)
		want("", "", credential.CodeNotProvided)
		unverified := v.put(t, "client:a", "shop", "unverified", "4", credential.Unverified)
		want("", unverified.ID, 0)
		old := v.put(t, "client:a", "shop", "old", "5", credential.Active)
		newer := v.put(t, "client:a", "shop", "newer", "6", credential.Active)
		v.put(t, "client:a", "shop", "unverified", "7", credential.Unverified)
		want("", newer.ID, 0)
		want(old.ID, old.ID, 0)
		want(unverified.ID, unverified.ID, 0)
		for _, c := range []credential.Credential{rejected, foreign, elsewhere} {
			want(c.ID, "", credential.CodeNotFound)
		}
		want("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "", credential.CodeNotFound)
		want("' OR 1=1 --", "", credential.CodeNotFound)
		v.put(t, "client:a", "shop", "old", "8", credential.Active) // posted again: now the newest
		want("", old.ID, 0)
		if _, err := v.SetStatus(ctx, mustGet(t, v, "client:a", old.ID), credential.Rejected, "no"); err != nil {
			t.Fatal(err)
		}
		want("", newer.ID, 0)
	})
}

func codeOf(err error) int {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	if err != nil {
		return -1
	}
	return 0
}

func mustGet(t *testing.T, v *vault, owner, id string) credential.Credential {
	t.Helper()
	c, err := v.Get(context.Background(), owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARowThatWasMovedDoesNotOpen(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for _, c := range []struct {
			name, sql     string
			args          []any
			owner, target string
		}{
			{"to another owner", `UPDATE credentials SET owner = 'client:thief', state = 'x' WHERE id = ?`, nil, "client:thief", here},
			{"to another warehouse", `UPDATE credentials SET target = ? WHERE id = ?`, []any{"postgresql:evil:5432/shop"}, "client:a", "postgresql:evil:5432/shop"},
			{"from another product", `UPDATE credentials SET product = 'other' WHERE id = ?`, nil, "client:a", here},
			{"cut short", `UPDATE credentials SET sealed = ? WHERE id = ?`, []any{[]byte{1, 2, 3}}, "client:a", here},
			{"emptied", `UPDATE credentials SET sealed = NULL WHERE id = ?`, nil, "client:a", here},
			{"given another type", `UPDATE credentials SET type = 'key_pair' WHERE id = ?`, nil, "client:a", here},
		} {
			t.Run(c.name, func(t *testing.T) {
				v := &vault{Vault: credential.Vault{Store: db, Seal: newGCM(t)}, db: db, now: time.Now()}
				v.sql(t, `DELETE FROM credentials`)
				v.sql(t, `INSERT INTO products (id, created_by, created_at, updated_at) VALUES ('shop', 't', 1, 1), ('other', 't', 1, 1) ON CONFLICT (id) DO NOTHING`)
				cred := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
				v.sql(t, c.sql, append(c.args, cred.ID)...)
				product := "shop"
				if strings.HasPrefix(c.name, "from") {
					product = "other"
				}
				_, s, err := v.Resolve(context.Background(), c.owner, product, c.target, cred.ID)
				if err == nil || fault.KindOf(err) != fault.Internal || !s.Password.Empty() {
					t.Errorf("it opened: %v", err)
				}
			})
		}
	})
}

func TestACredentialIsNoUseAtAnotherWarehouse(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		c := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
		const moved = "postgresql:elsewhere:5432/shop"
		if _, _, err := v.Resolve(ctx, "client:a", "shop", moved, ""); codeOf(err) != credential.CodeNotProvided {
			t.Errorf("%v", err)
		}
		if _, _, err := v.Resolve(ctx, "client:a", "shop", moved, c.ID); codeOf(err) != credential.CodeNotFound {
			t.Errorf("%v", err)
		}
		ids, err := v.Retarget(ctx, "shop", moved)
		if err != nil || len(ids) != 1 || ids[0] != c.ID {
			t.Errorf("%v, %v", ids, err)
		}
		if got := mustGet(t, v, "client:a", c.ID); got.Status != credential.Rejected || got.Reason == "" {
			t.Errorf("%+v", got)
		}
		if ids, err := v.Retarget(ctx, "shop", moved); err != nil || len(ids) != 0 {
			t.Errorf("again: %v, %v", ids, err)
		}
	})
}

func TestADeletedProductTakesItsCredentialsWithIt(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		c := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
		if err := db.DeleteProduct(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		v.sql(t, `INSERT INTO products (id, created_by, created_at, updated_at) VALUES ('shop', 'thief', 1, 1)`)
		if _, _, err := v.Resolve(ctx, "client:a", "shop", here, ""); codeOf(err) != credential.CodeNotProvided {
			t.Errorf("%v", err)
		}
		if _, err := v.Get(ctx, "client:a", c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		_, _, err := v.Put(ctx, credential.Credential{Owner: "client:a", ProductID: "gone", State: "s", Type: credential.None}, credential.Secret{})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a credential for no product: %v", err)
		}
	})
}

func TestNobodySeesOrDeletesAnothersCredential(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		c := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
		v.put(t, "client:a", "other", "prod", canary, credential.Active)
		if _, err := v.Get(ctx, "client:b", c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("get: %v", err)
		}
		if err := v.Delete(ctx, "client:b", c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("delete: %v", err)
		}
		if all, n, err := v.List(ctx, "client:b", "", 10, 0); err != nil || n != 0 || len(all) != 0 {
			t.Errorf("list: %v %d %v", all, n, err)
		}
		if all, n, err := v.List(ctx, "client:a", "", 1, 1); err != nil || n != 2 || len(all) != 1 || all[0].ID != c.ID {
			t.Errorf("list: %v %d %v", all, n, err)
		}
		if err := v.Delete(ctx, "client:a", c.ID); err != nil {
			t.Fatal(err)
		}
		if _, n, _ := v.List(ctx, "client:a", "shop", 10, 0); n != 0 {
			t.Error("it is still there")
		}
	})
}

func TestATestOfAReplacedCredentialIsDropped(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		old := v.put(t, "client:a", "shop", "prod", "1", credential.Active)
		now := v.put(t, "client:a", "shop", "prod", "2", credential.Active)
		if _, err := v.SetStatus(ctx, old, credential.Rejected, "wrong password"); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v", err)
		}
		if got := mustGet(t, v, "client:a", now.ID); got.Status != credential.Active {
			t.Errorf("%+v", got)
		}
	})
}

func TestCredentialsAndTheirRecordsHoldNoSecret(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		v, ctx := newVault(t, db), context.Background()
		c := v.put(t, "client:a", "shop", "prod", canary, credential.Active)
		if _, err := v.SetStatus(ctx, c, credential.Active, ""); err != nil {
			t.Fatal(err)
		}
		got, s, err := v.Resolve(ctx, "client:a", "shop", here, "")
		if err != nil || s.Password.Reveal() != canary {
			t.Fatal(err)
		}
		if err := v.Delete(ctx, "client:a", c.ID); err != nil {
			t.Fatal(err)
		}
		rows, err := db.AuditRows(ctx, "test", 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprintf("%v %+v %#v %v %+v", got, got, got, s, s)
		var kinds []string
		for _, r := range rows {
			shown += string(r.Body)
			e, err := r.Event()
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(e.Kind), "credential.") {
				kinds = append(kinds, string(e.Kind))
			}
		}
		b, _ := json.Marshal(s)
		if strings.Contains(shown+string(b), canary) {
			t.Error("the secret shows")
		}
		if diff := cmp.Diff([]string{"credential.stored", "credential.tested", "credential.deleted"}, kinds); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestAssetsAreTheOwnersForAWhile(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dir := t.TempDir()
		bucket, err := result.OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		s := &result.Assets{Bucket: bucket, Store: db, Seal: newGCM(t), Now: func() time.Time { return now }}
		body := strings.Repeat("a row, "+canary+"\r\n", 20000)
		d, err := s.Create(ctx, result.Asset{Owner: "client:a", ChatID: "chat", Kind: "sql", Name: "r.csv", ContentType: "text/csv"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(d, body); err != nil {
			t.Fatal(err)
		}
		a, err := d.Commit(ctx)
		if err != nil || a.Size != int64(len(body)) {
			t.Fatal(a, err)
		}
		got, err := readAsset(s, "client:a", a.ID, "chat")
		if err != nil || got != body {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		for _, c := range [][3]string{{"client:b", a.ID, ""}, {"client:a", a.ID, "another chat"}, {"client:a", "../" + a.ID, ""}, {"client:a", "", ""}} {
			if _, err := readAsset(s, c[0], c[1], c[2]); !fault.Is(err, fault.NotFound) {
				t.Errorf("%v: %v", c, err)
			}
		}
		now = now.Add(4 * time.Hour)
		if _, err := readAsset(s, "client:a", a.ID, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("after four hours: %v", err)
		}
		if n, err := s.Sweep(ctx); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		if _, err := db.Asset(ctx, a.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		if err := bucket.List(ctx, func(key string, _ time.Time) error { return errors.New(key + " is left") }); err != nil {
			t.Error(err)
		}
	})
}

func readAsset(s *result.Assets, owner, id, chat string) (string, error) {
	_, r, err := s.Open(context.Background(), owner, id, chat)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), errors.Join(err, r.Close())
}
