-- +goose Up
-- What was notable about a request when it was submitted, as JSON. NULL: nothing.
ALTER TABLE request ADD COLUMN findings TEXT;

-- A request is identified by its requester and by the part of the CSR that is signed, as a SHA-256:
-- anybody can vary the signature, and a copy that somebody else submits is another request. '' for
-- older requests of which the requester has another one with the same content.
ALTER TABLE request ADD COLUMN content TEXT NOT NULL DEFAULT '';
DROP INDEX request_fingerprint;
CREATE INDEX request_fingerprint ON request (fingerprint);
CREATE UNIQUE INDEX request_content ON request (requester_id, content) WHERE content <> '';

-- Computing it takes a parser of CSRs: the program does that before it serves, beginning after the
-- request with this id, and then deletes the row.
INSERT INTO agreement (name, value) VALUES ('request contents are recorded up to request', '0');
