//! One thing that is asked of the server, and what comes back.

use model::{Map, Value};
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::{Collection, SearchIndexModel, SearchIndexType};
use part::{CallFailure, NodeError};
use serde_json::json;

use super::client::Lease;
use super::document::{self, Made, shown};
use super::params::{IndexType, Operation, Params};
use crate::databases::sql::rows::Sink;

/// The server knows a document with the same value of a unique index.
const DUPLICATE: i32 = 11_000;

/// What is asked.
pub struct Act {
    /// Of which collection.
    pub collection: String,
    /// For which item, the first of several.
    pub item: usize,
    /// What.
    pub what: What,
}

/// What is asked of a collection.
pub enum What {
    /// Documents out of stages.
    Aggregate(Vec<Document>),
    /// Deletes what fits.
    Delete(Document),
    /// Finds what fits.
    Find(Find),
    /// Changes one document.
    Change {
        /// How.
        operation: Operation,
        /// Which, and to what.
        made: Made,
        /// It is added when it is not there.
        upsert: bool,
    },
    /// Adds documents.
    Insert {
        /// They, each with its item.
        rows: Vec<(usize, Document)>,
        /// Their ids are of this step, so that whoever has them is one of them.
        ours: bool,
    },
    /// Shows search indexes.
    List(Option<String>),
    /// Removes a search index.
    Drop(String),
    /// Makes a search index.
    Create(String, Document, IndexType),
    /// Changes a search index.
    Alter(String, Document),
}

/// What is found, and how it comes out.
pub struct Find {
    filter: Document,
    limit: i64,
    skip: u64,
    sort: Document,
    projection: Document,
}

impl What {
    /// What the parameters ask for that needs no document of an item.
    pub fn of(params: &Params) -> Result<What, NodeError> {
        let index = || match params.index_name.trim() {
            "" => Err(NodeError::parameter("/params/indexName", "the index's name is missing").permanent()),
            name => Ok(name.to_owned()),
        };
        let filter = || document::document("Query", &params.query, &params.query_parameters);
        let definition =
            || document::document("Index Definition", &params.index_definition, &params.index_definition_parameters);
        Ok(match params.operation {
            Operation::Aggregate => match document::query("Query", &params.query, &params.query_parameters)? {
                Bson::Array(stages) => {
                    let stage = |stage| match stage {
                        Bson::Document(stage) => Ok(stage),
                        _ => Err(NodeError::bad_data("a stage of the pipeline is no JSON object").permanent()),
                    };
                    What::Aggregate(stages.into_iter().map(stage).collect::<Result<_, _>>()?)
                }
                _ => return Err(NodeError::bad_data("the pipeline is no JSON list of stages").permanent()),
            },
            Operation::Delete => What::Delete(filter()?),
            Operation::ListSearchIndexes => What::List(index().ok()),
            Operation::DropSearchIndex => What::Drop(index()?),
            Operation::CreateSearchIndex => What::Create(index()?, definition()?, params.index_type),
            Operation::UpdateSearchIndex => What::Alter(index()?, definition()?),
            _ => What::Find(Find {
                filter: document::with_id(filter()?)?,
                limit: params.limit.max(0),
                skip: params.skip,
                sort: document::document("Sort", &params.sort, &params.sort_parameters)?,
                projection: document::document("Projection", &params.projection, &params.projection_parameters)?,
            }),
        })
    }

    fn writes(&self) -> bool {
        match self {
            What::Find(_) | What::List(_) => false,
            What::Aggregate(stages) => {
                stages.last().is_some_and(|stage| stage.contains_key("$out") || stage.contains_key("$merge"))
            }
            _ => true,
        }
    }
}

