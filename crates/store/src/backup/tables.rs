//! All tables as one file: packed blocks of rows, each with the name of its table and columns.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use model::Digest;

use super::{BackupManifest, TableCount};
use crate::blobs::BlobInfo;
use crate::db::{Column, Dialect, Many, Param, Row, Rows, Tx, Value, params};
use crate::{Error, RunStatus};

/// Every table but `migration` and `backup`, with its primary key.
const TABLES: &[(&str, &[&str])] = &[
    ("counter", &["name"]),
    ("workspace", &["id"]),
    ("scope", &["id"]),
    ("partition", &["id"]),
    ("run", &["scope", "id"]),
    ("journal", &["scope", "run", "first_seq"]),
    ("snapshot", &["scope", "run"]),
    ("snapshot_page", &["scope", "run", "page"]),
    ("signal", &["seq"]),
    ("definition", &["scope", "digest"]),
    ("local", &["scope", "space", "key"]),
    ("dedupe", &["scope", "source", "key"]),
    ("blob", &["workspace", "digest"]),
    ("blob_ref", &["digest", "workspace", "holder"]),
    ("resource", &["scope", "kind", "name"]),
    ("resource_history", &["scope", "kind", "name", "revision"]),
    ("resource_change", &["position"]),
    ("resource_ref", &["scope", "kind", "name", "target_kind", "target_name"]),
    ("resource_key", &["scope", "space", "key"]),
    ("resource_label", &["scope", "kind", "name", "label"]),
    ("draft", &["scope", "workflow"]),
    ("activation", &["scope", "workflow"]),
    ("activation_ref", &["scope", "workflow", "target_kind", "target_name"]),
    ("sealed", &["scope", "connection", "field", "generation"]),
    ("connection", &["scope", "name"]),
    ("token", &["id"]),
    ("users", &["id"]),
    ("passkey", &["id"]),
    ("identity", &["provider", "subject"]),
    ("provider", &["name"]),
    ("preference", &["holder", "name"]),
    ("data_table", &["scope", "name"]),
    ("data_row", &["scope", "number", "id"]),
    ("data_index", &["scope", "number", "cell", "hash", "id"]),
    ("data_swept", &["scope", "number"]),
    ("message", &["scope", "id"]),
    ("outbox", &["id"]),
    ("delivery", &["scope", "subscriber", "message"]),
    ("delivery_attempt", &["scope", "subscriber", "message", "number"]),
    ("subscriber", &["scope", "name"]),
    ("arrival", &["scope", "id"]),
    ("arrival_page", &["scope", "last"]),
    ("audit", &["workspace", "seq"]),
];
/// Sums, which a restore computes anew, and what a restore must not bring: a session that was ended since, or a link
/// that was used since, would be good again.
const NOT_KEPT: &[&str] = &["tally", "migration", "backup", "session", "link", "spent", "attempt", "consent"];
/// Tables that even an empty store has rows in; a restore replaces them.
const NEVER_EMPTY: &[&str] = &["counter", "workspace", "scope", "partition"];
/// Bytes of rows read at once; the number of rows follows the size of the last ones.
const SLICE: usize = 4 * 1024 * 1024;

/// What an export wrote.
pub(super) struct Exported {
    pub(super) schema: i64,
    pub(super) tables: Vec<TableCount>,
    pub(super) digest: Digest,
    pub(super) bytes: u64,
    pub(super) blobs: Vec<ExportedBlob>,
}

/// A large blob that the snapshot knows.
pub(super) struct ExportedBlob {
    pub(super) workspace: i64,
    pub(super) digest: Digest,
    pub(super) stored_size: u64,
    pub(super) held: bool,
}

/// How a large blob is stored.
pub(super) struct StoredRow {
    pub(super) info: BlobInfo,
    pub(super) blocks: bool,
}

/// Names and types of a table's columns.
async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<(String, Column)>, Error> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT CAST(column_name AS text), CAST(data_type AS text) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let mut columns = Vec::new();
    for mut row in tx.query(sql, params![table]).await? {
        let (name, kind) = (row.text()?, row.text()?);
        let column = match kind.as_str() {
            "INTEGER" | "bigint" => Column::Int,
            "TEXT" | "text" => Column::Text,
            "BLOB" | "bytea" => Column::Blob,
            other => return Err(Error::Corrupt(format!("`{table}.{name}` has type {other}"))),
        };
        columns.push((name, column));
    }
    Ok(columns)
}

/// All tables of the database.
async fn all_tables(tx: &mut Tx) -> Result<Vec<String>, Error> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Dialect::Postgres => {
            "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    tx.query(sql, &[]).await?.into_iter().map(|mut row| row.text()).collect()
}

