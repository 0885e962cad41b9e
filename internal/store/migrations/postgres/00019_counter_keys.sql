-- +goose Up
-- The keys of counters are columns: object_id is an authority, part a shard of its CRL, at the beginning of the day
-- or hour of expiry in seconds since 1970. Columns that a counter does not use are 0. Until now the keys were part of
-- the names, as in 'revoked 7', 'shard 7 2', 'live 2027-02-28 7' and 'expiring 2027-02-28T12'.
CREATE TABLE counter_by_name (
    name  TEXT COLLATE "C" NOT NULL,
    slot  SMALLINT NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO counter_by_name (name, slot, value) SELECT name, slot, value FROM counter;
DROP TABLE counter;
CREATE TABLE counter (
    name      TEXT COLLATE "C" NOT NULL,
    at        BIGINT NOT NULL,
    object_id BIGINT NOT NULL,
    part      BIGINT NOT NULL,
    slot      SMALLINT NOT NULL,
    value     BIGINT NOT NULL,
    PRIMARY KEY (name, at, object_id, part, slot)
) WITH (fillfactor = 50);

INSERT INTO counter (name, at, object_id, part, slot, value)
SELECT name, 0, 0, 0, slot, value FROM counter_by_name
WHERE name NOT LIKE 'revoked %' AND name NOT LIKE 'issued %' AND name NOT LIKE 'shard %' AND name NOT LIKE 'corrected %'
    AND name NOT LIKE 'live %' AND name NOT LIKE 'expiring %';

-- One number follows the name.
INSERT INTO counter (name, at, object_id, part, slot, value)
SELECT name, 0, CAST(id AS BIGINT), 0, slot, value
FROM (SELECT 'revoked' AS name, SUBSTR(name, 9) AS id, slot, value FROM counter_by_name WHERE name LIKE 'revoked %'
    UNION ALL
    SELECT 'issued', SUBSTR(name, 8), slot, value FROM counter_by_name WHERE name LIKE 'issued %') c
WHERE id <> '' AND RTRIM(id, '0123456789') = '';

-- Two numbers follow the name. RTRIM finds where the second one begins.
INSERT INTO counter (name, at, object_id, part, slot, value)
SELECT name, 0, CAST(id AS BIGINT), CAST(part AS BIGINT), slot, value
FROM (SELECT name, RTRIM(RTRIM(key, '0123456789'), ' ') AS id, SUBSTR(key, LENGTH(RTRIM(key, '0123456789')) + 1) AS part,
        slot, value
    FROM (SELECT 'shard' AS name, SUBSTR(name, 7) AS key, slot, value FROM counter_by_name WHERE name LIKE 'shard %'
        UNION ALL
        SELECT 'corrected', SUBSTR(name, 11), slot, value FROM counter_by_name WHERE name LIKE 'corrected %') k) c
WHERE id <> '' AND RTRIM(id, '0123456789') = '' AND part <> '';

-- A date follows the name, then an hour or an authority. Days since 1970 are counted in the Gregorian calendar with
-- years that begin in March. They are counted from the year -400, so that no division rounds towards a later year.
INSERT INTO counter (name, at, object_id, part, slot, value)
SELECT name, 86400 * (365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d - 865566) + 3600 * h, id, 0, slot,
    value
FROM (SELECT name, CASE WHEN month > 2 THEN year + 400 ELSE year + 399 END AS y, (month + 9) % 12 AS m, d, h, id, slot,
        value
    FROM (SELECT name, CAST(SUBSTR(key, 1, 4) AS BIGINT) AS year, CAST(SUBSTR(key, 6, 2) AS BIGINT) AS month,
            CAST(SUBSTR(key, 9, 2) AS BIGINT) AS d, CAST(h AS BIGINT) AS h, CAST(id AS BIGINT) AS id, slot, value
        FROM (SELECT 'live' AS name, SUBSTR(name, 6) AS key, '0' AS h, SUBSTR(name, 17) AS id, slot, value
                FROM counter_by_name WHERE name LIKE 'live ____-__-__ %'
            UNION ALL
            SELECT 'expiring', SUBSTR(name, 10), SUBSTR(name, 21), '0', slot, value
                FROM counter_by_name WHERE name LIKE 'expiring ____-__-__T__') k
        WHERE id <> ''
            AND RTRIM(SUBSTR(key, 1, 4) || SUBSTR(key, 6, 2) || SUBSTR(key, 9, 2) || h || id, '0123456789') = '') n) c;

DROP TABLE counter_by_name;

-- Earlier programs read and write the names, so all nodes have to be stopped.
INSERT INTO schema_compatibility (version, compatible_from) VALUES (19, 19);
