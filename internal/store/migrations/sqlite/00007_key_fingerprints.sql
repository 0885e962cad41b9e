-- +goose Up
-- A key fingerprint is now the same for every public key of a private key (RSA: the modulus;
-- EC and Ed25519: the point without its sign). Computing it takes a parser of certificates: the
-- program does that before it serves, beginning after the certificate with this id, and then
-- deletes the row.
INSERT INTO agreement (name, value) VALUES ('key fingerprints are canonical up to certificate', '0');
