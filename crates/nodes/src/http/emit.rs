//! `webhook.emit`: tells subscribers of an event.
//!
//! ```json
//! { "event": "invoice.paid", "customer": "={{ $json.customer }}", "key": "paid-{{ $json.id }}" }
//! ```
//!
//! The message is posted with the commit of the step's result, once, whatever crashes; deliveries go out from there.

use model::workflow::OnUncertain;
use model::{Item, Map, Value};
use part::events::{self, Posting};
use part::{Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::lenient;

/// What `webhook.emit` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Event type, as its resource is named.
    #[schemars(example = "invoice.paid")]
    #[serde(default, deserialize_with = "lenient::text")]
    event: String,
    /// What the message says.
    #[serde(default)]
    data: Data,
    /// The message's data.
    #[schemars(extend("x-form" = { "when": { "data": ["values"] } }))]
    #[serde(default)]
    values: Value,
    /// Whose event it is: their subscribers hear of it, and those of nobody in particular. Empty: everybody's.
    #[serde(default, deserialize_with = "lenient::text")]
    customer: String,
    /// What tells the event from others: a second one of the same key is not sent. Empty: every item is an event of its
    /// own.
    #[schemars(title = "Dedupe key", example = "paid-{{ $json.id }}")]
    #[serde(default, deserialize_with = "lenient::text")]
    key: String,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Data {
    /// The item.
    #[default]
    Item,
    /// Other values.
    Values,
}

/// Tells subscribers of an event.
pub struct Emit;

impl Plain for Emit {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "webhook.emit",
        version: 1,
        title: "Send event",
        summary: "Tells subscribers of an event: signed webhooks, tried again until they are taken",
        group: Group::Action,
        effect: Effect::Local,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["webhook", "notify", "subscriber", "publish", "standard webhooks", "delivery"],
    };

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let ctx = &*ctx;
        ctx.each_async(params, |one| {
            Box::pin(async move {
                let posted = post(ctx, &one.params, &one.item, one.position).await?;
                Ok(vec![Item::new(posted)])
            })
        })
        .await
    }
}

async fn post(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Map, NodeError> {
    let event = params.event.trim();
    if event.is_empty() {
        return Err(NodeError::parameter("/params/event", "the event type is missing").hint("name an event type"));
    }
    let data = match params.data {
        Data::Item => Value::Object(item.json.clone()),
        Data::Values => Value::Object(lenient::object(&params.values, "the values")?),
    };
    let info = ctx.info();
    let posting = Posting {
        event: event.to_owned(),
        customer: params.customer.clone(),
        key: Some(params.key.clone()).filter(|key| !key.is_empty()),
        data,
        source: info.run.to_string(),
    };
    let (event, customer) = (posting.event.clone(), posting.customer.clone());
    let id = events::post(ctx, posting, &position.to_string()).await?;
    let shown = json!({ "message": id, "event": event, "customer": customer });
    Ok(shown.as_object().cloned().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use store::{Change, Expect, ResourceWrite, Store};
    use testkit::contract;
    use testkit::step::{Bench, items};

    use super::*;

    async fn store() -> Store {
        let store = Store::temporary().await.unwrap();
        let write = ResourceWrite {
            kind: "event-type".into(),
            name: "invoice.paid".parse().unwrap(),
            spec_version: 1,
            labels: Default::default(),
            spec: json!({ "schema": { "type": "object", "required": ["id"] } }).to_string(),
            refs: Vec::new(),
            keys: Vec::new(),
            expect: Expect::Any,
        };
        store.put_resources(model::ScopeId(1), vec![write], Change::new("ada", 0)).await.unwrap();
        store
    }

    #[tokio::test]
    async fn an_item_becomes_a_message_of_a_known_type() {
        contract::check(&Emit);
        let store = store().await;
        let params = json!({ "event": "invoice.paid", "customer": "={{ $json.who }}", "key": "=paid-{{ $json.id }}" });
        let bench = Bench::new(&Emit, params).unwrap().events(&store);
        let ran = bench.attempt_async(vec![items(&json!([{ "id": 7, "who": "acme" }]))], None).await.unwrap();
        let shown = &ran.json()[0][0];
        let posted = bench.host().posted();
        let [message] = &posted[..] else { panic!("{posted:?}") };
        assert_eq!(shown, &json!({ "message": message.id, "event": "invoice.paid", "customer": "acme" }));
        assert_eq!((message.event.as_str(), message.customer.as_str()), ("invoice.paid", "acme"));
        assert_eq!(message.payload, r#"{"id":7,"who":"acme"}"#);
        assert_eq!(message.key.as_deref(), Some("paid-7"));
        let values = json!({ "event": "invoice.paid", "data": "values", "values": { "id": "={{ $json.id + 1 }}" } });
        let bench = Bench::new(&Emit, values).unwrap().events(&store);
        bench.attempt_async(vec![items(&json!([{ "id": 7 }]))], None).await.unwrap();
        let posted = bench.host().posted();
        assert_eq!((posted[0].payload.as_str(), posted[0].key.as_deref()), (r#"{"id":8}"#, None));
    }

    #[tokio::test]
    async fn what_the_type_does_not_take_fails_its_item_and_posts_nothing() {
        let store = store().await;
        let fails = async |params: Value| {
            let bench = Bench::new(&Emit, params).unwrap().events(&store);
            let ran = bench.attempt_async(vec![items(&json!([{ "who": "acme" }]))], None).await;
            assert_eq!(bench.host().posted(), []);
            ran.err().unwrap().to_string()
        };
        let missing = fails(json!({ "event": "invoice.paid" })).await;
        assert!(missing.contains("\"id\" is a required property"), "{missing}");
        let unknown = fails(json!({ "event": "nothing.known" })).await;
        assert!(unknown.contains("there is no event type `nothing.known`"), "{unknown}");
        assert!(fails(json!({})).await.contains("the event type is missing"));
    }
}
