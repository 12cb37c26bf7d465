//! A throw-away database in memory, for queries that people write over items. It shares nothing with the store.
//!
//! A query reaches no file and no other database, and ends when it takes too long, too much memory or gives too many
//! rows. It depends on nothing but its job: the clock and the chance that SQL functions see come with it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::{Item, Map, Value};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Batch, Connection, Statement};

/// Instructions of SQLite's virtual machine between two looks at the limits: well below a millisecond.
const LOOK_EVERY: i32 = 10_000;
/// Rows put in or taken out between two looks at the limits.
const LOOK_ROWS: usize = 1_000;
/// Longest text of all statements, in bytes.
const MAX_SQL: i32 = 1 << 20;
/// Longest value, in bytes.
const MAX_VALUE: i32 = 64 << 20;
/// Columns that a query may ask for although no row has them.
const MAX_ABSENT: usize = 100;

/// A query, and what it may see and use.
#[derive(Debug)]
pub struct Job {
    /// The tables.
    pub tables: Vec<Table>,
    /// One statement, or several with `;` between them.
    pub sql: String,
    /// Values of the `?` in it, in order.
    pub params: Vec<Value>,
    /// What `now` is, milliseconds since 1970.
    pub now: i64,
    /// Seed of `random()`.
    pub seed: u64,
    /// Most rows that come out.
    pub rows: usize,
    /// Most bytes that it may take.
    pub bytes: usize,
    /// Ends it when set.
    pub stop: Arc<AtomicBool>,
}

/// Items as a table: a column for each field.
#[derive(Debug)]
pub struct Table {
    /// Name.
    pub name: String,
    /// Rows.
    pub rows: Arc<[Arc<Item>]>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// SQLite does not understand it, or it is not allowed.
    #[error("{0}")]
    Refused(String),
    /// It was stopped.
    #[error("the query was stopped")]
    Stopped,
    /// It wants more memory than it may take.
    #[error("the query wants more than {0} bytes of memory")]
    Memory(usize),
    /// It gives more rows than it may.
    #[error("the query gives more than {0} rows")]
    Rows(usize),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Refused(match error {
            rusqlite::Error::SqliteFailure(_, Some(said)) => said,
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            other => other.to_string(),
        })
    }
}

/// Runs a query and gives the rows of all its statements. It blocks: call it on a thread that may.
///
/// A list or an object is the JSON text of it, and comes out as what it was. A column that no row has may be asked
/// for: it equals any other such column. Neither it nor a `NULL` comes out, so that a row of an outer join has the
/// fields of the side that was found.
pub fn query(job: &Job) -> Result<Vec<Map>, Error> {
    // Memory is measured over the process, so two queries at a time would count each other's.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scratch = Scratch::open(job)?;
    let result = scratch.run();
    // A limit interrupts SQLite, whose own error says nothing about why.
    result.map_err(|error| scratch.watch.hit().unwrap_or(error))
}

struct Scratch<'j> {
    db: Connection,
    job: &'j Job,
    watch: Watch,
    /// Texts of the lists and objects that were put in.
    nested: HashSet<String>,
    /// The fields of columns that had to be called otherwise, since SQLite does not tell case apart in names.
    fields: HashMap<String, String>,
    /// Columns that no row has, by table.
    absent: HashSet<(String, String)>,
}

