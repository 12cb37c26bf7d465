//! The bridge to n8n, tried between a real n8n and a real server of ours: each calls the other, and each is watched.
//!
//! Of ours it knows the program alone: it is started, and talked to over HTTP, like n8n.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::net::Api;
use crate::peer::{Peer, Running, STARTING, free_port};

/// Longest time until something that was begun is seen on the other side.
const PATIENCE: Duration = Duration::from_secs(60);
/// What n8n's "JWT Auth" checks our calls with.
const PASSPHRASE: &str = "a passphrase that both sides know";
/// What n8n signs its calls with: 32 letters or more.
const SIGNING: &str = "a text of more than thirty-two letters";
/// Its bytes as Standard Webhooks write them.
const SIGNING_BASE64: &str = "YSB0ZXh0IG9mIG1vcmUgdGhhbiB0aGlydHktdHdvIGxldHRlcnM=";

/// A program of ours that runs.
struct Ours {
    _process: Running,
    address: String,
    api: Api,
    plain: Api,
}

impl Ours {
    /// Starts one on a folder.
    fn start(program: &Path, data: &Path) -> Result<Ours> {
        let mut child = Command::new(program)
            .args(["--output", "json", "--data"])
            .arg(data)
            .args(["up", "--listen", "127.0.0.1:0", "--log", "warn", "--private-network"])
            .env_remove("FISHPLATE_TOKEN")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let out = child.stdout.take();
        let process = Running(child);
        let mut line = String::new();
        BufReader::new(out.context("it says nothing")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("it does not say where it listens")?;
        let address = said["address"].as_str().unwrap_or_default().to_owned();
        let server = address.trim_start_matches("http://").to_owned();
        let token = std::fs::read_to_string(data.join("token"))?;
        let api = Api { server: server.clone(), headers: vec![("authorization".into(), format!("Bearer {token}"))] };
        Ok(Ours { _process: process, address, api, plain: Api { server, headers: Vec::new() } })
    }

    /// Runs one of its commands.
    fn command(&self, program: &Path, data: &Path, arguments: &[&str], input: &str) -> Result<()> {
        use std::io::Write;
        let mut child = Command::new(program)
            .arg("--data")
            .arg(data)
            .args(["--server", &self.address])
            .args(arguments)
            .env_remove("FISHPLATE_TOKEN")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        ensure!(child.wait()?.success(), "`fishplate {}` has failed", arguments.join(" "));
        Ok(())
    }

    async fn workflow(&self, name: &str, spec: &Value) -> Result<()> {
        self.api.must("PUT", &format!("/api/v1/workflows/{name}"), &json!({ "spec": spec })).await?;
        self.activate(name).await
    }

    async fn activate(&self, name: &str) -> Result<()> {
        self.api.must("POST", &format!("/api/v1/workflows/{name}/activate"), &json!({})).await.map(drop)
    }

    /// The runs of a workflow, newest first.
    async fn runs(&self, workflow: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/runs?workflow={workflow}&limit=100");
        let listed = self.api.must("GET", &path, &Value::Null).await?;
        Ok(listed["items"].as_array().cloned().unwrap_or_default())
    }

    async fn detail(&self, run: &Value) -> Result<Value> {
        let id = run["id"].as_str().unwrap_or_default();
        self.api.must("GET", &format!("/api/v1/runs/{id}?items=true"), &Value::Null).await
    }
}

/// What a step of a run put out first.
fn put_out(detail: &Value, node: &str) -> Value {
    let mut steps = detail["steps"].as_array().into_iter().flatten();
    let step = steps.rfind(|step| step["node"] == node);
    let item = step.map(|step| step["outputs"][0][0].clone()).unwrap_or_default();
    item.get("json").cloned().unwrap_or(item)
}

/// Looks again until it finds something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(begun.elapsed() < PATIENCE, "{what} has not come to pass within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// An n8n with an owner, a key and the workflows of `n8n/bridge.json`.
struct Other {
    _process: Running,
    url: String,
    api: Api,
    plain: Api,
    key: String,
    version: String,
}

impl Other {
    async fn start(peer: &Peer) -> Result<Other> {
        let _ = std::fs::remove_dir_all(peer.home());
        std::fs::create_dir_all(peer.home())?;
        let port = free_port();
        let child = peer
            .command(&["start"])
            .env("N8N_PORT", port.to_string())
            .env("N8N_LISTEN_ADDRESS", "127.0.0.1")
            .env("N8N_HOST", "127.0.0.1")
            .env("N8N_SECURE_COOKIE", "false")
            // Its clock goes: signatures are good for minutes.
            .env_remove("NODE_OPTIONS")
            .stdout(Stdio::null())
            .spawn()
            .context("n8n cannot be started")?;
        let server = format!("127.0.0.1:{port}");
        let plain = Api { server: server.clone(), headers: Vec::new() };
        let process = Running(child);
        let cookie = owner(&plain).await?;
        let house = Api { server: server.clone(), headers: vec![("cookie".into(), cookie)] };
        let scopes = house.must("GET", "/rest/api-keys/scopes", &Value::Null).await?["data"].clone();
        let wanted = json!({ "label": "bridge", "scopes": scopes, "expiresAt": null });
        let made = house.must("POST", "/rest/api-keys", &wanted).await?;
        let key = made["data"]["rawApiKey"].as_str().context("n8n gives no key")?.to_owned();
        let api = Api { server: server.clone(), headers: vec![("x-n8n-api-key".into(), key.clone())] };
        Ok(Other { _process: process, url: format!("http://{server}"), api, plain, key, version: peer.version.clone() })
    }

