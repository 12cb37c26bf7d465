//! Webhooks that are answered by a workflow: a small one, a chain of forty pure nodes, code over a thousand items.

use anyhow::{Result, ensure};
use aws_lc_rs::hmac;
use serde_json::json;

use super::{CONNECTIONS, Case, Options, hook, measure, places};
use crate::load::Load;
use crate::report::Report;
use crate::server::Server;
use crate::workflows;

pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    for (store, place) in places(report)? {
        let server = place.start()?;
        server.activate("small", &workflows::set_if("small"))?;
        server.activate("chain", &workflows::chain40("chain"))?;
        server.activate("code", &workflows::code1000("code"))?;
        let signature = signed_by_github(&server)?;
        server.activate("signed", &workflows::signed("signed", "github-events"))?;
        let items = workflows::items1000();
        for connections in CONNECTIONS {
            let small = hook(&server, "small", workflows::ORDER, connections, options.time);
            let keyed = Load { keyed: true, ..small.clone() };
            let signed = Load {
                headers: format!("x-hub-signature-256: {signature}\r\n"),
                ..hook(&server, "signed", workflows::ORDER, connections, options.time)
            };
            let chain = hook(&server, "chain", workflows::ORDER, connections, options.time);
            let code = hook(&server, "code", &items, connections, options.time);
            let goal = |steps, goal_cpu_ms| Case { name: "", store, steps, goal_cpu_ms: Some(goal_cpu_ms) };
            for (name, load, case) in [
                ("webhook → set → if → respond", small, goal(None, 0.08)),
                ("the same, each with a dedupe key", keyed, goal(None, 0.08)),
                ("signed by its sender, checked, stored, answered at once", signed, goal(None, 0.06)),
                ("chain of 40 set nodes", chain, goal(Some(40), 0.005)),
                ("code over 1,000 items", code, goal(None, 1.5)),
            ] {
                let before = server.runs()?;
                let (row, requests) = measure(&Case { name, ..case }, &load, &server.processes())?;
                ensure!(row.errors == 0, "{} answers of `{name}` were errors", row.errors);
                report.row(row);
                let after = server.runs()?;
                let new = after.of("completed") - before.of("completed");
                ensure!(new == requests, "{requests} events made {new} completed runs: {after:?}");
            }
        }
        server.stop()?;
    }
    Ok(())
}

/// Makes the connection that knows the sender's secret, and signs the order as GitHub does.
fn signed_by_github(server: &Server) -> Result<String> {
    let secret = "a secret that both sides know";
    let mut client = server.client()?;
    let connection = json!({ "spec": { "auth": { "type": "webhook", "sender": "github" } } });
    client.json("PUT", "/api/v1/connections/github-events", &connection)?;
    client.json("PUT", "/api/v1/connections/github-events/secrets/secret", &json!({ "value": secret }))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, workflows::ORDER.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256={hex}"))
}