impl<'j> Scratch<'j> {
    fn open(job: &'j Job) -> Result<Self, Error> {
        crate::db::library::set_up();
        let mut db = Connection::open_in_memory()?;
        let hit = Arc::default();
        let watch = Watch { stop: job.stop.clone(), bytes: job.bytes, before: memory_used(), hit };
        db.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA journal_mode = OFF; PRAGMA trusted_schema = OFF")?;
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL),
            (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            db.set_limit(limit, most)?;
        }
        replace_clock_and_chance(&db, job)?;
        let looking = watch.clone();
        db.progress_handler(LOOK_EVERY, Some(move || looking.check().is_err()))?;
        db.authorizer(Some(judge))?;
        Ok(Scratch { db, job, watch, nested: HashSet::new(), fields: HashMap::new(), absent: HashSet::new() })
    }

    fn run(&mut self) -> Result<Vec<Map>, Error> {
        let job = self.job;
        for table in &job.tables {
            self.load(table)?;
        }
        let mut params = job.params.iter();
        let mut rows = Vec::new();
        let mut statements = Batch::new(&self.db, &job.sql);
        loop {
            let mut statement = match statements.next() {
                Ok(Some(statement)) => statement,
                Ok(None) => return Ok(rows),
                Err(error) => {
                    let column = absent_column(&error).filter(|_| self.absent.len() < MAX_ABSENT);
                    let tables = column.map(|column| self.tables_without(column)).unwrap_or_default();
                    let Some((column, false)) = column.map(|column| (column, tables.is_empty())) else {
                        return Err(error.into());
                    };
                    for table in tables {
                        let name = column.rsplit_once('.').map_or(column, |(_, name)| name);
                        let sql =
                            format!("ALTER TABLE {} ADD COLUMN {} BLOB DEFAULT x''", quoted(&table), quoted(name));
                        self.db.execute_batch(&sql)?;
                        self.absent.insert((table, name.to_lowercase()));
                    }
                    continue;
                }
            };
            for index in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(index, cell(params.next(), Kind::Plain))?;
            }
            self.collect(&mut statement, &mut rows)?;
        }
    }

    /// Tables that a column may be meant of, which did not have it yet. A bare name may be meant of any of them, but
    /// of one only, so it is given to one after the other; what stands before a dot may be another name of a table.
    fn tables_without(&self, column: &str) -> Vec<String> {
        let (table, name) = column.split_once('.').map_or((None, column), |(table, name)| (Some(table), name));
        let names = self.job.tables.iter().map(|table| &table.name);
        let without = |table: &&String| !self.absent.contains(&((*table).clone(), name.to_lowercase()));
        let named = |other: &&String| table.is_some_and(|table| table.eq_ignore_ascii_case(other));
        let meant: Vec<String> = names.clone().filter(named).cloned().collect();
        match (table, meant.is_empty()) {
            (Some(_), false) => meant.into_iter().filter(|table| without(&table)).collect(),
            (Some(_), true) => names.filter(without).cloned().collect(),
            (None, _) => names.filter(without).take(1).cloned().collect(),
        }
    }

    fn load(&mut self, table: &Table) -> Result<(), Error> {
        let columns = columns(table);
        let mut taken = HashSet::new();
        let mut names = Vec::with_capacity(columns.len());
        for (field, _) in &columns {
            let mut name = field.clone();
            while !taken.insert(name.to_lowercase()) {
                name.push('_');
            }
            if name != *field {
                self.fields.insert(name.clone(), field.clone());
            }
            names.push(name);
        }
        let declare = |(name, (_, kind)): (&String, &(String, Kind))| format!("{} {}", quoted(name), kind.declared());
        let declared: Vec<String> = names.iter().zip(&columns).map(declare).collect();
        // SQLite has no table without columns.
        let declared = if declared.is_empty() { "\"\" BLOB".to_owned() } else { declared.join(", ") };
        self.db.execute_batch(&format!("CREATE TABLE {} ({declared})", quoted(&table.name)))?;
        let marks = vec!["?"; columns.len().max(1)].join(", ");
        let mut insert = self.db.prepare(&format!("INSERT INTO {} VALUES ({marks})", quoted(&table.name)))?;
        for (at, item) in table.rows.iter().enumerate() {
            if at.is_multiple_of(LOOK_ROWS) {
                self.watch.check()?;
            }
            for (index, (field, kind)) in columns.iter().enumerate() {
                let given = item.json.get(field);
                let value = cell(given, *kind);
                if let (Some(Value::Array(_) | Value::Object(_)), Cell::Text(text)) = (given, &value) {
                    self.nested.insert(text.clone());
                }
                insert.raw_bind_parameter(index + 1, value)?;
            }
            insert.raw_execute()?;
        }
        Ok(())
    }

    fn collect(&self, statement: &mut Statement<'_>, rows: &mut Vec<Map>) -> Result<(), Error> {
        let described = statement.columns().map(|column| {
            let field = self.fields.get(column.name()).map_or(column.name(), String::as_str).to_owned();
            (field, column.decl_type() == Some(Kind::Flag.declared()))
        });
        let columns: Vec<(String, bool)> = described.collect();
        let mut found = statement.raw_query();
        while let Some(row) = found.next()? {
            let mut map = Map::new();
            for (index, (field, flag)) in columns.iter().enumerate() {
                let value = match row.get_ref(index)? {
                    ValueRef::Null => continue,
                    ValueRef::Blob([]) => continue,
                    ValueRef::Integer(number @ (0 | 1)) if *flag => Value::Bool(number == 1),
                    ValueRef::Integer(number) => number.into(),
                    ValueRef::Real(number) => real(number),
                    ValueRef::Text(text) => self.text(&String::from_utf8_lossy(text)),
                    ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
                };
                map.insert(field.clone(), value);
            }
            rows.push(map);
            if rows.len() > self.job.rows {
                return Err(Error::Rows(self.job.rows));
            }
            if rows.len().is_multiple_of(LOOK_ROWS) {
                self.watch.check()?;
            }
        }
        Ok(())
    }

    fn text(&self, text: &str) -> Value {
        let nested = text.starts_with(['{', '[']) && self.nested.contains(text);
        nested.then(|| serde_json::from_str(text).ok()).flatten().unwrap_or_else(|| text.into())
    }
}

