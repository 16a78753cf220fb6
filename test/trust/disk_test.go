package trust_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sort"
	"strings"
)

// disk is a file system that keeps what was synced and nothing else: a write
// is there once fsync of its file began after it and has ended, a name once
// its folder was synced. It follows the calls of a trace below one folder.
type disk struct {
	root  string
	names map[string]*inode // as the running program sees them
	safe  map[string]*inode // as they are after the power went
	fds   map[string]int64  // positions, for plain writes
	syncs int
}

// inode is a file's content: what is safe, and the writes since.
type inode struct {
	safe   []byte
	writes []write
}

// write is one that no fsync covered yet; to is the new length of a truncate.
type write struct {
	at    int64
	data  string
	to    int64 // -1 when it is no truncate
	ended int
}

func newDisk(root string) *disk {
	return &disk{root: root, names: map[string]*inode{}, safe: map[string]*inode{}, fds: map[string]int64{}}
}

func (w write) onto(b []byte) []byte {
	if w.to >= 0 {
		return append(b, make([]byte, max(0, w.to-int64(len(b))))...)[:w.to]
	}
	if end := w.at + int64(len(w.data)); end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[w.at:], w.data)
	return b
}

// mine leaves out the cache of compiled WebAssembly, which is nobody's state:
// every store is rebuilt without it, as if all of it were lost.
func (d *disk) mine(path string) bool {
	return strings.HasPrefix(path, d.root+"/") && !strings.HasPrefix(path, d.root+"/cache/")
}

// apply follows one call that has ended well.
func (d *disk) apply(c *call) error {
	if strings.HasPrefix(c.value, "-1") || strings.HasPrefix(c.value, "?") {
		return nil
	}
	fd, name := file(c.args)
	switch c.name {
	case "open", "openat":
		d.opened(c)
	case "write", "pwrite64":
		return d.wrote(c, fd, name)
	case "writev", "pwritev", "pwritev2", "fallocate", "copy_file_range", "sendfile":
		if d.mine(name) {
			return fmt.Errorf("%s on %s is not followed", c.name, name)
		}
	case "ftruncate":
		if f := d.names[name]; f != nil {
			f.writes = append(f.writes, write{to: c.last(), ended: c.ended})
		}
	case "fsync", "fdatasync":
		d.sync(name, c.began)
	case "unlink", "unlinkat":
		path, _ := c.text(0)
		delete(d.names, path)
	case "rename", "renameat", "renameat2", "link", "linkat":
		from, _ := c.text(0)
		to, _ := c.text(1)
		if f := d.names[from]; f != nil {
			d.names[to] = f
			if strings.HasPrefix(c.name, "rename") {
				delete(d.names, from)
			}
		}
	}
	return nil
}

func (d *disk) opened(c *call) {
	fd, name := file(c.value)
	if !d.mine(name) {
		return
	}
	d.fds[fd] = 0
	if d.names[name] == nil && strings.Contains(c.args, "O_CREAT") {
		d.names[name] = &inode{}
	}
	if f := d.names[name]; f != nil && strings.Contains(c.args, "O_TRUNC") {
		f.writes = append(f.writes, write{to: 0, ended: c.ended})
	}
}

func (d *disk) wrote(c *call, fd, name string) error {
	f := d.names[name]
	if f == nil {
		return nil
	}
	data, cut := c.text(0)
	if cut || c.value != fmt.Sprint(len(data)) {
		return fmt.Errorf("a write of %s to %s is not whole in the trace", c.value, name)
	}
	w := write{data: data, to: -1, ended: c.ended}
	if c.name == "pwrite64" {
		w.at = c.last()
	} else {
		w.at = d.fds[fd]
		d.fds[fd] += int64(len(data))
	}
	f.writes = append(f.writes, w)
	return nil
}

// sync makes safe what had ended when the call began.
func (d *disk) sync(name string, began int) {
	d.syncs++
	if f := d.names[name]; f != nil {
		var later []write
		for _, w := range f.writes {
			if w.ended < began {
				f.safe = w.onto(f.safe)
			} else {
				later = append(later, w)
			}
		}
		f.writes = later
		return
	}
	if name != d.root && !d.mine(name) {
		return
	}
	for path := range d.safe {
		if filepath.Dir(path) == name && d.names[path] == nil {
			delete(d.safe, path)
		}
	}
	for path, f := range d.names {
		if filepath.Dir(path) == name {
			d.safe[path] = f
		}
	}
}

// after gives the files as they may be after the power went: all of what was
// not synced is gone; or, with a source of chance, any part of it is there, in
// any order, and torn at any sector.
func (d *disk) after(chance *rand.Rand) map[string][]byte {
	out := map[string][]byte{}
	paths := make([]string, 0, len(d.safe))
	for path := range d.safe {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if strings.HasSuffix(path, "-shm") {
			continue // memory that is shared, and made anew from the log
		}
		f := d.safe[path]
		b := append([]byte(nil), f.safe...)
		if chance != nil {
			for _, i := range chance.Perm(len(f.writes)) {
				b = d.partly(f.writes[i], chance).onto(b)
			}
		}
		out[path] = b
	}
	return out
}

const sector = 512

// partly keeps some of a write: nothing, all, or its first or last sectors.
func (d *disk) partly(w write, chance *rand.Rand) write {
	none := write{to: -1}
	if w.to >= 0 {
		if chance.IntN(2) == 0 {
			return none
		}
		return w
	}
	cut := chance.IntN(len(w.data)/sector+1) * sector
	switch chance.IntN(4) {
	case 0:
		return none
	case 1:
		return write{at: w.at, data: w.data[:cut], to: -1}
	case 2:
		return write{at: w.at + int64(cut), data: w.data[cut:], to: -1}
	}
	return w
}
