//! `mail.send`: sends mail over SMTP; or asks somebody by mail, and goes on with the answer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use outbound::{Login, Meta, Outbound};
use part::ctx::{CallFailure, CallSpec, Ctx};
use part::n8n::{self, Lifted, Mapping, Version};
use part::node::Slot;
use part::{Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed, lenient};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::sync::Mutex;

use super::compose::{Composed, File, Parts, compose};
use super::smtp::Smtp;
use super::{REACH, address, ask, send_n8n};
use crate::each::{PerItem, account, each, lacks, way_out};

/// Where the account stands among a node's connections.
pub(super) const SLOT: &str = "smtp";
/// Most bytes of files that go along with one mail: few servers take more.
const FILES: usize = 50 << 20;

/// What `mail.send` is set up with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Send a mail for each item, or ask once and wait for the answer.
    #[serde(default)]
    pub(super) operation: Operation,
    /// Who it comes from: `name@example.com`, or `A Name <name@example.com>`.
    #[schemars(example = &"Shop <shop@example.com>")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) from: String,
    /// Who it goes to; several with commas between them.
    #[schemars(example = &"ada@example.com, bob@example.com")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) to: String,
    /// Who gets a copy that all can see.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    cc: String,
    /// Who gets a copy that nobody else can see.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    bcc: String,
    /// Where answers go, if not to the sender.
    #[schemars(title = "Answers go to", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    reply_to: String,
    /// The subject. Line breaks in it become spaces.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) subject: String,
    /// Which of the two texts are sent.
    #[schemars(title = "Content", extend("x-form" = { "when": { "operation": "send" } }))]
    #[serde(default)]
    format: Format,
    /// The mail as plain text.
    #[schemars(
        title = "Plain text",
        extend("x-form" = { "when": { "operation": "send", "format": ["text", "both"] }, "as": "text" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    text: String,
    /// The mail as HTML.
    #[schemars(
        title = "HTML",
        extend("x-form" = { "when": { "operation": "send", "format": ["html", "both"] }, "as": "html" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    html: String,
    /// Names of files that the HTML shows as `cid:name`, with commas between them, or a list.
    #[schemars(
        title = "Pictures in the HTML",
        example = &"logo",
        extend("x-form" = { "when": { "operation": "send", "format": ["html", "both"] }, "as": "names", "more": true })
    )]
    #[serde(default, deserialize_with = "names")]
    inline: Vec<String>,
    /// Names of files that go along, with commas between them, or a list.
    #[schemars(
        title = "Attachments",
        example = &"data, invoice",
        extend("x-form" = { "when": { "operation": "send" }, "as": "names" })
    )]
    #[serde(default, deserialize_with = "names")]
    files: Vec<String>,
    /// End with a line that says what sent the mail.
    #[schemars(title = "Say what sent it", extend("x-form" = { "when": { "operation": "send" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) attribution: bool,
    /// Send it although the server's certificate cannot be trusted.
    #[schemars(title = "Accept any certificate", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    accept_invalid_certificates: bool,
    /// Id of the mail that this one answers (`Message-ID`), so that mail programs show them together.
    #[schemars(
        title = "Answers the mail",
        example = &"<id@example.com>",
        extend("x-form" = { "when": { "operation": "send" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    in_reply_to: String,
    /// Ids of the mails before that one, with spaces between them.
    #[schemars(title = "Mails before that one", extend("x-form" = { "when": { "operation": "send" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    references: String,
    /// Asking: what is asked, and how it can be answered.
    #[schemars(title = "The question", extend("x-form" = { "when": { "operation": "ask" } }))]
    #[serde(default)]
    pub(super) ask: ask::Ask,
}

/// What the node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    /// Sends a mail for each item.
    #[default]
    Send,
    /// Sends one mail with a link, and waits until somebody has answered at its end.
    Ask,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Format {
    /// The plain text.
    #[default]
    Text,
    /// The HTML.
    Html,
    /// Both; the reader's mail program chooses. An empty one is left out.
    Both,
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(list) => list.into_iter().map(lenient::to_text).filter(|name| !name.is_empty()).collect(),
        Value::Null => Vec::new(),
        other => n8n::by_comma(&lenient::to_text(other)),
    })
}

/// Sends mail.
pub struct Send;

impl NodeType for Send {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "mail.send",
            version: 1,
            title: "Send email",
            summary: "Sends mail over SMTP, or asks somebody by mail and waits for the answer",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Params>,
            keywords: &["smtp", "mail", "approval", "human in the loop", "notify", "message"],
        };
        &DESCRIPTOR
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:smtp"] }]
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared { params: Typed::compile(&node.params)?, incomplete: lacks(node, SLOT) }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.emailSend", versions: &[1.0, 2.0, 2.1] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        send_n8n::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(send_n8n::lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        send_n8n::lower(&node.params, to.version)
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let asks = ctx.typed_once(&self.params).await.is_ok_and(|params| params.operation == Operation::Ask);
            let post = Post::new(ctx).await?;
            let done = match asks {
                true => ask::run(ctx, &*ctx.typed_once(&self.params).await?, &post).await,
                false => each(ctx, &self.params, &post).await,
            };
            post.close().await;
            done
        })
    }
}