/// What the values of a column have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Nothing that SQLite would have to know.
    Plain,
    /// All are booleans, which SQLite does not have.
    Flag,
    /// Some number has a fraction, so that all are calculated with one.
    Real,
}

impl Kind {
    /// A declared type that leaves values as they are: SQLite converts nothing in a column of a `BLOB` type.
    fn declared(self) -> &'static str {
        match self {
            Kind::Plain | Kind::Real => "BLOB",
            Kind::Flag => "BLOB_FLAG",
        }
    }
}

/// The fields of the rows in the order in which they first come.
fn columns(table: &Table) -> Vec<(String, Kind)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut columns: Vec<(String, Option<Kind>)> = Vec::new();
    for (field, value) in table.rows.iter().flat_map(|item| &item.json) {
        let place = *places.entry(field).or_insert(columns.len());
        if place == columns.len() {
            columns.push((field.clone(), None));
        }
        let known = &mut columns[place].1;
        *known = match (*known, value) {
            (known, Value::Null) => known,
            (None | Some(Kind::Flag), Value::Bool(_)) => Some(Kind::Flag),
            (None | Some(Kind::Plain | Kind::Real), Value::Number(number)) if number.as_i64().is_none() => {
                Some(Kind::Real)
            }
            (Some(Kind::Real), _) => Some(Kind::Real),
            _ => Some(Kind::Plain),
        };
    }
    columns.into_iter().map(|(field, kind)| (field, kind.unwrap_or(Kind::Plain))).collect()
}

fn cell(value: Option<&Value>, kind: Kind) -> Cell {
    match value {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bool(flag)) => Cell::Integer(i64::from(*flag)),
        Some(Value::Number(number)) => match number.as_i64().filter(|_| kind != Kind::Real) {
            Some(whole) => Cell::Integer(whole),
            None => number.as_f64().map_or(Cell::Null, Cell::Real),
        },
        Some(Value::String(text)) => Cell::Text(text.clone()),
        Some(nested) => Cell::Text(nested.to_string()),
    }
}

