-- People, and what they come in by. Nobody is ever deleted, only disabled: the audit log and delegated work name them.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    grants TEXT NOT NULL,
    -- 1 when the grants make an owner of everything. The store keeps one of them, so it must know them.
    is_owner INTEGER NOT NULL,
    password TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    signed_in_at INTEGER,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE passkey (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    uses INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_holder ON passkey (user_id, id);

CREATE TABLE identity (
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (provider, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_holder ON identity (user_id, provider);

-- Sessions and links are known by the hash of what their holder shows.
CREATE TABLE session (
    hash BLOB NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL,
    method TEXT NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    idle_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_holder ON session (user_id, id);

CREATE TABLE link (
    hash BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    grants TEXT NOT NULL,
    user_id BLOB,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What may be shown once: a challenge that was answered is kept until it would have ended anyway.
CREATE TABLE spent (
    hash BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Attempts to sign in, by account and by address, so that a restart forgets no delay.
CREATE TABLE attempt (
    subject TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE provider (
    name TEXT NOT NULL PRIMARY KEY,
    spec TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A token of a person ends with the person; one narrowed to permissions never has more than those.
ALTER TABLE token ADD COLUMN owner BLOB;
ALTER TABLE token ADD COLUMN permissions TEXT;