    /// Makes its credentials and workflows.
    async fn fill(&self, all: &Value) -> Result<()> {
        let mut credentials = Vec::new();
        for one in all["credentials"].as_array().into_iter().flatten() {
            let mut wanted = one.clone();
            let name = wanted["ref"].take();
            if let Some(map) = wanted.as_object_mut() {
                map.shift_remove("ref");
            }
            let made = self.api.must("POST", "/api/v1/credentials", &wanted).await?;
            let place = format!("\"@credential:{}\"", name.as_str().unwrap_or_default());
            credentials.push((place, json!({ "id": made["id"], "name": made["name"] }).to_string()));
        }
        for one in all["workflows"].as_array().into_iter().flatten() {
            let mut wanted = one.clone();
            let active = wanted["active"] == true;
            if let Some(map) = wanted.as_object_mut() {
                map.retain(|name, _| name != "ref" && name != "active");
            }
            let mut text = wanted.to_string();
            for (place, credential) in &credentials {
                text = text.replace(place, credential);
            }
            let made = self.api.must("POST", "/api/v1/workflows", &serde_json::from_str(&text)?).await?;
            if active {
                let id = made["id"].as_str().unwrap_or_default();
                self.api.must("POST", &format!("/api/v1/workflows/{id}/activate"), &json!({})).await?;
            }
        }
        Ok(())
    }

