//! The cases of `testkit/differential`, held against what n8n made of them.

mod kinds;
mod report;
mod served;

use std::collections::{BTreeMap, HashMap};

use differential::servers::{Account, Servers};
use differential::{AFTER, CaseFile, FileSeen, ItemSeen, NODE, Outcome, Place};
use engine::definition::items_of;
use model::{Binary, Name, Scope, Value};
use outbound::Login;
use part::catalogue::Snapshot;
use part::{Admit, Catalogue, WorkflowRef};
use serde_json::json;

use self::report::Report;
use crate::house::House;
use crate::server::Server;

/// What the node of a case comes to here.
async fn ours(house: &House, world: &World, file: &CaseFile, position: usize, catalogue: &Snapshot) -> Outcome {
    let place = file.place(position, &world.place);
    world.servers.prepare(file, position).unwrap();
    let taken_in = |workflow: serde_json::Value| {
        let text = place.fill(&workflow.to_string());
        let mut import = engine::n8n::import(text.as_bytes(), &file.id(position), catalogue).unwrap();
        import.workflows.remove(0).spec
    };
    for other in file.others(position).unwrap() {
        let name = model::Name::from_title(other["id"].as_str().unwrap());
        house.workflow(name.as_str(), serde_json::to_value(taken_in(other)).unwrap());
    }
    let mut spec = taken_in(file.workflow(position).unwrap());
    if let Some(node) = spec.nodes.iter_mut().find(|node| node.name == NODE) {
        node.params.extend(file.cases[position].ours.clone());
    }
    let event = Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline(file.id(position), Box::new(spec)),
        trigger: Some("Start".into()),
        input: items_of(&[json!({})]),
        output: 0,
        // n8n runs them so, too: what only its editor does is left out.
        mode: "webhook",
        started_by: "test".into(),
        dedupe: None,
        reply_to: None,
        destination: None,
        start_at: None,
        use_pins: false,
    };
    let run = match house.start(event).await {
        Ok(run) => run,
        Err(problem) => {
            let single = std::slice::from_ref(&problem);
            let all = if problem.problems.is_empty() { single } else { &problem.problems };
            let said: Vec<String> = all.iter().map(|one| one.detail.clone()).collect();
            return Outcome::failed(format!("refused: {}", said.join("; ")));
        }
    };
    let end = house.end(run).await;
    if let Some(error) = end.error {
        let mut outcome = Outcome::failed(error.to_string());
        place.hide(&mut outcome);
        return outcome;
    }
    let mut outcome = Outcome::default();
    for step in house.steps(run).await.steps.into_iter().filter(|step| step.node == NODE || step.node == AFTER) {
        for (index, items) in step.outputs.unwrap_or_default().into_iter().enumerate() {
            let mut all = Vec::new();
            for item in items {
                all.push(seen(house, &item).await);
            }
            if step.node == AFTER {
                outcome.after.extend(all);
                continue;
            }
            if outcome.outputs.len() <= index {
                outcome.outputs.resize(index + 1, Vec::new());
            }
            outcome.outputs[index].extend(all);
        }
    }
    outcome.after.extend(world.servers.seen(file, position).unwrap());
    place.hide(&mut outcome);
    outcome.hide(&file.cases[position].varies);
    outcome
}

/// Where things are on our side.
struct World {
    place: Place,
    servers: Servers,
}

/// A server of ours with a file's workflow live, and accounts on the servers that the file names.
async fn live(file: &CaseFile, world: &World, catalogue: &Snapshot) -> Server {
    let text = file.place(0, &world.place).fill(&file.workflow(0).unwrap().to_string());
    let mut import = engine::n8n::import(text.as_bytes(), &file.id(0), catalogue).unwrap();
    let server = Server::start().await;
    connect(&server, &world.servers).await;
    let body = json!({ "spec": import.workflows.remove(0).spec });
    server.ask("PUT", "/workflows/served", body).await.ok();
    server.ask("POST", "/workflows/served/activate", json!({})).await.ok();
    server
}

/// Gives a server of ours the accounts.
async fn connect(server: &Server, servers: &Servers) {
    for account in servers.accounts() {
        let path = format!("/connections/{}", Name::from_title(&account.title));
        server.ask("PUT", &path, json!({ "spec": { "auth": account.scheme } })).await.ok();
        for (field, value) in account.secrets.iter().filter(|(_, value)| !value.is_empty()) {
            server.ask("PUT", &format!("{path}/secrets/{field}"), json!({ "value": value })).await.ok();
        }
    }
}

