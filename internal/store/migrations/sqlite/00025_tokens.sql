-- +goose Up
-- API tokens: principals of their own that act for the account that created them. A revoked token, and one whose creator
-- was deleted, keeps its row. Its grants never change. The columns hour and day are the periods that the counts of issued
-- certificates belong to; hour_exceeded and day_exceeded are the times at which the last ones began whose quota was
-- exceeded.
CREATE TABLE token (
    id                BIGINT NOT NULL PRIMARY KEY REFERENCES principal (id),
    creator_id        BIGINT NOT NULL REFERENCES principal (id),
    name              TEXT NOT NULL,
    secret_hash       BLOB NOT NULL UNIQUE,
    secret_start      TEXT NOT NULL,
    grants            TEXT NOT NULL,
    ranges            TEXT NOT NULL,
    per_hour          BIGINT NOT NULL,
    per_day           BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    revoked_at        BIGINT,
    last_used_at      BIGINT,
    last_address      TEXT NOT NULL,
    hour              BIGINT NOT NULL,
    hour_issued       BIGINT NOT NULL,
    day               BIGINT NOT NULL,
    day_issued        BIGINT NOT NULL,
    hour_exceeded     BIGINT NOT NULL,
    day_exceeded      BIGINT NOT NULL,
    quota_exceeded_at BIGINT
);
CREATE INDEX token_creator ON token (creator_id, id);

-- Earlier programs refuse tokens.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (25, 23);