/// A number as JSON, without a fraction where it has none.
fn real(number: f64) -> Value {
    let whole = number as i64;
    if whole as f64 == number && whole.unsigned_abs() < 1 << 53 { whole.into() } else { number.into() }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column that a statement asked for and that does not exist.
fn absent_column(error: &rusqlite::Error) -> Option<&str> {
    let said = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        rusqlite::Error::SqliteFailure(_, Some(said)) => said,
        _ => return None,
    };
    let joined = said.strip_prefix("cannot join using column ").and_then(|rest| rest.split_once(" - "));
    said.split_once("no such column: ").map(|(_, column)| column).or(joined.map(|(column, _)| column)).map(str::trim)
}

/// Nothing outside this database, and no switch of SQLite's.
fn judge(context: AuthContext<'_>) -> Authorization {
    use AuthAction::*;
    let denied = match context.action {
        Attach { .. } | Detach { .. } | Pragma { .. } | CreateVtable { .. } | DropVtable { .. } | Unknown { .. } => {
            true
        }
        Function { function_name } => function_name.eq_ignore_ascii_case("load_extension"),
        _ => false,
    };
    if denied { Authorization::Deny } else { Authorization::Allow }
}

/// Makes SQL functions of time and chance depend on the job alone, so that a query has one result.
fn replace_clock_and_chance(db: &Connection, job: &Job) -> Result<(), Error> {
    crate::db::library::set_up();
    let plain = Connection::open_in_memory()?;
    let sql = "SELECT strftime('%Y-%m-%d %H:%M:%f', ?1 / 1000.0, 'unixepoch')";
    let now: String = plain.query_row(sql, [job.now], |row| row.get(0))?;
    let plain = Arc::new(Mutex::new(plain));
    // Name, number of arguments (-1: any), and where the first time stands among them.
    for (name, count, at) in [
        ("date", -1, 0),
        ("time", -1, 0),
        ("datetime", -1, 0),
        ("julianday", -1, 0),
        ("unixepoch", -1, 0),
        ("strftime", -1, 1),
        ("timediff", 2, 0),
        ("current_date", 0, 0),
        ("current_time", 0, 0),
        ("current_timestamp", 0, 0),
    ] {
        let (plain, now) = (plain.clone(), now.clone());
        let call = move |context: &Context<'_>| -> rusqlite::Result<Cell> {
            let mut values: Vec<Cell> = (0..context.len()).map(|index| context.get(index)).collect::<Result<_, _>>()?;
            if values.len() == at {
                values.push(Cell::Text(now.clone()));
            }
            for value in &mut values {
                if matches!(value, Cell::Text(text) if text.eq_ignore_ascii_case("now")) {
                    *value = Cell::Text(now.clone());
                }
            }
            let name = match name {
                "current_date" => "date",
                "current_time" => "time",
                "current_timestamp" => "datetime",
                other => other,
            };
            let marks = vec!["?"; values.len()].join(", ");
            let plain = plain.lock().unwrap_or_else(PoisonError::into_inner);
            let mut statement = plain.prepare_cached(&format!("SELECT {name}({marks})"))?;
            statement.query_row(rusqlite::params_from_iter(values), |row| row.get(0))
        };
        db.create_scalar_function(name, count, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, call)?;
    }
    let draws = Arc::new(Mutex::new(job.seed));
    let again = draws.clone();
    db.create_scalar_function("random", 0, FunctionFlags::SQLITE_UTF8, move |_| Ok(draw(&draws) as i64))?;
    db.create_scalar_function("randomblob", 1, FunctionFlags::SQLITE_UTF8, move |context| {
        let length = context.get::<i64>(0)?.clamp(1, i64::from(MAX_VALUE)) as usize;
        Ok(std::iter::repeat_with(|| draw(&again) as u8).take(length).collect::<Vec<u8>>())
    })?;
    Ok(())
}

