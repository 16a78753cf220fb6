package render

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// bindings are the JavaScript objects that a module made by wasm-bindgen
// believes to hold: it knows them by number. One module instance has its own.
type bindings struct {
	objects []any
	free    []uint32
}

// Numbers below reserved are wasm-bindgen's own; these four have a value.
const (
	reserved     = 132
	jsUndefined  = 128
	jsNull       = 129
	jsTrue       = 130
	jsFalse      = 131
	mostBindings = 1 << 16
)

// The kinds of objects that resvg makes or is given.
type (
	array     struct{ items []any }
	iterator  struct{ items []any }
	step      struct{ value any }
	stepEnd   struct{}
	jsError   string
	memory    struct{}
	byteArray struct {
		own    []byte     // of one that has its own bytes
		module api.Module // of one that is a view of the module's memory
		at, n  uint32
	}
)

func bytesOf(b []byte) *byteArray { return &byteArray{own: b, n: uint32(len(b))} }

func (b *byteArray) bytes() []byte {
	if b.module == nil {
		return b.own
	}
	v, ok := b.module.Memory().Read(b.at, b.n)
	if !ok {
		panic(errOutside)
	}
	return v
}

var errOutside = errors.New("resvg: a view outside of its memory")

func newBindings() *bindings {
	b := &bindings{objects: make([]any, reserved)}
	b.objects[jsTrue], b.objects[jsFalse] = true, false
	return b
}

func (b *bindings) add(v any) uint32 {
	if n := len(b.free); n > 0 {
		i := b.free[n-1]
		b.free = b.free[:n-1]
		b.objects[i] = v
		return i
	}
	if len(b.objects) >= mostBindings {
		panic(errors.New("resvg: too many objects"))
	}
	b.objects = append(b.objects, v)
	return uint32(len(b.objects) - 1)
}

func (b *bindings) get(i uint32) any {
	if int(i) >= len(b.objects) {
		return nil
	}
	return b.objects[i]
}

// take gives an object up.
func (b *bindings) take(i uint32) any {
	v := b.get(i)
	if i >= reserved && int(i) < len(b.objects) {
		b.objects[i] = nil
		b.free = append(b.free, i)
	}
	return v
}

type bindingsKey struct{}

func of(ctx context.Context) *bindings { return ctx.Value(bindingsKey{}).(*bindings) }

// hostModule is the module wbg that resvg imports: wasm-bindgen's glue, as
// much of it as @resvg/resvg-wasm 2.6.2 asks for. The names hold hashes, so
// another version fails to start instead of misbehaving.
func hostModule(r wazero.Runtime) wazero.HostModuleBuilder {
	m := r.NewHostModuleBuilder("wbg")
	def := func(name string, f any) { m = m.NewFunctionBuilder().WithFunc(f).Export(name) }

	def("__wbg_new_28c511d9baebfa89", func(ctx context.Context, m api.Module, at, n uint32) uint32 {
		return of(ctx).add(jsError(text(m, at, n)))
	})
	def("__wbindgen_memory", func(ctx context.Context) uint32 { return of(ctx).add(memory{}) })
	def("__wbg_buffer_12d079cc21e14bdb", func(ctx context.Context, o uint32) uint32 { return of(ctx).add(of(ctx).get(o)) })
	def("__wbg_newwithbyteoffsetandlength_aa4a17c33a06e5cb", func(ctx context.Context, m api.Module, o, at, n uint32) uint32 {
		return of(ctx).add(&byteArray{module: m, at: at, n: n})
	})
	def("__wbindgen_object_drop_ref", func(ctx context.Context, o uint32) { of(ctx).take(o) })
	def("__wbg_new_63b92bc8671ed464", func(ctx context.Context, m api.Module, o uint32) uint32 {
		return of(ctx).add(newBytes(m, of(ctx).get(o)))
	})
	def("__wbg_values_839f3396d5aac002", func(ctx context.Context, o uint32) uint32 {
		a, _ := of(ctx).get(o).(*array)
		if a == nil {
			a = &array{}
		}
		return of(ctx).add(&iterator{items: a.items})
	})
	def("__wbg_next_196c84450b364254", func(ctx context.Context, o uint32) uint32 { return of(ctx).add(next(of(ctx).get(o))) })
	def("__wbg_done_298b57d23c0fc80c", func(ctx context.Context, o uint32) uint32 {
		_, end := of(ctx).get(o).(stepEnd)
		return flag(end)
	})
	def("__wbg_value_d93c65011f51a456", func(ctx context.Context, o uint32) uint32 {
		s, _ := of(ctx).get(o).(step)
		return of(ctx).add(s.value)
	})
	def("__wbg_instanceof_Uint8Array_2b3bbecd033d19f6", func(ctx context.Context, o uint32) uint32 {
		_, is := of(ctx).get(o).(*byteArray)
		return flag(is)
	})
	def("__wbindgen_string_get", stringGet)
	def("__wbg_new_16b304a2cfa7ff4a", func(ctx context.Context) uint32 { return of(ctx).add(&array{}) })
	def("__wbindgen_string_new", func(ctx context.Context, m api.Module, at, n uint32) uint32 { return of(ctx).add(text(m, at, n)) })
	def("__wbg_push_a5b05aedc7234f9f", func(ctx context.Context, o, v uint32) uint32 {
		a := of(ctx).get(o).(*array)
		a.items = append(a.items, of(ctx).get(v))
		return uint32(len(a.items))
	})
	def("__wbg_length_c20a40f15020d68a", func(ctx context.Context, o uint32) uint32 { return of(ctx).get(o).(*byteArray).n })
	def("__wbg_set_a47bac70306a19a7", func(ctx context.Context, o, from, at uint32) {
		copy(of(ctx).get(o).(*byteArray).bytes()[at:], of(ctx).get(from).(*byteArray).bytes())
	})
	def("__wbindgen_throw", func(_ context.Context, m api.Module, at, n uint32) { panic(errors.New("resvg: " + text(m, at, n))) })
	return m
}

// newBytes is new Uint8Array(o): of the memory a view, of bytes a copy.
func newBytes(m api.Module, o any) *byteArray {
	b, is := o.(*byteArray)
	if !is {
		return &byteArray{module: m, n: m.Memory().Size()}
	}
	return bytesOf(append([]byte(nil), b.bytes()...))
}

func next(o any) any {
	it, _ := o.(*iterator)
	if it == nil || len(it.items) == 0 {
		return stepEnd{}
	}
	v := it.items[0]
	it.items = it.items[1:]
	return step{v}
}

// stringGet writes where a string was put into the module's memory, and its
// length; a null pointer says that the object is none.
func stringGet(ctx context.Context, m api.Module, out, o uint32) {
	s, is := of(ctx).get(o).(string)
	var ptr uint32
	if is {
		r, err := m.ExportedFunction("__wbindgen_malloc").Call(ctx, uint64(len(s)), 1)
		if err != nil {
			panic(err)
		}
		ptr = uint32(r[0])
		m.Memory().WriteString(ptr, s)
	}
	m.Memory().WriteUint32Le(out, ptr)
	m.Memory().WriteUint32Le(out+4, uint32(len(s)))
}

func text(m api.Module, at, n uint32) string {
	b, ok := m.Memory().Read(at, n)
	if !ok {
		panic(errOutside)
	}
	return string(b)
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
