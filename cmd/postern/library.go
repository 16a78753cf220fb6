package main

import (
	"context"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// libraries are several libraries as one. A tool's name ends in a hash of what
// it is, so that no two have the same.
type libraries []tool.Library

// Tools implements tool.Library.
func (l libraries) Tools(ctx context.Context, c auth.Caller) (all []tool.Tool, err error) {
	for _, one := range l {
		some, err := one.Tools(ctx, c)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Tool implements tool.Library.
func (l libraries) Tool(ctx context.Context, c auth.Caller, name string) (tool.Tool, error) {
	for _, one := range l {
		t, err := one.Tool(ctx, c, name)
		if !fault.Is(err, fault.NotFound) {
			return t, err
		}
	}
	return tool.Tool{}, fault.New(fault.NotFound, "there is no tool of this name")
}
