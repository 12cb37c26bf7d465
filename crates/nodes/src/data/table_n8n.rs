//! n8n's `dataTable`, both ways.

use model::{Map, Value};
use part::n8n::{self, Lifted};

use crate::lift::{not_honoured, put};

/// What its editor leaves behind.
pub(super) const IDLE: &[&str] = &[
    "dataTableId.__rl",
    "dataTableId.mode",
    "dataTableId.cachedResultName",
    "dataTableId.cachedResultUrl",
    // The name is what a table is known by here; n8n's id says nothing elsewhere.
    "dataTableId.value",
    // Honoured; files that spell out a default get it back by leaving it out.
    "resource",
    "operation",
    "matchType",
    "returnAll",
    "orderBy",
    "orderByColumn",
    "orderByDirection",
    "columns.mappingMode",
    "columns.schema",
    "columns.schema.*",
    "columns.schema.*.*",
    "columns.matchingColumns",
    "columns.matchingColumns.*",
    // n8n's table takes the same values with and without them.
    "columns.attemptToConvertTypes",
    "columns.convertFieldsToString",
    "columns.ignoreTypeMismatchErrors",
    "clearWarning",
    "deleteWarning",
];

/// n8n's operations, by resource, and ours.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("row", "insert", "insert"),
    ("row", "get", "get"),
    ("row", "update", "update"),
    ("row", "upsert", "upsert"),
    ("row", "deleteRows", "delete"),
    ("row", "rowExists", "rowExists"),
    ("row", "rowNotExists", "rowNotExists"),
    ("table", "create", "createTable"),
    ("table", "list", "listTables"),
    ("table", "update", "renameTable"),
    ("table", "clear", "clearTable"),
    ("table", "delete", "deleteTable"),
];

pub(super) fn lift(node: &n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    let resource = node.text("resource", "row");
    let default = if resource == "table" { "list" } else { "insert" };
    let chosen = node.text("operation", default);
    let known = OPERATIONS.iter().find(|(of, theirs, _)| *of == resource && *theirs == chosen);
    match known {
        Some((.., ours)) => drop(params.insert("operation".into(), (*ours).into())),
        None => not_honoured(&mut lifted, "operation", format!("`{chosen}` of `{resource}` is not known")),
    }
    let operation = known.map_or("", |(.., ours)| ours);
    match operation {
        "createTable" => {
            n8n::copy(node, "tableName", &mut params, "table");
            n8n::copy(node, "columns.column", &mut params, "columns");
            n8n::copy(node, "options.createIfNotExists", &mut params, "reuse");
        }
        "listTables" => {
            put(&mut params, "returnAll", node.value("returnAll", true));
            n8n::copy(node, "limit", &mut params, "limit");
            n8n::copy(node, "options.filterName", &mut params, "nameContains");
            n8n::copy(node, "options.sortField", &mut params, "orderBy");
            if node.text("options.sortDirection", "asc") == "desc" {
                params.insert("descending".into(), true.into());
            }
        }
        _ => table(node, &mut lifted, &mut params),
    }
    if operation == "renameTable" {
        n8n::copy(node, "newName", &mut params, "newName");
    }
    if resource == "row" {
        row(node, operation, &mut params);
    }
    Lifted { params, ..lifted }
}

/// Which table is meant. Chosen from a list it has a name beside its id; of an id alone nobody knows the name.
fn table(node: &n8n::Node, lifted: &mut Lifted, params: &mut Map) {
    let locator = node.param("dataTableId");
    let by_name = locator.get("mode").and_then(Value::as_str) == Some("name");
    let value = n8n::locator(locator);
    let empty = value.as_str().is_none_or(str::is_empty);
    match locator.get("cachedResultName").filter(|name| !by_name && name.as_str().is_some_and(|name| !name.is_empty()))
    {
        Some(name) => put(params, "table", name.clone()),
        None => {
            put(params, "table", value.clone());
            if !by_name && !empty && !n8n::is_expression(value) {
                let why = "is an id of n8n, which means nothing here: choose the data table by its name";
                not_honoured(lifted, "dataTableId", why);
            }
        }
    }
}