/// The next number of a SplitMix64 sequence.
fn draw(state: &Mutex<u64>) -> u64 {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The limits that are looked at while a query runs.
#[derive(Clone)]
struct Watch {
    stop: Arc<AtomicBool>,
    bytes: usize,
    before: i64,
    /// The first limit that was hit; the memory is free again when somebody asks.
    hit: Arc<Mutex<Option<Error>>>,
}

impl Watch {
    fn check(&self) -> Result<(), Error> {
        let used = memory_used().saturating_sub(self.before);
        let error = match usize::try_from(used) {
            _ if self.stop.load(Ordering::Relaxed) => Error::Stopped,
            Ok(used) if used > self.bytes => Error::Memory(self.bytes),
            _ => return Ok(()),
        };
        self.hit.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.clone());
        Err(error)
    }

    fn hit(&self) -> Option<Error> {
        self.hit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Bytes that SQLite has allocated in this process.
fn memory_used() -> i64 {
    // SAFETY: it takes no argument, and reads a counter under SQLite's own lock.
    unsafe { rusqlite::ffi::sqlite3_memory_used() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table(name: &str, rows: Value) -> Table {
        let rows = rows.as_array().unwrap().iter().cloned();
        Table { name: name.into(), rows: rows.map(|row| Arc::new(Item::from_value(row))).collect() }
    }

    fn job(tables: &[Value], sql: &str, params: Value) -> Job {
        let named = (1..).zip(tables).map(|(number, rows)| table(&format!("input{number}"), rows.clone()));
        Job {
            tables: named.collect(),
            sql: sql.into(),
            params: params.as_array().cloned().unwrap_or_default(),
            now: 1_767_225_600_000,
            seed: 7,
            rows: 10_000,
            bytes: 64 << 20,
            stop: Arc::default(),
        }
    }

    fn people() -> [Value; 2] {
        [
            json!([{ "name": "a", "v": 1 }, { "name": "b", "v": 10.5 }, { "name": "c", "v": 3, "on": true }]),
            json!([{ "id": "a", "city": "X", "name": "zz" }, { "id": "d", "city": "Y" }]),
        ]
    }

    #[track_caller]
    fn check(sql: &str, expect: Value) {
        let rows = query(&job(&people(), sql, json!([2]))).map(|rows| rows.into_iter().map(Value::Object).collect());
        assert_eq!(rows, Ok(expect), "{sql}");
    }

    #[test]
    fn joins_give_the_fields_of_the_sides_that_were_found() {
        let found = json!({ "name": "zz", "v": 1, "id": "a", "city": "X" });
        let (b, c) = (json!({ "name": "b", "v": 10.5 }), json!({ "name": "c", "v": 3, "on": true }));
        let d = json!({ "id": "d", "city": "Y" });
        check("SELECT * FROM input1 LEFT JOIN input2 ON input1.name = input2.id", json!([found, b, c]));
        check("SELECT * FROM input1 JOIN input2 ON input1.name = input2.id", json!([found]));
        check("SELECT * FROM input1 FULL OUTER JOIN input2 ON input1.name = input2.id", json!([found, b, c, d]));
        check("SELECT * FROM input1 WHERE name NOT IN (SELECT id FROM input2)", json!([b, c]));
        check(
            "SELECT a.name, b.city FROM input1 a JOIN input2 b ON a.name = b.id",
            json!([{ "name": "a", "city": "X" }]),
        );
    }

    #[test]
    fn numbers_are_calculated_with_fractions_where_a_column_has_any() {
        check("SELECT v / 2 AS half FROM input1", json!([{ "half": 0.5 }, { "half": 5.25 }, { "half": 1.5 }]));
        check("SELECT COUNT(*) AS n, SUM(v) AS s FROM input1", json!([{ "n": 3, "s": 14.5 }]));
        check("SELECT name FROM input1 WHERE v > ? ORDER BY v DESC", json!([{ "name": "b" }, { "name": "c" }]));
    }

    #[test]
    fn columns_that_no_row_has_are_nothing_that_equals_itself() {
        check(
            "SELECT v AS a, city AS b FROM input1 LEFT JOIN input2 ON input1.x = input2.y WHERE v = 3",
            json!([
                { "a": 3, "b": "X" }, { "a": 3, "b": "Y" },
            ]),
        );
        check("SELECT nope FROM input1", json!([{}, {}, {}]));
        check("SELECT id, nope FROM input2", json!([{ "id": "a" }, { "id": "d" }]));
        check("SELECT t.nope, t.id FROM input2 AS t", json!([{ "id": "a" }, { "id": "d" }]));
        let none =
            query(&job(&[json!([]), json!([])], "SELECT input1.a FROM input1 LEFT JOIN input2 USING (a)", json!([])));
        assert_eq!(none, Ok(Vec::new()));
        let wrong = query(&job(&people(), "SELECT nope(1) FROM input1", json!([])));
        assert_eq!(wrong, Err(Error::Refused("no such function: nope".into())));
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let rows =
            json!([{ "Key": 1, "key": "b", "o": { "a": [1] }, "yes": false, "text": "{}", "none": null, "n": 1.0 }]);
        let out = query(&job(&[rows], "SELECT * FROM input1", json!([]))).unwrap();
        let expect = json!({ "Key": 1, "key": "b", "o": { "a": [1] }, "yes": false, "text": "{}", "n": 1 });
        assert_eq!(Value::Object(out[0].clone()), expect);
        let path = json!([{ "o": { "a": "x" } }]);
        let out = query(&job(&[path], "SELECT o ->> 'a' AS a, o FROM input1", json!([]))).unwrap();
        assert_eq!(Value::Object(out[0].clone()), json!({ "a": "x", "o": { "a": "x" } }));
    }

    #[test]
    fn statements_follow_each_other() {
        check(
            "UPDATE input1 SET v = 5 WHERE name = 'a'; SELECT v FROM input1 WHERE name = 'a'; SELECT id FROM input2",
            json!([{ "v": 5 }, { "id": "a" }, { "id": "d" }]),
        );
        check("", json!([]));
    }

    #[test]
    fn nothing_outside_can_be_reached() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.db");
        let path = file.to_str().unwrap();
        for sql in [
            format!("ATTACH '{path}' AS x"),
            format!("VACUUM INTO '{path}'"),
            "PRAGMA database_list".into(),
            "SELECT * FROM pragma_database_list".into(),
            "SELECT load_extension('x')".into(),
            "CREATE VIRTUAL TABLE t USING fts5(a)".into(),
        ] {
            let refused = query(&job(&people(), &sql, json!([])));
            assert!(matches!(refused, Err(Error::Refused(_))), "{sql}: {refused:?}");
        }
        assert!(!file.exists());
    }

    #[test]
    fn a_query_has_one_result_whenever_it_runs() {
        check(
            "SELECT date() AS d, datetime('now', '+1 day') AS t, CURRENT_TIMESTAMP AS c",
            json!([
                { "d": "2026-01-01", "t": "2026-01-02 00:00:00", "c": "2026-01-01 00:00:00" },
            ]),
        );
        check(
            "SELECT strftime('%Y') AS y, strftime('%H', '2020-01-01 07:00') AS h",
            json!([{ "y": "2026", "h": "07" }]),
        );
        let sql = "SELECT random() AS r, hex(randomblob(4)) AS b FROM input1";
        let draw = || query(&job(&people(), sql, json!([]))).unwrap();
        assert_eq!(draw(), draw());
        assert_ne!(draw()[0], draw()[1]);
    }

    #[test]
    fn a_query_without_end_is_ended_by_its_limits() {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT";
        let limited = |sql: &str, change: fn(&mut Job)| {
            let mut job = job(&people(), sql, json!([]));
            change(&mut job);
            query(&job)
        };
        let rows = limited(&format!("{endless} i FROM n"), |job| job.rows = 100);
        assert_eq!(rows, Err(Error::Rows(100)));
        let memory = limited(&format!("{endless} i FROM n ORDER BY i"), |job| job.bytes = 1 << 20);
        assert_eq!(memory, Err(Error::Memory(1 << 20)));
        let stopped = limited(&format!("{endless} COUNT(*) FROM n"), |job| job.stop.store(true, Ordering::Relaxed));
        assert_eq!(stopped, Err(Error::Stopped));
    }
}
