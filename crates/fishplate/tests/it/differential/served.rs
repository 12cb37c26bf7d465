//! Cases whose workflow has to be live: forms, data tables, our own API, triggers as they fire. Each runs on a server.

use std::collections::BTreeMap;

use differential::servers::Servers;
use differential::{CaseFile, FileSeen, ItemSeen, NODE, Outcome, Place, Side};
use part::Catalogue;
use part::catalogue::Snapshot;
use serde_json::{Value, json};

use super::report::Report;
use crate::listeners::eventually;
use crate::server::{Server, whole};

/// Files whose workflows are live, by the test that runs them.
const FILES: &[(&str, &[&str])] = &[
    ("tables", &["dataTable"]),
    ("forms", &["formTrigger"]),
    ("pages", &["form"]),
    ("own", &["n8n"]),
    ("clocks", &["scheduleTrigger", "cron", "interval"]),
    ("watching", &["localFileTrigger", "sseTrigger"]),
    ("errors", &["errorTrigger"]),
    ("life", &["n8nTrigger", "workflowTrigger"]),
    ("feeds", &["rssFeedReadTrigger"]),
    ("mails", &["emailReadImap"]),
    ("topics", &["mqttTrigger"]),
    ("queues", &["rabbitmqTrigger"]),
    ("channels", &["redisTrigger"]),
    ("rows", &["postgresTrigger"]),
];

macro_rules! live {
    ($($name:ident: $part:literal,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            replay($part).await;
        }
    )*};
}

live! {
    data_tables_hold_what_they_hold_in_n8n: "tables",
    forms_that_start_runs_show_and_give_what_they_do_in_n8n: "forms",
    pages_of_forms_show_and_give_what_they_do_in_n8n: "pages",
    the_node_for_the_own_api_does_what_it_does_in_n8n: "own",
    clocks_start_runs_with_what_they_give_in_n8n: "clocks",
    triggers_that_watch_start_runs_with_what_they_give_in_n8n: "watching",
    runs_that_fail_start_others_with_what_they_give_in_n8n: "errors",
    workflows_that_begin_to_live_start_runs_with_what_they_give_in_n8n: "life",
    new_entries_of_feeds_start_runs_with_what_they_give_in_n8n: "feeds",
    mails_start_runs_with_what_they_give_in_n8n: "mails",
    messages_of_topics_start_runs_with_what_they_give_in_n8n: "topics",
    messages_of_queues_start_runs_with_what_they_give_in_n8n: "queues",
    messages_of_channels_start_runs_with_what_they_give_in_n8n: "channels",
    changes_of_rows_start_runs_with_what_they_give_in_n8n: "rows",
}

#[test]
fn every_file_of_live_cases_has_a_test() {
    let named: Vec<&str> = FILES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    for file in differential::files().unwrap().iter().filter(|file| file.live) {
        assert!(named.contains(&file.name.as_str()), "no test runs the cases of `{}`", file.name);
    }
}