/// The account, and a conversation with its server that all mails of a step go through.
pub(super) struct Post {
    outbound: Outbound,
    login: Login,
    meta: Meta,
    open: Mutex<Option<Smtp>>,
}

impl PerItem<Params> for Post {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let parts = parts(ctx, params, item, position).await?;
        let sent = self.send(ctx, parts, position, params.accept_invalid_certificates).await?;
        Ok(vec![Item::from_value(sent)])
    }
}

impl Post {
    async fn new(ctx: &Ctx) -> Result<Post, NodeError> {
        let (login, mut meta) = account(ctx, SLOT).await?;
        meta.deadline = REACH;
        Ok(Post { outbound: way_out(ctx)?, login, meta, open: Mutex::default() })
    }

    /// Sends a mail, as the call of an item.
    pub(super) async fn send(
        &self,
        ctx: &Ctx,
        parts: Parts,
        position: usize,
        any_certificate: bool,
    ) -> Result<Value, NodeError> {
        let spec = CallSpec { name: "send".into(), item: Some(position as u32), request: told(&parts) };
        let now = ctx.now();
        let sent = ctx.call(spec, |ticket| {
            Box::pin(async move {
                let Composed { message, message_id } = compose(parts, &ticket.idempotency_key, now)?;
                let mail = message.formatted();
                let mut open = self.open.lock().await;
                let mut smtp = match open.take() {
                    Some(smtp) => smtp,
                    None => self.dial(any_certificate).await?,
                };
                let taken = smtp.send(message.envelope(), &mail).await?;
                *open = Some(smtp);
                Ok::<Value, CallFailure>(taken.to_value(message.envelope(), &message_id, mail.len()))
            })
        });
        sent.await
    }

    async fn dial(&self, any_certificate: bool) -> Result<Smtp, NodeError> {
        let login = match any_certificate {
            true => self.outbound.without_checks(self.login.clone())?,
            false => self.login.clone(),
        };
        Smtp::open(&self.outbound, &login, self.meta.clone()).await
    }

    async fn close(&self) {
        if let Some(smtp) = self.open.lock().await.take() {
            smtp.close().await;
        }
    }
}

/// What is journaled of a mail: enough to tell another one from it.
fn told(parts: &Parts) -> Value {
    let list = |all: &[lettre::message::Mailbox]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let files = parts
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "cid": file.cid, "content": store::digest(&file.content).to_string() }));
    json!({
        "from": parts.from.as_ref().map(ToString::to_string),
        "to": list(&parts.to), "cc": list(&parts.cc), "bcc": list(&parts.bcc), "replyTo": list(&parts.reply_to),
        "subject": parts.subject, "text": parts.text, "html": parts.html, "files": files.collect::<Vec<_>>(),
        "inReplyTo": parts.in_reply_to, "references": parts.references,
    })
}

async fn parts(ctx: &Ctx, params: &Params, item: &Item, position: usize) -> Result<Parts, NodeError> {
    let (mut text, mut html) = match params.format {
        Format::Text => (Some(params.text.clone()), None),
        Format::Html => (None, Some(params.html.clone())),
        Format::Both => {
            let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            (given(&params.text), given(&params.html))
        }
    };
    if params.attribution {
        match &mut html {
            Some(html) => html.push_str("<br><br>---<br><em>This email was sent automatically with Fishplate</em>"),
            None => text.get_or_insert_default().push_str("\n\n---\nThis email was sent automatically with Fishplate"),
        }
    }
    let mut files = Vec::new();
    // As in n8n: an item without any file sends its mail without them.
    if item.binary.is_some() {
        let mut left = FILES;
        for (name, shown) in
            params.inline.iter().map(|name| (name, true)).chain(params.files.iter().map(|name| (name, false)))
        {
            let Some(file) = item.file(name) else {
                let detail = format!("item {position} has no file `{name}`");
                let has = item.binary.as_deref().map(|all| all.keys().cloned().collect::<Vec<_>>().join("`, `"));
                return Err(NodeError::bad_data(detail).hint(format!("its files are `{}`", has.unwrap_or_default())));
            };
            let content = ctx.read_file_whole(file, left).await?;
            left -= content.len();
            files.push(File {
                name: file.file_name.clone().unwrap_or_else(|| "unknown".into()),
                mime_type: file.mime_type.clone(),
                content,
                cid: shown.then(|| name.clone()),
            });
        }
    }
    Ok(Parts {
        from: Some(address::single(&params.from, "from")?),
        to: address::list(&params.to, "to")?,
        cc: address::list(&params.cc, "cc")?,
        bcc: address::list(&params.bcc, "bcc")?,
        reply_to: address::list(&params.reply_to, "replyTo")?,
        subject: params.subject.clone(),
        text,
        html,
        files,
        in_reply_to: params.in_reply_to.clone(),
        references: params.references.clone(),
    })
}
