-- +goose Up
-- Rules that decide about requests. Every change is a new version, whose terms are JSON and never change. Requests are
-- decided by the active versions. Deleted rules remain for the requests that they decided.
CREATE TABLE rule (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    version        BIGINT NOT NULL,
    active_version BIGINT,
    created_at     BIGINT NOT NULL,
    deleted_at     BIGINT
);
CREATE TABLE rule_version (
    rule_id    BIGINT NOT NULL REFERENCES rule (id),
    version    BIGINT NOT NULL,
    terms      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (rule_id, version)
);

-- The version of the set of active rules, which a transaction that relies on them checks: one row, once a rule was
-- activated.
CREATE TABLE rule_set (
    id      INTEGER NOT NULL PRIMARY KEY,
    version BIGINT  NOT NULL
);

-- What the rules decided when the request was created, as JSON; NULL if no rule matched.
ALTER TABLE request ADD COLUMN decision TEXT;

-- Earlier programs would not apply the rules.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (27, 27);
