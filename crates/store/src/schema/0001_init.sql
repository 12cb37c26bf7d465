-- Written once for both databases. On PostgreSQL the words INTEGER, BLOB and SERIAL_KEY become BIGINT, BYTEA and an
-- identity column, and STRICT and WITHOUT ROWID fall away (see migrate.rs). In SQLite, tables of small rows are kept in
-- their key (WITHOUT ROWID: one tree); those of large rows are not, because a key's tree holds only a quarter of a page
-- of a row before it spills, and leaves pages half empty when rows are appended.

CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('position', 0), ('horizon', 0);

CREATE TABLE workspace (
    id SERIAL_KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE scope (
    id SERIAL_KEY,
    workspace INTEGER NOT NULL,
    environment TEXT NOT NULL,
    UNIQUE (workspace, environment)
) STRICT;

-- ---------------------------------------------------------------------------------------------------------- runs

CREATE TABLE partition (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE run (
    scope INTEGER NOT NULL,
    id BLOB NOT NULL,
    workflow TEXT NOT NULL,
    definition BLOB NOT NULL,
    revision INTEGER,
    mode TEXT NOT NULL,
    partition INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    fairness_key TEXT NOT NULL,
    started_by TEXT NOT NULL,
    runs_as TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    parent TEXT,
    origin BLOB,
    status INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    wake_at INTEGER,
    step_count INTEGER NOT NULL,
    handled_error_count INTEGER NOT NULL,
    uncertain_count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    error TEXT,
    answer TEXT,
    dead INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;
-- A run that completes in its first commit is in the primary key and in this index only; all others are partial.
-- It does not begin with the scope, so that no planner without statistics can take it for a lookup by key.
CREATE INDEX run_workflow ON run (workflow, scope, id);
CREATE INDEX run_status ON run (scope, status, id) WHERE status <> 5;
CREATE INDEX run_dead ON run (scope, dead, id) WHERE dead <> 0;
CREATE INDEX run_running ON run (id, partition) WHERE status = 1;
CREATE INDEX run_queued ON run (priority DESC, id, partition) WHERE status = 0;
CREATE INDEX run_wake ON run (status, wake_at, partition) WHERE status IN (0, 2) AND wake_at IS NOT NULL;

-- Number and size of runs, kept by each commit as sums, so that no question needs to count rows. A slot keeps the
-- rows of different writers apart.
CREATE TABLE tally (
    scope INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    definition BLOB NOT NULL,
    status INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (scope, workflow, definition, status, dead, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    scope INTEGER NOT NULL,
    run BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    records INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (scope, run, first_seq)
) STRICT;

CREATE TABLE snapshot (
    scope INTEGER NOT NULL,
    run BLOB NOT NULL,
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (scope, run)
) STRICT;

CREATE TABLE snapshot_page (
    scope INTEGER NOT NULL,
    run BLOB NOT NULL,
    page INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (scope, run, page)
) STRICT;

-- A consumed signal stays as a row without content until its run is deleted: a repeat of it is then known as one.
CREATE TABLE signal (
    seq SERIAL_KEY,
    scope INTEGER NOT NULL,
    run BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    UNIQUE (scope, run, id)
) STRICT;
CREATE INDEX signal_inbox ON signal (scope, run, seq) WHERE pending = 1;
CREATE INDEX signal_partition ON signal (partition, scope, run) WHERE pending = 1;

CREATE TABLE definition (
    scope INTEGER NOT NULL,
    digest BLOB NOT NULL,
    text TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (scope, digest)
) STRICT;

CREATE TABLE local (
    scope INTEGER NOT NULL,
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (scope, space, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX local_expiry ON local (expires_at) WHERE expires_at IS NOT NULL;

-- No index on expiry: it would cost every webhook run a second insert, and a slow walk over the key finds them too.
CREATE TABLE dedupe (
    scope INTEGER NOT NULL,
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    run BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, source, key)
) STRICT, WITHOUT ROWID;

-- --------------------------------------------------------------------------------------------------------- blobs

-- data is the content of a small blob; the others are files. encoding: 0 as it is, 1 LZ4 frame.
CREATE TABLE blob (
    workspace INTEGER NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    stored_size INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    data BLOB,
    touched_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, digest)
) STRICT;

CREATE TABLE blob_ref (
    workspace INTEGER NOT NULL,
    digest BLOB NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (digest, workspace, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_ref_holder ON blob_ref (holder, workspace);

-- ----------------------------------------------------------------------------------------------------- resources

CREATE TABLE resource (
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    spec_version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    labels TEXT NOT NULL,
    spec TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name)
) STRICT;

CREATE TABLE resource_history (
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    action TEXT NOT NULL,
    spec_version INTEGER NOT NULL,
    labels TEXT NOT NULL,
    spec TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    written_by TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name, revision)
) STRICT;

CREATE TABLE resource_change (
    position INTEGER NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL
) STRICT;

CREATE TABLE resource_ref (
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_name TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name, target_kind, target_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_ref_target ON resource_ref (scope, target_kind, target_name);

CREATE TABLE resource_key (
    scope INTEGER NOT NULL,
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (scope, space, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_key_owner ON resource_key (scope, kind, name);

CREATE TABLE resource_label (
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, kind, name, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_label_value ON resource_label (scope, kind, label, value, name);

CREATE TABLE draft (
    scope INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    text TEXT NOT NULL,
    version INTEGER NOT NULL,
    base_revision INTEGER,
    pinned BLOB,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (scope, workflow)
) STRICT;

CREATE TABLE activation (
    scope INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    revision INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    share INTEGER NOT NULL,
    previous INTEGER,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (scope, workflow)
) STRICT, WITHOUT ROWID;

CREATE TABLE activation_ref (
    scope INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_name TEXT NOT NULL,
    PRIMARY KEY (scope, workflow, target_kind, target_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX activation_ref_target ON activation_ref (scope, target_kind, target_name);

CREATE TABLE sealed (
    scope INTEGER NOT NULL,
    connection TEXT NOT NULL,
    field TEXT NOT NULL,
    generation INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (scope, connection, field, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    grants TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    workspace INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (workspace, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE backup (
    id SERIAL_KEY,
    taken_at INTEGER NOT NULL,
    place TEXT NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
