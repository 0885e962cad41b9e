-- +goose Up
-- CRL numbers follow the clock: the next one is at least crl_base plus the microseconds since
-- 1970. Crl_base is above 0 if an imported authority's last number was ahead of that.
ALTER TABLE authority ADD COLUMN crl_base BIGINT NOT NULL DEFAULT 0;
UPDATE authority SET crl_base = crl_number WHERE crl_number > 1000000000000000;
