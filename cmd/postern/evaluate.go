package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// evaluator keeps scores of what agents answer; without agents it only compares
// those that were kept.
func (s *state) evaluator(g *gateway.Gateway, agents []tool.Tool, models *tool.Models) *eval.Evaluator {
	ask := func(c auth.Caller, name string, p product.Product, model func(string)) (eval.Answerer, eval.Runner, error) {
		t, err := tool.Find(agents, name)
		if err != nil {
			return nil, nil, fault.BadField("agent", "value_error", "there is no agent of this name that answers questions")
		}
		env := tool.Env{Caller: c, Data: g, Models: models, Via: "evaluation:" + name}
		return insideAnswerer{env, t, p, model}, insideRunner{env, p}, nil
	}
	return &eval.Evaluator{Store: s.db, Gate: g, Ask: ask, Now: time.Now}
}

// insideAnswerer asks an agent within the server.
type insideAnswerer struct {
	env     tool.Env
	agent   tool.Tool
	product product.Product
	model   func(string)
}

// Answer implements eval.Answerer.
func (a insideAnswerer) Answer(ctx context.Context, question string) (eval.Answer, error) {
	in, err := json.Marshal(map[string]string{"message": question, "data_product_id": a.product.ID, "data_product_version": a.product.Version})
	if err != nil {
		return eval.Answer{}, err
	}
	env := a.env
	ret, err := a.agent.Call(ctx, &env, in)
	if err == nil {
		err = ret.Err
	}
	if err != nil {
		return eval.Answer{}, shownOnly(err)
	}
	said, ok := ret.Content.(interface{ Said() (string, any) })
	if !ok {
		return eval.Answer{}, errors.New("the agent does not say how its answer came out")
	}
	text, facts := said.Said()
	var f struct {
		Status, Tier, SQL string
		Model             string `json:"model_version"`
	}
	b, err := json.Marshal(facts)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return eval.Answer{}, err
	}
	a.model(f.Model)
	out := eval.Answer{Status: eval.Status(f.Status), Tier: f.Tier, SQL: f.SQL}
	if out.Status != eval.Answered {
		out.Reason = text
	}
	return out, nil
}

// insideRunner runs SQL on the version, as the caller.
type insideRunner struct {
	env     tool.Env
	product product.Product
}

// Run implements eval.Runner.
func (r insideRunner) Run(ctx context.Context, sql string) (eval.Table, error) {
	rows, err := r.env.Data.Run(ctx, r.env.Caller, product.Query{ProductID: r.product.ID, Version: r.product.Version, SQL: sql, Via: r.env.Via})
	if err != nil {
		return eval.Table{}, shownOnly(err)
	}
	t, err := eval.TableOf(ctx, rows)
	if err != nil {
		return eval.Table{}, shownOnly(err)
	}
	return t, nil
}

// shownOnly keeps what only the log may hold out of a score: its reasons are
// kept, and shown to whoever sees the product.
func shownOnly(err error) error {
	if f := fault.As(err); f != nil && f.Kind != fault.Internal {
		return fault.New(f.Kind, "%s", f.Message).After(f.RetryAfter)
	}
	return errors.New("internal error")
}
