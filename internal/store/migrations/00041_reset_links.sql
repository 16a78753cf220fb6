-- +goose Up
CREATE TABLE reset_links (
  hash       BYTEA PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL
);
