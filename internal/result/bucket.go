package result

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Bucket is where the bytes of assets are. What is not there is
// fs.ErrNotExist.
type Bucket interface {
	// Create begins an object, which nobody can open before Commit.
	Create(ctx context.Context, key string) (Object, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	// List calls each for every object, left-overs of broken writes included.
	List(ctx context.Context, each func(key string, modified time.Time) error) error
}

// Object is being written. It ends with Commit or Abort; after Commit, Abort
// does nothing.
type Object interface {
	io.Writer
	Commit() error
	Abort()
}

// OpenFolder gives a bucket in a folder, which it makes, readable by this user
// only.
func OpenFolder(dir string) (Bucket, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return folder{dir}, nil
}

// folder keeps each object in a file of its key's name. Keys are our own
// UUIDs, never a caller's text.
type folder struct{ dir string }

func (f folder) path(key string) string { return filepath.Join(f.dir, filepath.Base(key)) }

// Create writes beside the object's name: the temporary folder may be another
// file system, and readable by others.
func (f folder) Create(_ context.Context, key string) (Object, error) {
	t, err := os.CreateTemp(f.dir, filepath.Base(key)+".part-*")
	if err != nil {
		return nil, err
	}
	return &file{File: t, name: f.path(key)}, nil
}

func (f folder) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(f.path(key))
}

func (f folder) Delete(_ context.Context, key string) error { return os.Remove(f.path(key)) }

func (f folder) List(ctx context.Context, each func(string, time.Time) error) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err == nil {
			err = each(e.Name(), info.ModTime())
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

type file struct {
	*os.File
	name string
	done bool
}

func (f *file) Commit() error {
	if err := f.Close(); err != nil {
		return err
	}
	f.done = true
	return os.Rename(f.Name(), f.name)
}

func (f *file) Abort() {
	if f.done {
		return
	}
	f.done = true
	_ = f.Close()
	_ = os.Remove(f.Name())
}
