-- +goose Up
-- Times are seconds since 1970 in UTC, flags are 0 or 1, serial numbers and fingerprints
-- lower-case hexadecimal. What a request says of its certificate in use (authority_id,
-- not_after) is there for lists. The twin of this file for PostgreSQL differs in types only,
-- and in that an index of SQLite ends with the id by itself.

CREATE TABLE account (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    role          INTEGER NOT NULL CHECK (role BETWEEN 0 AND 3),
    created_at    BIGINT  NOT NULL
);

-- A session of a browser ends some time after it was last used: expires_at moves with that.
CREATE TABLE session (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB    NOT NULL UNIQUE,
    account_id   BIGINT  NOT NULL REFERENCES account (id),
    browser      INTEGER NOT NULL CHECK (browser IN (0, 1)),
    address      TEXT    NOT NULL,
    user_agent   TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    last_seen_at BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

-- The certificates above a certificate, issuer first: one row serves all that it issued.
CREATE TABLE issuer_chain (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL UNIQUE,
    der         BLOB NOT NULL
);

-- A deleted authority keeps its row, because what it issued refers to it; its key is gone.
CREATE TABLE authority (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    csr            TEXT    NOT NULL,
    common_name    TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    sealed_key     BLOB,
    not_after      BIGINT  NOT NULL,
    path_len       INTEGER NOT NULL,
    constraints    TEXT    NOT NULL DEFAULT '',
    predecessor_id BIGINT REFERENCES authority (id),
    certificate_id BIGINT UNIQUE REFERENCES certificate (id),
    names_crl      INTEGER NOT NULL DEFAULT 1 CHECK (names_crl IN (0, 1)),
    names_ocsp     INTEGER NOT NULL DEFAULT 1 CHECK (names_ocsp IN (0, 1)),
    names_issuer   INTEGER NOT NULL DEFAULT 1 CHECK (names_issuer IN (0, 1)),
    crl_shards     INTEGER NOT NULL DEFAULT 0,
    crl_number     BIGINT  NOT NULL DEFAULT 0,
    created_at     BIGINT  NOT NULL,
    deleted_at     BIGINT,
    CHECK ((sealed_key IS NULL) = (deleted_at IS NOT NULL))
);

-- The newest list of an authority with all its entries (shard 0), and of each shard. Known is
-- how many revocations the list with the highest number given knows; that list may be still
-- in the making, and der the one before it. That comes last: it may take megabytes.
CREATE TABLE crl (
    authority_id BIGINT  NOT NULL REFERENCES authority (id),
    shard        INTEGER NOT NULL,
    known        BIGINT  NOT NULL,
    number       BIGINT  NOT NULL,
    this_update  BIGINT  NOT NULL,
    next_update  BIGINT  NOT NULL,
    revocations  BIGINT  NOT NULL,
    der          BLOB    NOT NULL,
    PRIMARY KEY (authority_id, shard)
);

-- The URLs that certificates name for a shard of their authority's CRL.
CREATE TABLE crl_shard (
    authority_id BIGINT  NOT NULL REFERENCES authority (id),
    shard        INTEGER NOT NULL CHECK (shard > 0),
    url          TEXT    NOT NULL,
    PRIMARY KEY (authority_id, shard, url)
);

-- A deleted profile keeps its row, because certificates refer to it by name and version.
CREATE TABLE profile (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    version    BIGINT  NOT NULL,
    builtin    INTEGER NOT NULL CHECK (builtin IN (0, 1)),
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX profile_name ON profile (name);

-- Every version of a profile's rules, as JSON. They never change.
CREATE TABLE profile_version (
    profile_id BIGINT  NOT NULL REFERENCES profile (id),
    version    BIGINT  NOT NULL,
    rules      TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (profile_id, version)
);

CREATE TABLE request (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint    TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('Outstanding', 'Active', 'Rejected', 'Revoked')),
    requester_id   BIGINT NOT NULL,
    email          TEXT   NOT NULL,
    common_name    TEXT   NOT NULL,
    names          TEXT   NOT NULL,
    key            TEXT   NOT NULL,
    search         TEXT   NOT NULL,
    certificate_id BIGINT REFERENCES certificate (id),
    authority_id   BIGINT,
    not_after      BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    rejection      TEXT   NOT NULL DEFAULT '',
    CHECK ((status = 'Active') = (certificate_id IS NOT NULL))
);
CREATE UNIQUE INDEX request_fingerprint ON request (fingerprint);
CREATE INDEX request_status ON request (status);
CREATE INDEX request_email ON request (email);
CREATE INDEX request_authority ON request (authority_id) WHERE authority_id IS NOT NULL;
CREATE INDEX request_key ON request (key);
CREATE INDEX request_expiry ON request (not_after);
CREATE INDEX request_common_name ON request (common_name);
-- Not a constraint, which would make a key of it: on PostgreSQL two signatures of one request
-- would then wait for one another.
CREATE UNIQUE INDEX request_certificate ON request (certificate_id) WHERE certificate_id IS NOT NULL;

-- By what a request is found: each name from each of its labels on, and whole after an "=".
CREATE TABLE request_name (
    name       TEXT   NOT NULL,
    request_id BIGINT NOT NULL,
    PRIMARY KEY (name, request_id)
) WITHOUT ROWID;

CREATE TABLE request_csr (
    request_id INTEGER NOT NULL PRIMARY KEY REFERENCES request (id),
    csr        TEXT   NOT NULL
);

CREATE TABLE certificate (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id      BIGINT REFERENCES request (id),
    requester_id    BIGINT NOT NULL,
    email           TEXT   NOT NULL,
    authority_id    BIGINT REFERENCES authority (id),
    issuer_chain_id BIGINT NOT NULL REFERENCES issuer_chain (id),
    common_name     TEXT   NOT NULL,
    names           TEXT   NOT NULL,
    key             TEXT   NOT NULL,
    search          TEXT   NOT NULL,
    key_fingerprint TEXT   NOT NULL,
    serial          TEXT   NOT NULL,
    fingerprint     TEXT   NOT NULL,
    not_before      BIGINT NOT NULL,
    not_after       BIGINT NOT NULL,
    profile         TEXT   NOT NULL,
    profile_version BIGINT NOT NULL,
    shard           INTEGER NOT NULL,
    created_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX certificate_fingerprint ON certificate (fingerprint);
CREATE UNIQUE INDEX certificate_serial ON certificate (serial, authority_id);
CREATE INDEX certificate_key ON certificate (key_fingerprint);
CREATE INDEX certificate_request ON certificate (request_id);
CREATE INDEX certificate_email ON certificate (email);
CREATE INDEX certificate_authority ON certificate (authority_id);
CREATE INDEX certificate_authority_expiry ON certificate (authority_id, not_after);
CREATE INDEX certificate_key_name ON certificate (key);
CREATE INDEX certificate_expiry ON certificate (not_after);
CREATE INDEX certificate_common_name ON certificate (common_name);

-- As request_name.
CREATE TABLE certificate_name (
    name           TEXT   NOT NULL,
    certificate_id BIGINT NOT NULL,
    PRIMARY KEY (name, certificate_id)
) WITHOUT ROWID;

CREATE TABLE certificate_der (
    certificate_id INTEGER NOT NULL PRIMARY KEY REFERENCES certificate (id),
    der            BLOB   NOT NULL
);

-- Who answers OCSP requests for an authority: the certificate in use and its private key.
CREATE TABLE responder (
    authority_id   INTEGER NOT NULL PRIMARY KEY REFERENCES authority (id),
    certificate_id BIGINT NOT NULL UNIQUE REFERENCES certificate (id),
    sealed_key     BLOB   NOT NULL
);

-- What the lints warned of when the certificate was issued, as JSON; no row for nothing.
CREATE TABLE certificate_lint (
    certificate_id INTEGER NOT NULL PRIMARY KEY REFERENCES certificate (id),
    findings       TEXT   NOT NULL
);

-- The entries of the CRLs. One that was taken from the list of an imported authority may be
-- of a certificate that is not known here. A list may leave out what was on another one made
-- at listed_until or later (RFC 5280, section 3.3).
CREATE TABLE revocation (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    authority_id   BIGINT  NOT NULL REFERENCES authority (id),
    certificate_id BIGINT REFERENCES certificate (id),
    shard          INTEGER NOT NULL,
    serial         TEXT    NOT NULL,
    revoked_at     BIGINT  NOT NULL,
    reason         TEXT    NOT NULL,
    listed_until   BIGINT  NOT NULL
);
CREATE UNIQUE INDEX revocation_certificate ON revocation (certificate_id) WHERE certificate_id IS NOT NULL;
CREATE UNIQUE INDEX revocation_unknown ON revocation (authority_id, serial) WHERE certificate_id IS NULL;
CREATE INDEX revocation_listed ON revocation (authority_id, shard, listed_until);

-- Public keys that must never be certified again, by the SHA-256 of their
-- SubjectPublicKeyInfo.
CREATE TABLE compromised_key (
    fingerprint TEXT   NOT NULL PRIMARY KEY,
    reported_at BIGINT NOT NULL
);

-- Kind is the first word of the action, which says what the object is.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    email      TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    object_id  BIGINT NOT NULL,
    detail     TEXT   NOT NULL
);
CREATE INDEX event_object ON event (object_id, kind);

-- Who does the periodic work, and until when nobody else may.
CREATE TABLE lease (
    name       TEXT   NOT NULL PRIMARY KEY,
    holder     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What all nodes on this database must agree on.
CREATE TABLE agreement (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Sums kept in the transaction of the change. A sum may be spread over several slots, so
-- that writers on PostgreSQL do not wait for one another.
CREATE TABLE counter (
    name  TEXT    NOT NULL,
    slot  INTEGER NOT NULL,
    value BIGINT  NOT NULL,
    PRIMARY KEY (name, slot)
);
INSERT INTO counter (name, slot, value) VALUES ('accounts', 0, 0), ('admins', 0, 0);
