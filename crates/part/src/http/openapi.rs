//! The OpenAPI 3.1 document of a list of operations, with JSON Schemas of draft 2020-12.

use std::collections::BTreeSet;

use auth::Access;
use model::Value;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::json;

use super::operation::{Gives, Operation, ParamKind, SchemaOf, Takes};
use super::problem;

/// The document. `extra` adds schemas that no operation names by itself.
pub fn document(title: &str, version: &str, operations: &[Operation], extra: &[SchemaOf]) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let problem = problem::schema(&mut generator);
    let mut paths = serde_json::Map::new();
    for operation in operations {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe(operation, &mut generator);
    }
    for schema in extra {
        schema(&mut generator);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("ProblemBody".into(), problem);
    let tags: BTreeSet<&str> = operations.iter().map(|operation| operation.tag).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "tags": tags.into_iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": {
                "Problem": {
                    "description": "A refusal that can be acted on.",
                    "content": { problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/ProblemBody" } } }
                }
            },
            "schemas": schemas
        }
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut params = Vec::new();
    for name in operation.path_params() {
        params.push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    for param in &operation.params {
        let schema = match param.kind {
            ParamKind::Text => json!({ "type": "string" }),
            ParamKind::Integer => json!({ "type": "integer", "minimum": 0 }),
            ParamKind::Boolean => json!({ "type": "boolean" }),
            ParamKind::List => json!({ "type": "array", "items": { "type": "string" } }),
        };
        let mut entry = json!({ "name": param.name, "in": "query", "description": param.about, "schema": schema });
        if param.kind == ParamKind::List {
            entry["explode"] = json!(false);
        }
        params.push(entry);
    }
    if operation.access != Access::Public {
        for (name, about) in
            [("workspace", "Workspace; `main` when absent."), ("environment", "Environment; `prod` when absent.")]
        {
            params.push(json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } }));
        }
    }
    if operation.versioned {
        let about = "Refuse when the stored revision is another one.";
        params
            .push(json!({ "name": "If-Match", "in": "header", "description": about, "schema": { "type": "string" } }));
    }
    if operation.method == http::Method::POST {
        let about = "The same key and request get the first answer again, for a day.";
        params.push(
            json!({ "name": "Idempotency-Key", "in": "header", "description": about, "schema": { "type": "string" } }),
        );
    }
    let mut entry = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": params,
        "responses": { operation.status.to_string(): answer(operation, generator), "default": { "$ref": "#/components/responses/Problem" } },
        "x-access": access_text(operation.access),
    });
    match &operation.takes {
        Takes::Nothing => {}
        Takes::Json(schema) => {
            let schema = schema(generator);
            entry["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        Takes::Bytes(types, _) => {
            let content: serde_json::Map<String, Value> = types
                .iter()
                .map(|media| ((*media).to_owned(), json!({ "schema": { "type": "string", "format": "binary" } })))
                .collect();
            entry["requestBody"] = json!({ "required": true, "content": content });
        }
    }
    if operation.access == Access::Public {
        entry["security"] = json!([]);
    }
    entry
}

fn answer(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut answer = match &operation.gives {
        Gives::Nothing => return json!({ "description": "Done." }),
        Gives::Json(schema) => {
            let schema = schema(generator);
            json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
        }
        Gives::Live(schema) => {
            let schema = schema(generator);
            json!({
                "description": "Events as they happen; a WebSocket carries the same ones as `{id, event, data}`.",
                "content": { "text/event-stream": { "schema": { "type": "string" }, "x-event": schema } }
            })
        }
        Gives::Bytes(types) => {
            let content: serde_json::Map<String, Value> =
                types.iter().map(|media| ((*media).to_owned(), json!({ "schema": { "type": "string" } }))).collect();
            json!({ "description": "Done.", "content": content })
        }
    };
    if operation.versioned {
        answer["headers"] = json!({ "ETag": { "description": "The revision.", "schema": { "type": "string" } } });
    }
    answer
}

/// How the access matrix names who may call an operation.
pub fn access_text(access: Access) -> String {
    match access {
        Access::Public => "public".into(),
        Access::Authenticated => "any token".into(),
        Access::Session => "session".into(),
        Access::Needs(permission) => permission.as_str().into(),
    }
}
