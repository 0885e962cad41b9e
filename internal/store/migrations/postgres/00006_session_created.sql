-- +goose Up
CREATE INDEX session_created ON session (created_at); -- finds those issued under a clock that was ahead
