package result

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"

	"github.com/google/uuid"

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

// Assets keeps assets: sealed in a bucket, read by their owner only, gone
// after Keep.
type Assets struct {
	Bucket Bucket
	Store  AssetStore
	Seal   AEAD
	Keep   time.Duration    // 0 is 4 hours
	Most   int64            // bytes of one asset; 0 is 1 GiB
	Now    func() time.Time // nil is time.Now
}

// ErrTooLarge is what writing to an asset fails with beyond Assets.Most.
var ErrTooLarge = fault.New(fault.Limited, "the result is too large to be kept as an asset")

func (s *Assets) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Assets) keep() time.Duration {
	if s.Keep != 0 {
		return s.Keep
	}
	return 4 * time.Hour
}

// Create begins an asset. ID, Size and times are set here. The caller writes,
// then ends with Commit or Abort.
func (s *Assets) Create(ctx context.Context, a Asset) (*Draft, error) {
	a.ID = uuid.NewString()
	w, err := s.Bucket.Create(ctx, a.ID)
	if err != nil {
		return nil, fmt.Errorf("create asset: %w", err)
	}
	most := s.Most
	if most == 0 {
		most = 1 << 30
	}
	return &Draft{assets: s, asset: a, w: w, most: most, buf: make([]byte, 0, sealChunk)}, nil
}

// sealChunk is how many bytes are sealed at once, so that an asset of any size
// is read and written with bounded memory.
const sealChunk = 64 << 10

// Draft is an asset being written. Nobody can read it before Commit.
type Draft struct {
	assets *Assets
	asset  Asset
	w      Object
	most   int64
	buf    []byte
	chunks uint64
	done   bool
}

// Write implements io.Writer.
func (d *Draft) Write(p []byte) (int, error) {
	if d.asset.Size+int64(len(p)) > d.most {
		return 0, ErrTooLarge
	}
	d.asset.Size += int64(len(p))
	for rest := p; len(rest) > 0; {
		if len(d.buf) == sealChunk {
			if err := d.seal(false); err != nil {
				return 0, err
			}
		}
		n := min(len(rest), sealChunk-len(d.buf))
		d.buf, rest = append(d.buf, rest[:n]...), rest[n:]
	}
	return len(p), nil
}

// seal writes the gathered chunk: whether it is the last, the length, and the
// sealed bytes.
func (d *Draft) seal(last bool) error {
	sealed, err := d.assets.Seal.Seal(d.buf, chunkAAD(d.asset, d.chunks, last))
	if err != nil {
		return fmt.Errorf("seal asset: %w", err)
	}
	d.chunks++
	d.buf = d.buf[:0]
	head := binary.BigEndian.AppendUint32([]byte{flag(last)}, uint32(len(sealed))) //nolint:gosec // a chunk is 64 KiB
	if _, err := d.w.Write(head); err != nil {
		return err
	}
	_, err = d.w.Write(sealed)
	return err
}

// chunkAAD binds a chunk to its asset, its owner and its place; the last one
// says so, which is how a shortened file shows.
func chunkAAD(a Asset, n uint64, last bool) []byte {
	b := []byte("postern asset 1\x00" + a.ID + "\x00" + strconv.Itoa(len(a.Owner)) + ":" + a.Owner + "\x00")
	return append(binary.BigEndian.AppendUint64(b, n), flag(last))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Commit makes the asset readable.
func (d *Draft) Commit(ctx context.Context) (Asset, error) {
	if d.done {
		return Asset{}, errors.New("asset was ended already")
	}
	if err := d.seal(true); err != nil {
		d.Abort()
		return Asset{}, err
	}
	d.done = true
	if err := d.w.Commit(); err != nil {
		d.w.Abort()
		return Asset{}, fmt.Errorf("write asset: %w", err)
	}
	d.asset.CreatedAt = d.assets.now()
	d.asset.ExpiresAt = d.asset.CreatedAt.Add(d.assets.keep())
	if err := d.assets.Store.PutAsset(ctx, d.asset); err != nil {
		_ = d.assets.Bucket.Delete(context.WithoutCancel(ctx), d.asset.ID) // without its row nobody can reach it
		return Asset{}, err
	}
	return d.asset, nil
}

// Abort throws it away; after Commit it does nothing.
func (d *Draft) Abort() {
	if d.done {
		return
	}
	d.done = true
	d.w.Abort()
}

var errNoAsset = fault.New(fault.NotFound, "asset not found")

// Open gives an asset of the owner, or NotFound. A chatID that is not empty
// must be the asset's own. The reader has to be closed; it fails rather than
// ends when the asset was tampered with.
func (s *Assets) Open(ctx context.Context, owner, id, chatID string) (Asset, io.ReadCloser, error) {
	if uuid.Validate(id) != nil || len(id) != 36 {
		return Asset{}, nil, errNoAsset
	}
	a, err := s.Store.Asset(ctx, id)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return Asset{}, nil, errNoAsset
		}
		return Asset{}, nil, err
	}
	if a.Owner != owner || chatID != "" && chatID != a.ChatID || !s.now().Before(a.ExpiresAt) {
		return Asset{}, nil, errNoAsset
	}
	r, err := s.Bucket.Open(ctx, a.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return Asset{}, nil, errNoAsset
	}
	if err != nil {
		return Asset{}, nil, fmt.Errorf("open asset: %w", err)
	}
	return a, &opener{asset: a, seal: s.Seal, r: r}, nil
}

