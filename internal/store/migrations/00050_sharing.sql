-- +goose Up
-- Groups of callers. A member is "client:<id>" or "user:<id>"; the grants of a
-- group are those whose subject is "group:<id>".
CREATE TABLE caller_groups (
  id         BIGINT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE group_members (
  group_id BIGINT NOT NULL REFERENCES caller_groups (id) ON DELETE CASCADE,
  member   TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (group_id, member)
);
CREATE INDEX group_members_member ON group_members (member);

-- A grant to the number of a client's system user was kept under that number,
-- where it reached nobody.
INSERT INTO grants (product_id, subject, role, created_by, created_at)
  SELECT g.product_id, 'client:' || c.client_id, g.role, g.created_by, g.created_at
  FROM grants g JOIN oauth_clients c ON g.subject = 'user:' || c.user_id
  WHERE c.deleted_at = 0 AND NOT EXISTS (SELECT 1 FROM grants o WHERE o.product_id = g.product_id AND o.subject = 'client:' || c.client_id);
DELETE FROM grants WHERE subject IN (SELECT 'user:' || user_id FROM oauth_clients);
