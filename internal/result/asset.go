package result

import (
	"context"
	"io"
	"time"

	"gocloud.dev/blob"

	"github.com/postern/postern/internal/fault"
)

// Asset describes something kept for a while: a full result, a chart.
type Asset struct {
	ID          string // UUID
	Owner       string // Caller.Subject(); nobody else reads it
	ChatID      string
	Kind        string // "sql", "chart"
	Name        string // a file name
	ContentType string
	Size        int64 // bytes as they are read
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// AssetStore keeps what is known of assets; store.DB implements it.
type AssetStore interface {
	PutAsset(ctx context.Context, a Asset) error
	Asset(ctx context.Context, id string) (Asset, error)
	ExpiredAssets(ctx context.Context, before time.Time, limit int) ([]Asset, error)
	DeleteAsset(ctx context.Context, id string) error
}

// AEAD seals and opens; keyring's AEAD is one.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// Assets keeps assets: sealed in a folder, read by their owner only, gone
// after Keep.
type Assets struct {
	Bucket *blob.Bucket
	Store  AssetStore
	Seal   AEAD
	Keep   time.Duration    // 0 is 4 hours
	Now    func() time.Time // nil is time.Now
}

// OpenFolder gives a bucket in a folder, which it makes.
func OpenFolder(dir string) (*blob.Bucket, error) {
	return nil, fault.New(fault.Internal, "not written yet")
}

// Create begins an asset. ID, Size and times are set here. The caller writes,
// then ends with Commit or Abort.
func (s *Assets) Create(ctx context.Context, a Asset) (*Draft, error) {
	return nil, fault.New(fault.Internal, "not written yet")
}

// Draft is an asset being written. Nobody can read it before Commit.
type Draft struct{}

// Write implements io.Writer.
func (d *Draft) Write(p []byte) (int, error) { return 0, io.ErrClosedPipe }

// Commit makes the asset readable.
func (d *Draft) Commit(ctx context.Context) (Asset, error) { return Asset{}, io.ErrClosedPipe }

// Abort throws it away; after Commit it does nothing.
func (d *Draft) Abort() {}

// Open gives an asset of the owner, or NotFound. A chatID that is not empty
// must be the asset's own. The reader has to be closed.
func (s *Assets) Open(ctx context.Context, owner, id, chatID string) (Asset, io.ReadCloser, error) {
	return Asset{}, nil, fault.New(fault.NotFound, "asset not found")
}

// Sweep removes what has expired and says how many.
func (s *Assets) Sweep(ctx context.Context) (int, error) { return 0, nil }

// HeadKept is Head, with the full result kept as a CSV asset on the way.
func HeadKept(ctx context.Context, rows Rows, s *Assets, a Asset, maxRows, maxChars int) (Table, Asset, error) {
	t, err := Head(ctx, rows, maxRows, maxChars)
	return t, Asset{}, err
}
