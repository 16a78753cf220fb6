-- +goose Up
-- Scores of a product's versions. spec is a hash of the version's spec as it was
-- then; key is a hash of a question and its accepted SQL.
CREATE TABLE evaluations (
  id            TEXT PRIMARY KEY,
  product_id    TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  version       TEXT NOT NULL,
  spec          TEXT NOT NULL,
  model_version TEXT NOT NULL,
  agent         TEXT NOT NULL,
  questions     TEXT NOT NULL,
  status        TEXT NOT NULL,
  reason        TEXT NOT NULL,
  asked         BIGINT NOT NULL,
  correct       BIGINT NOT NULL,
  wrong         BIGINT NOT NULL,
  abstained     BIGINT NOT NULL,
  unscored      BIGINT NOT NULL,
  created_by    TEXT NOT NULL,
  started_at    BIGINT NOT NULL,
  ended_at      BIGINT NOT NULL
);
CREATE INDEX evaluations_product ON evaluations (product_id, version, started_at);

CREATE TABLE evaluation_outcomes (
  evaluation_id TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  n             BIGINT NOT NULL,
  question_key  TEXT NOT NULL,
  question      TEXT NOT NULL,
  status        TEXT NOT NULL,
  tier          TEXT NOT NULL,
  answer_sql    TEXT NOT NULL,
  reason        TEXT NOT NULL,
  correct       BIGINT NOT NULL,
  unscored      TEXT NOT NULL,
  PRIMARY KEY (evaluation_id, n)
);
