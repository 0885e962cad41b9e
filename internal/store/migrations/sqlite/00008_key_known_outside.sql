-- +goose Up
-- Whether the authority's key was imported, so that a copy of it may exist elsewhere. It stays set
-- when the authority is deleted.
ALTER TABLE authority ADD COLUMN key_known_outside INTEGER NOT NULL DEFAULT 0 CHECK (key_known_outside IN (0, 1));
UPDATE authority SET key_known_outside = 1
WHERE id IN (SELECT object_id FROM event WHERE action = 'authority.import');

-- The fingerprints of these keys, so that they are recognized whatever becomes of the certificates.
CREATE TABLE outside_key (
    fingerprint TEXT NOT NULL PRIMARY KEY
);
INSERT INTO outside_key (fingerprint)
SELECT DISTINCT k.key_fingerprint FROM authority a JOIN certificate k ON k.id = a.certificate_id
WHERE a.key_known_outside = 1;
