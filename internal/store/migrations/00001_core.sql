-- +goose Up
-- Types are those both engines read: BIGINT, TEXT and BYTEA (SQLite stores a
-- blob as it is under any declared type). Times are microseconds since 1970.
CREATE TABLE changes (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO changes (id, n) VALUES (1, 1);

CREATE TABLE sequences (name TEXT PRIMARY KEY, n BIGINT NOT NULL);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE audit_heads (
  writer TEXT PRIMARY KEY,
  seq    BIGINT NOT NULL,
  hash   BYTEA NOT NULL
);

CREATE TABLE audit_records (
  writer     TEXT NOT NULL,
  seq        BIGINT NOT NULL,
  id         TEXT NOT NULL UNIQUE,
  at         BIGINT NOT NULL,
  kind       TEXT NOT NULL,
  actor      TEXT NOT NULL,
  product    TEXT NOT NULL,
  request_id TEXT NOT NULL,
  of_id      TEXT NOT NULL,
  body       TEXT NOT NULL,
  prev       BYTEA NOT NULL,
  hash       BYTEA NOT NULL,
  PRIMARY KEY (writer, seq)
);
CREATE INDEX audit_records_at ON audit_records (at);
CREATE INDEX audit_records_request ON audit_records (request_id);
CREATE INDEX audit_records_of ON audit_records (of_id);

CREATE TABLE audit_checkpoints (
  writer TEXT NOT NULL,
  seq    BIGINT NOT NULL,
  hash   BYTEA NOT NULL,
  at     BIGINT NOT NULL,
  kid    TEXT NOT NULL,
  sig    BYTEA NOT NULL,
  PRIMARY KEY (writer, seq)
);
