//! `files.ftp`: files on a server of FTP or SFTP.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::lenient::{self, Millis};
use part::n8n::{self, Lifted, Mapping, Version};
use part::node::Slot;
use part::{CallFailure, CallSpec, Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::ftp_session::{FtpSession, answered};
use super::sftp::Sftp;
use super::{file, names};
use crate::each::{self, PerItem};
use crate::shells::session::{Proof, Session};

/// What `files.ftp` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What the server speaks.
    #[serde(default)]
    protocol: Speaks,
    /// What is done.
    #[schemars(extend("default" = "download"))]
    #[serde(default)]
    operation: Operation,
    /// The file or folder; listing: the root unless it is said.
    #[schemars(
        example = &"/in/orders.csv",
        extend("x-form" = { "when": { "operation": ["delete", "download", "list", "upload"] } })
    )]
    #[serde(default)]
    path: Option<String>,
    /// Renaming: the file as it is called now.
    #[schemars(
        title = "The file as it is called now",
        example = &"/in/orders.csv",
        extend("x-form" = { "when": { "operation": "rename" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    old_path: String,
    /// Renaming: as it shall be called.
    #[schemars(
        title = "As it shall be called",
        example = &"/done/orders.csv",
        extend("x-form" = { "when": { "operation": "rename" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    new_path: String,
    /// Deleting: the path is a folder.
    #[schemars(title = "It is a folder", extend("x-form" = { "when": { "operation": "delete" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    folder: bool,
    /// Listing: what is in the folders below, too. Deleting a folder: with all that is in it.
    #[schemars(
        title = "With what is in folders below",
        extend("x-form" = { "when": { "operation": ["list", "delete"] } })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    recursive: bool,
    /// Renaming: make the folders of the new path that are missing.
    #[schemars(
        title = "Make folders that are missing",
        extend("x-form" = { "when": { "operation": "rename" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    create_directories: bool,
    /// Uploading: a file of the item; otherwise a text.
    #[schemars(title = "A file of the item", extend("x-form" = { "when": { "operation": "upload" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    binary_data: bool,
    /// Name of the file in the item: the one that is uploaded, or where the downloaded one goes.
    #[schemars(
        title = "Name of the file in the item",
        example = &"data",
        extend("x-form" = { "when": { "operation": ["upload", "download"], "binaryData": true } })
    )]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_name: String,
    /// Uploading: the text.
    #[schemars(
        title = "Text",
        extend("x-form" = { "when": { "operation": "upload", "binaryData": false }, "as": "text" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    file_content: String,
    /// Longest time to open the session.
    #[schemars(extend("x-form" = { "unit": "ms", "more": true }))]
    #[serde(default = "ten_seconds")]
    timeout: Millis,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Speaks {
    /// FTP; over TLS when the connection says so.
    #[default]
    Ftp,
    /// Files over SSH.
    Sftp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Removes a file or folder.
    Delete,
    /// Gets a file.
    #[default]
    Download,
    /// Says what is in a folder, an item each.
    List,
    /// Gives a file another name or place.
    Rename,
    /// Writes a file anew.
    Upload,
}

fn yes() -> bool {
    true
}

fn data() -> String {
    "data".into()
}

fn ten_seconds() -> Millis {
    Millis(10_000)
}

/// Files on a server of FTP or SFTP.
pub(crate) struct Ftp;

const SLOT: &str = "ftp";

const NAMES: n8n::Names = &[
    ("protocol", "protocol"),
    ("operation", "operation"),
    ("path", "path"),
    ("oldPath", "oldPath"),
    ("newPath", "newPath"),
    ("folder", "options.folder"),
    ("createDirectories", "options.createDirectories"),
    ("binaryData", "binaryData"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("fileContent", "fileContent"),
    ("timeout", "options.timeout"),
];

/// Where n8n keeps `recursive`.
fn place_of_recursive(operation: &str) -> &'static str {
    if operation == "list" { "recursive" } else { "options.recursive" }
}

impl Plain for Ftp {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "files.ftp",
        version: 1,
        title: "FTP and SFTP",
        summary: "Lists, gets, writes, renames and deletes files on a server of FTP or SFTP",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["sftp", "ftps", "upload", "download", "file", "server", "ssh"],
    };
    const SLOTS: &'static [Slot] = &[Slot { slot: SLOT, kinds: &["login:ftp", "login:sftp"] }];
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.ftp", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;
    // Reads are always made side by side, in parts that the server likes.
    const IDLE: &'static [&'static str] =
        &["options.enableConcurrentReads", "options.maxConcurrentReads", "options.chunkSize"];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        each::lacks(node, SLOT)
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, NAMES);
        n8n::copy(node, place_of_recursive(node.text("operation", "download")), &mut params, "recursive");
        let credential = node.text("protocol", "ftp").to_owned();
        Lifted { params, slots: [(credential, SLOT.to_owned())].into(), ..Lifted::default() }
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        let mut lowered = n8n::renamed(params, NAMES);
        let operation = params.get("operation").and_then(Value::as_str).unwrap_or("download");
        let recursive = params.get("recursive").cloned().unwrap_or_default();
        n8n::put(&mut lowered, place_of_recursive(operation), recursive);
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        each::each(ctx, params, &Server::default()).await
    }
}

/// The session that the items of a step share; opened by the first call that is really made.
#[derive(Default)]
struct Server {
    open: Mutex<Option<Open>>,
    /// The server has refused the login before.
    refused: AtomicBool,
}

enum Open {
    Ftp(Box<FtpSession>),
    Sftp(Box<Sftp>),
}

impl Server {
    async fn session<'a>(&'a self, ctx: &Ctx, params: &Params) -> Result<MutexGuard<'a, Option<Open>>, CallFailure> {
        let mut open = self.open.lock().await;
        let stands = match (&mut *open, params.protocol) {
            (Some(Open::Ftp(session)), Speaks::Ftp) => session.is_open().await,
            (Some(Open::Sftp(session)), Speaks::Sftp) => session.is_open(),
            _ => false,
        };
        if !stands {
            let (login, mut meta) = each::account(ctx, SLOT).await?;
            meta.deadline = params.timeout.duration().max(Duration::from_millis(1));
            let outbound = each::way_out(ctx)?;
            *open = Some(match params.protocol {
                Speaks::Ftp => Open::Ftp(Box::new(FtpSession::open(&outbound, &login, meta).await?)),
                Speaks::Sftp => {
                    let session = Session::open(&outbound, &login, meta, Proof::Any).await?;
                    Open::Sftp(Box::new(Sftp::over(session).await?))
                }
            });
        }
        Ok(open)
    }

    /// Does something to the server's files; a step that is told to end lets go of the session.
    async fn act(&self, ctx: &Ctx, params: &Params, act: Act<'_>) -> Result<Value, CallFailure> {
        let mut open = self.session(ctx, params).await?;
        let changes = !matches!(act, Act::List(_) | Act::Download(_));
        let done = tokio::select! {
            done = async {
                match &mut *open {
                    Some(Open::Ftp(session)) => over_ftp(ctx, params, session, act).await,
                    Some(Open::Sftp(session)) => over_sftp(ctx, params, session, act).await,
                    None => Err(NodeError::bug("a session was opened and is not there").into()),
                }
            } => done,
            () = ctx.cancelled().cancelled() => {
                Err(CallFailure { error: crate::shells::session::canceled(), uncertain: changes })
            }
        };
        if done.is_err() {
            // Whatever half of an answer is still under way must not be taken for that of the next item.
            *open = None;
        }
        done
    }
}

/// What is done to the server's files.
enum Act<'a> {
    List(&'a str),
    Download(&'a str),
    Delete(&'a str),
    Rename(&'a str, &'a str),
    Upload(&'a str, part::ByteStream),
}

async fn over_sftp(ctx: &Ctx, params: &Params, session: &Sftp, act: Act<'_>) -> Result<Value, CallFailure> {
    match act {
        Act::List(path) => return session.list(path, params.recursive).await,
        Act::Download(path) => {
            let reader = session.read(path).await?;
            return file::keep(ctx.host(), reader, format!("reading `{path}`")).await;
        }
        Act::Delete(path) if params.folder => session.delete_folder(path, params.recursive).await?,
        Act::Delete(path) => session.delete(path).await?,
        Act::Rename(from, to) => {
            if let Some(folder) = names::folder(to).filter(|_| params.create_directories) {
                session.make_folders(folder).await?;
            }
            session.rename(from, to).await?;
        }
        Act::Upload(path, content) => {
            if let Some(folder) = names::folder(path) {
                session.make_folders(folder).await?;
            }
            session.write(path, content).await?;
        }
    }
    Ok(Value::Null)
}

async fn over_ftp(ctx: &Ctx, params: &Params, session: &mut FtpSession, act: Act<'_>) -> Result<Value, CallFailure> {
    match act {
        Act::List(path) => return session.list(path, params.recursive).await,
        Act::Download(path) => {
            let (transfer, ended) = file::Handed::new(session.read(path).await?);
            let kept = file::keep(ctx.host(), transfer, format!("reading `{path}`")).await?;
            // A transfer that was cut off looks like a file that has ended, until the server says how it went.
            if let Some(transfer) = ended.back() {
                session.done(transfer, path).await?;
            }
            return Ok(kept);
        }
        Act::Delete(path) if params.folder => session.delete_folder(path, params.recursive).await?,
        Act::Delete(path) => session.delete(path).await?,
        Act::Rename(from, to) => match (session.rename(from, to).await, names::folder(to)) {
            (Err(failure), Some(folder)) if params.create_directories && answered(&failure, &[451, 550, 553]) => {
                session.make_folders(folder).await?;
                session.rename(from, to).await?;
            }
            (done, _) => done?,
        },
        Act::Upload(path, content) => {
            // A content can be sent once, so the folders come first instead of after a refusal.
            if let Some(folder) = names::folder(path) {
                session.make_folders(folder).await?;
            }
            session.write(path, content).await?;
        }
    }
    Ok(Value::Null)
}

impl PerItem<Params> for Server {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        match self.one(ctx, params, item, position).await {
            // As in n8n, a refused login is said once, and not for each item.
            Err(error)
                if error.problem.code == Code::CredentialRejected
                    && ctx.info().on_error == OnError::Continue
                    && self.refused.swap(true, Ordering::Relaxed) =>
            {
                Ok(Vec::new())
            }
            done => done,
        }
    }
}

impl Server {
    async fn one(&self, ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Vec<Item>, NodeError> {
        let spec = |name: &str, request: Value| CallSpec {
            name: name.into(),
            item: Some(position as u32),
            request: json!({ "protocol": format!("{:?}", params.protocol).to_lowercase(), "request": request }),
        };
        let given = params.path.as_deref().unwrap_or_default();
        match params.operation {
            Operation::List => {
                let path = names::path(params.path.as_deref().unwrap_or("/"), "path")?;
                let spec = spec("list", json!({ "path": path, "recursive": params.recursive }));
                let found = ctx.call(spec, |_| Box::pin(self.act(ctx, params, Act::List(path)))).await?;
                let Value::Array(entries) = found else { return Err(NodeError::bug("a listing is no list")) };
                Ok(entries.into_iter().map(Item::from_value).collect())
            }
            Operation::Download => {
                let path = names::path(given, "path")?;
                let spec = spec("download", json!({ "path": path }));
                let found = ctx.call(spec, |_| Box::pin(self.act(ctx, params, Act::Download(path)))).await?;
                let base = path.rsplit('/').find(|step| !step.is_empty()).unwrap_or(path);
                let mut made = item.clone();
                made.set_file(&params.binary_property_name, file::kept(&found, base, None)?);
                Ok(vec![made])
            }
            Operation::Delete => {
                let path = names::path(given, "path")?;
                let request = json!({ "path": path, "folder": params.folder, "recursive": params.recursive });
                ctx.call(spec("delete", request), |_| Box::pin(self.act(ctx, params, Act::Delete(path)))).await?;
                Ok(vec![success()])
            }
            Operation::Rename => {
                let from = names::path(&params.old_path, "oldPath")?;
                let to = names::path(&params.new_path, "newPath")?;
                let spec = spec("rename", json!({ "from": from, "to": to }));
                ctx.call(spec, |_| Box::pin(self.act(ctx, params, Act::Rename(from, to)))).await?;
                Ok(vec![success()])
            }
            Operation::Upload => {
                let path = names::path(given, "path")?;
                let wanted = match params.binary_data {
                    true => Some(file::wanted(item, &params.binary_property_name, position)?),
                    false => None,
                };
                let content = match &wanted {
                    Some(file) => file::as_request(file),
                    None => params.file_content.as_str().into(),
                };
                let spec = spec("upload", json!({ "path": path, "content": content }));
                let call = ctx.call(spec, |_| {
                    Box::pin(async move {
                        let source = file::source(ctx, wanted.as_ref().ok_or(params.file_content.as_str())).await?;
                        self.act(ctx, params, Act::Upload(path, source)).await
                    })
                });
                call.await?;
                Ok(vec![item.clone()])
            }
        }
    }
}

fn success() -> Item {
    Item::new(Map::from_iter([("success".to_owned(), true.into())]))
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::lift::check_round_trip;
    use testkit::step::failure;

    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Ftp);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "operation": "list", "path": "/", "recursive": true, "options": { "timeout": 5000 } }),
            json!({ "protocol": "sftp", "operation": "delete", "path": "/a", "options": { "folder": true, "recursive": true } }),
            json!({ "operation": "rename", "oldPath": "/a", "newPath": "/b", "options": { "createDirectories": true } }),
            json!({ "operation": "upload", "path": "/a", "binaryData": false, "fileContent": "x" }),
            json!({ "path": "/a", "binaryPropertyName": "file" }),
        ] {
            check_round_trip(&Ftp, 1.1, parameters);
        }
        let sftp = testkit::lift::node("n8n-nodes-base.ftp", 1.0, json!({ "protocol": "sftp" }));
        assert_eq!(Ftp::lift(&sftp).slots["sftp"], "ftp");
    }

    #[test]
    fn a_path_cannot_begin_another_command() {
        for params in [
            json!({ "operation": "list", "path": "/\r\nDELE x" }),
            json!({ "operation": "delete", "path": "a\nb" }),
            json!({ "operation": "rename", "oldPath": "a", "newPath": "b\0" }),
            json!({ "operation": "upload", "path": "a\rb", "binaryData": false }),
            json!({ "operation": "download", "path": "" }),
        ] {
            let detail = failure(&Ftp, params.clone(), &[json!([{}])]);
            assert!(detail.contains("control character") || detail.contains("is empty"), "{params}: {detail}");
        }
        let detail = failure(&Ftp, json!({ "path": "/a" }), &[json!([{}])]);
        assert_eq!(detail, "the node has no connection in its slot `ftp`");
    }
}
