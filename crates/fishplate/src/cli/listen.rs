//! `fishplate listen`: lets the webhooks of a draft hear test events.

use clap::Args;
use model::Problem;
use serde_json::{Value, json};

use super::client::Client;
use super::{Exit, Global, Output, output};

/// What `listen` takes.
#[derive(Args, Debug)]
pub struct Listen {
    /// Name of the workflow whose draft is tried
    workflow: String,
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
