//! Kind `variable`: a value that workflows of an environment read as `$vars.<name>`.

use model::Value;
use part::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that workflows of an environment read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variable {
    /// The value; any JSON. Secrets belong into connections.
    pub value: Value,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Key under which expressions find it; absent: the resource's name. Keys may have capital letters, names not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Kind `variable`.
pub struct VariableKind;

impl Kind for VariableKind {
    const NAME: &'static str = "variable";
    const PLURAL: &'static str = "variables";
    const SUMMARY: &'static str = "A value that workflows of an environment read as `$vars.<name>`.";
    type Spec = Variable;

    fn unique_keys(spec: &Variable) -> Vec<part::kind::UniqueKey> {
        let key = spec.key.iter().map(|key| part::kind::UniqueKey { space: "variable".into(), key: key.clone() });
        key.collect()
    }
}
