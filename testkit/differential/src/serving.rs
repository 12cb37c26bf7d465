//! A real n8n that serves: what its forms, data tables, triggers and its own API come to.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::act;
use crate::case::NODE;
use crate::net::Api;
use crate::peer::{Peer, Running, STARTING, free_port, outcome_of};
use crate::servers::Servers;
use crate::{Case, CaseFile, Outcome, Place, Side};

impl Peer {
    /// What it makes of the cases of files whose workflows have to be live, by their ids.
    pub(crate) fn run_live(
        &self,
        files: &[CaseFile],
        place: &Place,
        servers: &Servers,
    ) -> Result<BTreeMap<String, Outcome>> {
        let files: Vec<&CaseFile> = files.iter().filter(|file| file.live).collect();
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let port = free_port();
        let mut command = self.command(&["start"]);
        command
            .env("N8N_PORT", port.to_string())
            .env("N8N_LISTEN_ADDRESS", "127.0.0.1")
            .env("N8N_HOST", "127.0.0.1")
            .env("N8N_SECURE_COOKIE", "false")
            // It leaves the trigger of files and commands out unless it is told to leave out nothing.
            .env("NODES_EXCLUDE", "[]")
            // Its clock goes: it wakes its triggers.
            .env_remove("NODE_OPTIONS");
        let server = Running(command.stdout(Stdio::null()).spawn().context("n8n cannot be started")?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcomes = runtime.block_on(async {
            let mut outcomes = BTreeMap::new();
            let serving = Serving::start(format!("127.0.0.1:{port}"), servers).await?;
            for file in files {
                for position in 0..file.cases.len() {
                    let (id, place) = (file.id(position), file.place(position, place));
                    let mut outcome = serving.run(file, position, &place, servers).await.with_context(|| id.clone())?;
                    place.hide(&mut outcome);
                    outcomes.insert(id, outcome);
                }
            }
            anyhow::Ok(outcomes)
        });
        drop(server);
        outcomes
    }
}

/// An n8n with an owner and a key.
struct Serving {
    api: Api,
    /// Credentials by their titles; `$N8N` is that with which its own node asks it.
    credentials: BTreeMap<String, String>,
}

impl Serving {
    /// Waits until it takes its owner, and asks for a key.
    async fn start(server: String, servers: &Servers) -> Result<Serving> {
        let mut api = Api { server, headers: Vec::new() };
        let owner = json!({
            "email": "owner@example.com", "firstName": "Olga", "lastName": "Owner", "password": "Correct-Horse-7",
        });
        let begun = Instant::now();
        let cookie = loop {
            // The port answers before the routes are there.
            if let Ok(answer) = api.send("POST", "/rest/owner/setup", &owner).await
                && answer.status == 200
                && let Some(cookie) = answer.header("set-cookie")
            {
                break cookie.split(';').next().unwrap_or_default().to_owned();
            }
            if begun.elapsed() > STARTING {
                bail!("n8n does not take its owner");
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        };
        api.headers.push(("cookie".to_owned(), cookie));
        let scopes = api.must("GET", "/rest/api-keys/scopes", &Value::Null).await?["data"].clone();
        let body = json!({ "label": "differential", "scopes": scopes, "expiresAt": null });
        let made = api.must("POST", "/rest/api-keys", &body).await?;
        let key = made["data"]["rawApiKey"].as_str().context("n8n gives no key")?.to_owned();
        api.headers = vec![("x-n8n-api-key".to_owned(), key.clone())];
        let base = format!("http://{}/api/v1", api.server);
        let own = json!({ "name": "$N8N", "type": "n8nApi", "data": { "apiKey": key, "baseUrl": base } });
        let mut credentials = BTreeMap::new();
        for mut body in servers.credentials().into_iter().chain([own]) {
            if let Some(body) = body.as_object_mut() {
                body.remove("id");
            }
            let made = api.must("POST", "/api/v1/credentials", &body).await?;
            let id = made["id"].as_str().context("n8n gives the credential no id")?;
            credentials.insert(body["name"].as_str().unwrap_or_default().to_owned(), id.to_owned());
        }
        Ok(Serving { api, credentials })
    }

    async fn run(&self, file: &CaseFile, position: usize, place: &Place, servers: &Servers) -> Result<Outcome> {
        let case = &file.cases[position];
        let tables = self.furnish(case).await?;
        servers.prepare(file, position)?;
        let mut text: Value = serde_json::from_str(&place.fill(&file.workflow(position)?.to_string()))?;
        for node in text["nodes"].as_array_mut().into_iter().flatten() {
            let credentials = node.get_mut("credentials").and_then(Value::as_object_mut);
            for (_, credential) in credentials.into_iter().flatten() {
                if let Some(id) = credential["id"].as_str().and_then(|title| self.credentials.get(title)) {
                    credential["id"] = id.clone().into();
                }
            }
        }
        let body = json!({
            "name": text["name"], "nodes": text["nodes"], "connections": text["connections"], "settings": text["settings"],
        });
        let made = self.api.must("POST", "/api/v1/workflows", &body).await?;
        let id = made["id"].as_str().context("n8n gives the workflow no id")?;
        let path = format!("/api/v1/workflows/{id}");
        if let Some(refused) = self.activate(&path).await? {
            self.clear(&path, tables).await?;
            return Ok(Outcome::failed(refused));
        }
        if file.listens {
            // It does not tell when it has begun to listen.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let ended = async || Ok(self.ended(id).await?.len());
        let seen = act::perform(file, position, (Side::N8n, &self.api.server), (place, servers), ended).await?;
        self.api.must("POST", &format!("{path}/deactivate"), &json!({})).await?;
        // It takes the addresses down after it has answered.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut runs = Vec::new();
        for execution in self.ended(id).await? {
            let data = &execution["data"]["resultData"];
            let of_node = data["runData"][NODE].as_array();
            let failed = match of_node {
                Some(runs) => runs.iter().any(|run| run["error"].is_object()),
                None => execution["status"] == "error",
            };
            let message = data["error"]["message"].as_str().unwrap_or("failed").to_owned();
            let outcome = if failed { Outcome::failed(message) } else { outcome_of(&execution)? };
            runs.push((of_node.is_some(), outcome));
        }
        let outcome = Outcome { seen, ..Outcome::of_runs(runs, case.runs) };
        self.clear(&path, tables).await?;
        Ok(outcome)
    }

    /// Makes a workflow live, or says why n8n does not. An address that another one has had is free after a while.
    async fn activate(&self, path: &str) -> Result<Option<String>> {
        let begun = Instant::now();
        loop {
            let answer = self.api.send("POST", &format!("{path}/activate"), &json!({})).await?;
            let text = answer.text();
            match answer.status {
                0..300 => return Ok(None),
                _ if !text.contains("conflict") => return Ok(Some(text)),
                _ => ensure!(begun.elapsed() < Duration::from_secs(10), "n8n does not make it live: {text}"),
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Takes a workflow and tables away.
    async fn clear(&self, workflow: &str, tables: Vec<String>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.api.send("DELETE", workflow, &Value::Null).await?;
            if answer.status < 300 {
                break;
            }
            // It takes a workflow out of service after it has said that it has.
            ensure!(begun.elapsed() < Duration::from_secs(30), "n8n does not delete it: {}", answer.text());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        for table in tables {
            // A case may have deleted it.
            self.api.send("DELETE", &format!("/api/v1/data-tables/{table}"), &Value::Null).await?;
        }
        Ok(())
    }

    /// Makes the tables of a case; gives their ids.
    async fn furnish(&self, case: &Case) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for (name, table) in &case.tables {
            let body = json!({ "name": name, "columns": table.columns() });
            let made = self.api.must("POST", "/api/v1/data-tables", &body).await?;
            let id = made["id"].as_str().context("n8n gives the table no id")?.to_owned();
            if !table.rows.is_empty() {
                let body = json!({ "data": table.rows, "returnType": "count" });
                self.api.must("POST", &format!("/api/v1/data-tables/{id}/rows"), &body).await?;
            }
            ids.push(id);
        }
        Ok(ids)
    }

    /// The runs of a workflow that have ended, the first one first.
    async fn ended(&self, workflow: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/executions?workflowId={workflow}&includeData=true&limit=100");
        let found = self.api.must("GET", &path, &Value::Null).await?;
        let list = found["data"].as_array().cloned().unwrap_or_default();
        ensure!(list.len() < 100, "the workflow {workflow} runs in circles");
        let done = |run: &Value| matches!(run["status"].as_str(), Some("success" | "error" | "canceled" | "crashed"));
        let mut list: Vec<Value> = list.into_iter().filter(done).collect();
        let number =
            |run: &Value| run["id"].as_str().and_then(|id| id.parse().ok()).or(run["id"].as_u64()).unwrap_or(0);
        list.sort_by_key(number);
        Ok(list)
    }
}
