//! What expressions see of an imported node's parameters: n8n shows the parameters that a node was not given with the
//! values that they have then, in the order of the node's form.
//!
//! Only those of types that most workflows have are here: expressions name them seldom, and mostly ones that were given.

use model::{Map, Value};

/// A parameter with its value as JSON, and the parameter whose value decides whether the form has it.
type Shown = (&'static str, &'static str, Option<(&'static str, &'static str)>);

/// The parameters of a node type from one of its versions on.
struct Form {
    node_type: &'static str,
    from: f64,
    parameters: &'static [Shown],
}

const OPTIONS: Shown = ("options", "{}", None);
const NOTICE: Shown = ("notice", r#""""#, None);

const MANUAL: Option<(&str, &str)> = Some(("mode", "manual"));
const RULES: Option<(&str, &str)> = Some(("mode", "rules"));

/// By type; of several forms of a type the one with the newest version counts that is not above that of the node.
const FORMS: &[Form] = &[
    Form {
        node_type: "code",
        from: 1.0,
        parameters: &[
            ("mode", r#""runOnceForAllItems""#, None),
            ("language", r#""javaScript""#, None),
            ("jsCode", r#""""#, Some(("language", "javaScript"))),
            NOTICE,
        ],
    },
    Form {
        node_type: "set",
        from: 1.0,
        parameters: &[("keepOnlySet", "false", None), ("values", "{}", None), OPTIONS],
    },
    Form {
        node_type: "set",
        from: 3.0,
        parameters: &[
            ("mode", r#""manual""#, None),
            ("duplicateItem", "false", None),
            ("fields", "{}", MANUAL),
            ("include", r#""all""#, None),
            OPTIONS,
        ],
    },
    Form {
        node_type: "set",
        from: 3.3,
        parameters: &[
            ("mode", r#""manual""#, None),
            ("duplicateItem", "false", None),
            ("assignments", "{}", MANUAL),
            ("includeOtherFields", "false", None),
            OPTIONS,
        ],
    },
    Form {
        node_type: "if",
        from: 1.0,
        parameters: &[("conditions", "{}", None), ("combineOperation", r#""all""#, None)],
    },
    Form { node_type: "if", from: 2.0, parameters: &[("conditions", "{}", None), OPTIONS] },
    Form {
        node_type: "if",
        from: 2.1,
        parameters: &[("conditions", "{}", None), ("looseTypeValidation", "false", None), OPTIONS],
    },
    Form {
        node_type: "filter",
        from: 1.0,
        parameters: &[("conditions", "{}", None), ("combineConditions", r#""AND""#, None)],
    },
    Form { node_type: "filter", from: 2.0, parameters: &[("conditions", "{}", None), OPTIONS] },
    Form {
        node_type: "filter",
        from: 2.1,
        parameters: &[("conditions", "{}", None), ("looseTypeValidation", "false", None), OPTIONS],
    },
    Form {
        node_type: "switch",
        from: 1.0,
        parameters: &[
            ("mode", r#""rules""#, None),
            ("dataType", r#""number""#, RULES),
            ("value1", "0", Some(("dataType", "number"))),
            ("rules", "{}", RULES),
            ("fallbackOutput", "-1", RULES),
        ],
    },
    Form { node_type: "switch", from: 3.0, parameters: &[("mode", r#""rules""#, None), OPTIONS] },
    Form { node_type: "merge", from: 2.0, parameters: &[("mode", r#""append""#, None)] },
    Form {
        node_type: "merge",
        from: 3.0,
        parameters: &[("mode", r#""append""#, None), ("numberInputs", "2", Some(("mode", "append")))],
    },
    Form {
        node_type: "splitInBatches",
        from: 1.0,
        parameters: &[("splitInBatchesNotice", r#""""#, None), ("batchSize", "10", None), OPTIONS],
    },
    Form {
        node_type: "splitInBatches",
        from: 3.0,
        parameters: &[("splitInBatchesNotice", r#""""#, None), ("batchSize", "1", None), OPTIONS],
    },
    Form { node_type: "limit", from: 1.0, parameters: &[("maxItems", "1", None), ("keep", r#""firstItems""#, None)] },
    Form {
        node_type: "sort",
        from: 1.0,
        parameters: &[
            ("type", r#""simple""#, None),
            ("sortFieldsUi", "{}", Some(("type", "simple"))),
            ("options", "{}", Some(("type", "simple"))),
        ],
    },
    Form {
        node_type: "splitOut",
        from: 1.0,
        parameters: &[("fieldToSplitOut", r#""""#, None), ("include", r#""noOtherFields""#, None), OPTIONS],
    },
    Form {
        node_type: "httpRequest",
        from: 3.0,
        parameters: &[
            ("curlImport", r#""""#, None),
            ("method", r#""GET""#, None),
            ("url", r#""""#, None),
            ("authentication", r#""none""#, None),
            ("provideSslCertificates", "false", None),
            ("sendQuery", "false", None),
            ("sendHeaders", "false", None),
            ("sendBody", "false", None),
            OPTIONS,
            ("infoMessage", r#""""#, None),
        ],
    },
    Form {
        node_type: "webhook",
        from: 1.0,
        parameters: &[
            ("multipleMethods", "false", None),
            ("httpMethod", r#""GET""#, None),
            ("path", r#""""#, None),
            ("authentication", r#""none""#, None),
            ("responseMode", r#""onReceived""#, None),
            ("responseCode", "200", None),
            ("contentTypeNotice", r#""""#, None),
            OPTIONS,
        ],
    },
    Form {
        node_type: "webhook",
        from: 2.0,
        parameters: &[
            ("multipleMethods", "false", None),
            ("httpMethod", r#""GET""#, None),
            ("path", r#""""#, None),
            ("authentication", r#""none""#, None),
            ("responseMode", r#""onReceived""#, None),
            ("contentTypeNotice", r#""""#, None),
            OPTIONS,
        ],
    },
    Form {
        node_type: "respondToWebhook",
        from: 1.0,
        parameters: &[("generalNotice", r#""""#, None), ("respondWith", r#""firstIncomingItem""#, None), OPTIONS],
    },
    Form {
        node_type: "respondToWebhook",
        from: 1.4,
        parameters: &[
            ("enableResponseOutput", "false", None),
            ("generalNotice", r#""""#, None),
            ("respondWith", r#""firstIncomingItem""#, None),
            OPTIONS,
        ],
    },
];

/// The parameters of a node of that type with those that it was not given.
pub(super) fn whole(node_type: &str, version: f64, mut given: Map) -> Map {
    let name = node_type.strip_prefix("n8n-nodes-base.").unwrap_or_default();
    let forms = FORMS.iter().filter(|form| form.node_type == name && form.from <= version);
    let Some(form) = forms.max_by(|a, b| a.from.total_cmp(&b.from)) else { return given };
    let mut whole = Map::new();
    for (name, value, when) in form.parameters {
        if let Some(value) = given.shift_remove(*name) {
            whole.insert((*name).to_owned(), value);
        } else if when.is_none_or(|(other, wanted)| whole.get(other).is_some_and(|value| value == wanted)) {
            whole.insert((*name).to_owned(), serde_json::from_str(value).unwrap_or(Value::Null));
        }
    }
    whole.extend(given);
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(node_type: &str, version: f64, given: Value, expect: Value) {
        let whole = whole(&format!("n8n-nodes-base.{node_type}"), version, given.as_object().cloned().unwrap());
        assert_eq!(Value::Object(whole).to_string(), expect.to_string(), "{node_type} {version}");
    }

    #[test]
    fn what_was_not_given_is_shown_as_n8n_shows_it() {
        check("merge", 3.1, json!({}), json!({ "mode": "append", "numberInputs": 2 }));
        check("merge", 3.1, json!({ "mode": "chooseBranch", "x": 1 }), json!({ "mode": "chooseBranch", "x": 1 }));
        check("merge", 2.1, json!({}), json!({ "mode": "append" }));
        check("limit", 1.0, json!({ "keep": "lastItems" }), json!({ "maxItems": 1, "keep": "lastItems" }));
        let raw = json!({ "mode": "raw", "jsonOutput": "{}" });
        let shown = json!({
            "mode": "raw", "duplicateItem": false, "includeOtherFields": false, "options": {}, "jsonOutput": "{}",
        });
        check("set", 3.4, raw, shown);
        check("slack", 2.0, json!({ "a": 1 }), json!({ "a": 1 }));
    }

    #[test]
    fn every_value_is_json() {
        for (name, value, _) in FORMS.iter().flat_map(|form| form.parameters) {
            assert!(serde_json::from_str::<Value>(value).is_ok(), "{name}");
        }
    }
}
