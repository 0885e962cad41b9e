-- +goose Up
-- The owner of a certificate, for its replacement, is the group if it belongs to one. An index has the owner as one
-- number: the id of an account, the negative id of a group, or 0 for none.
DROP INDEX certificate_current;
DROP INDEX certificate_unowned;
CREATE INDEX certificate_current ON certificate (name_set, (COALESCE(-owner_group_id, requester_id)), not_after) WHERE name_set IS NOT NULL AND replaced_by IS NULL;
CREATE INDEX certificate_unowned ON certificate (name_set, not_after) WHERE name_set IS NOT NULL AND COALESCE(-owner_group_id, requester_id) = 0;

-- Certificates of groups, and those that they replaced, are marked again. The program does so before it serves,
-- beginning after the certificate with this id, and then deletes the row.
INSERT INTO counter (name, at, object_id, part, slot, value)
SELECT 'expiring', not_after - not_after % 3600, 0, 0, 0, -COUNT(*) FROM certificate
WHERE owner_group_id IS NOT NULL AND name_set IS NOT NULL AND replaced_by IS NULL
GROUP BY not_after - not_after % 3600
ON CONFLICT (name, at, object_id, part, slot) DO UPDATE SET value = counter.value + excluded.value;
UPDATE certificate SET name_set = NULL, replaced_by = NULL
WHERE replaced_by IN (SELECT id FROM certificate WHERE owner_group_id IS NOT NULL);
UPDATE certificate SET name_set = NULL, replaced_by = NULL
WHERE owner_group_id IS NOT NULL AND name_set IS NOT NULL;
INSERT INTO agreement (name, value) VALUES ('replaced certificates are marked up to certificate', '0')
ON CONFLICT (name) DO UPDATE SET value = '0';

-- Earlier programs would compare the requesters.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (22, 22);
