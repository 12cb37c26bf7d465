//! `fishplate connect`: connects an account on an outside service, with a person's consent where the service wants it.

use std::time::Duration;

use clap::Args;
use model::{Code, Problem};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::Client;
use super::resources::report;
use super::{Exit, Global, Output, output};

/// How often is looked whether somebody has consented in the browser.
const LOOK: Duration = Duration::from_secs(1);
/// How many times; the server waits about as long.
const LOOKS: u32 = 600;

/// What `connect` takes.
#[derive(Args, Debug)]
pub struct Connect {
    /// Name of the connection
    connection: String,
    /// Only tell how it is
    #[arg(long, conflicts_with_all = ["link", "disconnect"])]
    status: bool,
    /// Make a link by which the account's owner connects it, good once
    #[arg(long, conflicts_with = "disconnect")]
    link: bool,
    /// Take the consent back
    #[arg(long)]
    disconnect: bool,
}

/// `fishplate connect`.
pub async fn connect(global: &Global, options: Connect) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let name = options.connection.as_str();
    let at = |rest: &'static str| ["connections", name, rest];
    if options.link {
        let link = client.post(&at("reconnect-link")).value().await?;
        report(global, &link, |link| output::text(link, "url").to_owned());
        return Ok(Exit::Done);
    }
    if options.disconnect {
        let answer = client.post(&at("disconnect")).value().await?;
        report(global, &answer, |answer| match answer["told"] == true {
            true => format!("connection/{name} is disconnected, and the service knows"),
            false => format!("connection/{name} is disconnected here; take the consent back at the service, too"),
        });
        return Ok(Exit::Done);
    }
    let status = client.get(&at("status")).value().await?;
    if options.status {
        return Ok(tell(global, &status));
    }
    if status["needsConsent"] != true {
        let tried = client.post(&at("test")).json(&json!({})).value().await?;
        return Ok(tell(global, &tried["status"]));
    }
    let spec = client.get(&["connections", name]).value().await?;
    if spec["spec"]["auth"]["flow"] == "deviceCode" {
        by_device(global, &client, name).await?;
    } else {
        by_browser(global, &client, name, &status).await?;
    }
    Ok(tell(global, &client.get(&at("status")).value().await?))
}

/// Waits until somebody has consented in a browser.
async fn by_browser(global: &Global, client: &Client, name: &str, before: &Value) -> Result<(), Problem> {
    let consent = client.post(&["connections", name, "authorize"]).value().await?;
    say(global, &consent, || {
        let scopes = words(&consent["scopes"]);
        output::line(format!("open this in a browser, and consent{scopes}:\n{}", output::text(&consent, "location")));
    });
    for _ in 0..LOOKS {
        sleep(LOOK).await;
        let now = client.get(&["connections", name, "status"]).value().await?;
        if now["connectedAt"] != before["connectedAt"] {
            return Ok(());
        }
    }
    Err(Problem::new(Code::ConsentRefused, "nobody has consented in time").hint("begin again"))
}

/// Waits until somebody has typed the code in.
async fn by_device(global: &Global, client: &Client, name: &str) -> Result<(), Problem> {
    let code = client.post(&["connections", name, "device"]).value().await?;
    say(global, &code, || {
        let (place, typed) = (output::text(&code, "verificationUri"), output::text(&code, "userCode"));
        output::line(format!("open {place} on any device, and type in {typed}{}", words(&code["scopes"])));
    });
    let mut pause = Duration::from_secs(code["interval"].as_u64().unwrap_or(5));
    loop {
        sleep(pause).await;
        let handle = json!({ "handle": code["handle"] });
        let answer = client.post(&["connections", name, "device", "poll"]).json(&handle).value().await?;
        if answer["connected"] == true {
            return Ok(());
        }
        if answer["slower"] == true {
            pause += Duration::from_secs(5);
        }
    }
}

/// What a person has to do now goes out before the end; a program reads one document a line.
fn say(global: &Global, answer: &Value, text: impl FnOnce()) {
    match global.output {
        Output::Json => output::line(answer.to_string()),
        Output::Text => text(),
    }
}

fn words(scopes: &Value) -> String {
    let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if scopes.is_empty() { String::new() } else { format!(" (it asks for {})", scopes.join(", ")) }
}

/// How it is.
fn tell(global: &Global, status: &Value) -> Exit {
    let state = output::text(status, "state");
    report(global, status, |status| {
        let why = status["reason"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
        format!("connection/{} is {state}{why}", output::text(status, "name"))
    });
    if state == "good" || state == "ending" { Exit::Done } else { Exit::Failed }
}
