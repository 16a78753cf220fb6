package eval

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
)

// RunStatus is how far an evaluation got.
type RunStatus string

// The statuses of an evaluation. Only one that is done counts.
const (
	Running RunStatus = "running"
	Done    RunStatus = "done"
	Broken  RunStatus = "broken" // it did not get to its end
)

// Evaluation is one run of questions over one version of a product, kept.
type Evaluation struct {
	ID        string
	Product   string
	Version   string
	Spec      string // SpecHash of the version as it was then
	Model     string // the version of the model that answered
	Agent     string
	Questions string // QuestionsHash of what was asked
	Status    RunStatus
	Reason    string // why it broke
	Totals    Totals
	By        string // Caller.Subject()
	StartedAt time.Time
	EndedAt   time.Time
}

// Kept is the newest outcome of one question for one version.
type Kept struct {
	Agent    string
	Question string // Key of the question
	Correct  bool
	Wrong    bool
}

// Store keeps evaluations. Start and End commit with their record.
type Store interface {
	StartEvaluation(ctx context.Context, e Evaluation) error
	// EndEvaluation keeps how it came out, with an outcome a question; keys are
	// the questions' keys, in the same order.
	EndEvaluation(ctx context.Context, e Evaluation, keys []string, rows []Outcome) error
	Evaluation(ctx context.Context, productID, id string) (Evaluation, []Outcome, error)
	// Evaluations gives those of a product, the newest first.
	Evaluations(ctx context.Context, productID string, limit, skip int) ([]Evaluation, int, error)
	// Outcomes gives the newest outcome of each question that was asked of a
	// version with this spec, of evaluations that are done.
	Outcomes(ctx context.Context, productID, version, spec string) ([]Kept, error)
	// Override puts on record that a version was made ready though it answers
	// worse.
	Override(ctx context.Context, productID, version, reason string) error
}

