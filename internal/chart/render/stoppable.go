package render

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
)

// wazero can stop a module that runs too long (WithCloseOnContextDone), and
// then takes seven times as long for every picture, since it leaves the
// compiled code at each loop to ask. So the question is put into the module
// itself: every function starts by reading one word of memory and traps if it
// is not 0. Rust keeps nothing there but the end of its stack.
const stopWord = 16

// prologue is (if (i32.load offset=16 (i32.const 0)) (then unreachable)).
var prologue = []byte{0x41, 0x00, 0x28, 0x02, stopWord, 0x04, 0x40, 0x00, 0x0b}

var errWasm = errors.New("not a WebAssembly module")

// stoppable gives the module with the prologue in each of its functions.
func stoppable(wasm []byte) ([]byte, error) {
	const header, code = 8, 10
	if len(wasm) < header {
		return nil, errWasm
	}
	out := append(make([]byte, 0, len(wasm)+len(wasm)/8), wasm[:header]...)
	for rest := wasm[header:]; len(rest) > 0; {
		id := rest[0]
		body, after, err := sized32(rest[1:])
		if err != nil {
			return nil, err
		}
		rest = after
		if id == code {
			if body, err = prefixed(body); err != nil {
				return nil, err
			}
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

// prefixed rewrites the code section.
func prefixed(section []byte) ([]byte, error) {
	count, n := binary.Uvarint(section)
	if n <= 0 {
		return nil, errWasm
	}
	out, rest := append([]byte(nil), section[:n]...), section[n:]
	for range count {
		f, after, err := sized32(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		at, err := endOfLocals(f)
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(out, uint64(len(f)+len(prologue)))
		out = append(append(append(out, f[:at]...), prologue...), f[at:]...)
	}
	return out, nil
}

// endOfLocals is where a function's declarations end and its code begins.
func endOfLocals(f []byte) (int, error) {
	groups, at := binary.Uvarint(f)
	if at <= 0 {
		return 0, errWasm
	}
	for range groups {
		_, n := binary.Uvarint(f[at:])
		if n <= 0 || at+n+1 > len(f) {
			return 0, errWasm
		}
		at += n + 1 // how many, and a type of one byte
	}
	return at, nil
}

// sized32 takes what a length stands before.
func sized32(b []byte) (body, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errWasm
	}
	return b[n : n+int(size)], b[n+int(size):], nil
}

// stopper gives a function that ends what the instance runs, from any
// goroutine. The memory must not move when it grows.
func stopper(m api.Module) (func(), error) {
	word, ok := m.Memory().Read(stopWord, 4)
	if !ok {
		return nil, errWasm
	}
	p := (*uint32)(unsafe.Pointer(&word[0])) // a WebAssembly memory begins on a page
	return func() { atomic.StoreUint32(p, 1) }, nil
}
