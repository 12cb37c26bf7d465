//! Rows of data tables.

use model::resource::Ref;
use model::{Map, Name};
use serde_json::json;

use super::Case;
use super::fixtures::{MAIN, NOW};
use crate::{
    Change, Comparison, Error, Expect, Field, MOST_TABLE_BYTES, MOST_TABLE_ROWS, Operand, Place, Receipt, Rename,
    ResourceWrite, RowFilter, RowOutcome, RowQuery, RowTest, RowWrite, Store, TableBatch, TableRow, TableSize,
};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "rows are filtered, sorted and paged the same everywhere",
        queries: &["table_rows", "table_count"],
        run: |store| Box::pin(reading(store)),
    },
    Case {
        name: "rows are put in, changed and taken out, and the table knows its size",
        queries: &["write_table", "table_size"],
        run: |store| Box::pin(writing(store)),
    },
    Case {
        name: "a change with a receipt happens once and answers the same again",
        queries: &["write_table", "local"],
        run: |store| Box::pin(receipts(store)),
    },
    Case {
        name: "a table that is renamed keeps its rows, one that is deleted or cleared gives them up for good",
        queries: &["write_table", "sweep_tables", "rename_resource", "delete_resource"],
        run: |store| Box::pin(lives(store)),
    },
    Case {
        name: "a column that changes look rows up by gets an index, which stays in step",
        queries: &["write_table", "table_rows"],
        run: |store| Box::pin(indexes(store)),
    },
    Case {
        name: "a table refuses more than it may hold, and what a person changes is audited",
        queries: &["write_table", "audit"],
        run: |store| Box::pin(limits(store)),
    },
];

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn change() -> Change {
    Change::new("ada", NOW)
}

