//! `files.s3`: buckets and files of an object store with Amazon's S3 protocol.

mod client;
mod params;
#[cfg(test)]
mod tests;

use formats::kind;
use model::{Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::node::Slot;
use part::{CallFailure, CallSpec, Ctx, Descriptor, NodeError, Outcome, Plain, Typed};
use serde_json::json;

use self::client::Client;
use self::params::{Operation, Params, Resource};
use super::{file, names};
use crate::each::{self, PerItem};

/// Buckets and files of an object store.
pub(crate) struct S3;

const SLOT: &str = "s3";

impl Plain for S3 {
    type Params = Params;
    const ABOUT: &'static Descriptor = params::ABOUT;
    const SLOTS: &'static [Slot] = &[Slot { slot: SLOT, kinds: &["login:s3"] }];
    const N8N: &'static [Mapping] = &[
        Mapping { node_type: "n8n-nodes-base.s3", versions: &[1.0] },
        Mapping { node_type: "n8n-nodes-base.awsS3", versions: &[1.0, 2.0] },
    ];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        each::lacks(node, SLOT)
    }

    fn lift(node: &n8n::Node) -> Lifted {
        params::lift(node, SLOT)
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        params::lower(params)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        each::each(ctx, params, &Store).await
    }
}

struct Store;

/// Makes the call and puts out what it gives: a list an item each.
async fn made<'a, F>(ctx: &'a Ctx, spec: CallSpec, act: F) -> Result<Vec<Item>, NodeError>
where
    F: Future<Output = Result<Value, CallFailure>> + Send + 'a,
{
    match ctx.call(spec, |_| Box::pin(act)).await? {
        Value::Array(list) => Ok(list.into_iter().map(Item::from_value).collect()),
        Value::Null => Ok(vec![Item::new(Map::from_iter([("success".to_owned(), true.into())]))]),
        one => Ok(vec![Item::from_value(one)]),
    }
}

