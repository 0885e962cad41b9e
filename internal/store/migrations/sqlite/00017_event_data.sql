-- +goose Up
-- Events as data. Events of earlier versions have their text in detail, and NULL in the new columns.
ALTER TABLE event ADD COLUMN principal TEXT;    -- kind; account_id and email are its id and name
ALTER TABLE event ADD COLUMN object_name TEXT;  -- at that time
ALTER TABLE event ADD COLUMN refs TEXT;         -- other objects involved, as a JSON array, or NULL
ALTER TABLE event ADD COLUMN request_id TEXT;
ALTER TABLE event ADD COLUMN state_before TEXT; -- changed fields as a canonical JSON object, or NULL
ALTER TABLE event ADD COLUMN state_after TEXT;

-- Finding the objects in texts needs a parser: the program does it before it serves, starting after the event with this
-- id, and then deletes the row.
INSERT INTO agreement (name, value) VALUES ('events are data up to event', '0');

INSERT INTO schema_compatibility (version, compatible_from) VALUES (17, 16); -- earlier programs record events as text