/// Writes all tables of one snapshot into a file.
pub(super) async fn export(tx: &mut Tx, path: &Path) -> Result<Exported, Error> {
    // A table that nobody listed would be lost; better no backup than one without it.
    for table in all_tables(tx).await? {
        if !TABLES.iter().any(|(name, _)| *name == table) && !NOT_KEPT.contains(&table.as_str()) {
            return Err(Error::Database(format!("the table `{table}` is in no list of the backup")));
        }
    }
    let mut file = Writer::create(path)?;
    let mut counts = Vec::new();
    for (table, keys) in TABLES {
        let rows = export_table(tx, table, keys, &mut file).await?;
        counts.push(TableCount { name: (*table).into(), rows });
    }
    let (digest, bytes) = file.finish()?;
    Ok(Exported {
        schema: crate::migrate::level(tx).await?,
        tables: counts,
        digest,
        bytes,
        blobs: large_blobs(tx).await?,
    })
}

async fn export_table(tx: &mut Tx, table: &str, keys: &[&str], file: &mut Writer) -> Result<u64, Error> {
    let columns = columns(tx, table).await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let place = |key: &&str| names.iter().position(|name| name == key);
    let key_places: Option<Vec<usize>> = keys.iter().map(place).collect();
    let key_places = key_places.ok_or_else(|| Error::Corrupt(format!("`{table}` has lost its key")))?;
    let head = format!("SELECT {} FROM {table}", names.join(", "));
    let order = keys.join(", ");
    let holes: Vec<String> = (1..=keys.len()).map(|number| format!("${number}")).collect();
    let first = format!("{head} ORDER BY {order} LIMIT $1");
    let next = format!("{head} WHERE ({order}) > ({}) ORDER BY {order} LIMIT ${}", holes.join(", "), keys.len() + 1);
    let mut last: Option<Vec<Value>> = None;
    let (mut count, mut limit) = (0, 16usize);
    loop {
        let mut values: Vec<Param<'_>> = last.iter().flatten().map(param).collect();
        values.push(Param::from(limit));
        let rows = tx.query(if last.is_some() { &next } else { &first }, &values).await?;
        let found = rows.len();
        if found == 0 {
            return Ok(count);
        }
        let mut block = Block::new(table, &names);
        for row in rows {
            let values = row.into_values();
            block.push(&values);
            last = Some(key_places.iter().map(|place| values[*place].clone()).collect());
        }
        count += found as u64;
        let bytes = block.bytes.len().max(1);
        file.write(block)?;
        if found < limit {
            return Ok(count);
        }
        limit = (limit * SLICE / bytes).clamp(1, limit * 8).min(5000);
    }
}

fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Null => Param::Null,
        Value::Int(value) => Param::Int(*value),
        Value::Text(value) => Param::Text(value),
        Value::Blob(value) => Param::Blob(value),
    }
}

async fn large_blobs(tx: &mut Tx) -> Result<Vec<ExportedBlob>, Error> {
    let sql = "SELECT workspace, digest, stored_size, CASE WHEN EXISTS (SELECT 1 FROM blob_ref \
               WHERE blob_ref.workspace = blob.workspace AND blob_ref.digest = blob.digest) THEN 1 ELSE 0 END \
               FROM blob WHERE data IS NULL ORDER BY workspace, digest";
    let mut blobs = Vec::new();
    for mut row in tx.query(sql, &[]).await? {
        blobs.push(ExportedBlob {
            workspace: row.int()?,
            digest: row.digest()?,
            stored_size: row.number()?,
            held: row.flag()?,
        });
    }
    Ok(blobs)
}

/// Rows of one table on their way into the file.
struct Block {
    bytes: Vec<u8>,
    rows: u32,
    rows_at: usize,
}

impl Block {
    fn new(table: &str, columns: &[&str]) -> Self {
        let mut bytes = Vec::new();
        put_text(&mut bytes, table);
        bytes.extend_from_slice(&(columns.len() as u32).to_le_bytes());
        columns.iter().for_each(|column| put_text(&mut bytes, column));
        let rows_at = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        Block { bytes, rows: 0, rows_at }
    }

