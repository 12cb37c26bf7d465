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
async fn what_an_active_workflow_works_with_goes_only_when_that_is_meant() {
    let server = Server::start().await;
    table(&server).await;
    insert(&server, json!([{ "mail": "a", "age": 1 }])).await;
    let workflow = json!({
        "nodes": [
            { "name": "Start", "type": "http.webhook", "params": { "path": "reader", "methods": ["POST"] } },
            { "name": "Find", "type": "data.table", "params": { "operation": "get", "table": "people" } },
            { "name": "Make", "type": "data.table", "params": { "operation": "get", "table": "not-there-yet" } },
        ],
        "edges": [{ "from": "Start", "to": "Find" }, { "from": "Find", "to": "Make" }],
    });
    server.ask("PUT", "/workflows/reader", json!({ "spec": workflow })).await.ok();
    let without_age = json!({ "spec": { "columns": [{ "name": "mail" }, { "name": "new" }] } });
    let would = server.ask("PUT", "/data-tables/people?dryRun=true", without_age.clone()).await;
    assert_eq!(would.status, 200, "nothing active uses it");
    server.ask("POST", "/workflows/reader/activate", json!({})).await.ok();
    let condition = server.get("/data-tables/people/condition").await;
    assert_eq!(condition["activelyUsedBy"][0]["name"], "reader", "{condition}");
    for (method, path, body) in [
        ("DELETE", "/data-tables/people", Value::Null),
        ("PUT", "/data-tables/people", without_age.clone()),
        ("POST", "/data-tables/people/rename", json!({ "to": "folk" })),
    ] {
        let refused = server.ask(method, path, body).await;
        let problem = refused.json();
        assert_eq!((refused.status, refused.code().as_str()), (409, "FP0105"), "{method} {path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("workflow/reader"), "{problem}");
    }
    let wider = json!({ "spec": { "columns": [{ "name": "mail" }, { "name": "years", "id": "age" }, { "name": "done" },
        { "name": "due" }, { "name": "new" }] } });
    server.ask("PUT", "/data-tables/people", wider).await.ok();
    server.ask("PUT", "/data-tables/people?force=true", without_age).await.ok();
    server.ask("DELETE", "/data-tables/people?force=true", Value::Null).await.ok();
    assert_eq!(server.ask("GET", "/data-tables/people", Value::Null).await.status, 404);
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

/// Runs an active workflow by its webhook and gives the answer.
async fn call(server: &Server, path: &str, body: Value) -> Value {
    let headers = [("content-type", "application/json")];
    let sent = server.send("POST", &format!("/webhook/{path}"), &headers, body.to_string().as_bytes()).await;
    crate::server::whole(sent).await.ok()
}

async fn publish(server: &Server, name: &str, nodes: Value) {
    let names: Vec<String> =
        nodes.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
    let edges: Vec<Value> = names.windows(2).map(|pair| json!({ "from": pair[0], "to": pair[1] })).collect();
    server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": { "nodes": nodes, "edges": edges } })).await.ok();
    server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
}

fn webhook(path: &str) -> Value {
    let respond = json!({ "when": "lastNode", "data": "allEntries" });
    json!({ "name": "Hook", "type": "http.webhook", "params": { "methods": ["POST"], "path": path, "respond": respond } })
}

#[tokio::test]
async fn a_workflow_keeps_a_customer_once_and_a_replay_finds_what_it_found() {
    let server = Server::start().await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/customers.yaml");
    assert!(server.command(&["apply", example]).status.success());
    server.ask("POST", "/workflows/customers/activate", json!({})).await.ok();
    let first = call(&server, "customers", json!({ "mail": "ada@x.example" })).await;
    let again = call(&server, "customers", json!({ "mail": "ada@x.example" })).await;
    call(&server, "customers", json!({ "mail": "bob@x.example" })).await;
    assert_eq!((&first["greeting"], &again["greeting"]), (&json!("Welcome"), &json!("Welcome back, visit 2")));
    let rows = server.get("/data-tables/customers/rows").await;
    let kept: Vec<_> =
        rows["items"].as_array().unwrap().iter().map(|row| (row["mail"].clone(), row["visits"].clone())).collect();
    assert_eq!(kept, [(json!("ada@x.example"), json!(2)), (json!("bob@x.example"), json!(1))]);
    let runs = server.get("/runs").await;
    for run in runs["items"].as_array().unwrap() {
        let replay =
            server.ask("POST", &format!("/runs/{}/replay", run["id"].as_str().unwrap()), Value::Null).await.ok();
        assert_eq!(replay["differences"], json!([]), "the rows have changed since, and the journal has not");
    }
    let audit = server.get("/audit?action=rows").await;
    assert_eq!(audit["items"], json!([]), "runs do not write the audit log");
}

#[tokio::test]
async fn rows_are_changed_once_though_the_server_is_killed_in_between() {
    let server = Server::start().await;
    table(&server).await;
    let code = "return Array.from({ length: 3000 }, (_, at) => ({ json: { mail: 'm' + at, age: at } }))";
    let upsert = json!({
        "table": "people", "operation": "upsert", "mapping": "item",
        "conditions": [{ "column": "mail", "value": "={{ $json.mail }}" }],
    });
    publish(
        &server,
        "fill",
        json!([
            { "name": "Hook", "type": "http.webhook", "params": { "methods": ["POST"], "path": "fill", "respond": { "when": "immediately" } } },
            { "name": "Make", "type": "core.code", "params": { "code": code } },
            { "name": "Insert", "type": "data.table", "params": { "table": "people", "mapping": "item" } },
            { "name": "Again", "type": "data.table", "params": upsert },
        ]),
    )
    .await;
    let sent = server.send("POST", "/webhook/fill", &[], b"{}").await;
    assert!(crate::server::whole(sent).await.status < 300);
    let rows = async |server: &Server| server.get("/data-tables/people/fill").await["rows"].as_u64().unwrap();
    let mut server = server;
    let mut seen = 0;
    for kill in 0..4 {
        // Killed as soon as more rows are there than before, or the run has come to its end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let there = rows(&server).await;
            let run = server.get("/runs").await["items"][0]["status"].clone();
            if there > seen || run == "completed" {
                seen = there;
                break;
            }
            assert!(std::time::Instant::now() < deadline, "no further row after kill {kill}: {run}");
        }
        server = Server::in_folder(server.kill()).await;
    }
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(90);
    let run = loop {
        let run = server.get("/runs").await["items"][0].clone();
        if run["status"] == "completed" {
            break run;
        }
        assert_ne!(run["status"], "failed", "{run}");
        assert!(std::time::Instant::now() < deadline, "the run does not end: {run}");
    };
    assert_eq!(rows(&server).await, 3_000, "none twice, none missing: {run}");
    let last = server.get("/data-tables/people/rows?sort=-id&limit=1").await;
    assert_eq!(last["items"][0]["id"], 3_000, "no row was put in and taken back");
}

#[tokio::test]
async fn a_workflow_makes_tables_and_workflows_in_the_name_of_whom_it_acts_for() {
    let server = Server::start().await;
    let columns = json!([{ "name": "mail" }, { "name": "age", "type": "number" }]);
    publish(
        &server,
        "admin",
        json!([
            webhook("admin"),
            { "name": "Table", "type": "data.table", "params": { "operation": "createTable", "table": "My People", "columns": columns, "reuse": true } },
            { "name": "Row", "type": "data.table", "params": { "table": "My People", "values": { "mail": "a" } } },
            { "name": "Flow", "type": "core.fishplate", "params": {
                "operation": "createWorkflow",
                "text": { "name": "Made by hand", "nodes": [
                    { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {} },
                ], "connections": {}, "settings": {} },
            } },
            { "name": "Live", "type": "core.fishplate", "params": { "operation": "listWorkflows", "returnAll": true, "onlyActive": true } },
        ]),
    )
    .await;
    let answer = call(&server, "admin", json!({})).await;
    assert_eq!((answer.as_array().unwrap().len(), &answer[0]["id"]), (1, &json!("admin")), "{answer}");
    assert_eq!(server.get("/data-tables/my-people").await["spec"]["title"], "My People");
    assert_eq!(server.get("/data-tables/my-people/rows").await["items"][0]["mail"], "a");
    assert_eq!(server.get("/workflows/made-by-hand").await["spec"]["title"], "Made by hand");
    let audit = server.get("/audit?action=resource").await;
    let made = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["subject"].as_str().is_some_and(|subject| subject.ends_with("workflow/made-by-hand")));
    assert_eq!(made.expect("an entry")["actor"], "token:owner", "configuration has an author, whoever typed it");
}
