package tool_test

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/tool"
)

// shelf knows of assets in memory, and seals by doing nothing.
type shelf struct {
	mu     sync.Mutex
	assets map[string]result.Asset
}

func (s *shelf) PutAsset(_ context.Context, a result.Asset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assets[a.ID] = a
	return nil
}

func (s *shelf) Asset(_ context.Context, id string) (result.Asset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.assets[id]
	if !ok {
		return a, fault.New(fault.NotFound, "asset not found")
	}
	return a, nil
}

func (s *shelf) ExpiredAssets(context.Context, time.Time, int) ([]result.Asset, error) {
	return nil, nil
}

func (s *shelf) DeleteAsset(context.Context, string) error { return nil }

func (s *shelf) Seal(p, _ []byte) ([]byte, error) { return append([]byte(nil), p...), nil }

func (s *shelf) Open(c, _ []byte) ([]byte, error) { return append([]byte(nil), c...), nil }

func TestTheFullResultIsKeptForItsOwner(t *testing.T) {
	bucket, err := result.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{assets: map[string]result.Asset{}}
	assets := &result.Assets{Bucket: bucket, Store: s, Seal: s}
	owner := auth.Caller{Kind: auth.Machine, ClientID: "pc_owner"}
	const chat = "11111111-2222-4333-8444-555555555555"

	tl, _ := tool.Find(tool.Builtin(), "sql_execution_tool")
	ret, err := tl.Call(t.Context(), &tool.Env{Caller: owner, Data: &shop{rows: 3000}, Assets: assets, ChatID: chat},
		json.RawMessage(`{"data_product_id":"shop:sales","sql":"select city","result_table_name":"../my cities"}`))
	if err != nil || ret.Err != nil || len(ret.Assets) != 1 || ret.Assets[0].Kind != "sql" {
		t.Fatalf("got assets %v (%v, %v)", ret.Assets, err, ret.Err)
	}
	a, r, err := assets.Open(t.Context(), owner.Subject(), ret.Assets[0].ID, chat)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	csv, err := io.ReadAll(r)
	if err != nil || strings.Count(string(csv), "Delft") != 3000 {
		t.Errorf("the asset has %d of 3000 rows (%v)", strings.Count(string(csv), "Delft"), err)
	}
	if a.Name != "___my_cities.csv" {
		t.Errorf("the file is called %q", a.Name)
	}
	b, _ := json.Marshal(ret.Content)
	if !strings.Contains(string(b), "/ai/api/v1/assets/"+a.ID+"?chat_id="+chat) {
		t.Errorf("a trimmed answer does not lead to its asset: %s", b[len(b)-400:])
	}
	if _, _, err := assets.Open(t.Context(), "client:pc_other", a.ID, chat); !fault.Is(err, fault.NotFound) {
		t.Errorf("another client got %v", err)
	}
}
