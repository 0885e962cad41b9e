-- +goose Up
-- Groups of accounts, and what is granted to an account or a group in addition to roles.
CREATE TABLE account_group (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE TABLE membership (
    group_id   BIGINT NOT NULL REFERENCES account_group (id),
    account_id BIGINT NOT NULL REFERENCES account (id),
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX membership_account ON membership (account_id);

-- The terms are JSON: actions and limits. A grant whose terms a node cannot read gives nothing on it.
CREATE TABLE access_grant (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT REFERENCES account (id),
    group_id   BIGINT REFERENCES account_group (id),
    terms      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK ((account_id IS NULL) <> (group_id IS NULL))
);
CREATE INDEX access_grant_account ON access_grant (account_id);
CREATE INDEX access_grant_group ON access_grant (group_id);
