//! `core.totp`: makes the six digits of two-factor sign-in.
//!
//! ```json
//! { "secret": "={{ $json.secret }}" }
//! ```
//! makes `{ "token": "287082", "secondsRemaining": 21 }` for the time of the step.

use model::Item;
use part::n8n::{self, Lifted, Mapping, Names};
use part::{Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::hash::Kind;
use crate::lenient;
use crate::lift::not_honoured;

/// What `core.totp` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "there is one operation only")]
    operation: Operation,
    /// The secret that the service has shown, in base32.
    #[schemars(extend("x-form" = { "as": "password" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    secret: String,
    /// The digest that it is made with.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default = "sha1")]
    algorithm: Kind,
    /// How many digits the token has.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default = "six", deserialize_with = "lenient::whole")]
    digits: u32,
    /// Seconds that a token is good for.
    #[schemars(extend("x-form" = { "unit": "seconds", "more": true }))]
    #[serde(default = "thirty", deserialize_with = "lenient::whole")]
    period: u32,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Makes a token, and says how long it is good for.
    #[default]
    GenerateSecret,
}

fn sha1() -> Kind {
    Kind::Sha1
}
fn six() -> u32 {
    6
}
fn thirty() -> u32 {
    30
}

/// Makes tokens of two-factor sign-in.
pub struct Totp;

impl Plain for Totp {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["otp", "2fa", "two-factor", "authenticator", "token"],
        ..Descriptor::pure::<Params>("core.totp", Group::Transform, "TOTP", "Makes the digits of two-factor sign-in")
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.totp", versions: &[1.0] }];
    const NAMES: Names = &[
        ("operation", "operation"),
        ("algorithm", "options.algorithm"),
        ("digits", "options.digits"),
        ("period", "options.period"),
    ];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut lifted = Lifted::plain(n8n::named(node, Self::NAMES));
        let why = "is in a credential of n8n, which is not carried over: set it in the node, or in an expression";
        not_honoured(&mut lifted, "secret", why);
        lifted
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let now = ctx.now();
        ctx.each(params, |params, _| {
            let period = i64::from(params.period.max(1)) * 1000;
            // Whole seconds, as the apps count them.
            let left = (period - now.div_euclid(1000) * 1000 % period) / 1000;
            let token = token(params, now.div_euclid(period) as u64)?;
            let made = json!({ "token": token, "secondsRemaining": left });
            Ok(vec![Item::from_value(made)])
        })
        .await
    }
}

/// As RFC 4226 and RFC 6238 say.
fn token(params: &Params, counter: u64) -> Result<String, NodeError> {
    // What people copy has spaces, small letters, and its padding or not.
    let text: String = params.secret.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
    let secret = data_encoding::BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes());
    let secret = secret.ok().filter(|secret| !secret.is_empty()).ok_or_else(|| {
        let error = NodeError::parameter("/params/secret", "the secret is not base32");
        error.hint("copy it as the service shows it: letters A to Z and digits 2 to 7")
    })?;
    if !(1..=10).contains(&params.digits) {
        let detail = format!("a token has 1 to 10 digits, not {}", params.digits);
        return Err(NodeError::parameter("/params/digits", detail));
    }
    let digest = params.algorithm.digest(Some(&secret), &counter.to_be_bytes());
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0xf);
    let number = digest[offset..offset + 4].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let number = (number & 0x7fff_ffff) % 10_u64.pow(params.digits);
    Ok(format!("{number:0width$}", width = params.digits as usize))
}

#[cfg(test)]
mod tests {
    use model::Value;
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use super::*;

    /// `12345678901234567890` in base32, the secret of the RFCs' examples.
    const SECRET: &str = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";

    fn at(seconds: i64, more: Value) -> Value {
        let mut params = json!({ "secret": SECRET });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let bench = Bench::new(&Totp, params).unwrap();
        bench.info(|info| info.now = seconds * 1000).run(&[json!([{}])]).unwrap().json()[0][0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Totp);
        contract::runs(&Totp, json!({ "secret": SECRET }), &[json!([{}, {}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params = json!({ "secret": "={{ $json.secret }}" });
        let mut bench = Bench::new(&Totp, params).unwrap().info(|info| info.now = 39_000);
        let made = bench.run(&[json!([{ "secret": SECRET }])]).unwrap().json();
        assert_eq!(made, [json!([{ "token": "287082", "secondsRemaining": 21 }])]);
    }

    #[test]
    fn tokens_are_those_of_the_rfc() {
        for (seconds, token) in [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")] {
            assert_eq!(at(seconds, json!({ "digits": 8 }))["token"], token);
        }
        assert_eq!(at(45, json!({ "period": 60 }))["secondsRemaining"], 15);
        assert_eq!(at(59, json!({ "algorithm": "SHA512" }))["token"].as_str().unwrap().len(), 6);
    }

    #[test]
    fn a_wrong_secret_is_refused_and_not_shown() {
        let detail = failure(&Totp, json!({ "secret": "no secret!" }), &[json!([{}])]);
        assert_eq!(detail, "the secret is not base32");
        assert!(failure(&Totp, json!({ "secret": SECRET, "digits": 40 }), &[json!([{}])]).contains("1 to 10 digits"));
        let lifted = Totp::lift(&crate::lift::node("n8n-nodes-base.totp", 1.0, json!({ "options": { "digits": 8 } })));
        assert_eq!(lifted.problems.len(), 1);
    }
}
