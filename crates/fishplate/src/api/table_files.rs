//! Data tables as CSV, read and written row by row: neither side ever holds a whole table.

use auth::Permission;
use axum::body::Body;
use bytes::Bytes;
use formats::csv;
use http::header;
use model::{Code, Map, Problem, Value};
use part::http::{Call, Operation, ParamKind, Reply};
use part::tables::{Change, How, Query, SYSTEM_COLUMNS, Shape};
use schemars::JsonSchema;
use serde::Serialize;
use store::Place;

use super::{App, on};

/// Largest file that is read.
const LARGEST: usize = 512 << 20;
/// Rows that are put in with one transaction, and read at once.
const SLICE: usize = 1_000;

/// What an import of rows came to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Imported {
    /// Rows put in.
    rows: u64,
    /// Columns of the file that the table does not have, and that were left out.
    ignored: Vec<String>,
}

pub fn operations(app: &App) -> Vec<Operation> {
    vec![
        on(
            app,
            Operation::get("/api/v1/data-tables/{name}/export", "exportRows", Permission::TableRead)
                .about("data tables", "The rows as CSV, with the names of the columns in the first line.")
                .param("filter", ParamKind::Text, "Conditions as JSON, as for the list of rows.")
                .param("sort", ParamKind::Text, "Column to sort by, with `-` before it for the greatest first.")
                .gives_bytes(&["text/csv"]),
            export,
        ),
        on(
            app,
            Operation::post("/api/v1/data-tables/{name}/import", "importRows", Permission::TableWrite)
                .about(
                    "data tables",
                    "Puts the rows of a CSV file in, 1000 at a time. Its first line names the columns; `id`, `createdAt` \
                     and `updatedAt` are given anew.",
                )
                .param("delimiter", ParamKind::Text, "What stands between fields; a comma when absent.")
                .param("ignoreUnknown", ParamKind::Boolean, "Leave out columns that the table does not have.")
                .takes_bytes(&["text/csv", "application/octet-stream"], LARGEST)
                .gives::<Imported>(),
            import,
        ),
    ]
}

async fn export(app: App, call: Call) -> Result<Reply, Problem> {
    let shape = super::tables::shape(&app, &call).await?;
    let (sort, descending) = super::tables::sort_of(&call);
    let filter = super::tables::filter_of(&call)?;
    // The first page before the head of the answer, so that a wrong filter is a problem and no broken file.
    let query = Query { filter, sort, descending, after: None, limit: SLICE };
    let first = app.tables().rows(&shape, query.clone()).await?;
    let file = format!("attachment; filename=\"{}.csv\"", shape.name);
    let mut head = String::new();
    line(&mut head, names(&shape).map(str::to_owned));
    let pages = futures_util::stream::try_unfold(
        (app, shape, query, Some((head, first))),
        |(app, shape, mut query, begun)| async move {
            let (mut text, (rows, next)) = match begun {
                Some(begun) => begun,
                None if query.after.is_none() => return Ok(None),
                None => (String::new(), app.tables().rows(&shape, query.clone()).await.map_err(broken)?),
            };
            for row in &rows {
                line(&mut text, names(&shape).map(|name| field(row.get(name))));
            }
            query.after = next;
            Ok::<_, std::io::Error>(Some((Bytes::from(text), (app, shape, query, None::<Begun>))))
        },
    );
    Ok(Reply::body("text/csv; charset=utf-8", Body::from_stream(pages)).header(header::CONTENT_DISPOSITION, file))
}

/// The head of a file, and its first rows.
type Begun = (String, (Vec<Map>, Option<Place>));

/// The answer breaks off, and its receiver sees that.
fn broken(problem: Problem) -> std::io::Error {
    tracing::warn!(%problem, "an export of rows broke off");
    std::io::Error::other(problem.detail)
}

/// Names of all columns, in the order of the file.
fn names(shape: &Shape) -> impl Iterator<Item = &str> {
    let own = shape.table.columns.iter().map(|column| column.name.as_str());
    std::iter::once(SYSTEM_COLUMNS[0]).chain(own).chain(SYSTEM_COLUMNS[1..].iter().copied())
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            text.push(',');
        }
        csv::write_field(text, &field, ",");
    }
    text.push('\n');
}