/// An account as a driver gets it.
fn login(account: &Account) -> Login {
    let scheme = &account.scheme;
    let protocol = serde_json::from_value(scheme["protocol"].clone()).unwrap();
    let port = u16::try_from(scheme["port"].as_u64().unwrap()).unwrap();
    let mut login = Login::new(protocol, scheme["host"].as_str().unwrap(), port);
    login.user = scheme.get("user").and_then(Value::as_str).unwrap_or_default().to_owned();
    login.settings =
        scheme.get("settings").map(|settings| serde_json::from_value(settings.clone()).unwrap()).unwrap_or_default();
    login.with_secrets(account.secrets.clone())
}

async fn seen(house: &House, item: &Value) -> ItemSeen {
    let mut files = BTreeMap::new();
    for (name, file) in item["binary"].as_object().into_iter().flatten() {
        let file: Binary = serde_json::from_value(file.clone()).unwrap();
        let content = match (file.blob, &file.inline) {
            (Some(digest), _) => house.store.blob(house.scope_id().await, digest).await.unwrap().to_vec(),
            (None, text) => part::params::base64(text.as_deref().unwrap_or_default()).unwrap(),
        };
        files.insert(name.clone(), FileSeen::new(&file.mime_type, file.file_name.as_deref(), &content));
    }
    ItemSeen { json: item["json"].clone(), files }
}

/// Runs the cases of these files and holds them against what was recorded. `title` names the report.
async fn replay(title: &str, files: Vec<CaseFile>) {
    let catalogue = Catalogue::new([nodes::built_in(), protocols::nodes()].concat());
    let snapshot = catalogue.snapshot();
    let services = differential::services::start().await.unwrap();
    let wanted: Vec<_> = files.iter().flat_map(|file| file.servers.clone()).collect();
    let servers = tokio::task::spawn_blocking(move || Servers::start(wanted)).await.unwrap().unwrap();
    let logins: HashMap<Name, Login> =
        servers.accounts().iter().map(|account| (Name::from_title(&account.title), login(account))).collect();
    let house = House::with_logins(differential::AT, catalogue, logins).await;
    let folder = house.folder.path().canonicalize().unwrap();
    let place = servers.place(&Place::new(&services.address().to_string(), folder));
    place.furnish().unwrap();
    let world = World { place, servers };
    let mut report = Report::default();
    for file in files {
        let recorded = file.recorded().unwrap_or_default();
        let live = if file.is_served() { Some(live(&file, &world, &snapshot).await) } else { None };
        report.begin(&file);
        for (position, case) in file.cases.iter().enumerate() {
            let Some(theirs) = recorded.cases.get(&case.name) else {
                report.wrong.push(format!("{}: `{}` was never run in n8n", file.name, case.name));
                continue;
            };
            let ours = match (&live, &case.request) {
                (Some(live), Some(request)) => {
                    let mut outcome = request.send(live.url.trim_start_matches("http://")).await.unwrap();
                    outcome.hide(&case.varies);
                    outcome
                }
                _ => ours(&house, &world, &file, position, &snapshot).await,
            };
            report.add(&file, case, theirs, &ours);
        }
    }
    house.close().await;
    // Servers that run in this process end where waiting is allowed.
    tokio::task::spawn_blocking(move || drop(world)).await.unwrap();
    report.write(title);
    let wrong = &report.wrong;
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Files whose first server is that.
fn files(first: Option<differential::servers::Server>) -> Vec<CaseFile> {
    let mut files = differential::files().unwrap();
    files.retain(|file| !file.live && file.servers.first().copied() == first);
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_comes_to_what_it_came_to_in_n8n() {
    replay("alone", files(None)).await;
}

/// A test for the files of each server, so that they run beside each other.
macro_rules! with_servers {
    ($($test:ident: $server:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                use differential::servers::Server;
                replay(stringify!($server), files(Some(Server::$server))).await;
            }
        )*

        #[test]
        fn every_file_with_servers_has_its_test() {
            use differential::servers::Server;
            for file in differential::files().unwrap() {
                let first = file.servers.first();
                assert!(first.is_none_or(|first| [$(Server::$server),*].contains(first)), "{}", file.name);
            }
        }
    };
}

with_servers! {
    cases_on_postgresql: Postgres,
    cases_on_mariadb: Mariadb,
    cases_on_documents: Mongo,
    cases_on_redis: Redis,
    cases_on_a_directory: Slapd,
    cases_on_an_object_store: S3,
    cases_on_ftp: Ftpd,
    cases_on_ssh: Sshd,
    cases_on_git: Gitd,
    cases_that_send_mail: Smtp,
    cases_that_read_mail: Dovecot,
    cases_on_rabbitmq: Rabbitmq,
    cases_on_mosquitto: Mosquitto,
}