async fn table(store: &Store, table: &str) -> Name {
    let write = ResourceWrite {
        kind: "data-table".into(),
        name: name(table),
        spec_version: 1,
        labels: Default::default(),
        spec: "{}".into(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    };
    store.put_resources(MAIN, vec![write], change()).await.expect("a table");
    name(table)
}

fn cells(value: serde_json::Value) -> Map {
    value.as_object().cloned().expect("an object")
}

fn insert(value: serde_json::Value) -> RowWrite {
    RowWrite::Insert { cells: cells(value), again: None }
}

fn batch(writes: Vec<RowWrite>) -> TableBatch {
    TableBatch { writes, now: NOW, dry_run: false, give_rows: true, receipt: None, by: None }
}

async fn write(store: &Store, table: &Name, writes: Vec<RowWrite>) -> Vec<RowOutcome> {
    store.write_table(MAIN, table, batch(writes)).await.expect("written")
}

fn text(cell: &str, comparison: Comparison, value: &str) -> RowTest {
    RowTest::Compare(Field::Text(cell.into()), comparison, Operand::Text(value.into()))
}

fn number(cell: &str, comparison: Comparison, value: f64) -> RowTest {
    let number = serde_json::Number::from_f64(value).expect("a number");
    RowTest::Compare(Field::Number(cell.into()), comparison, Operand::Number(number))
}

fn id(comparison: Comparison, value: i64) -> RowTest {
    RowTest::Compare(Field::Id, comparison, Operand::Number(value.into()))
}

fn all(tests: Vec<RowTest>) -> RowFilter {
    RowFilter { any: false, tests }
}

fn query(filter: RowFilter, sort: Field, descending: bool, limit: usize) -> RowQuery {
    RowQuery { filter, sort, descending, after: None, limit }
}

async fn ids(store: &Store, table: &Name, query: RowQuery) -> Vec<i64> {
    let rows = store.table_rows(MAIN, table, query).await.expect("rows");
    rows.into_iter().map(|row| row.id).collect()
}

async fn reading(store: Store) {
    let people = table(&store, "people").await;
    let nobody = query(RowFilter::default(), Field::Id, false, 9);
    assert_eq!(ids(&store, &people, nobody).await, [0_i64; 0], "nobody wrote to it yet");
    let rows = [
        json!({"name": "Ada", "age": 36, "note": "100%_[*]?"}),
        json!({"name": "Bob", "age": 4.5}),
        json!({"name": "ada", "age": 1e300, "note": ""}),
        json!({"name": "Zoë", "note": "x\\y"}),
        json!({"age": -1}),
        json!({"name": 7, "age": "old"}),
        json!({"name": "Bob", "age": 36}),
    ];
    write(&store, &people, rows.into_iter().map(insert).collect()).await;
    use Comparison::{Eq, Gt, Gte, Lt, Lte, Neq};
    let (n, a) = (|| Field::Text("name".into()), || Field::Number("age".into()));
    let like = |pattern: &str, fold| RowTest::Like { cell: "name".into(), pattern: pattern.into(), fold };
    let note = |pattern: &str| RowTest::Like { cell: "note".into(), pattern: pattern.into(), fold: false };
    let cases: Vec<(RowFilter, Vec<i64>)> = vec![
        (RowFilter::default(), vec![1, 2, 3, 4, 5, 6, 7]),
        (all(vec![text("name", Eq, "Bob")]), vec![2, 7]),
        (all(vec![text("name", Neq, "Bob")]), vec![1, 3, 4, 5, 6]),
        // By bytes: capital letters come first, and what is no text is nothing.
        (all(vec![text("name", Gt, "Bob")]), vec![3, 4]),
        (all(vec![text("name", Lte, "Bob")]), vec![1, 2, 7]),
        (all(vec![number("age", Eq, 36.0)]), vec![1, 7]),
        (all(vec![number("age", Neq, 36.0)]), vec![2, 3, 4, 5, 6]),
        (all(vec![number("age", Gte, 4.5)]), vec![1, 2, 3, 7]),
        (all(vec![number("age", Lt, 4.5)]), vec![5]),
        (all(vec![number("age", Eq, 1e300)]), vec![3]),
        (all(vec![RowTest::Null(n())]), vec![5, 6]),
        (all(vec![RowTest::NotNull(a())]), vec![1, 2, 3, 5, 7]),
        (all(vec![RowTest::Blank("note".into())]), vec![2, 3, 5, 6, 7]),
        (all(vec![RowTest::NotBlank("note".into())]), vec![1, 4]),
        (all(vec![like("%a", false)]), vec![1, 3]),
        (all(vec![like("A%", false)]), vec![1]),
        (all(vec![like("A%", true)]), vec![1, 3]),
        (all(vec![like("_da", false)]), vec![]),
        (all(vec![note("%_[*]?")]), vec![1]),
        (all(vec![note("x\\y")]), vec![4]),
        (all(vec![note("")]), vec![3]),
        (all(vec![text("name", Eq, "Bob"), number("age", Eq, 36.0)]), vec![7]),
        (RowFilter { any: true, tests: vec![text("name", Eq, "Bob"), number("age", Eq, 36.0)] }, vec![1, 2, 7]),
        (all(vec![id(Gte, 3), id(Lt, 5)]), vec![3, 4]),
        (all(vec![text("no such cell", Eq, "")]), vec![]),
        (all(vec![text("name", Eq, "' OR 1=1 --")]), vec![]),
    ];
    for (filter, expect) in cases {
        let count = store.table_count(MAIN, &people, filter.clone()).await.expect("a number");
        assert_eq!(ids(&store, &people, query(filter.clone(), Field::Id, false, 99)).await, expect, "{filter:?}");
        assert_eq!(count, expect.len() as u64, "{filter:?}");
    }
    let sorts = [
        (Field::Id, false, vec![1, 2, 3, 4, 5, 6, 7]),
        (Field::Id, true, vec![7, 6, 5, 4, 3, 2, 1]),
        // Nothing comes first; equal ones stand in the order of their ids, either way.
        (n(), false, vec![5, 6, 1, 2, 7, 4, 3]),
        (n(), true, vec![3, 4, 2, 7, 1, 5, 6]),
        (a(), false, vec![4, 6, 5, 2, 1, 7, 3]),
        (a(), true, vec![3, 1, 7, 2, 5, 4, 6]),
        (Field::CreatedAt, true, vec![1, 2, 3, 4, 5, 6, 7]),
        (Field::UpdatedAt, false, vec![1, 2, 3, 4, 5, 6, 7]),
    ];
    for (sort, descending, expect) in sorts {
        for limit in [1, 2, 3, 99] {
            let mut asked = query(RowFilter::default(), sort.clone(), descending, limit);
            let mut found = Vec::new();
            loop {
                let rows = store.table_rows(MAIN, &people, asked.clone()).await.expect("rows");
                let Some(last) = rows.last() else { break };
                asked.after = Some(Place::of(last, &sort));
                found.extend(rows.iter().map(|row| row.id));
            }
            assert_eq!(found, expect, "by {sort:?}, descending {descending}, {limit} at a time");
        }
    }
}

async fn writing(store: Store) {
    let people = table(&store, "people").await;
    let row = |id, value, updated_at| TableRow { id, cells: cells(value), created_at: NOW, updated_at };
    let done = write(&store, &people, vec![insert(json!({"a": 1, "b": null})), insert(json!({"a": 2}))]).await;
    assert_eq!(done.iter().map(|outcome| outcome.inserted).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(done[0].rows[0].after, Some(row(1, json!({"a": 1}), NOW)), "what is empty is not kept");
    assert_eq!(store.table_size(MAIN, &people).await.expect("a size"), TableSize { rows: 2, bytes: 14 });
    let one = || all(vec![number("a", Comparison::Eq, 1.0)]);
    let later = |writes| TableBatch { now: NOW + 5, ..batch(writes) };
    let update = RowWrite::Update { filter: one(), set: cells(json!({"a": null, "b": "x"})) };
    let dry = TableBatch { dry_run: true, ..later(vec![update.clone()]) };
    let would = store.write_table(MAIN, &people, dry).await.expect("an outcome");
    let done = store.write_table(MAIN, &people, later(vec![update])).await.expect("an outcome");
    assert_eq!(would, done, "a dry run says what would happen, and changes nothing");
    assert_eq!(done[0].updated, 1);
    assert_eq!(done[0].rows[0].before, Some(row(1, json!({"a": 1}), NOW)));
    assert_eq!(done[0].rows[0].after, Some(row(1, json!({"b": "x"}), NOW + 5)));
    let upsert = |value: &str| RowWrite::Upsert {
        filter: all(vec![text("b", Comparison::Eq, value)]),
        set: cells(json!({"b": value, "c": 3})),
    };
    let done = write(&store, &people, vec![upsert("x"), upsert("y"), upsert("y")]).await;
    let told: Vec<_> = done.iter().map(|outcome| (outcome.inserted, outcome.updated)).collect();
    assert_eq!(told, [(0, 1), (1, 0), (0, 1)], "each change sees the one before it");
    assert_eq!(done[1].rows[0].after.as_ref().map(|row| row.id), Some(3));
    let gone = write(&store, &people, vec![RowWrite::Delete { filter: all(vec![id(Comparison::Eq, 3)]) }]).await;
    assert_eq!((gone[0].deleted, gone[0].rows[0].after.as_ref()), (1, None));
    let taken = gone[0].rows[0].before.clone().expect("the row");
    let back = RowWrite::Insert { cells: taken.cells.clone(), again: Some((3, taken.created_at)) };
    let done = write(&store, &people, vec![back.clone()]).await;
    assert_eq!(done[0].rows[0].after.as_ref().map(|row| (row.id, &row.cells)), Some((3, &taken.cells)));
    let twice = store.write_table(MAIN, &people, batch(vec![back])).await;
    assert!(matches!(twice, Err(Error::Exists(_))), "{twice:?}");
    let never = RowWrite::Insert { cells: Map::new(), again: Some((4, NOW)) };
    let never = store.write_table(MAIN, &people, batch(vec![never])).await;
    assert!(matches!(never, Err(Error::Refused(_))), "{never:?}");
    let many = TableBatch { give_rows: false, ..batch((0..2_500).map(|at| insert(json!({"n": at}))).collect()) };
    let done = store.write_table(MAIN, &people, many).await.expect("written");
    assert!(done.len() == 2_500 && done.iter().all(|outcome| outcome.inserted == 1 && outcome.rows.is_empty()));
    let filter = all(vec![number("n", Comparison::Gte, 0.0)]);
    let set = cells(json!({"n": 1}));
    let all_rows = TableBatch { give_rows: false, ..batch(vec![RowWrite::Update { filter: filter.clone(), set }]) };
    let done = store.write_table(MAIN, &people, all_rows).await.expect("written");
    assert_eq!(done[0].updated, 2_500, "a slice at a time, each row once");
    let none = TableBatch { give_rows: false, ..batch(vec![RowWrite::Delete { filter }]) };
    assert_eq!(store.write_table(MAIN, &people, none).await.expect("written")[0].deleted, 2_500);
    assert_eq!(store.table_size(MAIN, &people).await.expect("a size").rows, 3);
    let failing = vec![insert(json!({"a": 9})), RowWrite::Insert { cells: Map::new(), again: Some((1, NOW)) }];
    assert!(store.write_table(MAIN, &people, batch(failing)).await.is_err());
    assert_eq!(store.table_size(MAIN, &people).await.expect("a size").rows, 3, "all or none");
    let missing = store.write_table(MAIN, &name("nobody"), batch(vec![insert(json!({}))])).await;
    assert!(matches!(missing, Err(Error::NotFound(_))), "{missing:?}");
}

async fn receipts(store: Store) {
    let people = table(&store, "people").await;
    let asked = |key: &str| TableBatch {
        receipt: Some(Receipt { key: key.into(), expires_at: NOW + 1000 }),
        ..batch(vec![insert(json!({"a": 1}))])
    };
    let first = store.write_table(MAIN, &people, asked("one")).await.expect("written");
    assert_eq!(store.write_table(MAIN, &people, asked("one")).await.expect("told"), first);
    let other = store.write_table(MAIN, &people, asked("two")).await.expect("written");
    assert_ne!(other, first);
    assert_eq!(store.table_size(MAIN, &people).await.expect("a size").rows, 2);
    let kept = store.local(MAIN, Receipt::SPACE, "one", NOW).await.expect("no fault");
    assert!(kept.is_some(), "where the commit of a step's result can take it back");
}

async fn lives(store: Store) {
    let people = table(&store, "people").await;
    write(&store, &people, (0..10).map(|at| insert(json!({"n": at}))).collect()).await;
    let of = |name: &Name| Ref { kind: "data-table".into(), name: name.clone() };
    let rename = Rename {
        from: of(&people),
        to: name("folk"),
        expect: Expect::Any,
        rewritten: Vec::new(),
        resealed: Default::default(),
    };
    store.rename_resource(MAIN, rename, change()).await.expect("renamed");
    let folk = name("folk");
    assert_eq!(store.table_size(MAIN, &folk).await.expect("a size").rows, 10);
    assert_eq!(store.table_size(MAIN, &people).await.expect("a size").rows, 0);
    let cleared = write(&store, &folk, vec![RowWrite::Clear, insert(json!({"n": 1}))]).await;
    assert_eq!((cleared[0].deleted, cleared[1].rows[0].after.as_ref().map(|row| row.id)), (10, Some(11)));
    assert_eq!(ids(&store, &folk, query(RowFilter::default(), Field::Id, false, 9)).await, [11]);
    store.delete_resource(MAIN, of(&folk), Expect::Any, None, change()).await.expect("deleted");
    let gone = store.write_table(MAIN, &folk, batch(vec![insert(json!({}))])).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    let folk = table(&store, "folk").await;
    assert_eq!(ids(&store, &folk, query(RowFilter::default(), Field::Id, false, 9)).await, [0_i64; 0]);
    write(&store, &folk, vec![insert(json!({"n": 5}))]).await;
    let mut rounds = 0;
    while store.sweep_tables(4).await.expect("swept") {
        rounds += 1;
        assert!(rounds < 20, "sweeping comes to an end");
    }
    assert!(rounds >= 5, "three slices of ten rows, one of one, and the two numbers themselves: {rounds}");
    assert_eq!(ids(&store, &folk, query(RowFilter::default(), Field::Id, false, 9)).await, [1], "not what is in use");
}

async fn indexes(store: Store) {
    let people = table(&store, "people").await;
    let rows = (0..3_000).map(|at| insert(json!({"mail": format!("m{at}"), "n": at % 7}))).collect();
    store.write_table(MAIN, &people, TableBatch { give_rows: false, ..batch(rows) }).await.expect("written");
    let by_mail = |mail: &str| all(vec![text("mail", Comparison::Eq, mail)]);
    let asked = |filter| query(filter, Field::Id, false, 9);
    let plan = |query| crate::tables::plan(&store, MAIN, &people, query);
    let before = plan(asked(by_mail("m7"))).await.expect("a plan");
    assert!(!before.contains("data_index"), "readers make no index: {before}");
    let upsert =
        |mail: &str, n: i64| RowWrite::Upsert { filter: by_mail(mail), set: cells(json!({"mail": mail, "n": n})) };
    let done = write(&store, &people, vec![upsert("m7", 100), upsert("new", 101)]).await;
    assert_eq!((done[0].updated, done[1].inserted), (1, 1));
    let after = plan(asked(by_mail("m7"))).await.expect("a plan");
    assert!(after.contains("data_index"), "the change made one, and readers use it: {after}");
    let whole = |plan: &str| plan.contains("SCAN") || plan.contains("Seq Scan on data_row");
    assert!(!whole(&after), "no row is read in vain: {after}");
    let page = plan(RowQuery { after: Some(Place { id: 2_000, by: None }), ..asked(RowFilter::default()) });
    let page = page.await.expect("a plan");
    assert!(!whole(&page), "a page begins where the last one ended: {page}");
    let either = RowFilter { any: true, tests: vec![by_mail("m1").tests.remove(0), by_mail("new").tests.remove(0)] };
    assert_eq!(ids(&store, &people, asked(either)).await, [2, 3_001]);
    // Changes of every kind keep the index in step.
    let rename = RowWrite::Update { filter: by_mail("m7"), set: cells(json!({"mail": "m8"})) };
    let delete = RowWrite::Delete { filter: by_mail("m9") };
    let empty = RowWrite::Update { filter: by_mail("m10"), set: cells(json!({"mail": null})) };
    write(&store, &people, vec![rename, delete, empty]).await;
    for (mail, expect) in [("m7", vec![]), ("m8", vec![8, 9]), ("m9", vec![]), ("m10", vec![]), ("m11", vec![12])] {
        assert_eq!(ids(&store, &people, asked(by_mail(mail))).await, expect, "{mail}");
    }
    let back = RowWrite::Insert { cells: cells(json!({"mail": "m9"})), again: Some((10, NOW)) };
    write(&store, &people, vec![back]).await;
    assert_eq!(ids(&store, &people, asked(by_mail("m9"))).await, [10]);
}

/// Sets what a table takes itself to hold.
async fn pretend(store: &Store, rows: u64, bytes: u64) {
    store
        .write((rows, bytes), |tx, (rows, bytes)| {
            Box::pin(async move {
                let sql = "UPDATE data_table SET row_count = $1, byte_count = $2";
                tx.execute(sql, crate::db::params![*rows, *bytes]).await.map(|_| ())
            })
        })
        .await
        .expect("pretended");
}

async fn limits(store: Store) {
    let people = table(&store, "people").await;
    let rows = |count: u64| (0..count).map(|_| insert(json!({}))).collect::<Vec<_>>();
    let quiet = |count| TableBatch { give_rows: false, ..batch(rows(count)) };
    // Filling a table up takes long, so it is told that it is full.
    for (rows_there, bytes_there) in [(MOST_TABLE_ROWS, 0), (1, MOST_TABLE_BYTES)] {
        store.write_table(MAIN, &people, quiet(1)).await.expect("written");
        pretend(&store, rows_there, bytes_there).await;
        let full = store.write_table(MAIN, &people, quiet(1)).await;
        assert!(matches!(full, Err(Error::TooMuch(_))), "{full:?}");
        pretend(&store, 1, 0).await;
    }
    store.write_table(MAIN, &people, batch(vec![RowWrite::Clear])).await.expect("cleared");
    store.write_table(MAIN, &people, quiet(10_001)).await.expect("written");
    let every = || RowWrite::Delete { filter: all(vec![id(Comparison::Gt, 0)]) };
    let shown = store.write_table(MAIN, &people, batch(vec![every()])).await;
    assert!(matches!(shown, Err(Error::TooMuch(_))), "more rows than one answer holds");
    let person = TableBatch { by: Some("ada".into()), give_rows: false, ..batch(vec![every()]) };
    store.write_table(MAIN, &people, person).await.expect("written");
    let entry = store.audit(MAIN, None, 1).await.expect("entries").remove(0);
    assert_eq!((&*entry.actor, &*entry.action, &*entry.subject), ("ada", "rows.change", "main/prod data-table/people"));
    assert!(entry.detail.contains("\"deleted\":10001"), "{}", entry.detail);
}