fn field(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

async fn import(app: App, mut call: Call) -> Result<Reply, Problem> {
    let shape = super::tables::shape(&app, &call).await?;
    let delimiter = call.text("delimiter").filter(|text| !text.is_empty()).unwrap_or(",").to_owned();
    let options = csv::Options { delimiter, strip_bom: true, ..csv::Options::default() };
    let mut reader = csv::Reader::new(options).map_err(unreadable)?;
    let mut into = Import {
        app,
        shape,
        by: call.grant()?.actor().to_owned(),
        ignore: call.flag("ignoreUnknown"),
        columns: None,
        open: Vec::new(),
        done: Imported { rows: 0, ignored: Vec::new() },
    };
    let mut parts = call.parts(LARGEST as u64);
    loop {
        let part = parts.next().await.map_err(|problem| into.so_far(problem))?;
        let mut rows = Vec::new();
        let last = part.is_none();
        reader
            .read(&part.unwrap_or_default(), last, &mut |row| rows.push(std::mem::take(row)))
            .map_err(|error| into.so_far(unreadable(error)))?;
        if let Some(names) = reader.names() {
            into.begin(names)?;
        }
        for row in rows {
            into.take(row).await?;
        }
        if last {
            break;
        }
    }
    if into.columns.is_none() {
        return Err(Problem::new(Code::Malformed, "the file is empty: its first line names the columns"));
    }
    into.write().await?;
    Reply::json(&into.done)
}

fn unreadable(error: formats::Error) -> Problem {
    Problem::new(Code::Malformed, format!("the file is no CSV that can be read: {error}"))
}

/// An import under way.
struct Import {
    app: App,
    shape: Shape,
    by: String,
    ignore: bool,
    /// What each field of a row is, once the first line was read; absent: it is left out.
    columns: Option<Vec<Option<String>>>,
    /// Rows that are not written yet.
    open: Vec<Map>,
    done: Imported,
}

impl Import {
    /// Reads the first line.
    fn begin(&mut self, names: &[String]) -> Result<(), Problem> {
        if self.columns.is_some() {
            return Ok(());
        }
        let (mut columns, mut unknown) = (Vec::with_capacity(names.len()), Vec::new());
        for name in names {
            let name = name.trim();
            let known = self.shape.table.columns.iter().any(|column| column.name == name);
            if !known && !SYSTEM_COLUMNS.contains(&name) {
                unknown.push(name.to_owned());
            }
            columns.push(known.then(|| name.to_owned()));
        }
        if !unknown.is_empty() && !self.ignore {
            let list: Vec<String> = unknown.iter().take(10).map(|name| format!("`{name}`")).collect();
            let detail = format!("the file has columns that the data table does not have: {}", list.join(", "));
            return Err(Problem::new(Code::InvalidSpec, detail)
                .hint("add them to the data table, or import with `ignoreUnknown=true`"));
        }
        self.done.ignored = unknown;
        self.columns = Some(columns);
        Ok(())
    }

    async fn take(&mut self, fields: Vec<String>) -> Result<(), Problem> {
        let columns = self.columns.as_deref().unwrap_or_default();
        let mut row = Map::new();
        for (column, field) in columns.iter().zip(fields) {
            if let Some(column) = column
                && !field.is_empty()
            {
                row.insert(column.clone(), Value::String(field));
            }
        }
        self.open.push(row);
        if self.open.len() >= SLICE { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), Problem> {
        let rows = std::mem::take(&mut self.open);
        let count = rows.len() as u64;
        if count == 0 {
            return Ok(());
        }
        let how = How { by: Some(self.by.clone()), ..How::default() };
        let changes = rows.into_iter().map(Change::Insert).collect();
        let written = self.app.tables().change(&self.shape, changes, how).await;
        written.map_err(|problem| self.so_far(self.placed(problem)))?;
        self.done.rows += count;
        Ok(())
    }

    /// Says rows of the file instead of places in the slice: the first row has number 1, the names not counted.
    fn placed(&self, mut problem: Problem) -> Problem {
        let place = |problem: &mut Problem| {
            let pointer = problem.pointer.as_deref().unwrap_or_default().trim_start_matches('/');
            let (at, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
            if let Ok(at) = at.parse::<u64>() {
                problem.detail = format!("row {}: {}", self.done.rows + at + 1, problem.detail);
                problem.pointer = Some(format!("/{}/{rest}", self.done.rows + at));
            }
        };
        place(&mut problem);
        problem.problems.iter_mut().for_each(place);
        problem.problems.truncate(20);
        problem
    }

    /// What is in the table already stays there, and whoever imports has to know.
    fn so_far(&self, mut problem: Problem) -> Problem {
        if self.done.rows > 0 {
            let detail = format!("{}; the first {} rows of the file are in the table", problem.detail, self.done.rows);
            problem.detail = detail;
            problem.hint.get_or_insert("mend the file, take those rows out of it, and import it again".into());
        }
        problem
    }
}