impl PerItem<Params> for Store {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let (resource, operation) = params.act()?;
        let spec = |request: Value| CallSpec {
            name: format!("{operation:?}").to_lowercase(),
            item: Some(position as u32),
            request: json!({ "resource": format!("{resource:?}").to_lowercase(), "request": request }),
        };
        match (resource, operation) {
            (Resource::Bucket, Operation::Create) => {
                let headers = params.bucket_headers();
                let spec = spec(json!({ "bucket": params.name, "headers": headers, "region": params.region }));
                made(ctx, spec, async move {
                    let client = Client::open(ctx).await?;
                    client.create_bucket(&params.name, &params.region, &headers).await
                })
                .await
            }
            (Resource::Bucket, Operation::Delete) => {
                let spec = spec(json!({ "bucket": params.name }));
                made(ctx, spec, async move { Client::open(ctx).await?.delete_bucket(&params.name).await }).await
            }
            (Resource::Bucket, Operation::GetAll) => {
                let spec = spec(json!({ "limit": params.most() }));
                made(ctx, spec, async move { Client::open(ctx).await?.buckets(params.most()).await }).await
            }
            (Resource::Bucket, Operation::Search) => {
                let (query, headers) = (params.search(), params.payer());
                let wanted = params.searched();
                let spec = spec(json!({ "bucket": params.bucket_name, "query": query, "limit": params.most() }));
                made(ctx, spec, async move {
                    let client = Client::open(ctx).await?;
                    client.list(&params.bucket_name, &query, &headers, wanted, params.most(), |_| true).await
                })
                .await
            }
            (Resource::File | Resource::Folder, Operation::GetAll) => {
                let mut query = vec![("prefix", params.folder_key.clone())];
                if params.fetch_owner {
                    query.push(("fetch-owner", "true".into()));
                }
                let files = resource == Resource::File;
                if files {
                    query.push(("delimiter", "/".into()));
                }
                let spec = spec(json!({ "bucket": params.bucket_name, "query": query, "limit": params.most() }));
                let fits = move |entry: &Value| {
                    let key = entry["Key"].as_str().unwrap_or_default();
                    let empty = entry["Size"] == "0";
                    match files {
                        true => !key.ends_with('/') && !empty,
                        false => key.ends_with('/') && empty && key != params.folder_key,
                    }
                };
                made(ctx, spec, async move {
                    let client = Client::open(ctx).await?;
                    client.list(&params.bucket_name, &query, &[], "Contents", params.most(), fits).await
                })
                .await
            }
            (Resource::Folder, Operation::Create) => {
                let key = format!("{}{}/", params.parent(), params.folder_name);
                let mut headers = params.payer();
                headers.extend(params.storage());
                let spec = spec(json!({ "bucket": params.bucket_name, "key": key, "headers": headers }));
                made(ctx, spec, async move {
                    Client::open(ctx).await?.put(&params.bucket_name, &key, &headers, Vec::new().into()).await
                })
                .await
            }
            (Resource::Folder, Operation::Delete) => {
                let spec = spec(json!({ "bucket": params.bucket_name, "prefix": params.folder_key }));
                made(ctx, spec, async move {
                    Client::open(ctx).await?.delete_folder(&params.bucket_name, &params.folder_key).await
                })
                .await
            }
            (Resource::File, Operation::Copy) => {
                let (bucket, key) = params.destination()?;
                let source = client::encoded(&params.source_path);
                let mut headers = params.file_headers();
                headers.extend(params.copy_headers());
                headers.push(("x-amz-copy-source", source));
                let spec = spec(json!({ "bucket": bucket, "key": key, "headers": params.shown(&headers) }));
                made(ctx, spec, async move { Client::open(ctx).await?.copy(bucket, key, &headers).await }).await
            }
            (Resource::File, Operation::Delete) => {
                let request =
                    json!({ "bucket": params.bucket_name, "key": params.file_key, "version": params.version_id });
                made(ctx, spec(request), async move {
                    let client = Client::open(ctx).await?;
                    client.delete(&params.bucket_name, &params.file_key, &params.version_id).await
                })
                .await
            }
            (Resource::File, Operation::Download) => {
                if params.file_key.ends_with('/') || params.file_key.is_empty() {
                    let why = "Downloading a whole directory is not yet supported, please provide a file key";
                    return Err(NodeError::parameter("/params/fileKey", why).permanent());
                }
                let spec = spec(json!({ "bucket": params.bucket_name, "key": params.file_key }));
                let call = ctx.call(spec, |_| {
                    Box::pin(async move { Client::open(ctx).await?.get(&params.bucket_name, &params.file_key).await })
                });
                let found = call.await?;
                let base = params.file_key.rsplit('/').next().unwrap_or_default();
                let mut made = item.clone();
                let told = found["type"].as_str().map(str::to_owned).or_else(|| kind::of_name(base));
                made.set_file(&params.binary_property_name, file::kept(&found, base, told.as_deref())?);
                Ok(vec![made])
            }
            (Resource::File, Operation::Upload) => {
                let content = match params.binary_data {
                    true => Some(file::wanted(item, &params.binary_property_name, position)?),
                    false => None,
                };
                let own = content.as_ref().and_then(|file| file.file_name.clone()).map(|name| names::base(&name));
                let name = Some(params.file_name.clone()).filter(|name| !name.is_empty()).or(own);
                let name = name.ok_or_else(|| NodeError::parameter("/params/fileName", "the file has no name"))?;
                let key = format!("{}{name}", params.parent());
                let mime = content.as_ref().map_or("text/html", |file| file.mime_type.as_str()).to_owned();
                let mut headers = params.file_headers();
                headers.push(("content-type", mime));
                headers.extend(params.tagging());
                let sent = content.as_ref().map_or_else(|| params.file_content.as_str().into(), file::as_request);
                let request = json!({
                    "bucket": params.bucket_name, "key": key, "headers": params.shown(&headers), "content": sent
                });
                made(ctx, spec(request), async move {
                    let client = Client::open(ctx).await?;
                    let source = file::source(ctx, content.as_ref().ok_or(params.file_content.as_str())).await?;
                    let size = content.as_ref().map_or(params.file_content.len() as u64, |file| file.size);
                    client.upload(&params.bucket_name, &key, &headers, source, size).await
                })
                .await
            }
            _ => Err(NodeError::bug("an operation that its resource does not have was let through")),
        }
    }
}
