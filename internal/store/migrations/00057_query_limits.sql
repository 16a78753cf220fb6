-- +goose Up
-- How much a client may query: 0 is no limit.
ALTER TABLE oauth_clients ADD COLUMN queries_per_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE oauth_clients ADD COLUMN queries_in_flight BIGINT NOT NULL DEFAULT 0;
