-- +goose Up
CREATE TABLE marketplaces (
  id         TEXT PRIMARY KEY,
  spec       TEXT NOT NULL,
  spec_yaml  TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- A product stands in a marketplace with one version, and goes with it.
CREATE TABLE listings (
  marketplace_id TEXT NOT NULL REFERENCES marketplaces (id) ON DELETE CASCADE,
  product_id     TEXT NOT NULL,
  version        TEXT NOT NULL,
  created_by     TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  PRIMARY KEY (marketplace_id, product_id),
  FOREIGN KEY (product_id, version) REFERENCES product_versions (product_id, version) ON DELETE CASCADE
);
CREATE INDEX listings_product ON listings (product_id, version);

CREATE TABLE marketplace_grants (
  marketplace_id TEXT NOT NULL REFERENCES marketplaces (id) ON DELETE CASCADE,
  subject        TEXT NOT NULL,
  role           TEXT NOT NULL,
  created_by     TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  PRIMARY KEY (marketplace_id, subject)
);
CREATE INDEX marketplace_grants_subject ON marketplace_grants (subject);
