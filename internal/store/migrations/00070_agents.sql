-- +goose Up
CREATE TABLE agents (
  id         TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  tool_name  TEXT,
  version    BIGINT NOT NULL,
  body       BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX agents_owner ON agents (owner);
-- A tool's name is one agent's.
CREATE UNIQUE INDEX agents_tool ON agents (tool_name);

CREATE TABLE agent_grants (
  agent_id   TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
  subject    TEXT NOT NULL,
  role       TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (agent_id, subject)
);
CREATE INDEX agent_grants_subject ON agent_grants (subject);
