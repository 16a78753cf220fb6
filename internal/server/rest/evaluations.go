package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// Evaluator runs and shows evaluations; *eval.Evaluator does.
type Evaluator interface {
	Run(ctx context.Context, c auth.Caller, in eval.Request, begun func(eval.Evaluation) error, each func(eval.Outcome) error) (eval.Evaluation, error)
	Get(ctx context.Context, c auth.Caller, productID, id string) (eval.Evaluation, []eval.Outcome, error)
	List(ctx context.Context, c auth.Caller, productID string, limit, skip int) ([]eval.Evaluation, int, error)
}

// Evaluations serves the scores of a product's versions.
type Evaluations struct{ Eval Evaluator }

// Routes are the routes of evaluations.
func (h Evaluations) Routes() []web.Route {
	const all = "/api/v2/data-product/{product_id}/evaluation/"
	return []web.Route{
		{Method: "POST", Path: all, Scope: auth.ScopeQuery, Handle: h.run},
		{Method: "GET", Path: all, Scope: auth.ScopeProductsRead, Handle: h.list},
		{Method: "GET", Path: all + "{evaluation_id}/", Scope: auth.ScopeProductsRead, Handle: h.get},
	}
}

// forced reports whether the request asks to pass over a worse score.
func forced(r *http.Request) bool {
	ok, err := strconv.ParseBool(r.URL.Query().Get("force"))
	return err == nil && ok
}

type evaluationView struct {
	ID        string     `json:"evaluation_id"`
	ProductID string     `json:"product_id"`
	VersionID string     `json:"version_id"`
	Spec      string     `json:"spec_hash"`
	Model     string     `json:"model_version,omitempty"`
	Agent     string     `json:"agent"`
	Questions string     `json:"questions_hash"`
	Status    string     `json:"status"`
	Reason    string     `json:"reason,omitempty"`
	Totals    totalsView `json:"totals"`
	By        string     `json:"created_by"`
	Started   string     `json:"ts_started"`
	Ended     string     `json:"ts_ended,omitempty"`
}

type totalsView struct {
	Questions int `json:"questions"`
	Correct   int `json:"correct"`
	Wrong     int `json:"wrong"`
	Abstained int `json:"abstained"`
	Unscored  int `json:"unscored"`
}

type outcomeView struct {
	Question string `json:"question"`
	Status   string `json:"status"`
	Tier     string `json:"tier"`
	SQL      string `json:"sql"`
	Correct  bool   `json:"correct"`
	Reason   string `json:"reason,omitempty"`
	Unscored string `json:"unscored,omitempty"`
}

func viewOfEvaluation(e eval.Evaluation) evaluationView {
	v := evaluationView{
		ID: e.ID, ProductID: e.Product, VersionID: e.Version, Spec: e.Spec, Model: e.Model, Agent: e.Agent, Questions: e.Questions,
		Status: string(e.Status), Reason: e.Reason, Totals: totalsView(e.Totals), By: e.By, Started: productTime(e.StartedAt),
	}
	if !e.EndedAt.IsZero() {
		v.Ended = productTime(e.EndedAt)
	}
	return v
}

func viewOfOutcome(o eval.Outcome) outcomeView {
	return outcomeView{o.Question, string(o.Answer.Status), o.Answer.Tier, o.Answer.SQL, o.Correct, o.Answer.Reason, o.Unscored}
}

// evaluationInput is what a run may be told.
type evaluationInput struct {
	Version   string `json:"version"`
	Agent     string `json:"agent"`
	Questions []struct {
		Question string       `json:"question"`
		SQL      oneOrMoreSQL `json:"sql"`
	} `json:"questions"`
}

// oneOrMoreSQL is a statement, or a list of them.
type oneOrMoreSQL []string

// UnmarshalJSON takes a string or a list of strings.
func (s *oneOrMoreSQL) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = oneOrMoreSQL{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

// maxQuestions is the limit of posted questions, in bytes.
const maxQuestions = 4 << 20

// run streams a line of JSON as each question is scored: first the evaluation,
// last its totals.
func (h Evaluations) run(w http.ResponseWriter, r *http.Request) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	id := r.PathValue("product_id")
	// Whose the product is comes before what is wrong with the request.
	if _, _, err := h.Eval.List(ctx, c, id, 1, 0); err != nil {
		return err
	}
	body, err := web.Body(w, r, maxQuestions)
	if err != nil {
		return err
	}
	var in evaluationInput
	if len(bytes.TrimSpace(body)) > 0 {
		if err := web.DecodeBytes(body, &in); err != nil {
			return err
		}
	}
	web.Note(ctx, "product", id)
	req := eval.Request{Product: id, Version: in.Version, Agent: in.Agent}
	if req.Agent == "" {
		req.Agent = "sql_query_agent"
	}
	for _, q := range in.Questions {
		req.Questions = append(req.Questions, eval.Question{Text: q.Question, SQL: q.SQL})
	}
	out := &queryWriter{w: w, rc: http.NewResponseController(w), format: "application/x-ndjson"}
	defer out.done()
	line := func(v any) error {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		out.flush()
		return nil
	}
	done, err := h.Eval.Run(ctx, c, req,
		func(e eval.Evaluation) error { return line(map[string]any{"evaluation": viewOfEvaluation(e)}) },
		func(o eval.Outcome) error { return line(viewOfOutcome(o)) })
	if err != nil {
		return err // after the first line the connection breaks, so that no short answer looks whole
	}
	return line(map[string]any{"totals": totalsView(done.Totals)})
}

func (h Evaluations) list(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageNumber(r, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	skip, err := pageNumber(r, "skip", 0, 0, 1<<30)
	if err != nil {
		return err
	}
	all, total, err := h.Eval.List(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id"), limit, skip)
	if err != nil {
		return err
	}
	out := make([]evaluationView, 0, len(all))
	for _, e := range all {
		out = append(out, viewOfEvaluation(e))
	}
	return web.Respond(w, http.StatusOK, map[string]any{"results": out, "total": total})
}

func pageNumber(r *http.Request, name string, otherwise, least, most int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fault.BadField(name, "int_range", "must be a whole number from %d to %d", least, most)
	}
	return n, nil
}

func (h Evaluations) get(w http.ResponseWriter, r *http.Request) error {
	e, rows, err := h.Eval.Get(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id"), r.PathValue("evaluation_id"))
	if err != nil {
		return err
	}
	out := make([]outcomeView, 0, len(rows))
	for _, o := range rows {
		out = append(out, viewOfOutcome(o))
	}
	return web.Respond(w, http.StatusOK, struct {
		evaluationView
		Rows []outcomeView `json:"questions"`
	}{viewOfEvaluation(e), out})
}