// Gate lets in who may evaluate a product; the gateway does.
type Gate interface {
	// Evaluates gives a version of a product to who may keep scores of it.
	Evaluates(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
	Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
}

// Evaluator runs evaluations inside the server, with the caller's own rights.
type Evaluator struct {
	Store Store
	Gate  Gate
	// Ask gives an agent's answers, and a way to run SQL, as the caller;
	// NotFound when there is no agent of the name. model hears the version of
	// the model that answers.
	Ask func(c auth.Caller, agent string, p product.Product, model func(string)) (Answerer, Runner, error)
	Now func() time.Time
}

// Request is an evaluation to be run. No Questions are those of the spec.
type Request struct {
	Product, Version, Agent string
	Questions               []Question
}

// Most questions of one evaluation that is kept.
const mostKept = 10_000

// Run asks the questions, calls begun once and each with every outcome in
// turn, and keeps the score.
func (e *Evaluator) Run(ctx context.Context, c auth.Caller, in Request, begun func(Evaluation) error, each func(Outcome) error) (Evaluation, error) {
	ctx = auth.WithCaller(ctx, c)
	p, err := e.Gate.Evaluates(ctx, c, in.Product, in.Version)
	if err != nil {
		return Evaluation{}, err
	}
	qs, err := questionsOf(in, p)
	if err != nil {
		return Evaluation{}, err
	}
	var model string
	heard := make(chan string, 1)
	a, r, err := e.Ask(c, in.Agent, p, func(v string) {
		select {
		case heard <- v:
		default:
		}
	})
	if err != nil {
		return Evaluation{}, err
	}
	run := Evaluation{
		ID: "ev_" + strings.ToLower(rand.Text()[:20]), Product: p.ID, Version: p.Version, Spec: SpecHash(p), Agent: in.Agent,
		Questions: QuestionsHash(qs), Status: Running, By: c.Subject(), StartedAt: e.Now(),
	}
	if err := e.Store.StartEvaluation(ctx, run); err != nil {
		return run, err
	}
	var rows []Outcome
	err = begun(run)
	if err == nil {
		run.Totals, err = Score(ctx, qs, a, r, func(o Outcome) error {
			rows = append(rows, o)
			return each(o)
		})
	}
	select {
	case model = <-heard:
	default:
	}
	run.Model, run.EndedAt, run.Status = model, e.Now(), Done
	if err != nil {
		run.Status, run.Reason = Broken, "it was broken off"
	}
	// Not the request's own context: that it was broken off is kept too.
	if kerr := e.Store.EndEvaluation(context.WithoutCancel(ctx), run, keysOf(qs[:len(rows)]), rows); err == nil {
		err = kerr
	}
	return run, err
}

// Get gives one evaluation with its outcomes, to who may see the product.
func (e *Evaluator) Get(ctx context.Context, c auth.Caller, productID, id string) (Evaluation, []Outcome, error) {
	if _, err := e.Gate.Product(ctx, c, productID, ""); err != nil {
		return Evaluation{}, nil, err
	}
	return e.Store.Evaluation(ctx, productID, id)
}

// List gives a product's evaluations, the newest first, and how many there are.
func (e *Evaluator) List(ctx context.Context, c auth.Caller, productID string, limit, skip int) ([]Evaluation, int, error) {
	if _, err := e.Gate.Product(ctx, c, productID, ""); err != nil {
		return nil, 0, err
	}
	return e.Store.Evaluations(ctx, productID, limit, skip)
}

func questionsOf(in Request, p product.Product) ([]Question, error) {
	qs := in.Questions
	if len(qs) == 0 {
		for _, q := range p.Questions {
			qs = append(qs, Question{Text: q.Text, SQL: q.SQL})
		}
	}
	if len(qs) == 0 {
		return nil, fault.BadField("questions", "too_short", "send questions, or keep some with the product as x-postern-questions")
	}
	if len(qs) > mostKept {
		return nil, fault.BadField("questions", "too_long", "at most %d questions", mostKept)
	}
	for _, q := range qs {
		if q.Text == "" || len(q.SQL) == 0 || slices.Contains(q.SQL, "") {
			return nil, fault.BadField("questions", "value_error", "each needs a question and sql, which must not be empty")
		}
	}
	return qs, nil
}

// Key is what a question is told by: its text and its accepted SQL.
func Key(q Question) string {
	return hash(append([]string{q.Text}, q.SQL...)...)
}

func keysOf(qs []Question) []string {
	keys := make([]string, len(qs))
	for i, q := range qs {
		keys[i] = Key(q)
	}
	return keys
}

// QuestionsHash is the same for the same questions, in any order.
func QuestionsHash(qs []Question) string {
	keys := keysOf(qs)
	slices.Sort(keys)
	return hash(keys...)
}

// SpecHash tells one state of a version's spec from another.
func SpecHash(p product.Product) string {
	var b bytes.Buffer
	if json.Compact(&b, p.Spec) != nil {
		return hash(string(p.Spec))
	}
	return hash(b.String())
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // a hash takes all
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Worse refuses to make next ready in the place of last when it answers worse:
// fewer correct, or more wrong, on the questions that both were asked. Without
// such questions there is nothing to refuse by. force lets it pass, on record.
func (e *Evaluator) Worse(ctx context.Context, last, next product.Product, force bool) error {
	was, err := e.Store.Outcomes(ctx, last.ID, last.Version, SpecHash(last))
	if err != nil || len(was) == 0 {
		return err
	}
	is, err := e.Store.Outcomes(ctx, next.ID, next.Version, SpecHash(next))
	if err != nil {
		return err
	}
	for _, c := range compareKept(was, is) {
		if c.isCorrect >= c.wasCorrect && c.isWrong <= c.wasWrong {
			continue
		}
		worse := fault.New(fault.Conflict, "version %s answers worse than %s, which stands there now: of the %d questions that both were asked (%s), %d correct and %d wrong; before, %d correct and %d wrong. "+
			"GET /api/v2/data-product/%s/evaluation/ shows the scores. Mend the version and evaluate it again, or force it: ?force=true, or --force",
			next.Version, last.Version, c.common, c.agent, c.isCorrect, c.isWrong, c.wasCorrect, c.wasWrong, next.ID)
		if force {
			return e.Store.Override(ctx, next.ID, next.Version, worse.Message)
		}
		return worse
	}
	return nil
}

// comparison counts, for one agent, the questions that two versions were asked.
type comparison struct {
	agent                                            string
	common, wasCorrect, wasWrong, isCorrect, isWrong int
}

func compareKept(was, is []Kept) []comparison {
	type question struct{ agent, key string }
	before := map[question]Kept{}
	for _, k := range was {
		before[question{k.Agent, k.Question}] = k
	}
	byAgent := map[string]*comparison{}
	for _, k := range is {
		old, ok := before[question{k.Agent, k.Question}]
		if !ok {
			continue
		}
		c := byAgent[k.Agent]
		if c == nil {
			c = &comparison{agent: k.Agent}
			byAgent[k.Agent] = c
		}
		c.common++
		c.wasCorrect, c.wasWrong = c.wasCorrect+one(old.Correct), c.wasWrong+one(old.Wrong)
		c.isCorrect, c.isWrong = c.isCorrect+one(k.Correct), c.isWrong+one(k.Wrong)
	}
	out := make([]comparison, 0, len(byAgent))
	for _, c := range byAgent {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b comparison) int { return strings.Compare(a.agent, b.agent) })
	return out
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Wrong reports whether an outcome counts as a wrong answer.
func (o Outcome) Wrong() bool {
	return o.Unscored == "" && !o.Correct && o.Answer.Status != Abstained
}

// What one result may hold to be compared inside the server.
const (
	tableRows  = 50_000
	tableChars = 16 << 20
)

// TableOf reads rows to their end as a table.
func TableOf(ctx context.Context, rows result.Rows) (Table, error) {
	head, err := result.Head(ctx, rows, tableRows, tableChars)
	if err != nil {
		return Table{}, err
	}
	if head.Truncated {
		return Table{}, fault.New(fault.Invalid, "the result is too large to be compared: %d rows", head.RowCount)
	}
	var t Table
	for _, c := range head.Columns {
		t.Columns = append(t.Columns, c.Name)
	}
	b, err := json.Marshal(head.Rows)
	if err != nil {
		return Table{}, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return t, d.Decode(&t.Rows)
}
