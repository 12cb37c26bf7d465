//! Rows of data tables: look, put in, change, take out. What columns a table has is a resource (`data-tables`).

use auth::Permission;
use model::{Code, Map, Problem};
use part::http::{Call, Cursor, Operation, Page, ParamKind, Reply};
use part::tables::{Change, Changed, Filter, How, Query, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Place;

use super::{App, malformed, on};

/// Rows that one request puts in.
const MOST_ROWS: usize = 1_000;

/// Rows to put in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewRows {
    /// The rows, columns by their names; at most 1000.
    rows: Vec<Map>,
    /// They were taken out and come back: each has its `id` and `createdAt`.
    #[serde(default)]
    put_back: bool,
}

/// Rows to change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RowChanges {
    /// Which rows; at least one condition.
    filter: Filter,
    /// Columns that change, by their names; `null` empties one.
    set: Map,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
    /// Give the rows before and after, and not only their number.
    #[serde(default)]
    give_rows: bool,
}

/// Rows to take out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RowDeletion {
    /// Which rows; at least one condition.
    filter: Filter,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
    /// Give the rows, and not only their number.
    #[serde(default)]
    give_rows: bool,
}

/// How much is in a table.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TableFill {
    /// Rows that the filter lets through.
    count: u64,
    /// Rows in all.
    rows: u64,
    /// Bytes of their cells.
    bytes: u64,
    /// Rows that a table may have.
    most_rows: u64,
    /// Bytes that a table may have.
    most_bytes: u64,
}

const FILTER: &str = "Conditions as JSON, for example \
                      `{\"match\":\"all\",\"conditions\":[{\"column\":\"age\",\"condition\":\"gt\",\"value\":5}]}`.";

pub fn operations(app: &App) -> Vec<Operation> {
    let post = |act: &str, id: &str| {
        let path = format!("/api/v1/data-tables/{{name}}/rows{act}");
        Operation::post(path, id, Permission::TableWrite).gives::<Changed>()
    };
    vec![
        on(
            app,
            Operation::get("/api/v1/data-tables/{name}/rows", "listRows", Permission::TableRead)
                .about("data tables", "Rows of a data table.")
                .param("filter", ParamKind::Text, FILTER)
                .param(
                    "sort",
                    ParamKind::Text,
                    "Column to sort by, with `-` before it for the greatest first; `id` when absent.",
                )
                .paged()
                .gives::<Page<Map>>(),
            list,
        ),
        on(
            app,
            Operation::get("/api/v1/data-tables/{name}/fill", "countRows", Permission::TableRead)
                .about("data tables", "How many rows a filter lets through, and how full the table is.")
                .param("filter", ParamKind::Text, FILTER)
                .gives::<TableFill>(),
            fill,
        ),
        on(
            app,
            post("", "insertRows")
                .about("data tables", "Puts rows in, all or none, and gives them back with their ids.")
                .takes::<NewRows>(),
            insert,
        ),
        on(
            app,
            post("/update", "updateRows")
                .about("data tables", "Changes columns of the rows that a filter lets through.")
                .takes::<RowChanges>(),
            async |app, mut call| {
                let RowChanges { filter, set, dry_run, give_rows } = call.json().await?;
                demand(&filter)?;
                change(&app, &call, vec![Change::Update(filter, set)], dry_run, give_rows).await
            },
        ),
        on(
            app,
            post("/upsert", "upsertRows")
                .about(
                    "data tables",
                    "Changes columns of the rows that a filter lets through; without any, puts a row in.",
                )
                .takes::<RowChanges>(),
            async |app, mut call| {
                let RowChanges { filter, set, dry_run, give_rows } = call.json().await?;
                demand(&filter)?;
                change(&app, &call, vec![Change::Upsert(filter, set)], dry_run, give_rows).await
            },
        ),
        on(
            app,
            post("/delete", "deleteRows")
                .about("data tables", "Takes the rows out that a filter lets through.")
                .takes::<RowDeletion>(),
            async |app, mut call| {
                let RowDeletion { filter, dry_run, give_rows } = call.json().await?;
                demand(&filter)?;
                change(&app, &call, vec![Change::Delete(filter)], dry_run, give_rows).await
            },
        ),
        on(
            app,
            post("/clear", "clearRows").about("data tables", "Takes all rows out. The columns stay."),
            async |app, call| change(&app, &call, vec![Change::Clear], false, false).await,
        ),
    ]
}