    fn push(&mut self, values: &[Value]) {
        self.rows += 1;
        for value in values {
            match value {
                Value::Null => self.bytes.push(0),
                Value::Int(value) => {
                    self.bytes.push(1);
                    self.bytes.extend_from_slice(&value.to_le_bytes());
                }
                Value::Text(value) => {
                    self.bytes.push(2);
                    put_text(&mut self.bytes, value);
                }
                Value::Blob(value) => {
                    self.bytes.push(3);
                    self.bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
                    self.bytes.extend_from_slice(value);
                }
            }
        }
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The file, and its digest as it grows.
struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    hash: aws_lc_rs::digest::Context,
    bytes: u64,
}

impl Writer {
    fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|error| Error::file(path, error))?;
        let hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        Ok(Writer { path: path.to_owned(), file: BufWriter::new(file), hash, bytes: 0 })
    }

    /// On PostgreSQL this blocks a worker for the moment that some packed megabytes take.
    fn write(&mut self, mut block: Block) -> Result<(), Error> {
        block.bytes[block.rows_at..block.rows_at + 4].copy_from_slice(&block.rows.to_le_bytes());
        let packed = lz4_flex::block::compress(&block.bytes);
        for part in
            [&(block.bytes.len() as u32).to_le_bytes()[..], &(packed.len() as u32).to_le_bytes()[..], &packed[..]]
        {
            self.hash.update(part);
            self.bytes += part.len() as u64;
            self.file.write_all(part).map_err(|error| Error::file(&self.path, error))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(Digest, u64), Error> {
        let path = self.path;
        let file = self.file.into_inner().map_err(|error| Error::file(&path, error.into_error()))?;
        file.sync_all().map_err(|error| Error::file(&path, error))?;
        let mut digest = Digest([0; 32]);
        digest.0.copy_from_slice(self.hash.finish().as_ref());
        Ok((digest, self.bytes))
    }
}

/// A block that was read back.
struct Loaded {
    table: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// Reads blocks, and the digest of the file as it goes.
struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    hash: aws_lc_rs::digest::Context,
}

fn damaged() -> Error {
    Error::BadBackup("`tables.bin` cannot be read".into())
}

impl Reader {
    fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::file(path, error))?;
        let hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        Ok(Reader { path: path.to_owned(), file: BufReader::new(file), hash })
    }

    fn take(&mut self, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        let file = &mut self.file;
        file.take(length as u64).read_to_end(&mut bytes).map_err(|error| Error::file(&self.path, error))?;
        self.hash.update(&bytes);
        match bytes.len() {
            0 if length > 0 => Ok(None),
            found if found == length => Ok(Some(bytes)),
            _ => Err(damaged()),
        }
    }

    fn next(&mut self) -> Result<Option<Loaded>, Error> {
        let Some(head) = self.take(8)? else { return Ok(None) };
        let mut head = Bytes(&head);
        let (raw, packed) = (head.length()?, head.length()?);
        let packed = self.take(packed)?.ok_or_else(damaged)?;
        // LZ4 packs at most 255 to 1, so a lying length cannot ask for much more than was read.
        if raw > packed.len().saturating_mul(256) + 64 {
            return Err(damaged());
        }
        let bytes = lz4_flex::block::decompress(&packed, raw).map_err(|_| damaged())?;
        let mut bytes = Bytes(&bytes);
        let table = bytes.text()?;
        let count = bytes.length()?;
        let columns: Vec<String> = (0..count).map(|_| bytes.text()).collect::<Result<_, _>>()?;
        let count = bytes.length()?;
        let mut rows = Vec::new();
        for _ in 0..count {
            rows.push((0..columns.len()).map(|_| bytes.value()).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Some(Loaded { table, columns, rows }))
    }

    fn digest(self) -> Digest {
        let mut digest = Digest([0; 32]);
        digest.0.copy_from_slice(self.hash.finish().as_ref());
        digest
    }
}

/// What is left of a block.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn length(&mut self) -> Result<usize, Error> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| damaged())?;
        Ok(u32::from_le_bytes(bytes) as usize)
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| damaged())
    }

    fn value(&mut self) -> Result<Value, Error> {
        Ok(match self.take(1)? {
            [0] => Value::Null,
            [1] => Value::Int(i64::from_le_bytes(self.take(8)?.try_into().map_err(|_| damaged())?)),
            [2] => Value::Text(self.text()?),
            [3] => {
                let length = self.length()?;
                Value::Blob(self.take(length)?.to_vec())
            }
            _ => return Err(damaged()),
        })
    }
}

/// Large blobs by workspace and digest.
pub(super) type StoredRows = HashMap<(i64, Digest), StoredRow>;

