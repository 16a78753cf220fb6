-- +goose Up
-- A key is sealed for its id and its target: put at another host it does not
-- open. config is the id of the configuration that the key was given with and
-- goes with; '' is a key of its own, which a configuration may name.
CREATE TABLE llm_keys (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  target     TEXT NOT NULL,
  config     TEXT NOT NULL,
  sealed     BYTEA NOT NULL,
  rev        BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX llm_keys_name ON llm_keys (name) WHERE config = '';
CREATE TABLE llms (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  base_url      TEXT NOT NULL,
  networks      TEXT NOT NULL,
  steps         BIGINT NOT NULL,
  tokens        BIGINT NOT NULL,
  result_rows   BIGINT NOT NULL,
  seconds       BIGINT NOT NULL,
  is_default    BIGINT NOT NULL,
  credential    TEXT REFERENCES llm_keys (id),
  rev           BIGINT NOT NULL,
  created_by    TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);
-- One is asked where none is named, whichever nodes write at the same time.
CREATE UNIQUE INDEX llms_default ON llms (is_default) WHERE is_default = 1;
