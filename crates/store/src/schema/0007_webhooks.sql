-- Webhooks out: what happened, who has to hear of it, and what came of each try. Ids of messages sort by time, so the
-- newest of a log are at the end of its key.
CREATE TABLE message (
    scope INTEGER NOT NULL,
    id BLOB NOT NULL,
    event TEXT NOT NULL,
    -- Whose event it is; empty: everybody's.
    customer TEXT NOT NULL,
    -- What tells it from another one of its scope, where whoever posted it said so.
    key TEXT,
    payload TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;

CREATE UNIQUE INDEX message_key ON message (scope, key) WHERE key IS NOT NULL;

-- Messages whose deliveries are not made yet. `subscriber`: for this one alone, whatever it wants to hear.
CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    subscriber TEXT
) STRICT, WITHOUT ROWID;

-- status: 0 waits, 1 delivered, 2 failed for good, 3 dropped.
CREATE TABLE delivery (
    scope INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    message BLOB NOT NULL,
    event TEXT NOT NULL,
    customer TEXT NOT NULL,
    status INTEGER NOT NULL,
    -- Tries so far, and how many of them count for the schedule: a resend begins it anew.
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    -- When it is tried next, or when whoever tries it now is given up.
    due_at INTEGER NOT NULL,
    ended_at INTEGER,
    answered INTEGER,
    reason TEXT,
    PRIMARY KEY (scope, subscriber, message)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_due ON delivery (scope, subscriber, due_at) WHERE status = 0;
CREATE INDEX delivery_failed ON delivery (scope, subscriber, message) WHERE status = 2;
CREATE INDEX delivery_message ON delivery (scope, message);

CREATE TABLE delivery_attempt (
    scope INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    message BLOB NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    took INTEGER NOT NULL,
    answered INTEGER,
    reason TEXT,
    -- The beginning of the answer's body.
    answer TEXT,
    PRIMARY KEY (scope, subscriber, message, number)
) STRICT, WITHOUT ROWID;

-- What the server knows of subscribers beside what people wrote. Signing keys are derived from the salts.
CREATE TABLE subscriber (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    salt BLOB NOT NULL,
    previous_salt BLOB,
    previous_until INTEGER,
    -- 0 delivers, 1 paused by the server, 2 paused by a person, 3 gone (the endpoint said so).
    state INTEGER NOT NULL,
    state_at INTEGER NOT NULL,
    failing_since INTEGER,
    failures INTEGER NOT NULL,
    warned_at INTEGER,
    probe_at INTEGER,
    succeeded_at INTEGER,
    failed_at INTEGER,
    reason TEXT,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Webhooks in: what came lately, and what was made of it. Ids sort by time.
CREATE TABLE arrival (
    scope INTEGER NOT NULL,
    id BLOB NOT NULL,
    workflow TEXT NOT NULL,
    node TEXT NOT NULL,
    method TEXT NOT NULL,
    -- Path and query.
    target TEXT NOT NULL,
    -- A JSON list of pairs; what proves who sends is masked.
    headers TEXT NOT NULL,
    sender TEXT NOT NULL,
    -- As it came; none when it was not read, or is larger than what is kept.
    body BLOB,
    -- 0 accepted, 1 came before, 2 a question that was answered, 3 refused.
    verdict INTEGER NOT NULL,
    code TEXT,
    reason TEXT,
    run BLOB,
    PRIMARY KEY (scope, id)
) STRICT;

CREATE INDEX arrival_workflow ON arrival (scope, workflow, id);
CREATE INDEX arrival_refused ON arrival (scope, id) WHERE verdict = 3;
