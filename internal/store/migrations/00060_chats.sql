-- +goose Up
CREATE TABLE chats (
  id         TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX chats_owner ON chats (owner, updated_at);
CREATE INDEX chats_updated ON chats (updated_at);
CREATE TABLE chat_tags (
  chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  tag     TEXT NOT NULL,
  PRIMARY KEY (chat_id, tag)
);
CREATE TABLE chat_messages (
  chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  seq     BIGINT NOT NULL,
  id      TEXT NOT NULL,
  body    BYTEA NOT NULL,
  PRIMARY KEY (chat_id, seq)
);
CREATE UNIQUE INDEX chat_messages_id ON chat_messages (chat_id, id);
-- A run that ended is deleted: what it said is in the chat.
CREATE TABLE chat_runs (
  id       TEXT PRIMARY KEY,
  chat_id  TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  owner    TEXT NOT NULL,
  status   TEXT NOT NULL,
  node     TEXT NOT NULL,
  seen_at  BIGINT NOT NULL,
  canceled BIGINT NOT NULL DEFAULT 0,
  request  BYTEA NOT NULL
);
-- One run a chat, whatever node begins it.
CREATE UNIQUE INDEX chat_runs_chat ON chat_runs (chat_id);
CREATE INDEX chat_runs_node ON chat_runs (node);
