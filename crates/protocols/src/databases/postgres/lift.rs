//! `db.postgres` from and to n8n's parameters.

use model::{Map, Value};
use part::n8n::{self, Lifted, Names, by_comma, locator, named, put, renamed};
use serde_json::json;

use super::SLOT;
use crate::databases::sql::lift as shared;

/// What changes nothing: titles that the editor shows, and what it keeps of the table's columns.
pub const IDLE: &[&str] = &[
    "resource",
    "schema.__rl",
    "schema.mode",
    "schema.cachedResultName",
    "schema.cachedResultUrl",
    "table.__rl",
    "table.mode",
    "table.cachedResultName",
    "table.cachedResultUrl",
    "columns.schema",
    "columns.attemptToConvertTypes",
    "columns.convertFieldsToString",
    "columns.ignoreTypeMismatchErrors",
];

/// Parameters that the second version has in all its revisions.
const NAMES: Names = &[
    ("operation", "operation"),
    ("where", "where.values"),
    ("combineConditions", "combineConditions"),
    ("sort", "sort.values"),
    ("returnAll", "returnAll"),
    ("limit", "limit"),
    ("deleteCommand", "deleteCommand"),
    ("restartSequences", "restartSequences"),
    ("cascade", "options.cascade"),
    ("outputColumns", "options.outputColumns"),
    ("skipOnConflict", "options.skipOnConflict"),
    ("replaceEmptyStrings", "options.replaceEmptyStrings"),
    ("queryBatching", "options.queryBatching"),
    ("largeNumbersOutput", "options.largeNumbersOutput"),
    ("quotedParametersAreText", "options.treatQueryParametersInSingleQuotesAsText"),
    ("connectionTimeout", "options.connectionTimeout"),
    ("delayClosingIdleConnection", "options.delayClosingIdleConnection"),
];

/// Those of the resource mapper, from 2.2 on.
const MAPPER: Names =
    &[("mapping", "columns.mappingMode"), ("values", "columns.value"), ("matchingColumns", "columns.matchingColumns")];

/// Those of the first version.
const FIRST: Names = &[
    ("operation", "operation"),
    ("schema", "schema"),
    ("table", "table"),
    ("largeNumbersOutput", "additionalFields.largeNumbersOutput"),
];

pub fn lift(node: &n8n::Node) -> Lifted {
    let mut params = if node.version < 2.0 { lift_first(node) } else { lift_second(node) };
    shared::lift_query(node, &mut params);
    let mut lifted = Lifted::plain(params);
    lifted.slots.insert("postgres".into(), SLOT.into());
    lifted
}

fn lift_second(node: &n8n::Node) -> Map {
    let version = node.version;
    let mut params = named(node, NAMES);
    put(&mut params, "schema", locator(node.param("schema")).clone());
    put(&mut params, "table", locator(node.param("table")).clone());
    if writes(node) {
        if version < 2.2 {
            shared::lift_values(node, &mut params);
            params.insert("missingRow".into(), "ignore".into());
        } else {
            params.append(&mut named(node, MAPPER));
            params.entry("mapping").or_insert_with(|| "defineBelow".into());
        }
    }
    if version < 2.3 {
        params.insert("whenEmpty".into(), "success".into());
    }
    if version >= 2.7 {
        params.insert("dates".into(), "text".into());
    }
    shared::lift_parameters(node, "options.queryReplacement", version >= 2.5, &mut params);
    params
}

fn writes(node: &n8n::Node) -> bool {
    matches!(node.text("operation", "insert"), "insert" | "update" | "upsert")
}

fn lift_first(node: &n8n::Node) -> Map {
    let mut params = named(node, FIRST);
    params.insert("whenEmpty".into(), "nothing".into());
    params.insert("missingRow".into(), "ignore".into());
    if writes(node) {
        params.insert("mapping".into(), "pick".into());
        let list = |text: &str| Value::from(text.split(',').filter(|part| !part.trim().is_empty()).collect::<Vec<_>>());
        put(&mut params, "fields", list(node.text("columns", "")));
        if node.text("operation", "insert") == "update" {
            put(&mut params, "matchingColumns", list(node.text("updateKey", "id")));
        }
        if let Some(fields) = node.param("returnFields").as_str() {
            put(&mut params, "outputColumns", list(fields));
        }
    }
    put(
        &mut params,
        "queryBatching",
        match node.text("additionalFields.mode", "") {
            "multiple" => json!("single"),
            "" => Value::Null,
            mode => mode.into(),
        },
    );
    if let Some(fields) = node.param("additionalFields.queryParams").as_str() {
        params.insert("queryParameters".into(), by_comma(fields).into());
        params.insert("queryParametersSpread".into(), "fields".into());
        params.insert("queryParametersText".into(), fields.into());
    }
    params
}

pub fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = if version < 2.0 { lower_first(params) } else { lower_second(params, version) };
    shared::lower_query(params, &mut lowered);
    lowered
}

