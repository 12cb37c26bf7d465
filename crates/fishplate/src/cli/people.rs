//! Commands on people: who may come in, and as what.

use auth::Role;
use clap::{Args, Subcommand};
use http::Method;
use model::{Code, Problem, Value};
use serde_json::json;

use super::client::Client;
use super::resources::report;
use super::{Exit, Global, Output, output};

/// Look at people, let them in, and change what they may do.
#[derive(Subcommand, Debug)]
pub enum People {
    /// Everybody whom the token may see, and links that wait
    List,
    /// Make a one-time link that lets somebody in
    Invite(Invite),
    /// Change what somebody may do; their sessions end
    Role(Change),
    /// Shut somebody out: their sessions, tokens and links end
    Disable(Who),
    /// Let somebody in again
    Enable(Who),
    /// Make a one-time link by which somebody sets a new password
    Reset(Who),
}

/// Whom to let in.
#[derive(Args, Debug)]
pub struct Invite {
    /// Address
    email: String,
    #[command(flatten)]
    rule: Given,
}

/// Whose role to change.
#[derive(Args, Debug)]
pub struct Change {
    /// Address
    email: String,
    #[command(flatten)]
    rule: Given,
}

/// A role somewhere.
#[derive(Args, Debug)]
pub struct Given {
    /// `viewer`, `operator`, `editor`, `admin` or `owner`
    #[arg(long, value_parser = role)]
    role: Role,
    /// Only there: `WORKSPACE` or `WORKSPACE/ENVIRONMENT`; without it, everywhere
    #[arg(long = "in", value_name = "PLACE")]
    place: Option<String>,
}

/// Whom.
#[derive(Args, Debug)]
pub struct Who {
    /// Address
    email: String,
}

fn role(text: &str) -> Result<Role, String> {
    let known = || Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    let found = Role::ALL.iter().find(|role| role.as_str() == text);
    found.copied().ok_or_else(|| format!("there are the roles {}", known()))
}

impl Given {
    fn rules(&self) -> Value {
        let mut rule = json!({ "role": self.role.as_str() });
        if let Some(place) = &self.place {
            let (workspace, environment) = place.split_once('/').map_or((place.as_str(), None), |(a, b)| (a, Some(b)));
            rule["workspace"] = workspace.into();
            if let Some(environment) = environment {
                rule["environment"] = environment.into();
            }
        }
        json!([rule])
    }
}

/// `fishplate owner-link`.
pub async fn owner_link(global: &Global) -> Result<Exit, Problem> {
    let made = Client::new(global)?.post(&["users", "owner-link"]).value().await?;
    link(global, &made, "makes whoever opens it an owner");
    Ok(Exit::Done)
}

/// `fishplate user`.
pub async fn people(global: &Global, verb: People) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    match verb {
        People::List => list(global, &client).await?,
        People::Invite(Invite { email, rule }) => {
            let body = json!({ "email": email, "rules": rule.rules() });
            let made = client.post(&["users", "invite"]).json(&body).value().await?;
            link(global, &made, &format!("lets {email} in"));
        }
        People::Role(Change { email, rule }) => {
            let id = find(&client, &email).await?;
            let body = json!({ "rules": rule.rules() });
            let changed = client.ask(Method::PUT, &["users", &id, "rules"]).json(&body).value().await?;
            report(global, &changed, |_| format!("{email} is now {}", said(&changed)));
        }
        People::Disable(Who { email }) => act(global, &client, &email, "disable", "may not come in any more").await?,
        People::Enable(Who { email }) => act(global, &client, &email, "enable", "may come in again").await?,
        People::Reset(Who { email }) => {
            let id = find(&client, &email).await?;
            let made = client.post(&["users", &id, "reset"]).value().await?;
            link(global, &made, &format!("lets {email} set a new password"));
        }
    }
    Ok(Exit::Done)
}

async fn act(global: &Global, client: &Client, email: &str, act: &str, words: &str) -> Result<(), Problem> {
    let id = find(client, email).await?;
    let changed = client.post(&["users", &id, act]).value().await?;
    report(global, &changed, |_| format!("{email} {words}"));
    Ok(())
}

async fn list(global: &Global, client: &Client) -> Result<(), Problem> {
    let people = client.get(&["users"]).query("limit", "1000").value().await?;
    let links = client.get(&["users", "links"]).value().await?;
    if global.output == Output::Json {
        output::json(&json!({ "people": people["items"], "links": links["items"] }));
        return Ok(());
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for person in people["items"].as_array().into_iter().flatten() {
        let state =
            if person["disabledAt"].is_null() { output::time(&person["signedInAt"]) } else { "disabled".into() };
        let text = |field: &str| output::text(person, field).to_owned();
        rows.push(vec![text("email"), text("name"), said(person), state]);
    }
    for waiting in links["items"].as_array().into_iter().flatten() {
        let purpose =
            format!("{} link until {}", output::text(waiting, "purpose"), output::time(&waiting["expiresAt"]));
        rows.push(vec![output::text(waiting, "email").to_owned(), String::new(), said(waiting), purpose]);
    }
    if rows.is_empty() {
        output::line("nobody yet; `fishplate owner-link` makes a link for the first owner");
        return Ok(());
    }
    output::table(&["email", "name", "may", "signed in"], &rows);
    Ok(())
}

/// Rules in words: `editor in acme/dev, viewer`.
fn said(person: &Value) -> String {
    let rules = person["rules"].as_array().into_iter().flatten().map(|rule| {
        let role = output::text(rule, "role");
        match (rule["workspace"].as_str(), rule["environment"].as_str()) {
            (None, None) => role.to_owned(),
            (workspace, environment) => {
                format!("{role} in {}/{}", workspace.unwrap_or("*"), environment.unwrap_or("*"))
            }
        }
    });
    rules.collect::<Vec<_>>().join(", ")
}

async fn find(client: &Client, email: &str) -> Result<String, Problem> {
    let wanted = email.trim().to_lowercase();
    let page = client.get(&["users"]).query("limit", "1000").value().await?;
    let found = page["items"].as_array().into_iter().flatten().find(|person| person["email"] == wanted.as_str());
    found.map(|person| output::text(person, "id").to_owned()).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("there is nobody with the address `{email}`"))
            .hint("`fishplate user list` shows everybody")
    })
}

fn link(global: &Global, made: &Value, what: &str) {
    report(global, made, |made| {
        let until = output::time(&made["expiresAt"]);
        format!("{}\n  {what}, once and until {until}; it is shown this once", output::text(made, "url"))
    });
}
