//! What `db.mongodb` is set up with, and how n8n writes it.

use model::{Map, Value};
use part::lenient;
use part::n8n::{self, Lifted, Names, named, put, renamed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::SLOT;
use crate::databases::sql::params::values;

/// What `db.mongodb` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("default" = "find"))]
    #[serde(default)]
    pub operation: Operation,
    /// Collection that is worked on.
    #[schemars(example = &"orders")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub collection: String,
    /// Which documents, as an object or its JSON text; for `aggregate` a list of stages. Write values as `"$1"`,
    /// `"$2"` … and give them in `queryParameters`: they cannot change what the query does. Ids and dates are written
    /// as `{ "$oid": "…" }` and `{ "$date": "…" }`; a text in the `_id` of `find` is an id.
    #[schemars(example = &"{ \"customer\": \"$1\" }", extend("x-form" = { "when": { "operation": ["aggregate", "delete", "find"] }, "as": "json" }))]
    #[serde(default)]
    pub query: Value,
    /// Values of `"$1"`, `"$2"` … in the query.
    #[schemars(title = "Values of $1, $2 …", extend("x-form" = { "when": { "operation": ["aggregate", "delete", "find"] }, "as": "values" }))]
    #[serde(default, deserialize_with = "values")]
    pub query_parameters: Vec<Value>,
    /// Writing: the items' fields that make the document, with commas between them.
    #[schemars(title = "Fields of the item", example = &"name, price", extend("x-form" = { "when": { "operation": ["insert", "update", "findOneAndReplace", "findOneAndUpdate"] }, "as": "commas" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub fields: String,
    /// Changing: the field by whose value a document is found.
    #[schemars(title = "Found by", extend("x-form" = { "when": { "operation": ["update", "findOneAndReplace", "findOneAndUpdate"] } }))]
    #[serde(default = "id", deserialize_with = "lenient::text")]
    pub update_key: String,
    /// Changing: a document that is not found is added.
    #[schemars(title = "Add it when it is not there", extend("x-form" = { "when": { "operation": ["update", "findOneAndReplace", "findOneAndUpdate"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub upsert: bool,
    /// Writing: those of the fields that are dates, with commas between them.
    #[schemars(title = "Of them, dates", extend("x-form" = { "when": { "operation": ["insert", "update", "findOneAndReplace", "findOneAndUpdate"] }, "as": "commas", "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub date_fields: String,
    /// Writing: a dot in the name of a field leads into objects.
    #[schemars(title = "Dots lead into objects", extend("x-form" = { "when": { "operation": ["insert", "update", "findOneAndReplace", "findOneAndUpdate"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub use_dot_notation: bool,
    /// Finding: at most so many; 0: all.
    #[schemars(title = "At most", extend("x-form" = { "when": { "operation": "find" }, "unit": "documents" }))]
    #[serde(default, deserialize_with = "lenient::whole")]
    pub limit: i64,
    /// Finding: without the first ones.
    #[schemars(title = "Without the first", extend("x-form" = { "when": { "operation": "find" }, "unit": "documents", "more": true }))]
    #[serde(default, deserialize_with = "lenient::whole")]
    pub skip: u64,
    /// Finding: order of the documents, `{ "field": -1 }`.
    #[schemars(example = &"{ \"price\": -1 }", extend("x-form" = { "when": { "operation": "find" }, "as": "json", "more": true }))]
    #[serde(default)]
    pub sort: Value,
    /// Values of `$1`, `$2` … in the order.
    #[schemars(extend("x-form" = { "when": { "operation": "find" }, "as": "values", "more": true }))]
    #[serde(default, deserialize_with = "values")]
    pub sort_parameters: Vec<Value>,
    /// Finding: what comes out of each document, `{ "field": 1 }`.
    #[schemars(title = "Only these fields", example = &"{ \"name\": 1 }", extend("x-form" = { "when": { "operation": "find" }, "as": "json", "more": true }))]
    #[serde(default)]
    pub projection: Value,
    /// Values of `$1`, `$2` … in it.
    #[schemars(extend("x-form" = { "when": { "operation": "find" }, "as": "values", "more": true }))]
    #[serde(default, deserialize_with = "values")]
    pub projection_parameters: Vec<Value>,
    /// Search indexes: name of the index; listing, none is all.
    #[schemars(extend("x-form" = { "when": { "operation": ["createSearchIndex", "dropSearchIndex", "listSearchIndexes", "updateSearchIndex"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub index_name: String,
    /// Search indexes: kind of a new one.
    #[schemars(extend("default" = "vectorSearch"), extend("x-form" = { "when": { "operation": "createSearchIndex" } }))]
    #[serde(default)]
    pub index_type: IndexType,
    /// Search indexes: the definition.
    #[schemars(extend("x-form" = { "when": { "operation": ["createSearchIndex", "updateSearchIndex"] }, "as": "json" }))]
    #[serde(default)]
    pub index_definition: Value,
    /// Values of `$1`, `$2` … in the definition.
    #[schemars(extend("x-form" = { "when": { "operation": ["createSearchIndex", "updateSearchIndex"] }, "as": "values", "more": true }))]
    #[serde(default, deserialize_with = "values")]
    pub index_definition_parameters: Vec<Value>,
    /// What reads and deletes happens once, for the first item (n8n's first version).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub once: bool,
    /// Writing, the parameters of the first item count for all (n8n before 1.3).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub first_parameters: bool,
    /// Changing, an item without the key is left out instead of failing (n8n before 1.3).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub skip_without_key: bool,
    /// Changing with dots in names, the objects are replaced as a whole (n8n before 1.2).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_objects: bool,
}