fn lower_second(params: &Map, version: f64) -> Map {
    let mut lowered = renamed(params, NAMES);
    for place in ["schema", "table"] {
        if let Some(value) = params.get(place) {
            lowered.insert(place.into(), json!({ "__rl": true, "mode": "list", "value": value }));
        }
    }
    if version < 2.2 {
        shared::lower_values(params, &mut lowered);
    } else {
        for (place, value) in renamed(params, MAPPER) {
            put(&mut lowered, &place, value);
        }
    }
    shared::lower_parameters(params, "options.queryReplacement", &mut lowered);
    lowered
}

fn lower_first(params: &Map) -> Map {
    let mut lowered = renamed(params, FIRST);
    let text = |name: &str| {
        let list = params.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
    };
    put(&mut lowered, "columns", text("fields"));
    put(&mut lowered, "updateKey", text("matchingColumns").filter(|key| key != "id"));
    put(&mut lowered, "returnFields", text("outputColumns"));
    put(
        &mut lowered,
        "additionalFields.mode",
        match params.get("queryBatching").and_then(Value::as_str) {
            Some("single") => json!("multiple"),
            other => other.into(),
        },
    );
    let written = params.get("queryParametersText").and_then(Value::as_str).map(str::to_owned);
    put(&mut lowered, "additionalFields.queryParams", written.or_else(|| text("queryParameters")));
    lowered
}

#[cfg(test)]
mod tests {
    use testkit::lift::{check_round_trip, node};

    use super::*;
    use crate::databases::postgres::Postgres;

    #[test]
    fn lowering_undoes_lifting() {
        let table = json!({ "__rl": true, "mode": "list", "value": "people" });
        let schema = json!({ "__rl": true, "mode": "list", "value": "public" });
        for (version, parameters) in [
            (
                2.6,
                json!({ "operation": "executeQuery", "query": "SELECT {{ $json.a }}", "options": {
                "queryReplacement": "={{ $json.id }}, {{ $json.name }}", "queryBatching": "transaction" } }),
            ),
            (
                2.4,
                json!({ "operation": "executeQuery", "query": "=SELECT $1, $2", "options": { "queryReplacement": "a, b" } }),
            ),
            (
                2.6,
                json!({ "operation": "select", "schema": schema, "table": table, "returnAll": true,
                "where": { "values": [{ "column": "id", "value": "={{ 1 }}" }] }, "combineConditions": "OR",
                "sort": { "values": [{ "column": "id", "direction": "DESC" }] }, "options": { "outputColumns": ["id"] } }),
            ),
            (
                2.5,
                json!({ "schema": schema, "table": table, "columns": { "mappingMode": "defineBelow",
                "value": { "name": "={{ $json.name }}" }, "matchingColumns": ["id"] }, "options": { "skipOnConflict": true } }),
            ),
            (
                2.1,
                json!({ "operation": "update", "schema": schema, "table": table, "dataMode": "defineBelow",
                "columnToMatchOn": "id", "valueToMatchOn": "={{ $json.id }}",
                "valuesToSend": { "values": [{ "column": "name", "value": "x" }] } }),
            ),
            (
                2.0,
                json!({ "operation": "deleteTable", "schema": schema, "table": table, "deleteCommand": "drop",
                "options": { "cascade": true } }),
            ),
            (
                1.0,
                json!({ "table": "people", "columns": "id:int, name", "returnFields": "id",
                "additionalFields": { "mode": "independently" } }),
            ),
            (
                1.0,
                json!({ "operation": "executeQuery", "query": "SELECT $1", "additionalFields": { "queryParams": "a, b" } }),
            ),
            (1.0, json!({ "operation": "update", "table": "people", "columns": "name", "updateKey": "key:int" })),
        ] {
            check_round_trip(&Postgres::default(), version, parameters);
        }
    }

    #[test]
    fn versions_keep_what_they_do() {
        let params =
            |version: f64, parameters: Value| lift(&node("n8n-nodes-base.postgres", version, parameters)).params;
        let query = json!({ "operation": "executeQuery", "query": "SELECT $1",
            "options": { "queryReplacement": "={{ $json.a }},{{ $json.b.join(',') }},x" } });
        let old = params(2.4, query.clone());
        assert_eq!(old["queryParameters"], json!(["={{ $json.a }}", "={{ $json.b.join(',') }}", "x"]));
        assert_eq!(old.get("queryParametersSpread"), None);
        let new = params(2.5, query);
        // From 2.5 on, text between expressions counts for nothing.
        assert_eq!(new["queryParameters"], json!(["={{ $json.a }}", "={{ $json.b.join(',') }}"]));
        assert_eq!(new["queryParametersSpread"], "commas");
        assert_eq!(params(2.2, json!({}))["whenEmpty"], "success");
        assert_eq!(params(2.3, json!({})).get("whenEmpty"), None);
        assert_eq!(params(2.1, json!({})).get("mapping"), None);
        assert_eq!(params(2.2, json!({}))["mapping"], "defineBelow");
        let template = params(2.6, json!({ "operation": "executeQuery", "query": "SELECT {{ 1 }}" }));
        assert_eq!(template["query"], "=SELECT {{ 1 }}");
    }
}
