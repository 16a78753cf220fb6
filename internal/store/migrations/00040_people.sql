-- +goose Up
CREATE TABLE users (
  id         BIGINT PRIMARY KEY,
  username   TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  role       TEXT NOT NULL,
  password   TEXT NOT NULL,
  suspended  BIGINT NOT NULL,
  is_system  BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE setup_links (
  hash       BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);

CREATE TABLE sessions (
  hash       BYTEA PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  address    TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE sign_in_attempts (
  id           TEXT PRIMARY KEY,
  n            BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  until_at     BIGINT NOT NULL,
  succeeded_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_at);
