//! `fishplate webhooks`: webhooks out, posted, looked at, and mended.

use std::io::Read;

use clap::{Subcommand, ValueEnum};
use model::{Code, Problem};
use serde_json::{Value, json};

use super::client::Client;
use super::resources::report;
use super::{Exit, Global, output};

/// Verbs of `fishplate webhooks`.
#[derive(Subcommand, Debug)]
pub enum Webhooks {
    /// Post an event: its subscribers get it, signed, until they take it
    Send {
        /// Event type, for example `invoice.paid`
        event: String,
        /// What happened, as JSON; `-` reads it from standard input
        #[arg(value_name = "JSON", default_value = "{}")]
        what: String,
        /// Whose event it is; without it, everybody's
        #[arg(long)]
        customer: Option<String>,
        /// What tells it from others: a second one of the same key is not sent
        #[arg(long)]
        key: Option<String>,
    },
    /// List deliveries, those of the newest messages first
    Log {
        /// To this subscriber
        #[arg(long)]
        subscriber: Option<String>,
        /// Of this event type
        #[arg(long)]
        event: Option<String>,
        /// How they are
        #[arg(long, value_enum)]
        status: Option<Progress>,
        /// Most of them
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a delivery with its tries and what is sent
    Show {
        /// Id of the message
        message: String,
        /// Name of the subscriber
        subscriber: String,
    },
    /// Try a delivery again now
    Resend {
        /// Id of the message
        message: String,
        /// Name of the subscriber
        subscriber: String,
    },
    /// Tell how subscribers are
    State,
    /// Show what a receiver checks signatures with
    Key {
        /// Name of the subscriber
        subscriber: String,
        /// Make a new one; for a day the one before is used, too
        #[arg(long)]
        rotate: bool,
        /// Use the new one alone from now on
        #[arg(long, requires = "rotate")]
        at_once: bool,
    },
    /// Send a subscriber the example of an event type
    Test {
        /// Name of the subscriber
        subscriber: String,
        /// Event type whose example is sent
        #[arg(long)]
        event: Option<String>,
    },
    /// Stop delivering to a subscriber; what is for it waits
    Stop {
        /// Name of the subscriber
        subscriber: String,
    },
    /// Go on delivering to a subscriber that was stopped, paused or gone
    Resume {
        /// Name of the subscriber
        subscriber: String,
    },
    /// Try what failed for good again
    Recover {
        /// Name of the subscriber
        subscriber: String,
        /// Messages of the last so many hours
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        hours: u32,
        /// Also send what it wants and did not get because it came later
        #[arg(long)]
        missed: bool,
    },
    /// Make a link by which a customer looks after their own subscribers
    Portal {
        /// The customer, as events name it
        customer: String,
        /// How long the link is good
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        hours: u32,
        /// They may look, and change nothing
        #[arg(long)]
        read_only: bool,
    },
}

/// How a delivery is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Progress {
    /// It waits for its next try
    Waiting,
    /// It was taken
    Delivered,
    /// All tries failed
    Failed,
    /// Nobody wants it any more
    Dropped,
}

