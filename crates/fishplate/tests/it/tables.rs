//! Data tables over the API.

use serde_json::{Value, json};

use crate::server::Server;

async fn table(server: &Server) {
    let columns = json!([
        { "name": "mail", "type": "string" }, { "name": "age", "type": "number" },
        { "name": "done", "type": "boolean" }, { "name": "due", "type": "date" },
    ]);
    let made = json!({ "name": "people", "spec": { "columns": columns } });
    assert_eq!(server.ask("POST", "/data-tables", made).await.status, 201);
}

async fn insert(server: &Server, rows: Value) -> Value {
    server.ask("POST", "/data-tables/people/rows", json!({ "rows": rows })).await.ok()
}

fn query(text: &Value) -> String {
    url::form_urlencoded::byte_serialize(text.to_string().as_bytes()).collect()
}

#[tokio::test]
async fn rows_are_put_in_looked_for_changed_and_taken_out() {
    let server = Server::start().await;
    table(&server).await;
    let put =
        insert(&server, json!([{ "mail": "a@x.example", "age": "36", "due": "2026-01-02" }, { "mail": "b" }])).await;
    assert_eq!(put["inserted"], 2);
    let first = &put["rows"][0]["after"];
    assert_eq!((&first["id"], &first["age"], &first["done"]), (&json!(1), &json!(36), &Value::Null));
    assert_eq!(first["due"], "2026-01-02T00:00:00.000Z");
    insert(&server, json!([{ "mail": "c", "age": 4 }, { "mail": "d", "age": 5 }])).await;

    let page = server.get("/data-tables/people/rows?sort=-age&limit=2").await;
    let mails = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|row| row["mail"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(mails(&page), ["a@x.example", "d"]);
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/data-tables/people/rows?sort=-age&limit=2&cursor={cursor}")).await;
    assert_eq!((mails(&rest), rest.get("nextCursor")), (vec!["c".into(), "b".into()], None));

    let older = json!({ "conditions": [{ "column": "age", "condition": "gte", "value": 5 }] });
    let found = server.get(&format!("/data-tables/people/rows?filter={}", query(&older))).await;
    assert_eq!(mails(&found), ["a@x.example", "d"]);
    let fill = server.get(&format!("/data-tables/people/fill?filter={}", query(&older))).await;
    assert_eq!((&fill["count"], &fill["rows"]), (&json!(2), &json!(4)));

    let change = json!({ "filter": older, "set": { "done": true }, "dryRun": true, "giveRows": true });
    let would = server.ask("POST", "/data-tables/people/rows/update", change.clone()).await.ok();
    assert_eq!((&would["updated"], &would["rows"][0]["after"]["done"]), (&json!(2), &json!(true)));
    assert_eq!(server.get("/data-tables/people/rows").await["items"][0]["done"], Value::Null, "nothing happened");
    let one = |column: &str, value: Value| json!({ "conditions": [{ "column": column, "value": value }] });
    let upsert = json!({ "filter": one("mail", json!("new")), "set": { "mail": "new", "age": 1 }, "giveRows": true });
    let made = server.ask("POST", "/data-tables/people/rows/upsert", upsert.clone()).await.ok();
    let again = server.ask("POST", "/data-tables/people/rows/upsert", upsert).await.ok();
    assert_eq!((&made["inserted"], &again["updated"]), (&json!(1), &json!(1)));
    let delete = json!({ "filter": one("id", json!(5)), "giveRows": true });
    let gone = server.ask("POST", "/data-tables/people/rows/delete", delete).await.ok();
    let row = gone["rows"][0]["before"].clone();
    let back = json!({ "rows": [row], "putBack": true });
    let back = server.ask("POST", "/data-tables/people/rows", back).await.ok();
    assert_eq!((&back["rows"][0]["after"]["id"], &back["rows"][0]["after"]["mail"]), (&json!(5), &json!("new")));
    let cleared = server.ask("POST", "/data-tables/people/rows/clear", Value::Null).await.ok();
    assert_eq!(cleared["deleted"], 5);

    let audit = server.get("/audit?action=rows").await;
    let entry = &audit["items"][0];
    assert_eq!((&entry["action"], &entry["subject"]), (&json!("rows.change"), &json!("main/prod data-table/people")));
    assert!(!audit.to_string().contains("a@x.example"), "the log says how many, and not what");
}

#[tokio::test]
async fn what_cannot_be_is_refused_where_it_stands() {
    let server = Server::start().await;
    table(&server).await;
    let rows = "/data-tables/people/rows";
    let filter = json!({ "conditions": [{ "column": "nobody", "value": 1 }] });
    for (path, body, code, pointer) in [
        (rows.to_owned(), json!({ "rows": [{ "mail": "a" }, { "age": "old" }] }), "FP0101", "/rows/1/age"),
        (rows.to_owned(), json!({ "rows": [{ "id": 1 }] }), "FP0101", "/rows/0/id"),
        (format!("{rows}/update"), json!({ "filter": {}, "set": {} }), "FP0001", "/filter/conditions"),
        (format!("{rows}/delete"), json!({ "filter": filter }), "FP0101", "/filter/conditions/0/column"),
    ] {
        let refused = server.ask("POST", &path, body.clone()).await;
        assert_eq!((refused.code().as_str(), refused.json()["pointer"].as_str()), (code, Some(pointer)), "{body}");
    }
    assert_eq!(server.get(rows).await["items"], json!([]), "all or none");
    let many = vec![json!({}); 1_001];
    assert_eq!(server.ask("POST", rows, json!({ "rows": many })).await.status, 413);
    assert_eq!(server.ask("GET", "/data-tables/none/rows", Value::Null).await.status, 404);
    assert_eq!(server.ask("GET", &format!("{rows}?sort=nobody"), Value::Null).await.code(), "FP0101");
    assert_eq!(server.ask("GET", &format!("{rows}?filter=x"), Value::Null).await.status, 400);
    let columns = json!({ "spec": { "columns": [{ "name": "id" }] } });
    let refused = server.ask("PUT", "/data-tables/other", columns).await;
    assert_eq!(refused.json()["pointer"], "/spec/columns/0/name");
}

#[tokio::test]
async fn a_column_that_is_renamed_keeps_its_cells_and_so_does_the_table() {
    let server = Server::start().await;
    table(&server).await;
    insert(&server, json!([{ "mail": "a", "age": 1 }])).await;
    let columns = json!([{ "name": "address", "id": "mail" }, { "name": "age", "type": "string" }, { "name": "new" }]);
    server.ask("PUT", "/data-tables/people", json!({ "spec": { "columns": columns } })).await.ok();
    let row = server.get("/data-tables/people/rows").await["items"][0].clone();
    assert_eq!((&row["address"], &row["new"]), (&json!("a"), &Value::Null));
    assert_eq!(row["age"], Value::Null, "a number is nothing in a column of text");
    server.ask("POST", "/data-tables/people/rename", json!({ "to": "folk" })).await.ok();
    assert_eq!(server.get("/data-tables/folk/rows").await["items"][0]["address"], "a");
    server.ask("DELETE", "/data-tables/folk", Value::Null).await.ok();
    table(&server).await;
    assert_eq!(server.get("/data-tables/people/rows").await["items"], json!([]));
}

#[tokio::test]
async fn a_table_goes_out_as_csv_and_comes_back() {
    let server = Server::start().await;
    table(&server).await;
    let file: String = (0..2_500).map(|at| format!("m{at},{at},true,\n")).collect();
    let file = format!("\u{feff}mail,age,done,due\n{file}\"with \"\"quotes\"\", and\nlines\",,,2026-05-01\n");
    let path = "/api/v1/data-tables/people/import";
    let token = format!("Bearer {}", server.token);
    let headers: [(&'static str, &str); 2] = [("authorization", &token), ("content-type", "text/csv")];
    let done = crate::server::whole(server.send("POST", path, &headers, file.as_bytes()).await).await;
    assert_eq!(done.ok(), json!({ "rows": 2_501, "ignored": [] }));
    let out = server.ask("GET", "/data-tables/people/export?sort=-id", Value::Null).await;
    let text = String::from_utf8(out.bytes.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "id,mail,age,done,due,createdAt,updatedAt");
    assert!(lines[1].starts_with("2501,\"with \"\"quotes\"\", and"), "{}", lines[1]);
    assert!(lines[2].starts_with("lines\",,,2026-05-01T00:00:00.000Z,"), "{}", lines[2]);
    assert_eq!(lines.len(), 2_503);
    // What went out comes back: what every table has is given anew.
    server.ask("POST", "/data-tables/people/rows/clear", Value::Null).await.ok();
    let again = crate::server::whole(server.send("POST", path, &headers, text.as_bytes()).await).await;
    assert_eq!(again.ok()["rows"], 2_501);

    let bad: String = (0..1_200).map(|at| format!("x,{}\n", if at == 1_100 { "old" } else { "1" })).collect();
    let bad = format!("mail,age\n{bad}");
    let refused = crate::server::whole(server.send("POST", path, &headers, bad.as_bytes()).await).await.json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("row 1101:") && detail.contains("the first 1000 rows of the file are in"), "{detail}");
    for (file, wanted) in [("", "empty"), ("mail,what\n", "`what`"), ("mail\n\"open", "CSV")] {
        let refused = crate::server::whole(server.send("POST", path, &headers, file.as_bytes()).await).await.json();
        let detail = refused["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(wanted), "{file:?}: {refused}");
    }
    let path = format!("{path}?ignoreUnknown=true&delimiter=%3B");
    let done = crate::server::whole(server.send("POST", &path, &headers, b"mail;what\na;b\n").await).await;
    assert_eq!(done.ok(), json!({ "rows": 1, "ignored": ["what"] }));
}
