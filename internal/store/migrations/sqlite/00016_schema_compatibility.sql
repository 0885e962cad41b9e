-- +goose Up
-- For each schema version, the lowest version whose programs can run on it. A program reads this first if the schema is
-- newer than itself, so the table never changes. Each later migration adds its own row.
CREATE TABLE schema_compatibility (
    version         BIGINT NOT NULL PRIMARY KEY,
    compatible_from BIGINT NOT NULL
);

-- Versions 6 and 14 only add what earlier programs ignore. All others change what every node must do or record: CRL
-- numbers (5), key fingerprints (7), imported keys (8), issuance after a clock jump (9), CRL entries (10), keys held
-- here (11), replaced certificates and their counts (12), the identity of requests (13), accounts referenced by grants
-- (15). Programs before version 16 do not announce themselves, so they cannot run alongside later ones.
INSERT INTO schema_compatibility (version, compatible_from) VALUES
    (4, 4), (5, 5), (6, 5), (7, 7), (8, 8), (9, 9), (10, 10), (11, 11), (12, 12), (13, 13), (14, 13), (15, 15),
    (16, 16);
