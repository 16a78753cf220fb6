package keyring_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
)

// memory is a keyring.Store; its first writer wins, as the interface asks.
type memory struct {
	mu   sync.Mutex
	sets []keyring.Keyset
}

func (m *memory) Keysets(context.Context) ([]keyring.Keyset, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]keyring.Keyset(nil), m.sets...), nil
}

func (m *memory) CreateKeysets(_ context.Context, sets []keyring.Keyset) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sets) > 0 {
		return false, nil
	}
	m.sets = sets
	return true, nil
}

func (m *memory) set(name string) *keyring.Keyset {
	for i := range m.sets {
		if m.sets[i].Name == name {
			return &m.sets[i]
		}
	}
	panic("no keyset " + name)
}

func load(t *testing.T, dir string, hasData bool) *keyring.Master {
	t.Helper()
	m, err := keyring.LoadMaster(dir, hasData)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, s keyring.Store, m *keyring.Master) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(context.Background(), s, m, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seal(t *testing.T, r *keyring.Ring, purpose, text, aad string) []byte {
	t.Helper()
	b, err := r.AEAD(purpose).Seal([]byte(text), []byte(aad))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMasterKeyIsMadeOnceForItsOwnerOnly(t *testing.T) {
	dir, store := t.TempDir(), &memory{}
	sealed := seal(t, open(t, store, load(t, dir, false)), "p", "text", "aad")
	info, err := os.Stat(filepath.Join(dir, keyring.MasterFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	got, err := open(t, store, load(t, dir, true)).AEAD("p").Open(sealed, []byte("aad"))
	if err != nil || string(got) != "text" {
		t.Errorf("after a restart: %q %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".master-*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestProcessesThatStartTogetherShareOneMasterKey(t *testing.T) {
	dir, store := t.TempDir(), &memory{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			m, err := keyring.LoadMaster(dir, false)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := keyring.Open(context.Background(), store, m, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestNoMasterKeyIsMadeBesideOldData(t *testing.T) {
	dir := t.TempDir()
	_, err := keyring.LoadMaster(dir, true)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, keyring.MasterFile)); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	store := &memory{}
	open(t, store, load(t, t.TempDir(), false))
	before := append([]keyring.Keyset(nil), store.sets...)
	_, err := keyring.Open(context.Background(), store, load(t, t.TempDir(), false), time.Now())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "not the one this store was made with") {
		t.Errorf("%v", err)
	}
	if d := cmp.Diff(before, store.sets); d != "" {
		t.Errorf("the store changed: %s", d)
	}
}

func TestMasterKeyFileThatIsNotAsWrittenIsRefused(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, false)
	path := filepath.Join(dir, keyring.MasterFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := good[bytes.LastIndexByte(good, ':')+1 : len(good)-1]
	flipped := bytes.Clone(good)
	flipped[len(good)-20] ^= 1
	for name, text := range map[string][]byte{
		"empty": {}, "cut": good[:len(good)-3], "flipped": flipped, "twice": append(bytes.Clone(good), good...),
		"no prefix": key, "other version": bytes.Replace(good, []byte("-v1:"), []byte("-v2:"), 1),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := keyring.LoadMaster(dir, false)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), string(key)) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	load(t, dir, true)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.LoadMaster(dir, true); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a file others can read: %v", err)
	}
}

func TestWhatIsSealedOpensOnlyAsItself(t *testing.T) {
	r := open(t, &memory{}, load(t, t.TempDir(), false))
	sealed := seal(t, r, "credential", "hunter2", "alice")
	if got, err := r.AEAD("credential").Open(sealed, []byte("alice")); err != nil || string(got) != "hunter2" {
		t.Fatalf("%q %v", got, err)
	}
	if _, err := r.AEAD("credential").Open(sealed, []byte("bob")); err == nil {
		t.Error("opened for another owner")
	}
	if _, err := r.AEAD("asset").Open(sealed, []byte("alice")); err == nil {
		t.Error("opened for another purpose")
	}
	// Purpose and data must not run into each other.
	if _, err := r.AEAD("credentiala").Open(sealed, []byte("lice")); err == nil {
		t.Error("opened with the border moved")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.AEAD("credential").Open(bad, []byte("alice")); err == nil {
			t.Errorf("opened with byte %d changed", i)
		}
	}
	if bytes.Equal(sealed, seal(t, r, "credential", "hunter2", "alice")) {
		t.Error("the same text sealed twice is the same")
	}
}

func TestPepperIsBoundToItsPurpose(t *testing.T) {
	r := open(t, &memory{}, load(t, t.TempDir(), false))
	sum, err := r.MAC("a").Sum([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if !r.MAC("a").Verify(sum, []byte("x")) || r.MAC("a").Verify(sum, []byte("y")) || r.MAC("b").Verify(sum, []byte("x")) || r.MAC("a").Verify(nil, []byte("x")) {
		t.Error("a wrong answer")
	}
}

func TestKeysetsCannotTradePlacesOrBeChanged(t *testing.T) {
	dir, store := t.TempDir(), &memory{}
	m := load(t, dir, false)
	open(t, store, m)
	good := append([]keyring.Keyset(nil), store.sets...)
	damage := map[string]func(){
		"swapped": func() {
			a, b := store.set("data"), store.set("pepper")
			a.Wrapped, b.Wrapped = b.Wrapped, a.Wrapped
		},
		"data changed":  func() { s := store.set("data"); s.Wrapped = append(bytes.Clone(s.Wrapped), 1) },
		"audit changed": func() { s := store.set("audit"); s.Wrapped = append(bytes.Clone(s.Wrapped), 1) },
		"pepper gone":   func() { store.set("pepper").Name = "other" },
		"master gone":   func() { store.set("master").Name = "other" },
	}
	for name, do := range damage {
		store.sets = append([]keyring.Keyset(nil), good...)
		do()
		if _, err := keyring.Open(context.Background(), store, m, time.Now()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadsOfTheRecordAreSignedForAnybodyToCheck(t *testing.T) {
	dir, store := t.TempDir(), &memory{}
	r := open(t, store, load(t, dir, false))
	kid, sig := r.Sign([]byte("head"))
	again := open(t, store, load(t, dir, true))
	if !again.Verify(kid, []byte("head"), sig) {
		t.Error("refused after a restart")
	}
	if again.Verify(kid, []byte("other"), sig) || again.Verify("x", []byte("head"), sig) || again.Verify(kid, []byte("head"), sig[1:]) {
		t.Error("accepted what was not signed")
	}
	if public := again.VerifyKeys()[kid]; !keyring.VerifyWith(public, []byte("head"), sig) || keyring.VerifyWith(nil, []byte("head"), sig) {
		t.Error("the public key alone does not decide")
	}
}
