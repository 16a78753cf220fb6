-- +goose Up
CREATE TABLE assets (
  id           TEXT PRIMARY KEY,
  owner        TEXT NOT NULL,
  chat_id      TEXT NOT NULL,
  kind         TEXT NOT NULL,
  name         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
);
CREATE INDEX assets_expires ON assets (expires_at);