// opener reads a sealed asset.
type opener struct {
	asset  Asset
	seal   AEAD
	r      io.ReadCloser
	chunks uint64
	plain  []byte
	last   bool
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.last {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, fmt.Errorf("read asset %s: %w", o.asset.ID, err)
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) next() error {
	var head [5]byte
	if _, err := io.ReadFull(o.r, head[:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > 2*sealChunk {
		return errors.New("a chunk is too long")
	}
	sealed := make([]byte, size)
	if _, err := io.ReadFull(o.r, sealed); err != nil {
		return io.ErrUnexpectedEOF
	}
	last := head[0] == 1
	plain, err := o.seal.Open(sealed, chunkAAD(o.asset, o.chunks, last))
	if err != nil {
		return fmt.Errorf("chunk %d does not open: %w", o.chunks, err)
	}
	o.plain, o.last = plain, last
	o.chunks++
	return nil
}

func (o *opener) Close() error { return o.r.Close() }

// Sweep removes what has expired, and what a crash left without a row, and
// says how many.
func (s *Assets) Sweep(ctx context.Context) (int, error) {
	swept := 0
	for {
		old, err := s.Store.ExpiredAssets(ctx, s.now(), 100)
		if err != nil {
			return swept, err
		}
		if len(old) == 0 {
			n, err := s.sweepStranded(ctx)
			return swept + n, err
		}
		for _, a := range old {
			if err := s.drop(ctx, a.ID); err != nil {
				return swept, err
			}
			if err := s.Store.DeleteAsset(ctx, a.ID); err != nil {
				return swept, err
			}
			swept++
		}
	}
}

// sweepStranded removes blobs that are older than any asset may be.
func (s *Assets) sweepStranded(ctx context.Context) (int, error) {
	swept := 0
	before := s.now().Add(-s.keep() - time.Hour)
	err := s.Bucket.List(ctx, func(key string, modified time.Time) error {
		if !modified.Before(before) {
			return nil
		}
		swept++
		return s.drop(ctx, key)
	})
	if err != nil {
		return swept, fmt.Errorf("sweep assets: %w", err)
	}
	return swept, nil
}

func (s *Assets) drop(ctx context.Context, key string) error {
	if err := s.Bucket.Delete(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete asset %s: %w", key, err)
	}
	return nil
}

// HeadKept is Head, with the full result kept as a CSV asset on the way. A
// result that is too large to keep still gives its table, with no asset.
func HeadKept(ctx context.Context, rows Rows, s *Assets, a Asset, maxRows, maxChars int) (Table, Asset, error) {
	a.ContentType = csvMedia(ColumnsOf(rows.Schema()), false)
	draft, err := s.Create(ctx, a)
	if err != nil {
		return Table{}, Asset{}, errors.Join(err, rows.Close())
	}
	defer draft.Abort()
	kept := &bestEffort{draft: draft}
	t, err := Head(ctx, Tee(rows, kept), maxRows, maxChars)
	if err != nil {
		return Table{}, Asset{}, err
	}
	if kept.err != nil {
		t.Truncated, t.Next = true, "The full result is too large to be kept; stream it from the query endpoint."
		return t, Asset{}, nil
	}
	if Capped(rows) {
		draft.asset.ContentType = csvMedia(ColumnsOf(rows.Schema()), true)
	}
	if a, err = draft.Commit(ctx); err != nil {
		return Table{}, Asset{}, err
	}
	if t.Truncated {
		t.Next = "The full result is the CSV asset " + a.ID + ". " + t.Next
	}
	return t, a, nil
}

// bestEffort lets the result go on when it outgrows its asset.
type bestEffort struct {
	draft *Draft
	err   error
}

func (b *bestEffort) Write(p []byte) (int, error) {
	if b.err != nil {
		return len(p), nil
	}
	_, err := b.draft.Write(p)
	if errors.Is(err, ErrTooLarge) {
		b.err = err
		b.draft.Abort()
		return len(p), nil
	}
	return len(p), err
}
