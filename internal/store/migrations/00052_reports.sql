-- +goose Up
-- The last value that was reported of a product under a key. value and extra
-- are JSON.
CREATE TABLE report_results (
  product_id  TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  report_key  TEXT NOT NULL,
  value       TEXT NOT NULL,
  extra       TEXT NOT NULL,
  reported_by TEXT NOT NULL,
  reported_at BIGINT NOT NULL,
  PRIMARY KEY (product_id, report_key)
);
