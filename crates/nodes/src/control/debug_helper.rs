//! `core.debug-helper`: fails on purpose, or makes up data, for whoever tries a workflow.
//!
//! ```json
//! { "category": "throwError", "throwErrorMessage": "no stock" }
//! ```

use model::{Code, Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Names};
use part::{Category, Ctx, Descriptor, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::made_up::Chance;
use crate::lenient;
use crate::lift::not_honoured;

/// What `core.debug-helper` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done for each item.
    #[schemars(title = "Do", extend("default" = "throwError"))]
    #[serde(default)]
    category: Act,
    /// The kind of error in n8n; all fail alike here.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the way back")]
    throw_error_type: String,
    /// The message of the error.
    #[schemars(title = "Message", extend("x-form" = { "when": { "category": "throwError" } }))]
    #[serde(default = "message", deserialize_with = "lenient::text")]
    throw_error_message: String,
    /// How much memory n8n's node takes; kept, not used.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the way back")]
    memory_size_value: Value,
    /// What is made up.
    #[schemars(title = "Make up", extend("default" = "user", "x-form" = { "when": { "category": "randomData" } }))]
    #[serde(default)]
    random_data_type: Data,
    /// Characters that a `nanoid` consists of.
    #[schemars(extend("x-form" = { "when": { "category": "randomData", "randomDataType": "nanoid" } }))]
    #[serde(default = "alphabet", deserialize_with = "lenient::text")]
    nanoid_alphabet: String,
    /// Length of a `nanoid`.
    #[schemars(extend("x-form" = { "when": { "category": "randomData", "randomDataType": "nanoid" } }))]
    #[serde(default = "sixteen", deserialize_with = "lenient::whole")]
    nanoid_length: u16,
    /// The same seed gives the same data; without one it differs from run to run.
    #[schemars(title = "Seed", extend("x-form" = { "when": { "category": "randomData" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    random_data_seed: String,
    /// How many are made up.
    #[schemars(title = "How many", extend("x-form" = { "when": { "category": "randomData" } }))]
    #[serde(default = "ten", deserialize_with = "lenient::whole")]
    random_data_count: u32,
    /// They are put out as one list in one item.
    #[schemars(title = "As one list", extend("x-form" = { "when": { "category": "randomData" }, "more": true }))]
    #[serde(default)]
    random_data_single_array: bool,
}

fn message() -> String {
    "Node has thrown an error".into()
}
fn alphabet() -> String {
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".into()
}
fn sixteen() -> u16 {
    16
}
fn ten() -> u32 {
    10
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Act {
    /// Nothing is put out.
    DoNothing,
    /// It fails.
    #[default]
    ThrowError,
    /// Refused: memory is not taken on purpose.
    Oom,
    /// Data is made up.
    RandomData,
}

/// What is made up.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Data {
    /// An address.
    Address,
    /// A place.
    LatLong,
    /// A credit card that does not exist.
    CreditCard,
    /// An e-mail address.
    Email,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A MAC address.
    MacAddress,
    /// A short id.
    Nanoid,
    /// An address of a page.
    Url,
    /// A user.
    #[default]
    User,
    /// A UUID.
    Uuid,
    /// A version.
    Semver,
}

/// Most that one step makes up.
const MOST: u64 = 1_000_000;

/// Fails on purpose, or makes up data.
pub struct DebugHelper;

impl Plain for DebugHelper {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["test", "random", "fake", "error", "throw"],
        ..Descriptor::pure::<Params>(
            "core.debug-helper",
            Group::Flow,
            "Debug helper",
            "Fails on purpose, or makes up data",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.debugHelper", versions: &[1.0] }];
    const NAMES: Names = &[
        ("category", "category"),
        ("throwErrorType", "throwErrorType"),
        ("throwErrorMessage", "throwErrorMessage"),
        ("memorySizeValue", "memorySizeValue"),
        ("randomDataType", "randomDataType"),
        ("nanoidAlphabet", "nanoidAlphabet"),
        ("nanoidLength", "nanoidLength"),
        ("randomDataSeed", "randomDataSeed"),
        ("randomDataCount", "randomDataCount"),
        ("randomDataSingleArray", "randomDataSingleArray"),
    ];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut lifted = Lifted::plain(n8n::named(node, Self::NAMES));
        match node.text("category", "throwError") {
            "oom" => not_honoured(&mut lifted, "category", "is refused: memory is not taken on purpose"),
            "randomData" if !node.text("randomDataSeed", "").is_empty() => {
                not_honoured(&mut lifted, "randomDataSeed", "gives the same data each time, but not n8n's");
            }
            _ => {}
        }
        lifted
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let items = ctx.input(0).len();
        let mut outputs = ctx.outputs(1);
        match params.category {
            Act::DoNothing => {}
            Act::ThrowError => {
                for position in 0..items {
                    let item = ctx.input(0).get(position, ctx.spool()).await?.unwrap_or_default();
                    let error = NodeError::new(Code::StepFailed, Category::BadData, params.throw_error_message.clone());
                    outputs.fail(position, &item, error).await?;
                }
            }
            Act::Oom => {
                let error = NodeError::new(Code::NotRunnable, Category::Refused, "memory is not taken on purpose");
                return Err(error.hint("choose another `category`").permanent());
            }
            Act::RandomData => {
                if u64::from(params.random_data_count) * items as u64 > MOST {
                    let detail = format!("more than {MOST} made-up values are too many for one step");
                    return Err(NodeError::parameter("/params/randomDataCount", detail));
                }
                if params.nanoid_alphabet.is_empty() {
                    return Err(NodeError::parameter(
                        "/params/nanoidAlphabet",
                        "there are no characters to choose from",
                    ));
                }
                let mut chance = Chance::new(match params.random_data_seed.as_str() {
                    "" => ctx.random(),
                    seed => Chance::seed(seed),
                });
                for position in 0..items {
                    let seeded = !params.random_data_seed.is_empty();
                    if seeded {
                        chance = Chance::new(Chance::seed(&params.random_data_seed));
                    }
                    let mut made = || made(&params, &mut chance);
                    if params.random_data_single_array {
                        let all: Vec<Value> = (0..params.random_data_count).map(|_| Value::Object(made())).collect();
                        let item = Item::from_value(json!({ "generatedItems": all }));
                        outputs.push(0, item, Origin::item(position)).await?;
                    } else {
                        for _ in 0..params.random_data_count {
                            outputs.push(0, Item::new(made()), Origin::item(position)).await?;
                        }
                    }
                }
            }
        }
        outputs.done().await
    }
}