    /// Its executions that have ended: id and status, oldest first.
    async fn ended(&self) -> Result<Vec<(String, String)>> {
        let listed = self.api.must("GET", "/api/v1/executions?limit=100", &Value::Null).await?;
        let mut all = Vec::new();
        for one in listed["data"].as_array().into_iter().flatten() {
            let status = one["status"].as_str().unwrap_or_default();
            if ["success", "error", "crashed", "canceled"].contains(&status) {
                let id = one["id"].as_str().map_or_else(|| one["id"].to_string(), str::to_owned);
                all.push((id, status.to_owned()));
            }
        }
        all.reverse();
        Ok(all)
    }
}

/// Makes the owner as soon as it can be made; gives the cookie.
async fn owner(api: &Api) -> Result<String> {
    let wanted = json!({ "email": "owner@example.com", "firstName": "Olga", "lastName": "Owner", "password": "Correct-Horse-7" });
    let begun = Instant::now();
    while begun.elapsed() < STARTING {
        // The port answers before the routes are there.
        if let Ok(answer) = api.send("POST", "/rest/owner/setup", &wanted).await
            && answer.status == 200
        {
            let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
            let pairs: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
            if !pairs.is_empty() {
                return Ok(pairs.join("; "));
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    bail!("n8n takes no owner")
}

/// Tries the bridge between an n8n and a program of ours; says what it does on the way.
///
/// # Errors
/// The first thing that is not as it should be.
pub async fn try_it(peer: &Peer, program: &Path, example: &Path) -> Result<()> {
    let data = tempfile::tempdir()?;
    let folder = data.path().join("data");
    let begun = Instant::now();
    let n8n = Other::start(peer).await?;
    say(&format!("n8n {} answers after {} s", n8n.version, begun.elapsed().as_secs()));
    let ours = Ours::start(program, &folder)?;
    let all = include_str!("../n8n/bridge.json").replace("$PASSPHRASE", PASSPHRASE).replace("$SIGNING", SIGNING);
    let all: Value = serde_json::from_str(&all.replace("$FISHPLATE", &ours.address))?;
    n8n.fill(&all).await?;
    say("its workflows are there");

    apply(&ours, (program, &folder), &n8n, example)?;
    for name in ["n8n-pack", "n8n-watch", "n8n-asks", "n8n-runs"] {
        ours.activate(name).await?;
    }
    ours.workflow("operate", &all["ours"]).await?;
    ours.workflow("again", &all["again"]).await?;
    say("the example is applied here, and live");

    we_call(&ours, &n8n).await?;
    n8n_calls(&ours, &n8n).await?;
    we_operate(&ours).await?;
    we_watch(ours, (program, &folder), &n8n).await
}

fn say(what: &str) {
    eprintln!("bridge-n8n: {what}");
}

/// Applies the example with the addresses of this machine, and without its long pauses.
fn apply(ours: &Ours, (program, data): (&Path, &Path), n8n: &Other, example: &Path) -> Result<()> {
    let mut text = std::fs::read_to_string(example)?;
    let host = n8n.url.trim_start_matches("http://");
    let hosts = format!("hosts: [\"{host}\"]\n  allowPrivate: true");
    for (there, here) in [
        ("hosts: [n8n.acme.example]", hosts.as_str()),
        ("https://n8n.acme.example", &n8n.url),
        ("wait: 10s, factor: 3", "wait: 500ms"),
        ("params: { status: [error, crashed] }", "params: { status: [error, crashed], every: 1s }"),
        (
            "- name: An execution has ended\n      type: n8n-api.execution.ended",
            "- name: An execution has ended\n      params: { every: 1s }\n      type: n8n-api.execution.ended",
        ),
    ] {
        ensure!(text.contains(there), "the example has no `{there}`");
        text = text.replace(there, here);
    }
    let file: PathBuf = data.join("n8n.yaml");
    std::fs::write(&file, text)?;
    ours.command(program, data, &["apply", &file.to_string_lossy()], "")?;
    for (connection, name, secret) in [
        ("n8n", "value", n8n.key.as_str()),
        ("n8n-webhooks", "key", PASSPHRASE),
        ("from-n8n", "secret", &format!("whsec_{SIGNING_BASE64}")),
    ] {
        ours.command(program, data, &["secret", connection, name], secret)?;
    }
    Ok(())
}

/// A webhook of n8n's is called signed; it calls back, and the run goes on.
async fn we_call(ours: &Ours, n8n: &Other) -> Result<()> {
    let open = until("n8n opens its webhook", async || {
        let answer = n8n.plain.send("POST", "/webhook/orders/pack", &json!({})).await?;
        Ok((answer.status != 404).then_some(answer.status))
    });
    let refused = open.await?;
    ensure!(refused == 403 || refused == 401, "n8n takes a call without a signature: {refused}");
    for _ in 0..2 {
        let again = Api { server: ours.plain.server.clone(), headers: vec![("idempotency-key".into(), "A-17".into())] };
        again.must("POST", "/webhook/pack", &json!({ "order": "A-17" })).await?;
    }
    let run = until("the packed order", async || {
        let runs = ours.runs("n8n-pack").await?;
        Ok(runs.into_iter().find(|run| run["status"] == "completed" || run["status"] == "failed"))
    });
    let detail = ours.detail(&run.await?).await?;
    let packed = put_out(&detail, "Packed");
    ensure!(packed == json!({ "order": "A-17", "weight": 3 }), "the run has come to {packed}: {detail:#}");
    ensure!(ours.runs("n8n-pack").await?.len() == 1, "a call that was made twice started two runs");
    say("we call its webhook, signed; it calls back, and the run goes on");
    Ok(())
}

/// n8n calls us; its signature is checked, and an event that comes twice starts one run.
async fn n8n_calls(ours: &Ours, n8n: &Other) -> Result<()> {
    let ask = async |body: Value| n8n.plain.must("POST", "/webhook/ask-fishplate", &body).await;
    for _ in 0..2 {
        let told = ask(json!({ "order": "B-1", "id": "event-1" })).await?;
        let good = told["statusCode"] == 200 && told["body"] == json!({ "order": "B-1", "known": true });
        ensure!(good, "we have answered {told}");
    }
    let told = ask(json!({ "order": "B-2", "forged": "{\"order\":\"B-3\"}" })).await?;
    ensure!(told["statusCode"] == 401 || told["statusCode"] == 403, "a changed body is taken: {told}");
    let runs = ours.runs("n8n-asks").await?.len();
    ensure!(runs == 1, "{runs} runs, and one event");
    say("it calls us, signed; what is changed on the way is refused, what comes twice is one run");
    Ok(())
}

/// Workflows of n8n's are listed, made live, called and laid to rest by its API, and a failed execution is run again.
async fn we_operate(ours: &Ours) -> Result<()> {
    let told = ours.plain.must("POST", "/webhook/operate", &json!({})).await?;
    let good = told["woke"] == json!({ "awake": true, "said": "good morning" }) && told["active"] == false;
    ensure!(good && told["executions"].as_u64() >= Some(1), "{told}");
    let runs = ours.runs("operate").await?;
    let detail = ours.detail(runs.first().context("no run")?).await?;
    let steps = detail["steps"].as_array().cloned().unwrap_or_default();
    let activate = steps.iter().find(|step| step["node"] == "Activate").context("no step")?;
    let id = runs[0]["id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/runs/{id}/steps/{}/exchanges", activate["step"]);
    let shown = ours.api.must("GET", &path, &Value::Null).await?.to_string();
    ensure!(shown.contains("/activate") && shown.contains("\"status\":200"), "the exchange is not shown: {shown}");
    say("we list, activate, call and deactivate its workflows by its API, and the run shows what was said");
    Ok(())
}

/// Every execution of n8n's becomes one run here, over a restart of ours.
async fn we_watch(ours: Ours, (program, data): (&Path, &Path), n8n: &Other) -> Result<()> {
    n8n.plain.must("POST", "/webhook/fail", &json!({})).await?;
    let watched = async |ours: &Ours, count: usize| {
        until("the failure is told", async || {
            let runs = ours.runs("n8n-watch").await?;
            let ended = runs.len() >= count && runs.iter().all(|run| run["status"] == "completed");
            Ok(ended.then_some(runs))
        })
        .await
    };
    let runs = watched(&ours, 1).await?;
    let report = put_out(&ours.detail(&runs[0]).await?, "Report");
    let wanted = json!({ "workflow": "Fail", "node": "Stop", "message": "there is no paper" });
    ensure!(report == wanted, "the report is {report}");
    say("a failure of its own is reported here");

    drop(ours);
    n8n.plain.must("POST", "/webhook/fail", &json!({})).await?;
    let ours = Ours::start(program, data)?;
    watched(&ours, 2).await?;
    let again = ours.plain.must("POST", "/webhook/again", &json!({})).await?;
    ensure!(again["status"] == "error" && !again["retryOf"].is_null(), "the execution that was run again: {again}");
    watched(&ours, 3).await?;
    say("what has failed while we were down is told, and is run again from here");

    let ended = n8n.ended().await?;
    let runs = until("every execution is a run", async || {
        let runs = ours.runs("n8n-runs").await?;
        let over = runs.iter().all(|run| run["status"] == "completed" || run["status"] == "failed");
        Ok((over && runs.len() >= ended.len()).then_some(runs))
    })
    .await?;
    let mut seen = Vec::new();
    for run in runs.iter().rev() {
        let first = put_out(&ours.detail(run).await?, "An execution has ended");
        let id = first["id"].as_str().map_or_else(|| first["id"].to_string(), str::to_owned);
        let status = if run["status"] == "completed" { "success" } else { "error" };
        seen.push((id, status.to_owned()));
    }
    let sorted = |mut all: Vec<(String, String)>| {
        all.sort();
        all
    };
    let (seen, ended) = (sorted(seen), sorted(ended));
    ensure!(seen == ended, "n8n has {ended:?}, and here are {seen:?}");
    let failed = runs.iter().find(|run| run["status"] == "failed").context("none has failed")?;
    let said = failed["error"].to_string();
    ensure!(said.contains("Fail has ended in n8n with error") && said.contains("/executions/"), "{said}");
    say(&format!("its {} executions are {} runs here, each with its end and its link", ended.len(), runs.len()));
    Ok(())
}
