-- +goose Up
-- The keys that authorities and their OCSP responders have or had, by their fingerprints. They are
-- never certified as those of end entities. Authorities without a certificate are added by the
-- program, which computes the fingerprints of their signing requests.
CREATE TABLE held_key (
    fingerprint  TEXT NOT NULL PRIMARY KEY,
    authority_id BIGINT NOT NULL REFERENCES authority (id),
    responder    INTEGER NOT NULL CHECK (responder IN (0, 1))
);
CREATE INDEX held_key_authority ON held_key (authority_id, responder);
INSERT INTO held_key (fingerprint, authority_id, responder)
SELECT k.key_fingerprint, MIN(a.id), 0 FROM authority a JOIN certificate k ON k.id = a.certificate_id
GROUP BY k.key_fingerprint;
INSERT INTO held_key (fingerprint, authority_id, responder)
SELECT k.key_fingerprint, MIN(k.authority_id), 1 FROM certificate k
WHERE k.profile = 'ocsp' AND k.requester_id = 0 AND k.authority_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM held_key h WHERE h.fingerprint = k.key_fingerprint)
GROUP BY k.key_fingerprint;
