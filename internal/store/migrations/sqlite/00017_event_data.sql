-- +goose Up
-- Events are data. Detail is the text of events that earlier versions recorded; NULLs are for these, too.
ALTER TABLE event ADD COLUMN principal TEXT;    -- its kind; account_id and email are its id and name
ALTER TABLE event ADD COLUMN object_name TEXT;  -- as it was then
ALTER TABLE event ADD COLUMN refs TEXT;         -- other objects that took part, as a JSON array; NULL for none
ALTER TABLE event ADD COLUMN request_id TEXT;
ALTER TABLE event ADD COLUMN state_before TEXT; -- what changed, as a canonical JSON object; NULL for nothing
ALTER TABLE event ADD COLUMN state_after TEXT;

-- Finding the objects in texts takes a parser: the program does that before it serves, beginning after the
-- event with this id, and then deletes the row.
INSERT INTO agreement (name, value) VALUES ('events are data up to event', '0');

INSERT INTO schema_compatibility (version, compatible_from) VALUES (17, 16); -- the events of earlier programs are texts
