package keyring

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/postern/postern/internal/fault"
)

// MasterFile is the name of the master key file in the data directory.
const MasterFile = "master.key"

const (
	masterPrefix = "postern-master-v1:"
	masterSize   = 32
	masterHeader = "# The master key of a Postern store. Nothing in the store can be opened without it.\n" +
		"# Keep a copy apart from the store's backups, and let nobody read it.\n"
)

// Master is the one key outside the store: it wraps the keysets inside.
type Master struct {
	wrap        tink.AEAD
	fingerprint []byte
	path        string
}

// LoadMaster reads the master key file of a data directory. When there is none
// it makes one, but only for a store that has no data: a new key beside old
// data would open nothing, and hide that the right one is missing.
func LoadMaster(dir string, storeHasData bool) (*Master, error) {
	path := filepath.Join(dir, MasterFile)
	key, err := readMaster(path)
	if errors.Is(err, fs.ErrNotExist) {
		if storeHasData {
			return nil, fault.New(fault.Unavailable, "the store has data, but its master key file %s is missing: put back the file that this store was made with (from its backup, or from another node); no new key is made beside old data", path)
		}
		key, err = makeMaster(path)
	}
	if err != nil {
		return nil, err
	}
	return newMaster(key, path)
}

func newMaster(key []byte, path string) (*Master, error) {
	wrapKey, err := hkdf.Key(sha256.New, key, nil, "postern master wrap v1", 32)
	if err != nil {
		return nil, err
	}
	printKey, err := hkdf.Key(sha256.New, key, nil, "postern master fingerprint v1", 32)
	if err != nil {
		return nil, err
	}
	wrap, err := subtle.NewAESGCM(wrapKey)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, printKey)
	h.Write([]byte("postern store"))
	return &Master{wrap: wrap, fingerprint: h.Sum(nil), path: path}, nil
}

func readMaster(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Unavailable, "the master key file %s may be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parseMaster(string(text))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the master key file %s is damaged (%s): put back a good copy", path, err)
	}
	return key, nil
}

// parseMaster reads the file: comment lines, and one line with prefix, key and
// the first four bytes of the key's SHA-256, which tells damage from a wrong key.
func parseMaster(text string) ([]byte, error) {
	var found string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if found != "" {
			return nil, errors.New("more than one key")
		}
		found = line
	}
	body, ok := strings.CutPrefix(found, masterPrefix)
	if !ok {
		return nil, fmt.Errorf("there is no line of the form %s<key>", masterPrefix)
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil || len(b) != masterSize+4 {
		return nil, errors.New("the key has the wrong form")
	}
	sum := sha256.Sum256(b[:masterSize])
	if string(sum[:4]) != string(b[masterSize:]) {
		return nil, errors.New("the checksum does not match")
	}
	return b[:masterSize], nil
}

func formatMaster(key []byte) string {
	sum := sha256.Sum256(key)
	return masterHeader + masterPrefix + base64.RawStdEncoding.EncodeToString(append(key[:masterSize:masterSize], sum[:4]...)) + "\n"
}

// makeMaster writes a new key so that it is whole or absent after a crash, and
// so that of two processes at their first start one wins and both read its key.
func makeMaster(path string) ([]byte, error) {
	key := make([]byte, masterSize)
	_, _ = rand.Read(key) // never fails since Go 1.24
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".master-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a left-over temporary name harms nothing
	_, err = f.WriteString(formatMaster(key))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	// Link, not rename: it fails where the name exists, so nothing is replaced.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return nil, fmt.Errorf("make the master key: %w", err)
	}
	return readMaster(path)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
