-- Data tables: rows that workflows and people keep. What a table's columns are is a resource; here are its rows.
-- A table gets a new number when it is cleared, and the rows of the old number are swept in slices.
CREATE TABLE data_table (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    next_id INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    byte_count INTEGER NOT NULL,
    -- Columns that have entries in `data_index`, as a JSON list.
    indexed TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Cells are a JSON object by the columns' lasting ids, so adding, renaming and dropping a column touches no row.
CREATE TABLE data_row (
    scope INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id INTEGER NOT NULL,
    cells TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope, number, id)
) STRICT, WITHOUT ROWID;

-- Rows by the hash of a cell, for columns that somebody has looked rows up by to change them.
CREATE TABLE data_index (
    scope INTEGER NOT NULL,
    number INTEGER NOT NULL,
    cell TEXT NOT NULL,
    hash INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (scope, number, cell, hash, id)
) STRICT, WITHOUT ROWID;

-- Numbers whose rows nobody can see any more.
CREATE TABLE data_swept (
    scope INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (scope, number)
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('data_table', 0);
