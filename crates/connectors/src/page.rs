//! A connector's page in the documentation, made of its manifest.

use std::fmt::Write;

use auth::Flow;
use model::Value;
use part::hook::SIGNING;

use crate::manifest::{Auth, Hook, Manifest, Param, Values};
use crate::node::effect;
use crate::schema::title;

/// The list of all connectors.
pub fn index<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> String {
    let mut out = String::from(
        "# Connectors\n\nThis list and its pages are made of the manifests in `catalog/connectors`; edit those.\n\n\
         | service | what one does with it | operations | triggers |\n|---|---|---|---|\n",
    );
    for manifest in manifests {
        let _ = writeln!(
            out,
            "| [{}]({}.md) | {} | {} | {} |",
            manifest.title,
            manifest.connector,
            cell(&manifest.summary),
            manifest.operations.len(),
            manifest.triggers.len()
        );
    }
    out
}

/// The page of one.
pub fn page(manifest: &Manifest) -> String {
    let mut out = format!(
        "# {}\n\n{}\nThis page is made of `catalog/connectors/{}/connector.yaml`, which was written from {}.\n",
        manifest.title, manifest.summary, manifest.connector, manifest.docs
    );
    accounts(manifest, &mut out);
    if let Some(rate) = &manifest.limits.rate {
        let _ = writeln!(out, "\n## Limits\n\n{} calls in {} for an account.", rate.calls, rate.per);
    }
    if !manifest.operations.is_empty() {
        out.push_str("\n## Operations\n");
    }
    for (name, operation) in &manifest.operations {
        let _ =
            writeln!(out, "\n### {}\n\n`{}.{name}`: {}", operation.title, manifest.connector, line(&operation.summary));
        let what = match effect(operation) {
            crate::manifest::Effect::Read => "It only reads.",
            crate::manifest::Effect::Idempotent => "Making it twice is the same as making it once.",
            crate::manifest::Effect::Write => "It changes something.",
            crate::manifest::Effect::Money => "It moves money: a call whose outcome is not known waits for a person.",
        };
        out.push_str(what);
        out.push('\n');
        let reads = crate::reads::said(manifest, operation);
        if let (Some(cache), true) = (reads.cache, effect(operation) == crate::manifest::Effect::Read) {
            let longer = reads.stale_on_error.map(|time| format!(", and for {time} more while the service fails"));
            let _ = writeln!(out, "Its last answer is given again for {cache}{}.", longer.unwrap_or_default());
        }
        if let Some(docs) = &operation.docs {
            let _ = writeln!(out, "The vendor's page: {docs}");
        }
        table(&operation.params, &mut out);
        if operation.exchange.paging.is_some() || operation.steps.iter().any(|step| step.exchange.paging.is_some()) {
            out.push_str("\n`all` reads page after page to the end; else there are at most `limit` items (50).\n");
        }
    }
    if !manifest.triggers.is_empty() {
        out.push_str("\n## Triggers\n");
    }
    for (name, trigger) in &manifest.triggers {
        let _ = writeln!(out, "\n### {}\n\n`{}.{name}`: {}", trigger.title, manifest.connector, line(&trigger.summary));
        match (&trigger.poll, &trigger.hook) {
            (Some(poll), _) => {
                let _ = writeln!(out, "The service is asked every {}, unless `every` says otherwise.", poll.every);
            }
            (None, Some(hook)) => called(hook, &mut out),
            (None, None) => {}
        }
        table(&trigger.params, &mut out);
    }
    if !manifest.n8n.is_empty() {
        out.push_str("\n## From n8n\n\n");
        for n8n in &manifest.n8n {
            let versions: Vec<String> = n8n.versions.iter().map(f64::to_string).collect();
            let _ = writeln!(out, "- `{}`, versions {}", crate::lift::full(&n8n.node_type), versions.join(", "));
        }
    }
    out
}

fn accounts(manifest: &Manifest, out: &mut String) {
    if manifest.auth.is_empty() {
        out.push_str("\nIt asks for no account.\n");
        return;
    }
    out.push_str("\n## Accounts\n\n| way | where it is found |\n|---|---|\n");
    for auth in manifest.auth.values() {
        let (title, help) = auth.words();
        let name = match auth {
            Auth::Oauth2(oauth) => {
                let how = match oauth.flow {
                    Flow::AuthorizationCode => "OAuth 2.0, consent in the browser",
                    Flow::ClientCredentials => "OAuth 2.0, the application's own account",
                    Flow::DeviceCode => "OAuth 2.0, consent on another device",
                    Flow::JwtBearer => "OAuth 2.0, a service account",
                };
                format!("{title} ({how})")
            }
            _ => title.to_owned(),
        };
        let _ = writeln!(out, "| {} | {} |", cell(&name), cell(help));
    }
    if !manifest.settings.is_empty() {
        out.push_str("\nThe connection says, too:\n");
        table(&manifest.settings, out);
    }
}

/// How a service comes to call.
fn called(hook: &Hook, out: &mut String) {
    let page = "(../concepts/called.md)";
    let _ = match hook.register.is_empty() {
        false => writeln!(out, "The service calls: it [is told an address]{page} when the workflow is activated."),
        true => writeln!(out, "The service calls: you [enter an address]{page} there."),
    };
    if let Some(help) = &hook.help {
        let _ = writeln!(out, "{}", line(help));
    }
    if hook.exclusive.is_some() {
        out.push_str("It knows one address only, so one trigger for an account can have it.\n");
    }
    match (&hook.verify, hook.secret.as_deref()) {
        (Some(sender), Some(SIGNING)) => {
            let _ = writeln!(
                out,
                "The slot `signing` takes a connection of type `webhook`, sender `{sender}`, with its secret."
            );
        }
        (Some(_), Some(secret)) => {
            let field = secret.trim_start_matches("account.");
            let _ = writeln!(
                out,
                "Its calls are signed with the account's secret `{field}`, or with one of a connection in the slot `signing`."
            );
        }
        _ => {}
    }
}

fn table(params: &indexmap::IndexMap<String, Param>, out: &mut String) {
    if params.is_empty() {
        return;
    }
    out.push_str("\n| parameter | type | what it means |\n|---|---|---|\n");
    for (name, param) in params {
        let kind = format!("{:?}", param.kind).to_lowercase();
        let mut about =
            param.about.clone().unwrap_or_else(|| format!("{}.", param.title.clone().unwrap_or_else(|| title(name))));
        match &param.values {
            Some(Values::List(list)) => {
                let texts: Vec<String> = list.iter().map(|value| format!("`{}`", shown(value))).collect();
                let _ = write!(about, " One of {}.", texts.join(", "));
            }
            Some(Values::Titled(titles)) => {
                let texts: Vec<String> = titles.keys().map(|value| format!("`{value}`")).collect();
                let _ = write!(about, " One of {}.", texts.join(", "));
            }
            None => {}
        }
        if let Some(default) = &param.default {
            let _ = write!(about, " Default: `{}`.", shown(default));
        }
        let needed = if param.required && param.default.is_none() { ", needed" } else { "" };
        let _ = writeln!(out, "| `{name}` | {kind}{needed} | {} |", cell(&about));
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;").trim().to_owned()
}

/// A sentence that ends.
fn line(text: &str) -> String {
    let text = text.replace('\n', " ");
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