fn row(node: &n8n::Node, operation: &str, params: &mut Map) {
    let filtered = !matches!(operation, "insert" | "");
    if filtered {
        match node.text("matchType", "anyCondition") {
            "allConditions" => drop(params.insert("match".into(), "all".into())),
            _ => drop(params.insert("match".into(), "any".into())),
        }
        let conditions = node.param("filters.conditions").as_array().cloned().unwrap_or_default();
        let condition = |theirs: Value| {
            let mut ours = Map::new();
            for (name, from) in [("column", "keyName"), ("condition", "condition"), ("value", "keyValue")] {
                put(&mut ours, name, theirs.get(from).cloned().unwrap_or_default());
            }
            Value::Object(ours)
        };
        params.insert("conditions".into(), conditions.into_iter().map(condition).collect());
    }
    if matches!(operation, "insert" | "update" | "upsert") {
        match node.text("columns.mappingMode", "defineBelow") {
            "autoMapInputData" => drop(params.insert("mapping".into(), "item".into())),
            _ => n8n::copy(node, "columns.value", params, "values"),
        }
    }
    match operation {
        "insert" => n8n::copy(node, "options.optimizeBulk", params, "countOnly"),
        "update" | "upsert" | "delete" => n8n::copy(node, "options.dryRun", params, "dryRun"),
        "get" => {
            n8n::copy(node, "returnAll", params, "returnAll");
            n8n::copy(node, "limit", params, "limit");
            if node.flag("orderBy", false) {
                put(params, "orderBy", node.value("orderByColumn", "createdAt"));
                if node.text("orderByDirection", "DESC") != "ASC" {
                    params.insert("descending".into(), true.into());
                }
            }
        }
        _ => {}
    }
}

pub(super) fn lower(params: &Map) -> Map {
    let mut lowered = Map::new();
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "" => "insert",
        operation => operation,
    };
    let Some((resource, theirs, _)) = OPERATIONS.iter().find(|(.., ours)| *ours == operation) else { return lowered };
    if *resource == "table" {
        lowered.insert("resource".into(), "table".into());
    }
    let default = if *resource == "table" { "list" } else { "insert" };
    if *theirs != default {
        lowered.insert("operation".into(), (*theirs).into());
    }
    let copy = |lowered: &mut Map, ours: &str, theirs: &str| {
        put(lowered, theirs, params.get(ours).cloned().unwrap_or_default());
    };
    let descending = params.get("descending").and_then(Value::as_bool).unwrap_or(false);
    match operation {
        "createTable" => {
            copy(&mut lowered, "table", "tableName");
            copy(&mut lowered, "columns", "columns.column");
            copy(&mut lowered, "reuse", "options.createIfNotExists");
        }
        "listTables" => {
            if params.get("returnAll") != Some(&Value::Bool(true)) {
                put(&mut lowered, "returnAll", false);
            }
            copy(&mut lowered, "limit", "limit");
            copy(&mut lowered, "nameContains", "options.filterName");
            copy(&mut lowered, "orderBy", "options.sortField");
            if descending {
                put(&mut lowered, "options.sortDirection", "desc");
            }
        }
        _ => {
            if let Some(table) = params.get("table") {
                let locator = serde_json::json!({ "__rl": true, "mode": "name", "value": table });
                lowered.insert("dataTableId".into(), locator);
            }
        }
    }
    if operation == "renameTable" {
        copy(&mut lowered, "newName", "newName");
    }
    if *resource == "row" {
        lower_row(params, operation, descending, &mut lowered);
    }
    lowered
}

fn lower_row(params: &Map, operation: &str, descending: bool, lowered: &mut Map) {
    let copy = |lowered: &mut Map, ours: &str, theirs: &str| {
        put(lowered, theirs, params.get(ours).cloned().unwrap_or_default());
    };
    if operation != "insert" {
        if params.get("match").and_then(Value::as_str) == Some("all") {
            put(lowered, "matchType", "allConditions");
        }
        let conditions = params.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        let condition = |ours: Value| {
            let mut theirs = Map::new();
            for (name, to) in [("column", "keyName"), ("condition", "condition"), ("value", "keyValue")] {
                put(&mut theirs, to, ours.get(name).cloned().unwrap_or_default());
            }
            Value::Object(theirs)
        };
        if !conditions.is_empty() {
            put(lowered, "filters.conditions", conditions.into_iter().map(condition).collect::<Value>());
        }
    }
    if matches!(operation, "insert" | "update" | "upsert") {
        if params.get("mapping").and_then(Value::as_str) == Some("item") {
            put(lowered, "columns.mappingMode", "autoMapInputData");
        } else if params.contains_key("values") {
            put(lowered, "columns.mappingMode", "defineBelow");
            copy(lowered, "values", "columns.value");
        }
    }
    match operation {
        "insert" => copy(lowered, "countOnly", "options.optimizeBulk"),
        "update" | "upsert" | "delete" => copy(lowered, "dryRun", "options.dryRun"),
        "get" => {
            copy(lowered, "returnAll", "returnAll");
            copy(lowered, "limit", "limit");
            if params.get("orderBy").is_some() {
                put(lowered, "orderBy", true);
                copy(lowered, "orderBy", "orderByColumn");
                if !descending {
                    put(lowered, "orderByDirection", "ASC");
                }
            }
        }
        _ => {}
    }
}