/// Runs the cases of the files of a part and holds them against what was recorded.
async fn replay(part: &str) {
    let (_, names) = FILES.iter().find(|(other, _)| *other == part).unwrap();
    let mut files = differential::files().unwrap();
    files.retain(|file| file.live && names.contains(&file.name.as_str()));
    let snapshot = Catalogue::new([nodes::built_in(), protocols::nodes()].concat()).snapshot();
    let services = differential::services::start().await.unwrap();
    let wanted: Vec<_> = files.iter().flat_map(|file| file.servers.clone()).collect();
    let servers = tokio::task::spawn_blocking(move || Servers::start(wanted)).await.unwrap().unwrap();
    let live = Live::start(&services.address().to_string(), &servers).await;
    let mut report = Report::default();
    for file in &files {
        let recorded = file.recorded().unwrap_or_default();
        report.begin(file);
        for (position, case) in file.cases.iter().enumerate() {
            match recorded.cases.get(&case.name) {
                Some(theirs) => report.add(file, case, theirs, &live.run(file, position, (&snapshot, &servers)).await),
                None => report.wrong.push(format!("{}: `{}` was never run in n8n", file.name, case.name)),
            }
        }
    }
    // Servers that run in this process end where waiting is allowed.
    tokio::task::spawn_blocking(move || drop(servers)).await.unwrap();
    report.write(part);
    let wrong = &report.wrong;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A server of ours, and where things are for it.
struct Live {
    server: Server,
    place: Place,
}

/// What is not even taken in.
fn refused(problem: &Value) -> Outcome {
    Outcome::failed(format!("refused: {problem}"))
}

impl Live {
    /// Starts one; `host` is where the server that answers both sides listens.
    async fn start(host: &str, servers: &Servers) -> Live {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        std::fs::create_dir(&files).unwrap();
        let place = servers.place(&Place::new(host, files.canonicalize().unwrap()));
        place.furnish().unwrap();
        let server = Server::with(folder, &["--files".as_ref(), files.as_os_str()]).await;
        super::connect(&server, servers).await;
        Live { server, place }
    }

    /// What the node of a case comes to.
    async fn run(&self, file: &CaseFile, position: usize, world: (&Snapshot, &Servers)) -> Outcome {
        let case = &file.cases[position];
        for (name, table) in &case.tables {
            let spec = json!({ "columns": table.columns() });
            self.server.ask("POST", "/data-tables", json!({ "name": name, "spec": spec })).await.ok();
            if !table.rows.is_empty() {
                let path = format!("/data-tables/{name}/rows");
                self.server.ask("POST", &path, json!({ "rows": table.rows })).await.ok();
            }
        }
        world.1.prepare(file, position).unwrap();
        let mut outcome = self.workflow(file, position, world).await;
        for name in case.tables.keys() {
            // A case may have deleted it.
            self.server.ask("DELETE", &format!("/data-tables/{name}"), Value::Null).await;
        }
        file.place(position, &self.place).hide(&mut outcome);
        outcome.hide(&case.varies);
        outcome
    }

    async fn workflow(&self, file: &CaseFile, position: usize, (catalogue, servers): (&Snapshot, &Servers)) -> Outcome {
        let case = &file.cases[position];
        let place = file.place(position, &self.place);
        let text = place.fill(&file.workflow(position).unwrap().to_string());
        let mut import = engine::n8n::import(text.as_bytes(), &file.id(position), catalogue).unwrap();
        let mut spec = import.workflows.remove(0).spec;
        if let Some(node) = spec.nodes.iter_mut().find(|node| node.name == NODE) {
            node.params.extend(case.ours.clone());
        }
        let name = model::Name::from_title(&file.id(position));
        let path = format!("/workflows/{name}");
        let put = self.server.ask("PUT", &path, json!({ "spec": spec })).await;
        if put.status >= 300 {
            return refused(&put.json());
        }
        let active = self.server.ask("POST", &format!("{path}/activate"), json!({})).await;
        if active.status >= 300 {
            return refused(&active.json());
        }
        if file.listens {
            self.listens().await;
        }
        let address = self.server.url.trim_start_matches("http://");
        let ended = async || Ok(self.ended(name.as_str()).await.len());
        let seen = differential::perform(file, position, (Side::Ours, address), (&place, servers), ended).await;
        self.server.ask("POST", &format!("{path}/deactivate"), json!({})).await.ok();
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return Outcome::failed(format!("{error:#}")),
        };
        let mut runs = Vec::new();
        for run in self.ended(name.as_str()).await {
            runs.push(self.outcome(&run).await);
        }
        self.server.ask("DELETE", &path, Value::Null).await;
        Outcome { seen, ..Outcome::of_runs(runs, case.runs) }
    }

    /// Waits until every trigger that listens does so.
    async fn listens(&self) {
        eventually("triggers listen", async || {
            let listeners = self.server.get("/listeners").await;
            let listening = |one: &Value| one["health"] == "listening";
            listeners.as_array().unwrap().iter().all(listening).then_some(())
        })
        .await;
    }

    /// The runs of a workflow that have ended, the first one first.
    async fn ended(&self, workflow: &str) -> Vec<Value> {
        let found = self.server.get(&format!("/runs?workflow={workflow}&limit=100")).await;
        let done = |run: &&Value| matches!(run["status"].as_str(), Some("completed" | "failed" | "cancelled"));
        let mut runs: Vec<Value> = found["items"].as_array().unwrap().iter().filter(done).cloned().collect();
        runs.sort_by_key(|run| run["id"].as_str().map(str::to_owned));
        runs
    }

    /// What the node came to in a run, and whether it ran.
    async fn outcome(&self, run: &Value) -> (bool, Outcome) {
        let id = run["id"].as_str().unwrap();
        let detail = self.server.get(&format!("/runs/{id}?items=true&limit=1000")).await;
        let steps = detail["steps"].as_array().unwrap();
        let of_node: Vec<&Value> = steps.iter().filter(|step| step["node"] == NODE).collect();
        let failed = match of_node.is_empty() {
            true => run["status"] == "failed",
            false => of_node.iter().any(|step| step["status"] == "failed"),
        };
        if failed {
            let error = detail["error"].to_string();
            return (!of_node.is_empty(), Outcome::failed(error));
        }
        let mut outcome = Outcome::default();
        for step in &of_node {
            for (port, items) in step["outputs"].as_array().into_iter().flatten().enumerate() {
                if outcome.outputs.len() <= port {
                    outcome.outputs.resize(port + 1, Vec::new());
                }
                for (at, item) in items.as_array().into_iter().flatten().enumerate() {
                    let place = format!("/api/v1/runs/{id}/steps/{}/files/{port}/{at}", step["step"]);
                    outcome.outputs[port].push(self.item(item, &place).await);
                }
            }
        }
        (!of_node.is_empty(), outcome)
    }

    async fn item(&self, item: &Value, place: &str) -> ItemSeen {
        let mut files = BTreeMap::new();
        let bearer = format!("Bearer {}", self.server.token);
        for (name, file) in item["binary"].as_object().into_iter().flatten() {
            let headers = [("authorization", bearer.as_str())];
            let answer = whole(self.server.send("GET", &format!("{place}/{name}"), &headers, b"").await).await;
            assert_eq!(answer.status, 200, "{place}/{name}");
            let mime = file["mimeType"].as_str().unwrap_or_default();
            files.insert(name.clone(), FileSeen::new(mime, file["fileName"].as_str(), &answer.bytes));
        }
        ItemSeen { json: item["json"].clone(), files }
    }
}