fn made(params: &Params, chance: &mut Chance) -> Map {
    let value = match params.random_data_type {
        Data::Nanoid => {
            let alphabet: Vec<char> = params.nanoid_alphabet.chars().collect();
            let id: String = (0..params.nanoid_length).map(|_| *chance.of(&alphabet)).collect();
            json!({ "nanoId": id })
        }
        other => chance.made_up(other),
    };
    Item::from_value(value).json
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    fn random(more: Value) -> Value {
        let mut params = json!({ "category": "randomData" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&DebugHelper);
        contract::runs(&DebugHelper, random(json!({})), &[json!([{}])]);
    }

    #[test]
    fn it_fails_with_the_message_of_its_example() {
        let params = json!({ "category": "throwError", "throwErrorMessage": "no stock" });
        assert_eq!(failure(&DebugHelper, params.clone(), &[json!([{}])]), "no stock");
        let mut goes_on = Bench::new(&DebugHelper, params).unwrap().on_error(OnError::Continue);
        let made = goes_on.run(&[json!([{}, {}])]).unwrap().json();
        assert_eq!(made, [json!([{ "error": "no stock" }, { "error": "no stock" }])]);
        assert_eq!(failure(&DebugHelper, json!({}), &[json!([{}])]), "Node has thrown an error");
    }

    #[test]
    fn nothing_and_memory_are_what_they_say() {
        assert_eq!(run(&DebugHelper, json!({ "category": "doNothing" }), &[json!([{}])]).unwrap(), [json!([])]);
        assert_eq!(
            failure(&DebugHelper, json!({ "category": "oom" }), &[json!([{}])]),
            "memory is not taken on purpose"
        );
    }

    #[test]
    fn data_has_n8n_s_fields() {
        for (data, fields) in [
            ("user", vec!["uid", "email", "firstname", "lastname", "password"]),
            ("address", vec!["firstname", "lastname", "street", "city", "zip", "state", "country"]),
            ("email", vec!["email", "confirmed"]),
            ("creditCard", vec!["type", "number", "ccv", "exp", "holder_name"]),
            ("uuid", vec!["uuid"]),
            ("nanoid", vec!["nanoId"]),
            ("url", vec!["url"]),
            ("ipv4", vec!["ip"]),
            ("ipv6", vec!["ipv6"]),
            ("macAddress", vec!["mac"]),
            ("latLong", vec!["location"]),
            ("semver", vec!["version"]),
        ] {
            let made = run(&DebugHelper, random(json!({ "randomDataType": data })), &[json!([{}])]).unwrap();
            let list = made[0].as_array().unwrap();
            assert_eq!(list.len(), 10);
            assert_eq!(list[0].as_object().unwrap().keys().collect::<Vec<_>>(), fields, "{data}");
            assert_ne!(list[0], list[1], "{data}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_and_lists_can_stay_whole() {
        let seeded = || random(json!({ "randomDataSeed": "s", "randomDataCount": 2 }));
        let first = Bench::new(&DebugHelper, seeded()).unwrap().info(|info| info.seed = 1).run(&[json!([{}])]);
        let other = Bench::new(&DebugHelper, seeded()).unwrap().info(|info| info.seed = 2).run(&[json!([{}])]);
        assert_eq!(first.unwrap().json(), other.unwrap().json());
        let whole = random(json!({ "randomDataSingleArray": true, "randomDataCount": 3 }));
        let made = run(&DebugHelper, whole, &[json!([{}])]).unwrap();
        assert_eq!(made[0][0]["generatedItems"].as_array().unwrap().len(), 3);
        let many = random(json!({ "randomDataCount": 4_000_000_000_u32 }));
        assert!(failure(&DebugHelper, many, &[json!([{}])]).contains("too many"));
        let empty = random(json!({ "randomDataType": "nanoid", "nanoidAlphabet": "" }));
        assert!(failure(&DebugHelper, empty, &[json!([{}])]).contains("no characters"));
    }

    #[test]
    fn n8n_s_parameters_come_back() {
        check_round_trip(
            &DebugHelper,
            1.0,
            json!({ "category": "randomData", "randomDataType": "uuid", "randomDataCount": 3 }),
        );
        check_round_trip(&DebugHelper, 1.0, json!({ "throwErrorType": "Error", "throwErrorMessage": "x" }));
        let lifted =
            DebugHelper::lift(&crate::lift::node("n8n-nodes-base.debugHelper", 1.0, json!({ "category": "oom" })));
        assert_eq!(lifted.problems.len(), 1);
    }
}
