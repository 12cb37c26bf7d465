//! What a step of a run sent and got, without secrets.
//!
//! Secrets of the connections that the step names are looked for by their values, in every form; what stands where
//! secrets stand is taken for one. What a person wrote into a parameter as it is, is masked where it looks like one.

use connectors::mask::Masks;
use futures_util::StreamExt;
use inbound::files::Files;
use model::{Digest, Name, Problem, ScopeId, Value};
use part::http::{Call, Reply};
use part::runs::{StepExchange, StepExchanges};
use serde_json::json;

use super::App;

/// Longest body that is shown; longer ones are named by their digest.
const SHOWN: u64 = 1 << 20;
/// Bytes of bodies that are shown in all, those of the item that was asked for first.
const SHOWN_IN_ALL: u64 = 8 << 20;

/// Answers with what a step sent and got.
pub async fn of_step(app: App, call: Call) -> Result<Reply, Problem> {
    let (step, item) = (call.id("step", "step")?, call.number("item").unwrap_or(0) as usize);
    let run = super::runs::run_of(&app, &call).await?;
    let scope = app.scope(&call.scope).await?;
    let mut shown = app.runs.exchanges(&call.scope, run, step, item).await?;
    let mut left = SHOWN_IN_ALL;
    let of_item = |exchange: &StepExchange| exchange.item.is_none_or(|of| of as usize == item);
    for first in [true, false] {
        for exchange in shown.exchanges.iter_mut().filter(|exchange| of_item(exchange) == first) {
            if let Some(answer) = &mut exchange.answer {
                read_body(&app, scope, answer, &mut left, &mut shown.notes).await;
            }
        }
    }
    let masks = masks(&app, scope, &mut shown).await;
    Reply::json(&masked(shown, &masks))
}

/// Puts the text of a body into an answer that has its digest only; takes away what is too much in all.
async fn read_body(app: &App, scope: ScopeId, answer: &mut Value, left: &mut u64, notes: &mut Vec<String>) {
    if let Some(text) = answer["body"]["text"].as_str() {
        let size = text.len() as u64;
        match left.checked_sub(size) {
            Some(rest) => *left = rest,
            None => answer["body"] = json!({ "size": size }),
        }
        return;
    }
    let digest: Option<Digest> = answer["body"]["blob"].as_str().and_then(|text| text.parse().ok());
    let size = answer["body"]["size"].as_u64().unwrap_or_default();
    let kind = answer["headers"]["content-type"].as_str().unwrap_or_default().to_owned();
    let shown = size <= SHOWN.min(*left) && !part::exchange::answer::is_binary(&kind);
    let Some(digest) = digest.filter(|_| shown) else { return };
    match whole(app, scope, digest).await {
        Ok(bytes) => {
            *left -= size;
            answer["body"] = json!({ "text": part::exchange::answer::decode(&bytes, &kind) });
        }
        Err(_) => notes.push(format!("a body of {size} bytes is not kept any more")),
    }
}

async fn whole(app: &App, scope: ScopeId, digest: Digest) -> Result<Vec<u8>, Problem> {
    let mut chunks = Files::read(&app.store, scope, digest).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

async fn masks(app: &App, scope: ScopeId, shown: &mut StepExchanges) -> Masks {
    let mut masks = Masks::default();
    for connection in &shown.connections {
        let Ok(name) = connection.parse::<Name>() else { continue };
        match app.vault.to_mask(scope, &name).await {
            Ok(secrets) => {
                for (field, secret) in secrets {
                    masks.add(&field, &String::from_utf8_lossy(secret.bytes()));
                }
            }
            Err(_) => {
                shown.notes.push(format!("the secrets of `{connection}` cannot be read, and are masked by place only"))
            }
        }
    }
    shown.params.iter().for_each(|params| masks.fields(params));
    for exchange in &shown.exchanges {
        for part in [&exchange.request, &exchange.answer].into_iter().flatten() {
            part["headers"].as_object().into_iter().for_each(|headers| masks.headers(headers));
            masks.address(part["url"].as_str().unwrap_or_default());
            masks.fields(part);
            let text = part["body"]["text"].as_str().unwrap_or_default();
            masks.fields(&part::exchange::answer::parsed(text));
        }
    }
    masks
}

fn masked(mut shown: StepExchanges, masks: &Masks) -> StepExchanges {
    shown.params = shown.params.map(|params| masks.value(&params));
    for exchange in &mut shown.exchanges {
        for part in [&mut exchange.request, &mut exchange.answer] {
            *part = part.take().map(|part| masks.value(&part));
        }
        exchange.error = exchange.error.take().map(|error| masks.text(&error));
    }
    shown
}
