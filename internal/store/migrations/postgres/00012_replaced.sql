-- +goose Up
-- A certificate is replaced by a later one for the same names and owner. Name_set is a digest of the
-- names; NULL if the certificate is revoked or nobody renews it, as those of OCSP responders.
ALTER TABLE certificate ADD COLUMN name_set TEXT COLLATE "C";
ALTER TABLE certificate ADD COLUMN replaced_by BIGINT;
CREATE INDEX certificate_current ON certificate (name_set, requester_id, not_after, id) WHERE name_set IS NOT NULL AND replaced_by IS NULL;
CREATE INDEX certificate_unowned ON certificate (name_set, not_after, id) WHERE name_set IS NOT NULL AND requester_id = 0;
CREATE INDEX certificate_replaced ON certificate (replaced_by, id) WHERE replaced_by IS NOT NULL;

-- The counts of what expires are of these certificates now. The program recomputes them before it
-- serves, beginning after the certificate with this id, and then deletes the row.
DELETE FROM counter WHERE name >= 'expiring ' AND name < 'expiring!';
INSERT INTO agreement (name, value) VALUES ('replaced certificates are marked up to certificate', '0');
