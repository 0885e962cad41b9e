-- +goose Up
-- What the requester wishes (the profile, the authority and the expiry) and the labels are JSON objects, and NULL if
-- there are none. They are read with each request; tables have the labels once more to find what has them. A
-- certificate has the labels of its request, also after that is deleted.
ALTER TABLE request ADD COLUMN wishes TEXT;
ALTER TABLE request ADD COLUMN note TEXT;
ALTER TABLE request ADD COLUMN labels TEXT;
ALTER TABLE certificate ADD COLUMN labels TEXT;

-- Each label in lower case: its key, and the key with its value, such as "team" and "team:payments".
CREATE TABLE request_label (
    label TEXT NOT NULL,
    request_id BIGINT NOT NULL,
    PRIMARY KEY (label, request_id)
) WITHOUT ROWID;
CREATE TABLE certificate_label (
    label TEXT NOT NULL,
    certificate_id BIGINT NOT NULL,
    PRIMARY KEY (label, certificate_id)
) WITHOUT ROWID;

-- Earlier programs would issue certificates without the labels of their requests.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (26, 26);