/// Reads the whole file; returns its digest and how its large blobs are stored.
pub(super) fn inspect(path: &Path) -> Result<(Digest, StoredRows), Error> {
    let mut reader = Reader::open(path)?;
    let mut blobs = HashMap::new();
    while let Some(block) = reader.next()? {
        if block.table != "blob" {
            continue;
        }
        let order = ["workspace", "digest", "size", "stored_size", "encoding"];
        let places: Option<Vec<usize>> =
            order.iter().map(|name| block.columns.iter().position(|column| column == name)).collect();
        let places = places.ok_or_else(damaged)?;
        for values in block.rows {
            let mut row = Row::new(places.iter().map(|place| values[*place].clone()).collect());
            let (workspace, digest) = (row.int()?, row.digest()?);
            let info = BlobInfo { digest, size: row.number()?, stored_size: row.number()? };
            blobs.insert((workspace, digest), StoredRow { info, blocks: row.int()? == 1 });
        }
    }
    Ok((reader.digest(), blobs))
}

/// Whether nothing was ever written to the store.
pub(super) async fn is_empty(tx: &mut Tx) -> Result<bool, Error> {
    for (table, _) in TABLES.iter().filter(|(table, _)| !NEVER_EMPTY.contains(table)) {
        if tx.first(&format!("SELECT 1 FROM {table} LIMIT 1"), &[]).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Loads a file into an empty store.
pub(super) async fn import(tx: &mut Tx, path: &Path, manifest: &BackupManifest) -> Result<(), Error> {
    if !is_empty(tx).await? {
        return Err(Error::NotEmpty);
    }
    for table in NEVER_EMPTY {
        tx.execute(&format!("DELETE FROM {table}"), &[]).await?;
    }
    let mut reader = Reader::open(path)?;
    let mut loaded: HashMap<String, u64> = HashMap::new();
    while let Some(block) = reader.next()? {
        import_block(tx, &block).await?;
        *loaded.entry(block.table).or_default() += block.rows.len() as u64;
    }
    for table in &manifest.tables {
        let found = loaded.remove(&table.name).unwrap_or(0);
        if found != table.rows {
            return Err(Error::BadBackup(format!("`{}` has {found} rows instead of {}", table.name, table.rows)));
        }
    }
    drop_missing_blobs(tx, manifest).await?;
    settle(tx).await
}

async fn import_block(tx: &mut Tx, block: &Loaded) -> Result<(), Error> {
    if !TABLES.iter().any(|(name, _)| *name == block.table) {
        return Err(Error::BadBackup(format!("this release has no table `{}`", block.table)));
    }
    let known = columns(tx, &block.table).await?;
    let mut named = Vec::with_capacity(block.columns.len());
    for column in &block.columns {
        let found = known.iter().find(|(name, _)| name == column);
        let (name, kind) =
            found.ok_or_else(|| Error::BadBackup(format!("this release has no column `{}.{column}`", block.table)))?;
        named.push((name.as_str(), *kind));
    }
    let many = Many::insert(&block.table, &named, "");
    let mut rows = Rows::of(&many);
    for values in &block.rows {
        rows.push(&values.iter().map(param).collect::<Vec<_>>());
    }
    tx.execute_many(&many, &rows).await.map(|_| ())
}

/// Forgets blobs that were collected while the backup was taken.
async fn drop_missing_blobs(tx: &mut Tx, manifest: &BackupManifest) -> Result<(), Error> {
    let there: HashSet<_> = manifest.blobs.iter().map(|blob| (blob.workspace, blob.digest)).collect();
    for blob in large_blobs(tx).await? {
        if there.contains(&(blob.workspace, blob.digest)) {
            continue;
        }
        if blob.held {
            return Err(Error::BadBackup(format!("the blob {} is missing", blob.digest)));
        }
        tx.execute("DELETE FROM blob WHERE workspace = $1 AND digest = $2", params![blob.workspace, &blob.digest])
            .await?;
    }
    Ok(())
}

/// What a restored store must not take from the old one: leases, runs in flight, and sums.
async fn settle(tx: &mut Tx) -> Result<(), Error> {
    tx.execute("UPDATE partition SET owner = '', token = token + 1, expires_at = 0", &[]).await?;
    // What was in flight may have gone on after the backup; a person says what becomes of it.
    let held = RunStatus::Held as u8;
    tx.execute("UPDATE run SET status = $1 WHERE status IN (0, 1, 2)", params![held]).await?;
    tx.execute(
        "INSERT INTO tally (scope, workflow, definition, status, dead, slot, runs, bytes) \
         SELECT scope, workflow, definition, status, dead, 0, count(*), CAST(sum(bytes) AS BIGINT) FROM run \
         GROUP BY scope, workflow, definition, status, dead",
        &[],
    )
    .await?;
    if tx.dialect() == Dialect::Postgres {
        for (table, column) in [("workspace", "id"), ("scope", "id"), ("signal", "seq")] {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
                 (SELECT coalesce(max({column}), 1) FROM {table}))"
            );
            tx.query(&sql, &[]).await?;
        }
    }
    Ok(())
}
