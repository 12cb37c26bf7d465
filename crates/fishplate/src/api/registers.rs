//! Registers: integrations, vendors, evaluations and secrets, as they stand now.

use std::collections::BTreeMap;

use auth::{Permission, Status};
use engine::kinds::Workflow;
use jiff::civil::Date;
use model::resource::Ref;
use model::{Name, Problem, ScopeId, Value, WorkflowSpec};
use part::Kind;
use part::http::{Call, Operation, ParamKind, Reply};
use serde::de::DeserializeOwned;
use store::{AuditFilter, ConnectionState, RunStatus};

use super::{App, malformed, on};
use crate::kinds::{Evaluation, EvaluationKind, Vendor, VendorKind};
use crate::registers::calls::CallHealth;
use crate::registers::day::{day, day_of};
use crate::registers::integrations::{Gathered, Integrations, integrations};
use crate::registers::inventory::{KnownConnection, SecretsInventory, Setters, inventory};
use crate::registers::ranking::{Ranking, ranking};
use crate::registers::uses::{self, WorkflowUse, WorkflowUses};
use crate::registers::vendors::{VendorRegister, register};
use crate::resources::now_millis;

/// Resources that are read at a time.
const PAGE: usize = 500;
/// Days after which a secret is stale, unless somebody asks otherwise.
const STALE_AFTER_DAYS: u64 = 365;
/// Entries of the audit log that are looked through for who set secrets, and those that are taken.
const AUDIT_LIMITS: (usize, usize) = (50_000, 10_000);

pub fn operations(app: &App) -> Vec<Operation> {
    let read = Permission::ResourceRead;
    vec![
        on(
            app,
            Operation::get("/api/v1/integrations", "listIntegrations", read)
                .about("registers", "Every outside service in use: by whom, through which connections, and how it is.")
                .gives::<Integrations>(),
            list_integrations,
        ),
        on(
            app,
            Operation::get("/api/v1/vendor-register", "vendorRegister", read)
                .about("registers", "All vendors with what is due, what they cost in a year, and what is missing.")
                .param("on", ParamKind::Text, "The day on which it is looked at, `2027-03-01`; absent: today (UTC).")
                .gives::<VendorRegister>(),
            vendor_register,
        ),
        on(
            app,
            Operation::get("/api/v1/evaluations/{name}/ranking", "rankEvaluation", read)
                .about("registers", "Ranks the candidates of an evaluation.")
                .gives::<Ranking>(),
            rank,
        ),
        on(
            app,
            Operation::get("/api/v1/secrets-inventory", "secretsInventory", read)
                .about("registers", "Where secrets are, who set them, how old they are; never a value.")
                .param("staleAfterDays", ParamKind::Integer, "Days after which a secret is stale; absent: 365.")
                .gives::<SecretsInventory>(),
            secrets_inventory,
        ),
    ]
}

async fn list_integrations(app: App, call: Call) -> Result<Reply, Problem> {
    let id = app.scope(&call.scope).await?;
    let mut held = BTreeMap::new();
    if call.grant()?.allows(Permission::RunRead, &call.scope) {
        for count in app.store.counts(id).await?.into_iter().filter(|count| count.status == RunStatus::Held) {
            *held.entry(count.workflow).or_insert(0) += count.runs;
        }
    }
    let of_scope = format!("{}/", id.0);
    let open = app.outbound.open_breakers().into_iter();
    let health = |connection: &Name| call_health(&app, id, connection);
    let gathered = Gathered {
        connections: connections(&app, &call, id).await?,
        workflows: workflows(&app, &call, id).await?,
        vendors: all(&app, &call, VendorKind::NAME).await?,
        held,
        paused: open.filter_map(|(key, _)| key.strip_prefix(&of_scope).map(str::to_owned)).collect(),
        listeners: app.listeners.of(id),
        health: Some(&health),
    };
    Reply::json(&integrations(&gathered))
}

/// What calls with a connection have shown. The way out does not tell yet; what it will tell goes in here.
fn call_health(_: &App, _: ScopeId, _: &Name) -> Option<CallHealth> {
    None
}

