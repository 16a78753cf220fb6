package main

import (
	"flag"
	"os"
	"time"
)

// fsyncs counts how often a page can be appended and synced in a second, in
// the folder given: the file system of the store.
func fsyncs(args []string) (any, error) {
	f := flag.NewFlagSet("fsync", flag.ContinueOnError)
	dir := f.String("dir", ".", "folder")
	length := f.Duration("for", time.Second, "how long")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(*dir, "fsync-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // in a temporary folder
	defer file.Close()           //nolint:errcheck // nothing in it is kept
	page := make([]byte, 4096)
	n, began := 0, time.Now()
	for time.Since(began) < *length {
		if _, err := file.Write(page); err != nil {
			return nil, err
		}
		if err := file.Sync(); err != nil {
			return nil, err
		}
		n++
	}
	return rate{float64(n) / time.Since(began).Seconds()}, nil
}
