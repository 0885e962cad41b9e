-- +goose Up
-- The group that a request or certificate belongs to; NULL if it belongs to the account that submitted it. Earlier
-- versions of the program would give what belongs to a group to the account.
ALTER TABLE request ADD COLUMN owner_group_id BIGINT;
ALTER TABLE certificate ADD COLUMN owner_group_id BIGINT;
CREATE INDEX request_owner_group ON request (owner_group_id) WHERE owner_group_id IS NOT NULL;
CREATE INDEX certificate_owner_group ON certificate (owner_group_id) WHERE owner_group_id IS NOT NULL;

INSERT INTO schema_compatibility (version, compatible_from) VALUES (20, 20);
