-- +goose Up
-- What the entries of an imported CRL say besides, which later CRLs repeat (RFC 5280, section 5.3).
ALTER TABLE revocation ADD COLUMN invalidity_date BIGINT;
ALTER TABLE revocation ADD COLUMN hold_instruction TEXT; -- an object identifier