impl Act {
    /// As the journal calls it.
    pub fn name(&self) -> &'static str {
        match &self.what {
            What::Aggregate(_) => "aggregate",
            What::Delete(_) => "delete",
            What::Find(_) => "find",
            What::Change { operation: Operation::FindOneAndReplace, .. } => "replace",
            What::Change { .. } => "update",
            What::Insert { .. } => "insert",
            What::List(_) => "listSearchIndexes",
            What::Drop(_) => "dropSearchIndex",
            What::Create(..) => "createSearchIndex",
            What::Alter(..) => "updateSearchIndex",
        }
    }

    /// What the journal keeps of it.
    pub fn request(&self) -> Value {
        let text = |document: &Document| Value::Object(shown(document.clone()));
        let what = match &self.what {
            What::Aggregate(stages) => stages.iter().map(text).collect(),
            What::Delete(filter) => text(filter),
            What::Find(find) => {
                json!([text(&find.filter), find.limit, find.skip, text(&find.sort), text(&find.projection),])
            }
            What::Change { made, upsert, .. } => json!([text(&made.filter), text(&made.document), upsert]),
            What::Insert { rows, .. } => rows.iter().map(|(_, row)| text(row)).collect(),
            What::List(name) => json!(name),
            What::Drop(name) => json!(name),
            What::Create(name, definition, _) | What::Alter(name, definition) => json!([name, text(definition)]),
        };
        json!({ "collection": self.collection, "of": what })
    }

    /// Asks it, and gives what comes back to the sink.
    pub async fn run(&self, lease: &mut Lease, sink: &mut Sink<'_>) -> Result<(), CallFailure> {
        let collection: Collection<Document> = lease.database()?.collection(&self.collection);
        let writes = self.what.writes();
        let item = self.item;
        match &self.what {
            What::Find(find) => {
                let asked = collection.find(find.filter.clone()).skip(find.skip).limit(find.limit);
                let asked = if find.sort.is_empty() { asked } else { asked.sort(find.sort.clone()) };
                let asked = if find.projection.is_empty() { asked } else { asked.projection(find.projection.clone()) };
                let mut found = lease.wait(writes, async { asked.await }).await?;
                while lease.wait(writes, found.advance()).await? {
                    let document = lease.wait(writes, std::future::ready(found.deserialize_current())).await?;
                    sink.row(item, shown(document)).await?;
                }
            }
            What::Aggregate(stages) => {
                let asked = collection.aggregate(stages.clone());
                let mut found = lease.wait(writes, async { asked.await }).await?;
                while lease.wait(writes, found.advance()).await? {
                    let document = lease.wait(writes, std::future::ready(found.deserialize_current())).await?;
                    sink.row(item, shown(document)).await?;
                }
            }
            What::Delete(filter) => {
                let done = lease.wait(writes, async { collection.delete_many(filter.clone()).await }).await?;
                sink.row(item, Map::from_iter([("deletedCount".to_owned(), done.deleted_count.into())])).await?;
            }
            What::Change { operation, made, upsert } => {
                lease.wait(writes, change(&collection, *operation, made, *upsert)).await?;
                sink.row(item, shown(made.document.clone())).await?;
            }
            What::Insert { rows, ours } => {
                lease.wait(writes, insert(&collection, rows, *ours)).await?;
                for (item, row) in rows {
                    let mut row = shown(row.clone());
                    let id = row.get("_id").cloned().unwrap_or_default();
                    row.insert("id".into(), id);
                    sink.row(*item, row).await?;
                }
            }
            What::List(name) => {
                let asked = collection.list_search_indexes();
                let asked = match name {
                    Some(name) => asked.name(name.clone()),
                    None => asked,
                };
                let mut found = lease.wait(writes, async { asked.await }).await?;
                while lease.wait(writes, found.advance()).await? {
                    let document = lease.wait(writes, std::future::ready(found.deserialize_current())).await?;
                    sink.row(item, shown(document)).await?;
                }
            }
            What::Drop(name) => {
                lease.wait(writes, async { collection.drop_search_index(name.clone()).await }).await?;
                sink.row(item, Map::from_iter([(name.clone(), true.into())])).await?;
            }
            What::Create(name, definition, kind) => {
                let kind = match kind {
                    IndexType::VectorSearch => SearchIndexType::VectorSearch,
                    IndexType::Search => SearchIndexType::Search,
                };
                let index = SearchIndexModel::builder().name(name.clone()).definition(definition.clone());
                let index = index.index_type(kind).build();
                lease.wait(writes, async { collection.create_search_index(index).await }).await?;
                sink.row(item, Map::from_iter([("indexName".to_owned(), name.as_str().into())])).await?;
            }
            What::Alter(name, definition) => {
                let asked = collection.update_search_index(name.clone(), definition.clone());
                lease.wait(writes, async { asked.await }).await?;
                sink.row(item, Map::from_iter([(name.clone(), true.into())])).await?;
            }
        }
        Ok(())
    }
}

async fn change(
    collection: &Collection<Document>,
    operation: Operation,
    made: &Made,
    upsert: bool,
) -> Result<(), Error> {
    let filter = made.filter.clone();
    match operation {
        Operation::FindOneAndReplace => {
            collection.find_one_and_replace(filter, made.document.clone()).upsert(upsert).await.map(drop)
        }
        Operation::FindOneAndUpdate => collection
            .find_one_and_update(filter, doc! { "$set": made.document.clone() })
            .upsert(upsert)
            .await
            .map(drop),
        _ => collection.update_one(filter, doc! { "$set": made.document.clone() }).upsert(upsert).await.map(drop),
    }
}

/// Adds documents. Some may be there already, when an attempt before this one did not hear the answer.
async fn insert(collection: &Collection<Document>, rows: &[(usize, Document)], ours: bool) -> Result<(), Error> {
    let documents = || rows.iter().map(|(_, row)| row);
    let error = match collection.insert_many(documents()).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    if !ours || !is_duplicate(&error) {
        return Err(error);
    }
    let ids: Vec<Bson> = documents().filter_map(|row| row.get("_id").cloned()).collect();
    let mut found = collection.find(doc! { "_id": { "$in": ids } }).projection(doc! { "_id": 1 }).await?;
    let mut there = Vec::new();
    while found.advance().await? {
        there.extend(found.deserialize_current()?.get("_id").cloned());
    }
    let missing: Vec<&Document> =
        documents().filter(|row| row.get("_id").is_none_or(|id| !there.contains(id))).collect();
    match missing.len() {
        0 => Ok(()),
        // None of them was there: it is another index that knows a twin.
        count if count == rows.len() => Err(error),
        _ => collection.insert_many(missing).await.map(drop),
    }
}

fn is_duplicate(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::InsertMany(said) => {
            said.write_errors.as_ref().is_some_and(|errors| errors.iter().any(|one| one.code == DUPLICATE))
        }
        _ => false,
    }
}
