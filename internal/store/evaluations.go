package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
)

var _ eval.Store = (*DB)(nil)

const evaluationColumns = `id, product_id, version, spec, model_version, agent, questions, status, reason, asked, correct, wrong, abstained, unscored, created_by, started_at, ended_at`

func scanEvaluation(row interface{ Scan(...any) error }) (e eval.Evaluation, err error) {
	var status string
	var started, ended int64
	t := &e.Totals
	err = row.Scan(&e.ID, &e.Product, &e.Version, &e.Spec, &e.Model, &e.Agent, &e.Questions, &status, &e.Reason,
		&t.Questions, &t.Correct, &t.Wrong, &t.Abstained, &t.Unscored, &e.By, &started, &ended)
	e.Status, e.StartedAt = eval.RunStatus(status), fromMicros(started)
	if ended != 0 {
		e.EndedAt = fromMicros(ended)
	}
	return e, err
}

func evaluationEvent(k audit.Kind, e eval.Evaluation) *audit.Event {
	return &audit.Event{Kind: k, Object: "product:" + e.Product, Product: e.Product,
		Detail: map[string]any{"evaluation": e.ID, "version": e.Version, "agent": e.Agent}}
}

// StartEvaluation implements eval.Store.
func (db *DB) StartEvaluation(ctx context.Context, e eval.Evaluation) error {
	return db.Change(ctx, evaluationEvent(audit.EvaluationStarted, e), func(ctx context.Context, tx *Tx) error {
		// As for grants: it must not wait for the next product of that name.
		if err := tx.Must(ctx, "data product", `UPDATE products SET updated_at = updated_at WHERE id = ?`, e.Product); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO evaluations (`+evaluationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, 0, 0, ?, ?, 0)`,
			e.ID, e.Product, e.Version, e.Spec, e.Model, e.Agent, e.Questions, string(e.Status), e.By, micros(e.StartedAt))
		return err
	})
}

// outcomesAtOnce is how many outcomes go into one statement.
const outcomesAtOnce = 50

// EndEvaluation implements eval.Store.
func (db *DB) EndEvaluation(ctx context.Context, e eval.Evaluation, keys []string, rows []eval.Outcome) error {
	t := e.Totals
	ev := evaluationEvent(audit.EvaluationFinished, e)
	ev.Outcome, ev.Reason = "ok", e.Reason
	if e.Status != eval.Done {
		ev.Outcome = "canceled"
	}
	for name, n := range map[string]int{"questions": t.Questions, "correct": t.Correct, "wrong": t.Wrong, "abstained": t.Abstained, "unscored": t.Unscored} {
		ev.Detail[name] = n
	}
	return db.Change(ctx, ev, func(ctx context.Context, tx *Tx) error {
		err := tx.Must(ctx, "evaluation", `UPDATE evaluations SET status = ?, reason = ?, model_version = ?, asked = ?, correct = ?, wrong = ?, abstained = ?, unscored = ?, ended_at = ? WHERE id = ?`,
			string(e.Status), e.Reason, e.Model, t.Questions, t.Correct, t.Wrong, t.Abstained, t.Unscored, micros(e.EndedAt), e.ID)
		for from := 0; err == nil && from < len(rows); from += outcomesAtOnce {
			to := min(from+outcomesAtOnce, len(rows))
			err = tx.putOutcomes(ctx, e.ID, from, keys[from:to], rows[from:to])
		}
		return err
	})
}

func (t *Tx) putOutcomes(ctx context.Context, id string, from int, keys []string, rows []eval.Outcome) error {
	args := make([]any, 0, 10*len(rows))
	for i, o := range rows {
		args = append(args, id, from+i, keys[i], text(o.Question), string(o.Answer.Status), text(o.Answer.Tier), text(o.Answer.SQL), text(o.Answer.Reason), number(o.Correct), text(o.Unscored))
	}
	_, err := t.Exec(ctx, `INSERT INTO evaluation_outcomes (evaluation_id, n, question_key, question, status, tier, answer_sql, reason, correct, unscored) VALUES `+
		strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?), `, len(rows)), ", "), args...)
	return err
}

// Evaluation implements eval.Store.
func (db *DB) Evaluation(ctx context.Context, productID, id string) (eval.Evaluation, []eval.Outcome, error) {
	e, err := scanEvaluation(db.queryRow(ctx, `SELECT `+evaluationColumns+` FROM evaluations WHERE id = ? AND product_id = ?`, text(id), text(productID)))
	if err != nil {
		return e, nil, notFound(err, "evaluation")
	}
	var out []eval.Outcome
	rows, err := db.query(patient(ctx), `SELECT question, status, tier, answer_sql, reason, correct, unscored FROM evaluation_outcomes WHERE evaluation_id = ? ORDER BY n`, id)
	err = each(rows, err, func(r *sql.Rows) error {
		var o eval.Outcome
		var status string
		var correct int64
		err := r.Scan(&o.Question, &status, &o.Answer.Tier, &o.Answer.SQL, &o.Answer.Reason, &correct, &o.Unscored)
		o.Answer.Status, o.Correct = eval.Status(status), correct != 0
		out = append(out, o)
		return err
	})
	return e, out, err
}

// Evaluations implements eval.Store.
func (db *DB) Evaluations(ctx context.Context, productID string, limit, skip int) (all []eval.Evaluation, total int, err error) {
	if err := db.queryRow(ctx, `SELECT COUNT(*) FROM evaluations WHERE product_id = ?`, productID).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := db.query(ctx, `SELECT `+evaluationColumns+` FROM evaluations WHERE product_id = ? ORDER BY started_at DESC, id LIMIT ? OFFSET ?`, productID, limit, skip)
	err = each(rows, err, func(r *sql.Rows) error {
		e, err := scanEvaluation(r)
		all = append(all, e)
		return err
	})
	return all, total, err
}

// Outcomes implements eval.Store.
func (db *DB) Outcomes(ctx context.Context, productID, version, spec string) ([]eval.Kept, error) {
	type question struct{ agent, key string }
	newest := map[question]eval.Kept{}
	rows, err := db.query(patient(ctx), `SELECT e.agent, o.question_key, o.status, o.correct, o.unscored FROM evaluation_outcomes o JOIN evaluations e ON e.id = o.evaluation_id
		WHERE e.product_id = ? AND e.version = ? AND e.spec = ? AND e.status = ? ORDER BY e.ended_at, e.id`, productID, version, spec, string(eval.Done))
	err = each(rows, err, func(r *sql.Rows) error {
		var k eval.Kept
		var o eval.Outcome
		var status string
		var correct int64
		err := r.Scan(&k.Agent, &k.Question, &status, &correct, &o.Unscored)
		o.Answer.Status, o.Correct = eval.Status(status), correct != 0
		k.Correct, k.Wrong = o.Correct, o.Wrong()
		newest[question{k.Agent, k.Question}] = k
		return err
	})
	out := make([]eval.Kept, 0, len(newest))
	for _, k := range newest {
		out = append(out, k)
	}
	return out, err
}

// Override implements eval.Store.
func (db *DB) Override(ctx context.Context, productID, version, reason string) error {
	e := audit.Event{Kind: audit.EvaluationIgnored, Object: "product:" + productID, Product: productID, Outcome: "ok", Reason: reason, Detail: map[string]any{"version": version}}
	if err := db.Append(ctx, e); err != nil {
		return fault.Because(err, fault.Unavailable, "the record could not be written")
	}
	return nil
}
