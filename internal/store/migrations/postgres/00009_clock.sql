-- +goose Up
-- The last time at which the clock was seen to be right, and why issuance stopped if it was not. One row.
CREATE TABLE clock (
    id       BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    boot     TEXT COLLATE "C" NOT NULL, -- of the machine, '' if unknown
    uptime   BIGINT NOT NULL, -- seconds since that boot, suspend included
    event_id BIGINT NOT NULL, -- the newest event when an Admin last confirmed the clock
    stopped  TEXT COLLATE "C" NOT NULL  -- why nothing is issued; '' while it is
);
