//! `core.jwt`: makes JSON web tokens, checks them, and reads them. The key is that of a `jwt` connection, which signs
//! and checks for the node: the node never sees it.
//!
//! ```json
//! { "operation": "decode", "token": "={{ $json.token }}" }
//! ```

use std::sync::Arc;

use auth::connection::JwtAlgorithm;
use auth::{TokenChecks, TokenRequest};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, Name, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::node::Slot;
use part::{CallSpec, Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::lenient;
use crate::lift::{copy, not_honoured};

/// What `core.jwt` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What is done.
    #[serde(default)]
    operation: Operation,
    /// What the token says (`sign`): an object, or its JSON. `iat` is the time of the step unless it is among them; it
    /// is good for ever unless `exp` is.
    #[schemars(extend("x-form" = { "when": { "operation": "sign" }, "as": "json" }))]
    #[serde(default)]
    claims: Value,
    /// What its head says beside the algorithm (`sign`): an object, or its JSON.
    #[schemars(extend("x-form" = { "when": { "operation": "sign" }, "as": "json", "more": true }))]
    #[serde(default)]
    head: Value,
    /// Id of the key, in its head (`sign`); absent: that of the connection.
    #[schemars(extend("x-form" = { "when": { "operation": "sign" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    key_id: String,
    /// Another algorithm than the connection's, for keys of the same kind.
    #[schemars(extend("x-form" = { "when": { "operation": ["sign", "verify"] }, "more": true }))]
    #[serde(default)]
    algorithm: Option<JwtAlgorithm>,
    /// The token (`verify`, `decode`).
    #[schemars(example = &"={{ $json.token }}", extend("x-form" = { "when": { "operation": ["verify", "decode"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    token: String,
    /// The head and the signature of the token are put out, too (`verify`, `decode`).
    #[schemars(
        title = "With header and signature",
        extend("x-form" = { "when": { "operation": ["verify", "decode"] }, "more": true })
    )]
    #[serde(default)]
    complete: bool,
    /// A token that has expired is good, too (`verify`).
    #[schemars(extend("x-form" = { "when": { "operation": "verify" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    ignore_expiration: bool,
    /// A token that is not good yet is good, too (`verify`).
    #[schemars(extend("x-form" = { "when": { "operation": "verify" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    ignore_not_before: bool,
    /// Seconds by which the clocks may differ (`verify`).
    #[schemars(extend("x-form" = { "when": { "operation": "verify" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::whole")]
    clock_tolerance: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Makes a token.
    #[default]
    Sign,
    /// Checks a token: its signature, and the times between which it is good.
    Verify,
    /// Reads a token without checking it.
    Decode,
}

/// Makes, checks and reads JSON web tokens.
pub struct Jwt;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.jwt",
    version: 1,
    title: "JWT",
    summary: "Makes, checks and reads JSON web tokens",
    group: Group::Transform,
    // Signing takes the clock, and some keys take chance: what came of it is kept, as of any call.
    effect: Effect::Idempotent,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["token", "sign", "verify", "decode", "claims", "bearer"],
};

const NAMES: Names = &[
    ("operation", "operation"),
    ("token", "token"),
    ("head", "headerClaims"),
    ("keyId", "options.kid"),
    ("algorithm", "options.algorithm"),
    ("complete", "options.complete"),
    ("ignoreExpiration", "options.ignoreExpiration"),
    ("ignoreNotBefore", "options.ignoreNotBefore"),
    ("clockTolerance", "options.clockTolerance"),
];
const SLOT: &str = "auth";

