-- What people and tokens keep for themselves: views of lists, how they like their pages.
CREATE TABLE preference (
    holder BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (holder, name)
) STRICT, WITHOUT ROWID;
