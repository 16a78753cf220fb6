-- +goose Up
-- A product is public when it is granted to everyone. resolved is a JSON object
-- of delivery systems whose file was resolved when the version was stored.
CREATE TABLE products (
  id         TEXT PRIMARY KEY,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE product_versions (
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  version    TEXT NOT NULL,
  status     TEXT NOT NULL,
  spec       TEXT NOT NULL,
  spec_yaml  TEXT NOT NULL,
  resolved   TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (product_id, version)
);

CREATE TABLE grants (
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  subject    TEXT NOT NULL,
  role       TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (product_id, subject)
);
CREATE INDEX grants_subject ON grants (subject);
