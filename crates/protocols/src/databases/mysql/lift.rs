//! `db.mysql` from and to n8n's parameters.

use model::{Map, Value};
use part::n8n::{self, Lifted, Names, locator, named, put, renamed};
use serde_json::json;

use super::SLOT;
use crate::databases::sql::lift as shared;

/// What changes nothing: titles that the editor shows, and how many connections there may be.
pub const IDLE: &[&str] = &["resource", "table.__rl", "table.mode", "table.cachedResultName", "table.cachedResultUrl"];

const NAMES: Names = &[
    ("operation", "operation"),
    ("where", "where.values"),
    ("combineConditions", "combineConditions"),
    ("sort", "sort.values"),
    ("returnAll", "returnAll"),
    ("limit", "limit"),
    ("deleteCommand", "deleteCommand"),
    ("selectDistinct", "options.selectDistinct"),
    ("outputColumns", "options.outputColumns"),
    ("skipOnConflict", "options.skipOnConflict"),
    ("priority", "options.priority"),
    ("replaceEmptyStrings", "options.replaceEmptyStrings"),
    ("queryBatching", "options.queryBatching"),
    ("largeNumbersOutput", "options.largeNumbersOutput"),
    ("decimalNumbers", "options.decimalNumbers"),
    ("connectionTimeout", "options.connectionTimeoutMillis"),
    ("connectionLimit", "options.connectionLimit"),
];

const FIRST: Names =
    &[("operation", "operation"), ("skipOnConflict", "options.ignore"), ("priority", "options.priority")];

pub fn lift(node: &n8n::Node) -> Lifted {
    let mut params = if node.version < 2.0 { lift_first(node) } else { lift_second(node) };
    shared::lift_query(node, &mut params);
    shared::lift_parameters(node, "options.queryReplacement", false, &mut params);
    put(&mut params, "table", locator(node.param("table")).clone());
    let mut lifted = Lifted::plain(params);
    lifted.slots.insert("mySql".into(), SLOT.into());
    lifted
}

fn lift_second(node: &n8n::Node) -> Map {
    let version = node.version;
    let mut params = named(node, NAMES);
    shared::lift_values(node, &mut params);
    if node.flag("options.detailedOutput", false) {
        params.insert("output".into(), "detailed".into());
    }
    if version < 2.1 {
        params.insert("datesAsPoints".into(), true.into());
    }
    if version < 2.2 {
        params.insert("whenEmpty".into(), "success".into());
    }
    if version >= 2.3 {
        params.insert("numericTexts".into(), true.into());
    }
    params
}

fn lift_first(node: &n8n::Node) -> Map {
    let mut params = named(node, FIRST);
    let list = |text: &str| Value::from(text.split(',').filter(|part| !part.trim().is_empty()).collect::<Vec<_>>());
    params.insert("output".into(), "outcome".into());
    params.insert("whenEmpty".into(), "nothing".into());
    params.insert("datesAsPoints".into(), true.into());
    let operation = node.text("operation", "insert");
    if operation != "executeQuery" {
        params.insert("mapping".into(), "pick".into());
        put(&mut params, "fields", list(node.text("columns", "")));
    }
    if operation == "update" {
        put(&mut params, "matchingColumns", json!([node.text("updateKey", "id")]));
    }
    params
}

pub fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = if version < 2.0 { lower_first(params) } else { lower_second(params) };
    shared::lower_query(params, &mut lowered);
    shared::lower_parameters(params, "options.queryReplacement", &mut lowered);
    if let Some(table) = params.get("table") {
        lowered.insert("table".into(), json!({ "__rl": true, "mode": "list", "value": table }));
    }
    lowered
}

fn lower_second(params: &Map) -> Map {
    let mut lowered = renamed(params, NAMES);
    shared::lower_values(params, &mut lowered);
    if params.get("output").and_then(Value::as_str) == Some("detailed") {
        put(&mut lowered, "options.detailedOutput", true);
    }
    lowered
}

fn lower_first(params: &Map) -> Map {
    let mut lowered = renamed(params, FIRST);
    let text = |name: &str| {
        let list = params.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
    };
    put(&mut lowered, "columns", text("fields").filter(|fields| !fields.is_empty()));
    put(&mut lowered, "updateKey", text("matchingColumns").filter(|key| key != "id"));
    lowered
}

#[cfg(test)]
mod tests {
    use testkit::lift::check_round_trip;

    use super::*;
    use crate::databases::mysql::Mysql;

    #[test]
    fn lowering_undoes_lifting() {
        let table = json!({ "__rl": true, "mode": "list", "value": "people" });
        for (version, parameters) in [
            (
                2.4,
                json!({ "operation": "executeQuery", "query": "SELECT {{ 1 }}", "options": {
                "queryReplacement": "={{ $json.a }}, b", "detailedOutput": true, "connectionTimeoutMillis": 5 } }),
            ),
            (
                2.2,
                json!({ "operation": "select", "table": table, "where": { "values": [{ "column": "a", "condition": "LIKE", "value": "x%" }] },
                "sort": { "values": [{ "column": "a" }] }, "options": { "selectDistinct": true, "largeNumbersOutput": "text" } }),
            ),
            (
                2.0,
                json!({ "operation": "upsert", "table": table, "dataMode": "defineBelow", "columnToMatchOn": "id",
                "valueToMatchOn": "1", "valuesToSend": { "values": [{ "column": "a", "value": "={{ 1 }}" }] } }),
            ),
            (
                2.4,
                json!({ "table": table, "options": { "priority": "LOW_PRIORITY", "queryBatching": "independently" } }),
            ),
            (1.0, json!({ "table": table, "columns": "a, b", "options": { "ignore": true } })),
            (1.0, json!({ "operation": "update", "table": table, "columns": "a", "updateKey": "key" })),
        ] {
            check_round_trip(&Mysql::default(), version, parameters);
        }
    }
}