/// What is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Passes documents through stages.
    Aggregate,
    /// Deletes documents.
    Delete,
    /// Finds documents.
    #[default]
    Find,
    /// Replaces a document for each item.
    FindOneAndReplace,
    /// Changes fields of a document for each item.
    FindOneAndUpdate,
    /// Adds a document for each item.
    Insert,
    /// Changes fields of a document for each item.
    Update,
    /// Makes a search index.
    CreateSearchIndex,
    /// Removes a search index.
    DropSearchIndex,
    /// Shows search indexes.
    ListSearchIndexes,
    /// Changes a search index.
    UpdateSearchIndex,
}

impl Operation {
    /// It changes a document that a key finds.
    pub fn changes(self) -> bool {
        matches!(self, Operation::FindOneAndReplace | Operation::FindOneAndUpdate | Operation::Update)
    }
}

/// Kind of a search index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IndexType {
    /// Of vectors.
    #[default]
    VectorSearch,
    /// Of texts.
    Search,
}

fn id() -> String {
    "id".into()
}

const NAMES: Names = &[
    ("operation", "operation"),
    ("collection", "collection"),
    ("query", "query"),
    ("queryParameters", "queryParameters"),
    ("fields", "fields"),
    ("updateKey", "updateKey"),
    ("upsert", "upsert"),
    ("dateFields", "options.dateFields"),
    ("useDotNotation", "options.useDotNotation"),
    ("limit", "options.limit"),
    ("skip", "options.skip"),
    ("sort", "options.sort"),
    ("sortParameters", "options.sortParameters"),
    ("projection", "options.projection"),
    ("projectionParameters", "options.projectionParameters"),
    ("indexType", "indexType"),
    ("indexDefinition", "indexDefinition"),
    ("indexDefinitionParameters", "indexDefinitionParameters"),
];

/// Follows from the operation.
pub const IDLE: &[&str] = &["resource"];

fn place_of_index(operation: &str) -> &'static str {
    if operation == "listSearchIndexes" { "indexName" } else { "indexNameRequired" }
}

pub fn lift(node: &n8n::Node) -> Lifted {
    let mut params = named(node, NAMES);
    let indexes = node.text("resource", "document") == "searchIndexes";
    let operation = node.text("operation", if indexes { "createSearchIndex" } else { "find" });
    if indexes {
        params.insert("operation".into(), operation.into());
    }
    n8n::copy(node, place_of_index(operation), &mut params, "indexName");
    for (before, name) in [(1.1, "once"), (1.3, "firstParameters"), (1.3, "skipWithoutKey"), (1.2, "replaceObjects")] {
        if node.version < before {
            params.insert(name.into(), true.into());
        }
    }
    let mut lifted = Lifted::plain(params);
    lifted.slots.insert("mongoDb".into(), SLOT.into());
    lifted
}

pub fn lower(params: &Map) -> Map {
    let mut lowered = renamed(params, NAMES);
    let operation = params.get("operation").and_then(Value::as_str).unwrap_or("find");
    if operation.ends_with("SearchIndex") || operation.ends_with("SearchIndexes") {
        put(&mut lowered, "resource", "searchIndexes");
    }
    put(&mut lowered, place_of_index(operation), params.get("indexName").cloned().unwrap_or_default());
    lowered
}
