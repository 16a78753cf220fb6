package render

import (
	"context"
	"errors"
	"sync"

	"modernc.org/quickjs"

	"github.com/postern/postern/internal/fault"
)

// pool keeps engines that have drawn nothing yet.
type pool struct {
	limits limits
	ready  chan *quickjs.VM
	slots  chan struct{} // charts that may be drawn at once
	failed chan struct{} // closed when no engine will ever start
	done   chan struct{}
	wait   sync.WaitGroup
	close  sync.Once
	err    error // valid after failed is closed
}

// newPool keeps n engines ready from the background on.
func newPool(n int, l limits) *pool {
	p := &pool{limits: l, ready: make(chan *quickjs.VM, n-1), slots: make(chan struct{}, n), failed: make(chan struct{}), done: make(chan struct{})}
	p.wait.Go(p.fill)
	return p
}

// fill starts engines as fast as they are taken, one ahead of the channel.
func (p *pool) fill() {
	code, err := compile()
	for err == nil {
		var vm *quickjs.VM
		if vm, err = boot(code, p.limits); err != nil {
			break
		}
		select {
		case p.ready <- vm:
		case <-p.done:
			end(vm)
			return
		}
	}
	p.err = err
	close(p.failed)
}

// with runs f on an engine of its own. The engine is taken down after the
// answer was given, and only then is it another chart's turn: a chart that
// filled the memory takes a while to take down.
func (p *pool) with(ctx context.Context, f func(*quickjs.VM) ([]byte, error)) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, errClosed
	}
	vm, err := p.take(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	type answer struct {
		out []byte
		err error
	}
	c := make(chan answer, 1)
	p.wait.Go(func() {
		defer func() { <-p.slots }()
		defer end(vm)
		out, err := f(vm)
		c <- answer{out, err}
	})
	a := <-c
	return a.out, a.err
}

// take waits for an engine that has drawn nothing.
func (p *pool) take(ctx context.Context) (*quickjs.VM, error) {
	select {
	case vm := <-p.ready:
		return vm, nil
	case <-p.failed:
		return nil, fault.Because(p.err, fault.Internal, "charts cannot be drawn")
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, errClosed
	}
}

// stop ends the background and the engines that nobody took.
func (p *pool) stop() {
	p.close.Do(func() {
		close(p.done)
		p.wait.Wait()
		for {
			select {
			case vm := <-p.ready:
				end(vm)
			default:
				return
			}
		}
	})
}

var errClosed = fault.Because(errors.New("closed"), fault.Unavailable, "the server is shutting down")