impl NodeType for Jwt {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let reads = node.params.get("operation").is_some_and(|operation| operation == "decode");
        let incomplete = match reads || node.connections.contains_key(SLOT) {
            true => Vec::new(),
            false => {
                let problem =
                    Problem::new(Code::ConnectionMissing, "there is no connection whose key signs and checks");
                vec![problem.at("/connections/auth").hint("choose the `jwt` connection that holds the key")]
            }
        };
        let effect = if reads { Effect::Pure } else { Effect::Idempotent };
        Ok(Arc::new(Prepared { params: Typed::compile(&node.params)?, effect, incomplete }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["jwt"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.jwt", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // Which of the two kinds of claims counts follows from our having one.
        &["useJson"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut lifted = Lifted::plain(n8n::named(node, NAMES));
        lifted.slots.insert("jwtAuth".into(), SLOT.into());
        let place = if node.flag("useJson", false) { "claimsJson" } else { "claims" };
        copy(node, place, &mut lifted.params, "claims");
        if node.param("options.algorithm") == "ES512" {
            lifted.params.shift_remove("algorithm");
            not_honoured(&mut lifted, "options.algorithm", "`ES512` is not there: choose another");
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        let mut lowered = n8n::renamed(&node.params, NAMES);
        match node.params.get("claims") {
            Some(claims @ Value::Object(_)) => n8n::put(&mut lowered, "claims", claims.clone()),
            Some(claims) => {
                n8n::put(&mut lowered, "useJson", true);
                n8n::put(&mut lowered, "claimsJson", claims.clone());
            }
            None => {}
        }
        lowered
    }
}

struct Prepared {
    params: Typed<Params>,
    effect: Effect,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        self.effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            ctx.each_async(&self.params, |one| {
                Box::pin(async move { Ok(vec![Item::new(made(&one.params, one.ctx, one.position).await?)]) })
            })
            .await
        })
    }
}

async fn made(params: &Params, ctx: &Ctx, position: usize) -> Result<Map, NodeError> {
    match params.operation {
        Operation::Sign => {
            let mut claims = lenient::object(&params.claims, "the claims")?;
            claims.entry("iat").or_insert_with(|| (ctx.now().div_euclid(1000)).into());
            let mut head = lenient::object(&params.head, "the head")?;
            if !params.key_id.is_empty() {
                // What the head says itself counts more.
                let id = [("kid".to_owned(), Value::from(params.key_id.as_str()))];
                head = id.into_iter().chain(head).collect();
            }
            let asked = TokenRequest { claims, head, algorithm: params.algorithm };
            let connection = connection(ctx)?;
            let call = CallSpec {
                name: "sign".into(),
                item: Some(position as u32),
                request: json!({ "connection": connection, "token": asked }),
            };
            let token = ctx
                .call(call, |_| {
                    let asked = asked.clone();
                    async move { Ok(Value::String(ctx.host().sign_token(connection, &asked).await?)) }.boxed()
                })
                .await?;
            Ok(Map::from_iter([("token".to_owned(), token)]))
        }
        Operation::Verify => {
            let token = given(params)?;
            let connection = connection(ctx)?;
            let checks = TokenChecks {
                algorithm: params.algorithm,
                expiration: !params.ignore_expiration,
                not_before: !params.ignore_not_before,
                leeway: params.clock_tolerance.into(),
                now: ctx.now().div_euclid(1000),
            };
            let call = CallSpec {
                name: "verify".into(),
                item: Some(position as u32),
                request: json!({ "connection": connection, "token": token, "checks": checks }),
            };
            let claims = ctx
                .call(call, |_| async move { Ok(ctx.host().check_token(connection, token, &checks).await?) }.boxed())
                .await?;
            shown(params, token, claims)
        }
        Operation::Decode => {
            let token = given(params)?;
            match part_of(token, 1) {
                Some(claims) => shown(params, token, claims),
                // As in n8n: what cannot be read is no error.
                None => Ok(Map::from_iter([("payload".to_owned(), Value::Null)])),
            }
        }
    }
}

fn given(params: &Params) -> Result<&str, NodeError> {
    match params.token.trim() {
        "" => Err(NodeError::parameter("/params/token", "The JWT token was not provided")
            .hint("Be sure to add a valid JWT token to the 'Token' parameter")),
        token => Ok(token),
    }
}

fn connection(ctx: &Ctx) -> Result<&Name, NodeError> {
    ctx.info().connections.get(SLOT).ok_or_else(|| {
        let detail = "the node has no connection whose key signs and checks";
        NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
            .hint("choose the `jwt` connection that holds the key")
    })
}

fn shown(params: &Params, token: &str, claims: Value) -> Result<Map, NodeError> {
    let mut map = Map::new();
    if params.complete {
        map.insert("header".into(), part_of(token, 0).unwrap_or_default());
    }
    map.insert("payload".into(), claims);
    if params.complete {
        map.insert("signature".into(), token.split('.').nth(2).unwrap_or_default().into());
    }
    Ok(map)
}

/// The head or the claims, when all three parts are there and both can be read.
fn part_of(token: &str, at: usize) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, _] = parts.as_slice() else { return None };
    let read = |part: &str| {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(part.trim_end_matches('=').as_bytes()).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let head = read(head).filter(Value::is_object)?;
    // Claims may be any text.
    let claims = read(claims).or_else(|| {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?;
        String::from_utf8(bytes).ok().map(Value::String)
    })?;
    Some(if at == 0 { head } else { claims })
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, NOW, failure, run};

    use super::*;
    use crate::lift::node;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

    fn bench(params: Value) -> Bench {
        let spec = NodeSpec {
            name: "Node".into(),
            params: params.as_object().unwrap().clone(),
            connections: [("auth".to_owned(), "keys".parse().unwrap())].into(),
            ..NodeSpec::default()
        };
        Bench::of(&Jwt, spec).unwrap()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Jwt);
        contract::runs(&Jwt, json!({ "operation": "decode", "token": TOKEN }), &[json!([{}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params = json!({ "operation": "decode", "token": "={{ $json.token }}" });
        let made = run(&Jwt, params, &[json!([{ "token": TOKEN }])]).unwrap();
        let claims = json!({ "sub": "1234567890", "name": "John Doe", "iat": 1_516_239_022 });
        assert_eq!(made, [json!([{ "payload": claims }])]);
    }

    #[test]
    fn tokens_are_read_whole_or_not_at_all() {
        let complete = json!({ "operation": "decode", "token": TOKEN, "complete": true });
        let made = run(&Jwt, complete, &[json!([{}])]).unwrap();
        assert_eq!(made[0][0]["header"], json!({ "alg": "HS256", "typ": "JWT" }));
        assert!(TOKEN.ends_with(made[0][0]["signature"].as_str().unwrap()));
        for broken in ["x", "a.b", "a.b.c.d", "....", "e30.!.x"] {
            let made = run(&Jwt, json!({ "operation": "decode", "token": broken }), &[json!([{}])]).unwrap();
            assert_eq!(made, [json!([{ "payload": null }])], "{broken}");
        }
        let none = failure(&Jwt, json!({ "operation": "decode" }), &[json!([{}])]);
        assert_eq!(none, "The JWT token was not provided");
    }

    #[test]
    fn the_head_takes_what_it_is_given() {
        let params = json!({ "claims": {}, "head": { "x": 1 }, "keyId": "k", "algorithm": "HS512" });
        let made = bench(params).run(&[json!([{}])]).unwrap().json();
        let signed: Value = serde_json::from_str(made[0][0]["token"].as_str().unwrap()).unwrap();
        assert_eq!((&signed["head"], &signed["algorithm"]), (&json!({ "kid": "k", "x": 1 }), &json!("HS512")));
    }

    #[test]
    fn the_connection_signs_with_the_step_s_time() {
        let made = || bench(json!({ "claims": "{\"sub\": \"a\"}" }));
        contract::repeats_under_one_key(&made(), &[json!([{}])]);
        let made = made().run(&[json!([{}])]).unwrap().json();
        let signed: Value = serde_json::from_str(made[0][0]["token"].as_str().unwrap()).unwrap();
        assert_eq!(signed, json!({ "connection": "keys", "claims": { "sub": "a", "iat": NOW / 1000 } }));
        assert!(failure(&Jwt, json!({}), &[json!([{}])]).contains("no connection"));
    }

    #[test]
    fn the_connection_checks() {
        let check = |token: &str| bench(json!({ "operation": "verify", "token": token })).run(&[json!([{}])]);
        let signed = json!({ "connection": "keys", "claims": { "sub": "a" } }).to_string();
        assert_eq!(check(&signed).unwrap().json(), [json!([{ "payload": { "sub": "a" } }])]);
        assert_eq!(check(TOKEN).unwrap_err().problem.detail, "the token's signature is not right");
    }

    #[test]
    fn parameters_come_back_and_what_the_connection_decides_is_named() {
        for parameters in [
            json!({ "claims": { "issuer": "x" } }),
            json!({ "useJson": true, "claimsJson": "{}" }),
            json!({ "operation": "decode", "token": "x", "options": { "complete": true } }),
            json!({ "claims": {}, "headerClaims": "{\"x\": 1}", "options": { "algorithm": "RS256", "kid": "k" } }),
            json!({ "operation": "verify", "token": "x", "options": {
                "ignoreExpiration": true, "ignoreNotBefore": true, "clockTolerance": 5,
            } }),
        ] {
            contract::round_trip(&Jwt, &node("n8n-nodes-base.jwt", 1.0, parameters));
        }
        let options = json!({ "algorithm": "RS256", "kid": "k", "ignoreExpiration": true });
        let lifted =
            Jwt.lift(&node("n8n-nodes-base.jwt", 1.0, json!({ "headerClaims": "{\"x\": 1}", "options": options })));
        let lifted = lifted.unwrap();
        assert_eq!((lifted.problems.len(), lifted.slots["jwtAuth"].as_str()), (0, "auth"));
        let unknown = json!({ "options": { "algorithm": "ES512" } });
        assert_eq!(Jwt.lift(&node("n8n-nodes-base.jwt", 1.0, unknown)).unwrap().problems.len(), 1);
    }
}
