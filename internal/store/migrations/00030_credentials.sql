-- +goose Up
-- sealed is null for a credential of a warehouse that knows no logins. rev is
-- taken from a sequence at each post: the newest has the highest, whatever the
-- clocks of the nodes say. A product takes its credentials with it: one made
-- later under its name does not inherit them.
CREATE TABLE credentials (
  id         TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  product    TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  state      TEXT NOT NULL,
  username   TEXT NOT NULL,
  type       TEXT NOT NULL,
  status     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  target     TEXT NOT NULL,
  sealed     BYTEA,
  rev        BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (owner, product, state)
);
CREATE INDEX credentials_product ON credentials (product);
