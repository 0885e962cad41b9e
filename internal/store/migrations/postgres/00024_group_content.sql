-- +goose Up
-- A CSR that any member submits again is a renewal of the group's request.
CREATE INDEX request_group_content ON request (owner_group_id, content) WHERE owner_group_id IS NOT NULL AND content <> '';
INSERT INTO schema_compatibility (version, compatible_from) VALUES (24, 23);
