-- +goose Up
-- The row named "master" holds the fingerprint of the master key that wraps
-- the others.
CREATE TABLE keysets (
  name       TEXT PRIMARY KEY,
  wrapped    BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

-- A burned key's private half is one zero byte.
CREATE TABLE signing_keys (
  kid       TEXT PRIMARY KEY,
  alg       TEXT NOT NULL,
  public    TEXT NOT NULL,
  private   BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,
  burned_at BIGINT NOT NULL DEFAULT 0
);

-- A deleted client stays as its suspended system user; its name is free again,
-- its id and user id never are.
CREATE TABLE oauth_clients (
  client_id     TEXT PRIMARY KEY,
  user_id       BIGINT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  role          TEXT NOT NULL,
  duration      BIGINT NOT NULL,
  single_active BIGINT NOT NULL DEFAULT 0,
  disabled      BIGINT NOT NULL DEFAULT 0,
  epoch         BIGINT NOT NULL DEFAULT 1,
  secret_mac    BYTEA NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  rotated_at    BIGINT NOT NULL,
  deleted_at    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX oauth_clients_name ON oauth_clients (name) WHERE deleted_at = 0;

CREATE TABLE revoked_tokens (
  jti        TEXT PRIMARY KEY,
  client_id  TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_expires ON revoked_tokens (expires_at);
