//! Tokens, scopes and the audit log.

use auth::{Access, MadeToken, NewToken, Permission, TokenInfo};
use model::{Problem, Scope, Value};
use part::http::{Call, Cursor, Operation, Page, ParamKind, Reply};
use schemars::JsonSchema;
use serde::Serialize;

use super::App;
use crate::resources::{now_millis, rfc3339};

/// Entries of the audit log that one page looks at for those that are wanted.
const AUDIT_BUDGET: usize = 20_000;

/// An entry of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
struct AuditView {
    /// Number inside the workspace, without gaps.
    seq: u64,
    /// When, RFC 3339.
    at: String,
    /// Who.
    actor: String,
    /// What.
    action: String,
    /// To what.
    subject: String,
    /// More about it.
    detail: Value,
    /// Hash over this entry and the one before it.
    hash: String,
}

/// Whether the audit log is as it was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Verified {
    /// Every entry is there and unchanged.
    intact: bool,
    /// Entries, when it is intact.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    /// First entry that is missing or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<u64>,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let manage = Permission::TokenManage;
    vec![
        Operation::get("/api/v1/tokens", "listTokens", manage)
            .about("tokens", "Lists the tokens that one could have made oneself, without their texts.")
            .paged()
            .gives::<Page<TokenInfo>>()
            .handle({
                let app = app.clone();
                move |call| {
                    let app = app.clone();
                    async move {
                        let all = app.accounts.tokens().list(call.grant()?).await?;
                        Reply::json(&Page::cut(&call, all, |token| token.id.clone())?)
                    }
                }
            }),
        Operation::post("/api/v1/tokens", "createToken", manage)
            .about("tokens", "Makes a token. Its text is shown this once.")
            .takes::<NewToken>()
            .gives::<MadeToken>()
            .status(201)
            .secret()
            .handle({
                let app = app.clone();
                move |call| create(app.clone(), call)
            }),
        Operation::delete("/api/v1/tokens/{id}", "revokeToken", manage).about("tokens", "Takes a token back.").handle(
            {
                let app = app.clone();
                move |call| revoke(app.clone(), call)
            },
        ),
        Operation::new(http::Method::GET, "/api/v1/scopes", "listScopes", Access::Authenticated)
            .about("scopes", "Lists workspaces and environments that the caller has a role in.")
            .paged()
            .gives::<Page<Scope>>()
            .handle({
                let app = app.clone();
                move |call| scopes(app.clone(), call)
            }),
        Operation::post("/api/v1/scopes", "createScope", Permission::BoundaryWrite)
            .about(
                "scopes",
                "Makes an environment, and its workspace when that is new (201); 200 when it is there already.",
            )
            .takes::<Scope>()
            .gives::<Scope>()
            .handle({
                let app = app.clone();
                move |call| create_scope(app.clone(), call)
            }),
        Operation::get("/api/v1/audit", "listAudit", Permission::AuditRead)
            .about(
                "audit",
                "Lists what people and configuration changed, newest first. A page may be short although more follows.",
            )
            .paged()
            .param("actor", ParamKind::Text, "Only what that one did, for example `user:ada@example.com`.")
            .param("action", ParamKind::Text, "Only that action, for example `resource.put`, or all of `resource`.")
            .param("subject", ParamKind::Text, "Only what was done to that.")
            .param("since", ParamKind::Integer, "Not before that time, milliseconds since 1970.")
            .param("until", ParamKind::Integer, "Before that time, milliseconds since 1970.")
            .gives::<Page<AuditView>>()
            .handle({
                let app = app.clone();
                move |call| audit(app.clone(), call)
            }),
        Operation::get("/api/v1/audit/verify", "verifyAudit", Permission::AuditRead)
            .about("audit", "Computes the chain of the log anew and compares.")
            .gives::<Verified>()
            .handle({
                let app = app.clone();
                move |call| verify(app.clone(), call)
            }),
    ]
}

async fn create(app: App, mut call: Call) -> Result<Reply, Problem> {
    let new: NewToken = call.json().await?;
    Reply::json(&app.accounts.tokens().create(call.grant()?, new).await?)
}

async fn revoke(app: App, call: Call) -> Result<Reply, Problem> {
    app.accounts.tokens().revoke(call.grant()?, call.id("id", "token")?).await?;
    Ok(Reply::empty())
}

async fn scopes(app: App, call: Call) -> Result<Reply, Problem> {
    let grant = call.grant()?;
    let all = app.store.scopes().await?;
    let items: Vec<Scope> =
        all.into_iter().map(|(_, scope)| scope).filter(|scope| grant.role(scope).is_some()).collect();
    Reply::json(&Page::cut(&call, items, Scope::clone)?)
}

async fn create_scope(app: App, mut call: Call) -> Result<Reply, Problem> {
    let scope: Scope = call.json().await?;
    let grant = call.grant()?;
    grant.require(Permission::BoundaryWrite, &scope)?;
    let (_, new) = app.store.create_scope(&scope, grant.actor(), now_millis()).await?;
    app.resources.live().reload_scopes().await?;
    Ok(Reply::json(&scope)?.status(if new { 201 } else { 200 }))
}

async fn audit(app: App, call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let text = |name: &str| call.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let time = |name: &str| call.number(name).map(|time| time as i64);
    let filter = store::AuditFilter {
        actor: text("actor"),
        action: text("action"),
        subject: text("subject"),
        since: time("since"),
        until: time("until"),
    };
    let limit = call.limit() as usize;
    let (rows, next) = app.store.audit_where(scope, filter, call.cursor()?, limit, AUDIT_BUDGET).await?;
    let next_cursor = next.map(|seq| Cursor::of(&seq).into_text());
    let items = rows.into_iter().map(|row| AuditView {
        seq: row.seq,
        at: rfc3339(row.at),
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        hash: row.hash.to_string(),
    });
    Reply::json(&Page { items: items.collect(), next_cursor })
}

async fn verify(app: App, call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    Reply::json(&match app.store.verify_audit(scope).await? {
        store::Chain::Sound { entries } => Verified { intact: true, entries: Some(entries), broken_at: None },
        store::Chain::Broken { seq } => Verified { intact: false, entries: None, broken_at: Some(seq) },
    })
}
