-- What the server knows of connections beside what people wrote: until when tokens are good, and whether the account
-- is taken at all.
CREATE TABLE connection (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    connected_by TEXT,
    connected_at INTEGER,
    refreshed_at INTEGER,
    -- End of what is shown, and of what renews it.
    expires_at INTEGER,
    ends_at INTEGER,
    scopes TEXT,
    -- Settings that came with a token, as a JSON object.
    kept TEXT NOT NULL,
    dead_at INTEGER,
    dead_reason TEXT,
    -- Who renews now. The token rises with every owner, so that one who was late writes nothing.
    lease_owner TEXT NOT NULL,
    lease_token INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Consents that are under way, known by the hash of what comes back with the browser.
CREATE TABLE consent (
    hash BLOB NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    connection TEXT NOT NULL,
    -- Hash of what only the browser that asked has; none when a program asked.
    browser BLOB,
    asked_by TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
