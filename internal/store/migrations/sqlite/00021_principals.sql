-- +goose Up
-- Who can call: accounts and the program itself, whose id is 0. A principal that was deleted keeps its row, so that its
-- id is never given to another one: requests, certificates and events still refer to it. An account has the id of its
-- principal.
CREATE TABLE principal (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
INSERT INTO principal (id, kind, name, created_at) VALUES (0, 'system', 'system', 0);
INSERT INTO principal (id, kind, name, created_at) SELECT id, 'account', email, created_at FROM account;

-- Accounts that were deleted before, if something refers to them. Nobody recorded when.
INSERT INTO principal (id, kind, name, created_at, deleted_at)
SELECT id, 'account', MIN(email), MIN(created_at), MAX(created_at)
FROM (SELECT requester_id AS id, email, created_at FROM request
    UNION ALL
    SELECT requester_id, email, created_at FROM certificate) t
WHERE id > 0 AND id NOT IN (SELECT id FROM account)
GROUP BY id;
UPDATE sqlite_sequence SET seq = MAX(seq, COALESCE((SELECT s.seq FROM sqlite_sequence s WHERE s.name = 'account'), 0))
WHERE name = 'principal';

-- An account need not have a password.
CREATE TABLE password (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id),
    hash       TEXT NOT NULL
);
INSERT INTO password (account_id, hash) SELECT id, password_hash FROM account;
ALTER TABLE account DROP COLUMN password_hash;

-- Every principal can have grants.
ALTER TABLE access_grant RENAME TO account_grant;
CREATE TABLE access_grant (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    principal_id BIGINT REFERENCES principal (id),
    group_id     BIGINT REFERENCES account_group (id),
    terms        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    CHECK ((principal_id IS NULL) <> (group_id IS NULL))
);
INSERT INTO access_grant (id, principal_id, group_id, terms, created_at)
SELECT id, account_id, group_id, terms, created_at FROM account_grant;
DELETE FROM sqlite_sequence WHERE name = 'access_grant';
UPDATE sqlite_sequence SET name = 'access_grant' WHERE name = 'account_grant';
DROP TABLE account_grant;
CREATE INDEX access_grant_principal ON access_grant (principal_id);
CREATE INDEX access_grant_group ON access_grant (group_id);

ALTER TABLE idempotency RENAME COLUMN account_id TO principal_id;

-- Earlier programs look for the password in the account.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (21, 21);
