//! `fishplate listen`: lets the webhooks of a draft hear test events, or sends those of the live one on to a laptop.

use std::time::Duration;

use clap::Args;
use inbound::webhooks::log::MASK;
use model::Problem;
use serde_json::{Value, json};
use url::Url;

use super::client::Client;
use super::{Exit, Global, Output, output};

/// What `listen` takes.
#[derive(Args, Debug)]
pub struct Listen {
    /// Name of the workflow
    workflow: String,
    /// Send what comes to the live workflow on to this address, too, instead of trying the draft
    #[arg(long, value_name = "URL", conflicts_with_all = ["keep"])]
    forward: Option<Url>,
    /// Stop when nothing came for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    seconds: u64,
    /// Hear every event until then, instead of one
    #[arg(long)]
    keep: bool,
}

/// `fishplate listen`.
pub async fn listen(global: &Global, options: Listen) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    if let Some(to) = &options.forward {
        return forward(global, &client, &options, to).await;
    }
    let path = ["workflows", &options.workflow, "draft", "listen"];
    let body = json!({ "seconds": options.seconds, "keep": options.keep });
    let listening = client.post(&path).json(&body).value().await?;
    match global.output {
        Output::Json => output::line(listening.to_string()),
        Output::Text => {
            for address in listening["addresses"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                output::line(format!("listening on {address}"));
            }
        }
    }
    let mut count = 0;
    client
        .get(&path)
        .events(|_, _, data| {
            count += 1;
            match global.output {
                Output::Json => output::line(data.to_string()),
                Output::Text => output::line(format!("{} began", output::text(&data, "run"))),
            }
            true
        })
        .await?;
    if count == 0 && global.output == Output::Text {
        output::line(format!("no event came until {}", output::text(&listening, "until")));
    }
    Ok(if count == 0 { Exit::Failed } else { Exit::Done })
}

/// How often is looked whether something came.
const LOOK: Duration = Duration::from_millis(500);
/// Headers that belong to one connection, and those that are set anew.
const OWN_HEADERS: [&str; 7] =
    ["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "keep-alive", "upgrade"];

/// Sends on what comes, as it came, until nothing has come for so long.
async fn forward(global: &Global, client: &Client, options: &Listen, to: &Url) -> Result<Exit, Problem> {
    let newest = client.get(&["arrivals"]).query("workflow", &options.workflow).query("limit", "1").value().await?;
    // Ids sort by time: without any, everything that comes is newer than the first possible one.
    let first = || "arr_00000000000000000000000000".to_owned();
    let mut after = newest["items"][0]["id"].as_str().map_or_else(first, str::to_owned);
    if global.output == Output::Text {
        output::line(format!("sending on what comes to {} to {to}; stop with Ctrl-C", options.workflow));
    }
    let (mut quiet, mut count) = (Duration::ZERO, 0);
    while quiet < Duration::from_secs(options.seconds) {
        quiet += LOOK;
        let ask = client.get(&["arrivals"]).query("workflow", &options.workflow).query("after", &after);
        let page = ask.query("limit", "100").value().await?;
        for item in page["items"].as_array().into_iter().flatten() {
            let id = output::text(item, "id").to_owned();
            quiet = Duration::ZERO;
            if item["hasBody"] == true && item["verdict"] != "refused" {
                let detail = client.get(&["arrivals", &id]).value().await?;
                send_on(global, client, &detail, to).await;
                count += 1;
            }
            after = id;
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(if count == 0 { Exit::Failed } else { Exit::Done })
}

/// A laptop that does not answer is told of, and keeps nothing from coming.
async fn send_on(global: &Global, client: &Client, detail: &Value, to: &Url) {
    let arrival = &detail["arrival"];
    let (method, target) = (output::text(arrival, "method"), output::text(arrival, "target"));
    let mut url = to.clone();
    if let Some((_, query)) = target.split_once('?') {
        url.set_query(Some(query));
    }
    let pairs: Vec<(String, String)> = serde_json::from_value(detail["headers"].clone()).unwrap_or_default();
    let headers = pairs.into_iter().filter(|(name, value)| !OWN_HEADERS.contains(&name.as_str()) && value != MASK);
    let body = match (detail["body"].as_str(), detail["bodyBase64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(text)) => part::params::base64(text).unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    let answered = client.elsewhere(method, url, headers.collect(), body).await;
    let said = match &answered {
        Ok(status) => status.to_string(),
        Err(reason) => reason.clone(),
    };
    match global.output {
        Output::Json => output::line(json!({ "id": arrival["id"], "answered": said }).to_string()),
        Output::Text => output::line(format!("{method} {target} → {said}")),
    }
}