/// `fishplate webhooks`.
pub async fn webhooks(global: &Global, verb: Webhooks) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    match verb {
        Webhooks::Send { event, what, customer, key } => {
            let body = json!({
                "event": event, "data": read(&what)?, "customer": customer.unwrap_or_default(), "key": key,
            });
            let posted = client.post(&["events"]).json(&body).value().await?;
            report(global, &posted, |posted| match posted["known"] == true {
                true => format!("{} was posted before under that key", output::text(posted, "message")),
                false => format!("{} is on its way", output::text(posted, "message")),
            });
        }
        Webhooks::Log { subscriber, event, status, limit } => {
            let status = status.and_then(|status| status.to_possible_value().map(|value| value.get_name().to_owned()));
            let page = client
                .get(&["deliveries"])
                .maybe("subscriber", subscriber)
                .maybe("event", event)
                .maybe("status", status)
                .query("limit", limit.to_string())
                .value()
                .await?;
            table(global, &page, &["message", "subscriber", "event", "status", "tries", "answered", "reason"], |row| {
                let number = |name: &str| row[name].as_u64().map(|number| number.to_string()).unwrap_or_default();
                vec![
                    output::text(row, "message").to_owned(),
                    output::text(row, "subscriber").to_owned(),
                    output::text(row, "event").to_owned(),
                    output::text(row, "status").to_owned(),
                    number("attempts"),
                    number("answered"),
                    output::text(row, "reason").to_owned(),
                ]
            });
        }
        Webhooks::Show { message, subscriber } => {
            output::json(&client.get(&["deliveries", &message, &subscriber]).value().await?);
        }
        Webhooks::Resend { message, subscriber } => {
            client.post(&["deliveries", &message, &subscriber, "resend"]).send().await?;
            report(global, &json!({ "message": message, "subscriber": subscriber }), |_| {
                format!("{message} is sent to {subscriber} again")
            });
        }
        Webhooks::State => {
            let all = client.get(&["subscriber-states"]).value().await?;
            table(global, &all, &["subscriber", "state", "waiting", "failed", "address", "reason"], |row| {
                vec![
                    output::text(row, "name").to_owned(),
                    output::text(row, "state").to_owned(),
                    row["waiting"].to_string(),
                    row["failed"].to_string(),
                    output::text(row, "url").to_owned(),
                    output::text(row, "reason").to_owned(),
                ]
            });
        }
        Webhooks::Key { subscriber, rotate, at_once } => {
            let key = match rotate {
                true => {
                    let how = json!({ "atOnce": at_once });
                    client.post(&["subscribers", &subscriber, "rotate"]).json(&how).value().await?
                }
                false => client.get(&["subscribers", &subscriber, "key"]).value().await?,
            };
            report(global, &key, |key| output::text(key, "key").to_owned());
        }
        Webhooks::Test { subscriber, event } => {
            let body = json!({ "event": event });
            let posted = client.post(&["subscribers", &subscriber, "test"]).json(&body).value().await?;
            report(global, &posted, |posted| {
                let message = output::text(posted, "message");
                format!("{message} is on its way; see `fishplate webhooks show {message} {subscriber}`")
            });
        }
        Webhooks::Stop { subscriber } => turn(global, &client, &subscriber, "stop").await?,
        Webhooks::Resume { subscriber } => turn(global, &client, &subscriber, "resume").await?,
        Webhooks::Recover { subscriber, hours, missed } => {
            let since = crate::resources::now_millis() - i64::from(hours) * 3_600_000;
            let body = json!({ "since": since });
            let mut count = 0;
            for act in if missed { &["recover", "replay"][..] } else { &["recover"] } {
                let counted = client.post(&["subscribers", &subscriber, act]).json(&body).value().await?;
                count += counted["count"].as_u64().unwrap_or_default();
            }
            report(global, &json!({ "count": count }), |_| format!("{count} messages are sent again"));
        }
        Webhooks::Portal { customer, hours, read_only } => {
            let body = json!({ "customer": customer, "seconds": u64::from(hours) * 3600, "readOnly": read_only });
            let made = client.post(&["portal-passes"]).json(&body).value().await?;
            report(global, &made, |made| output::text(made, "url").to_owned());
        }
    }
    Ok(Exit::Done)
}

async fn turn(global: &Global, client: &Client, subscriber: &str, act: &str) -> Result<(), Problem> {
    let info = client.post(&["subscribers", subscriber, act]).value().await?;
    report(global, &info, |info| format!("subscriber/{subscriber} is {}", output::text(info, "state")));
    Ok(())
}

fn read(what: &str) -> Result<Value, Problem> {
    let mut text = what.to_owned();
    if what == "-" {
        text.clear();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| Problem::new(Code::Malformed, format!("standard input cannot be read: {error}")))?;
    }
    serde_json::from_str(&text).map_err(|error| {
        Problem::new(Code::Malformed, format!("the data is no JSON: {error}")).hint("quote it: '{\"id\": 1}'")
    })
}

fn table(global: &Global, page: &Value, head: &[&str], row: impl Fn(&Value) -> Vec<String>) {
    match global.output {
        super::Output::Json => output::json(page),
        super::Output::Text => {
            let cells: Vec<Vec<String>> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(head, &cells);
        }
    }
}
