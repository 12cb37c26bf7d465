//! `core.rss-read`: the items of a news feed.

use formats::feed;
use jiff::Timestamp;
use model::workflow::OnUncertain;
use model::{Item, Value};
use part::n8n::{self, Lifted, Mapping};
use part::{Ctx, Descriptor, Effect, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::convert::all;
use super::file::{TIME, refusal};
use crate::http::request::fetch;
use crate::lift::by_comma;
use crate::{dates, lenient};

/// What `core.rss-read` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Address of the feed.
    #[schemars(title = "Address of the feed", example = &"https://example.com/feed.xml")]
    #[serde(default, deserialize_with = "lenient::text")]
    url: String,
    /// Names of further fields to read of each item, separated by commas.
    #[schemars(title = "Further fields", extend("x-form" = { "as": "commas", "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    custom_fields: String,
    /// Read it although the certificate cannot be trusted.
    #[schemars(title = "Accept any certificate", extend("x-form" = { "more": true }))]
    #[serde(default, rename = "ignoreSSL", deserialize_with = "lenient::flag")]
    ignore_ssl: bool,
    /// What kinds of feed are asked for: RSS alone, as old versions of n8n's node do.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    rss_only: bool,
    /// The feed is read once, for all items together.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    once: bool,
}

/// Reads news feeds.
pub struct FeedRead;

impl Plain for FeedRead {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "core.rss-read",
        version: 1,
        title: "RSS read",
        summary: "Reads the items of a news feed, RSS or Atom",
        group: Group::Action,
        effect: Effect::Idempotent,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["feed", "atom", "news", "podcast", "blog"],
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.rssFeedRead", versions: &[1.0, 1.1, 1.2] }];
    const NAMES: n8n::Names =
        &[("url", "url"), ("customFields", "options.customFields"), ("ignoreSSL", "options.ignoreSSL")];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, Self::NAMES);
        if node.version < 1.1 {
            params.insert("once".into(), true.into());
        }
        if node.version < 1.2 {
            params.insert("rssOnly".into(), true.into());
        }
        Lifted::plain(params)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let input = ctx.input(0);
        let once = match ctx.typed_once(params).await {
            Ok(first) => first.once,
            Err(_) => false,
        };
        let mut position = 0;
        for segment in input.segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let origin = if once { all(input.len()) } else { Origin::item(position) };
                let read = match params {
                    Ok(params) => read(ctx, &params, position).await,
                    Err(error) => Err(error),
                };
                match read {
                    Ok(found) => {
                        for item in found {
                            outputs.push(0, item, origin.clone()).await?;
                        }
                    }
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                if once {
                    return outputs.done().await;
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

async fn read(ctx: &Ctx, params: &Params, position: usize) -> Result<Vec<Item>, NodeError> {
    if params.url.trim().is_empty() {
        return Err(NodeError::parameter("/params/url", "The parameter \"URL\" has to be set!"));
    }
    let accept = match params.rss_only {
        true => "application/rss+xml",
        false => {
            "application/rss+xml, application/rdf+xml;q=0.8, application/atom+xml;q=0.6, application/xml;q=0.4, \
             text/xml;q=0.4"
        }
    };
    let call = json!({
        "url": params.url,
        "headers": { "User-Agent": "rss-parser", "Accept": accept },
        "allowInvalidCertificates": params.ignore_ssl,
    });
    let text = fetch(ctx, call.as_object().cloned().unwrap_or_default(), position).await?;
    let more = by_comma(&params.custom_fields);
    let iso = |date: &str| {
        let millis = dates::parse(date, "UTC")?;
        Some(Timestamp::from_millisecond(millis).ok()?.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    };
    let found = ctx.compute(TIME, move || feed::read(&text, &more, &iso)).await?.map_err(refusal)?;
    Ok(found.into_iter().map(|item| Item::from_value(Value::Object(item))).collect())
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&FeedRead);
    }

    #[test]
    fn an_address_is_needed_and_a_way_out() {
        assert_eq!(failure(&FeedRead, json!({}), &[json!([{}])]), "The parameter \"URL\" has to be set!");
        let detail = failure(&FeedRead, json!({ "url": "http://feed.example" }), &[json!([{}])]);
        assert_eq!(detail, "this run has no way out");
        let detail = failure(&FeedRead, json!({ "url": "file:///etc/passwd" }), &[json!([{}])]);
        assert!(detail.contains("is no URL that can be called"), "{detail}");
        assert!(Bench::new(&FeedRead, json!({ "url": "x", "nope": 1 })).is_err());
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.2, json!({ "url": "http://a", "options": { "customFields": "a, b", "ignoreSSL": true } })),
        ] {
            check_round_trip(&FeedRead, version, parameters);
        }
    }
}
