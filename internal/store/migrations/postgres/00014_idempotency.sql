-- +goose Up
-- The Idempotency-Keys of calls, with what each recorded; kept for a day. Keys are hashed.
CREATE TABLE idempotency (
    account_id      BIGINT NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    digest          TEXT COLLATE "C" NOT NULL,
    request_id      BIGINT NOT NULL,
    certificate_id  BIGINT,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
