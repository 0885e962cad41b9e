-- +goose Up
-- From this version on, the sealed_key of an authority whose key is kept elsewhere is empty, and so is its csr. Earlier
-- programs would try to open the key.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (23, 23);
