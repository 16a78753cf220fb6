-- +goose Up
-- Who may run one verified query of a product without a grant on the product.
CREATE TABLE query_grants (
  product_id TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  query      TEXT NOT NULL,
  subject    TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (product_id, query, subject)
);
CREATE INDEX query_grants_subject ON query_grants (subject);
