// Package stack keeps the stacks small of what waits for long. A goroutine's
// stack that has grown stays as it is while more than a quarter of it is in
// use; and thousands may wait for a warehouse, each in the middle of its work.
package stack

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Apart works f on a stack of its own, which is gone when f returns: for what
// goes deep before a long wait. A panic in f is an error. Its value may hold
// anything, so only Go's own are quoted.
func Apart[T any](f func() (T, error)) (out T, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				what := fmt.Sprintf("a %T", p)
				if re, ok := p.(runtime.Error); ok {
					what = re.Error()
				}
				err = fmt.Errorf("panic: %s\n%s", what, debug.Stack())
			}
		}()
		out, err = f()
	}()
	<-done
	return out, err
}
