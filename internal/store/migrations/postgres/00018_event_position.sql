-- +goose Up
-- The immutable order of events, without gaps. Ids have gaps, and on PostgreSQL do not follow the order of commits.
CREATE TABLE event_position (
    position BIGINT NOT NULL PRIMARY KEY,
    event_id BIGINT NOT NULL UNIQUE
);
INSERT INTO event_position (position, event_id) SELECT ROW_NUMBER() OVER (ORDER BY id), id FROM event ORDER BY id;

-- Every event up to this id has a position. The sequencer starts below the events of nodes that are still writing.
INSERT INTO agreement (name, value) VALUES ('events have positions up to event', '0');

INSERT INTO schema_compatibility (version, compatible_from) VALUES (18, 16);