async fn vendor_register(app: App, call: Call) -> Result<Reply, Problem> {
    let today: Date = match call.text("on") {
        Some(text) => day(text).ok_or_else(|| malformed("`on` is a day, written as `2027-03-01`").at("/on"))?,
        None => day_of(now_millis()),
    };
    let vendors: Vec<(Name, Vendor)> = all(&app, &call, VendorKind::NAME).await?;
    Reply::json(&register(&vendors, today))
}

async fn rank(app: App, call: Call) -> Result<Reply, Problem> {
    let of = Ref { kind: EvaluationKind::NAME.into(), name: call.name("name")? };
    let evaluation: Evaluation = part::kind::parse(app.resources.get(&call.scope, &of).await?.spec)?;
    Reply::json(&ranking(&evaluation))
}

async fn secrets_inventory(app: App, call: Call) -> Result<Reply, Problem> {
    let id = app.scope(&call.scope).await?;
    let (budget, limit) = AUDIT_LIMITS;
    let filter = AuditFilter { action: Some("secret.put".into()), ..AuditFilter::default() };
    let (log, _) = app.store.audit_where(id, filter, None, limit, budget).await?;
    // The audit log is of the workspace. The moment stays when a connection gets another name.
    let here = format!("{} ", call.scope);
    let mut setters = Setters::new();
    for entry in log.into_iter().filter(|entry| entry.subject.starts_with(&here)) {
        let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        if let Some(field) = detail["field"].as_str() {
            setters.insert((field.to_owned(), entry.at), entry.actor);
        }
    }
    let found = inventory(
        &connections(&app, &call, id).await?,
        &app.store.sealed_fields(id).await?,
        &workflows(&app, &call, id).await?,
        &setters,
        call.number("staleAfterDays").unwrap_or(STALE_AFTER_DAYS),
        now_millis(),
    );
    Reply::json(&found)
}

/// All resources of a kind, by name. One that cannot be read is left out, and said in the log.
async fn all<T: DeserializeOwned>(app: &App, call: &Call, kind: &str) -> Result<Vec<(Name, T)>, Problem> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = app.resources.list(&call.scope, Some(kind), BTreeMap::new(), after.take(), PAGE).await?;
        let (is_last, last) = (page.len() < PAGE, page.last().map(|one| one.name.clone()));
        for one in page {
            match part::kind::parse(one.spec) {
                Ok(spec) => found.push((one.name, spec)),
                Err(problem) => tracing::warn!(kind, name = %one.name, %problem, "a stored spec cannot be read"),
            }
        }
        match last {
            Some(name) if !is_last => after = Some(Ref { kind: kind.to_owned(), name }),
            _ => return Ok(found),
        }
    }
}

async fn connections(app: &App, call: &Call, id: ScopeId) -> Result<Vec<KnownConnection>, Problem> {
    let mut states: BTreeMap<Name, ConnectionState> = app.store.connection_states(id).await?.into_iter().collect();
    let ailing = app.vault.ailing(id).await?.into_iter();
    let mut ailing: BTreeMap<String, Status> = ailing.map(|status| (status.name.clone(), status)).collect();
    let all = all(app, call, "connection").await?;
    let known = all.into_iter().map(|(name, spec)| KnownConnection {
        state: states.remove(&name).unwrap_or_default(),
        ailing: ailing.remove(name.as_str()),
        name,
        spec,
    });
    Ok(known.collect())
}

/// What workflows use: the active ones by what is live, the others by what is written.
async fn workflows(app: &App, call: &Call, id: ScopeId) -> Result<Vec<WorkflowUses>, Problem> {
    let view = app.resources.live().view();
    let all: Vec<(Name, WorkflowSpec)> = all(app, call, Workflow::NAME).await?;
    let uses = all.into_iter().map(|(name, spec)| {
        let live = view.workflow(id, name.as_str());
        let texts: Vec<&WorkflowSpec> = match live {
            Some(live) => {
                [Some(&live.live), live.previous.as_ref()].into_iter().flatten().map(|text| &*text.spec).collect()
            }
            None => vec![&spec],
        };
        let mut nodes: Vec<uses::NodeUse> = Vec::new();
        for node in texts.iter().flat_map(|text| uses::nodes(text)) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        let workflow = WorkflowUse { name: name.to_string(), title: texts[0].title.clone(), active: live.is_some() };
        WorkflowUses { workflow, nodes }
    });
    Ok(uses.collect())
}