/// The table of a call's address.
pub(super) async fn shape(app: &App, call: &Call) -> Result<Shape, Problem> {
    app.tables().shape(app.scope(&call.scope).await?, &call.name("name")?).await
}

/// The filter in a call's query.
pub(super) fn filter_of(call: &Call) -> Result<Filter, Problem> {
    match call.text("filter").filter(|text| !text.is_empty()) {
        None => Ok(Filter::default()),
        Some(text) => part::http::body::json(text.as_bytes()).map_err(|problem| problem.below("/filter")),
    }
}

/// The order in a call's query: a column, and whether the greatest comes first.
pub(super) fn sort_of(call: &Call) -> (Option<String>, bool) {
    match call.text("sort").filter(|text| !text.is_empty()) {
        None => (None, false),
        Some(text) => match text.strip_prefix('-') {
            Some(column) => (Some(column.to_owned()), true),
            None => (Some(text.to_owned()), false),
        },
    }
}

async fn list(app: App, call: Call) -> Result<Reply, Problem> {
    let shape = shape(&app, &call).await?;
    let (sort, descending) = sort_of(&call);
    let after: Option<Place> = call.cursor()?;
    let query = Query { filter: filter_of(&call)?, sort, descending, after, limit: call.limit() as usize };
    let (items, next) = app.tables().rows(&shape, query).await?;
    Reply::json(&Page { items, next_cursor: next.map(|place| Cursor::of(&place).into_text()) })
}

async fn fill(app: App, call: Call) -> Result<Reply, Problem> {
    let shape = shape(&app, &call).await?;
    let count = app.tables().count(&shape, &filter_of(&call)?).await?;
    let size = app.tables().size(&shape).await?;
    Reply::json(&TableFill {
        count,
        rows: size.rows,
        bytes: size.bytes,
        most_rows: store::MOST_TABLE_ROWS,
        most_bytes: store::MOST_TABLE_BYTES,
    })
}

async fn insert(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: NewRows = call.json().await?;
    if wanted.rows.len() > MOST_ROWS {
        let detail = format!("one request puts in at most {MOST_ROWS} rows, this one has {}", wanted.rows.len());
        return Err(Problem::new(Code::TooLarge, detail).at("/rows").hint("make several, or import a CSV file"));
    }
    let as_change = if wanted.put_back { Change::PutBack } else { Change::Insert };
    let changes: Vec<Change> = wanted.rows.into_iter().map(as_change).collect();
    // What is wrong with one change is told without its number.
    let place = if changes.len() == 1 { "/rows/0" } else { "/rows" };
    change(&app, &call, changes, false, true).await.map_err(|problem| problem.below(place))
}

/// Refuses a change of all rows: who means all of them clears the table.
fn demand(filter: &Filter) -> Result<(), Problem> {
    match filter.conditions.is_empty() {
        true => Err(malformed("at least one condition is needed").at("/filter/conditions")),
        false => Ok(()),
    }
}

async fn change(
    app: &App,
    call: &Call,
    changes: Vec<Change>,
    dry_run: bool,
    give_rows: bool,
) -> Result<Reply, Problem> {
    let shape = shape(app, call).await?;
    let by = Some(call.grant()?.actor().to_owned());
    let how = How { dry_run, give_rows, by, ..How::default() };
    let mut whole = Changed::default();
    for one in app.tables().change(&shape, changes, how).await? {
        whole.inserted += one.inserted;
        whole.updated += one.updated;
        whole.deleted += one.deleted;
        whole.rows.extend(one.rows);
    }
    Reply::json(&whole)
}
