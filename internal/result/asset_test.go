package result_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
)

// shelf is an AssetStore in memory.
type shelf struct {
	assets map[string]result.Asset
	fail   error
}

func (s *shelf) PutAsset(_ context.Context, a result.Asset) error {
	if s.fail != nil {
		return s.fail
	}
	s.assets[a.ID] = a
	return nil
}

func (s *shelf) Asset(_ context.Context, id string) (result.Asset, error) {
	a, ok := s.assets[id]
	if !ok {
		return a, fault.New(fault.NotFound, "asset not found")
	}
	return a, nil
}

func (s *shelf) ExpiredAssets(_ context.Context, before time.Time, _ int) (old []result.Asset, err error) {
	for _, a := range s.assets {
		if !a.ExpiresAt.After(before) {
			old = append(old, a)
		}
	}
	return old, nil
}

func (s *shelf) DeleteAsset(_ context.Context, id string) error {
	delete(s.assets, id)
	return nil
}

// sealer is AES-GCM with random nonces.
type sealer struct{ cipher.AEAD }

func (s sealer) Seal(p, aad []byte) ([]byte, error) { return s.AEAD.Seal(nil, nil, p, aad), nil }
func (s sealer) Open(c, aad []byte) ([]byte, error) { return s.AEAD.Open(nil, nil, c, aad) }

func newAssets(t *testing.T) (*result.Assets, *shelf, string) {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "assets")
	bucket, err := result.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{assets: map[string]result.Asset{}}
	return &result.Assets{Bucket: bucket, Store: s, Seal: sealer{gcm}}, s, dir
}

const plain = "region,total,card 4111\r\n"

func keep(t *testing.T, s *result.Assets, body string) result.Asset {
	t.Helper()
	d, err := s.Create(context.Background(), result.Asset{Owner: "client:a", Kind: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, body); err != nil {
		t.Fatal(err)
	}
	a, err := d.Commit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func open(s *result.Assets, owner, id string) (string, error) {
	_, r, err := s.Open(context.Background(), owner, id, "")
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), errors.Join(err, r.Close())
}

func TestAssetsOfAnySizeComeBackWhole(t *testing.T) {
	s, _, dir := newAssets(t)
	for _, n := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300000} {
		body := strings.Repeat("x", n)
		a := keep(t, s, body)
		if got, err := open(s, "client:a", a.ID); got != body || err != nil {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
	}
	a := keep(t, s, strings.Repeat(plain, 100))
	onDisk, err := os.ReadFile(filepath.Join(dir, a.ID))
	if err != nil || bytes.Contains(onDisk, []byte("4111")) {
		t.Errorf("the file is not sealed, %v", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAnAssetThatWasAlteredFailsInsteadOfEnding(t *testing.T) {
	s, rows, dir := newAssets(t)
	body := strings.Repeat(plain, 20000) // several chunks
	const frame = 5 + 12 + 64<<10 + 16
	for name, alter := range map[string]func([]byte) []byte{
		"a flipped bit":          func(b []byte) []byte { b[100] ^= 1; return b },
		"the last chunk cut off": func(b []byte) []byte { return b[:len(b)/frame*frame] },
		"cut in a chunk":         func(b []byte) []byte { return b[:frame+100] },
		"emptied":                func([]byte) []byte { return nil },
		"two chunks swapped": func(b []byte) []byte {
			return append(append(append([]byte{}, b[frame:2*frame]...), b[:frame]...), b[2*frame:]...)
		},
		"a chunk twice":                   func(b []byte) []byte { return append(append([]byte{}, b[:frame]...), b...) },
		"the first chunk called the last": func(b []byte) []byte { b[0] = 1; return b[:frame] },
	} {
		a := keep(t, s, body)
		file := filepath.Join(dir, a.ID)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, alter(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := open(s, "client:a", a.ID); err == nil {
			t.Errorf("%s: %d bytes came back", name, len(got))
		}
	}
	// A row that was given to another owner does not open either.
	a := keep(t, s, body)
	a.Owner = "client:thief"
	rows.assets[a.ID] = a
	if got, err := open(s, "client:thief", a.ID); err == nil {
		t.Errorf("another owner: %d bytes came back", len(got))
	}
}

func TestAnAssetThatWasNotCommittedIsNotThere(t *testing.T) {
	s, rows, dir := newAssets(t)
	d, err := s.Create(context.Background(), result.Asset{Owner: "client:a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, plain); err != nil {
		t.Fatal(err)
	}
	d.Abort()
	rows.fail = errors.New("disk full")
	d, err = s.Create(context.Background(), result.Asset{Owner: "client:a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Commit(context.Background()); !errors.Is(err, rows.fail) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestAResultIsKeptWhileAModelReadsItsHead(t *testing.T) {
	s, _, _ := newAssets(t)
	tab, a, err := result.HeadKept(context.Background(), wide(t, 2000, 2, 30), s, result.Asset{Owner: "client:a", Kind: "sql", Name: "r.csv"}, 1000, 10000)
	if err != nil || tab.RowCount != 2000 || !tab.Truncated || !strings.Contains(tab.Next, a.ID) {
		t.Fatalf("%d rows, %q, %v", tab.RowCount, tab.Next, err)
	}
	got, err := open(s, "client:a", a.ID)
	if err != nil || strings.Count(got, "\r\n") != 2001 || a.Media() != "text/csv; charset=utf-8" {
		t.Errorf("%d lines, %v", strings.Count(got, "\r\n"), err)
	}
}

func TestAKeptResultRemembersTheTypesOfItsColumns(t *testing.T) {
	s, _, _ := newAssets(t)
	_, a, err := result.HeadKept(context.Background(), wide(t, 3, 2, 5), s, result.Asset{Owner: "client:a", Kind: "sql", Name: "r.csv"}, 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.Store.Asset(context.Background(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	types, capped := kept.CSVTypes()
	if d := cmp.Diff([]string{"string", "string"}, types); d != "" || capped {
		t.Errorf("capped %v, types %s", capped, d)
	}
}

func TestAResultTooLargeToKeepStillHasAHead(t *testing.T) {
	s, rows, dir := newAssets(t)
	s.Most = 1000
	tab, a, err := result.HeadKept(context.Background(), wide(t, 2000, 2, 30), s, result.Asset{Owner: "client:a"}, 1000, 10000)
	if err != nil || a.ID != "" || tab.RowCount != 2000 || !strings.Contains(tab.Next, "too large") {
		t.Errorf("%+v, %v", a, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 || len(rows.assets) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestABrokenResultLeavesNoAsset(t *testing.T) {
	s, rows, dir := newAssets(t)
	broken := wide(t, 200, 1, 10)
	broken.err = errors.New("gone")
	if _, _, err := result.HeadKept(context.Background(), broken, s, result.Asset{Owner: "client:a"}, 10, 1000); !errors.Is(err, broken.err) || broken.closed == 0 {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 || len(rows.assets) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestWhatACrashLeftIsSweptInTheEnd(t *testing.T) {
	s, _, dir := newAssets(t)
	stranded := filepath.Join(dir, "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	if err := os.WriteFile(stranded, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(context.Background()); n != 0 || err != nil {
		t.Errorf("swept %d at once, %v", n, err)
	}
	old := time.Now().Add(-6 * time.Hour)
	if err := os.Chtimes(stranded, old, old); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(context.Background()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, f := range result.Formats {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				rows := wide(b, 10000, 5, 20)
				b.StartTimer()
				if _, err := result.Encode(context.Background(), io.Discard, rows, f, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
