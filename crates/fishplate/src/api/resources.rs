//! Resources of every kind: the same operations for each, made from the list of kinds.

use std::collections::BTreeMap;

use auth::Permission;
use model::resource::{Manifest, Ref, Resource};
use model::{Code, Name, Problem, Value};
use part::KindEntry;
use part::http::{Call, Cursor, Operation, Page, ParamKind, Reply};
use part::tables::DataTableKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{App, malformed};
use crate::resources::Written;
use crate::resources::read::{Compared, Condition, Revision};
use crate::resources::write::{Deleted, Expectation, Put};

/// A resource to write, in the address of its kind. Kind and name may be given; they must be those of the address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    /// Kind.
    #[serde(default)]
    kind: Option<String>,
    /// Name inside the kind.
    #[serde(default)]
    name: Option<Name>,
    /// Version of the spec's shape; absent means the newest.
    #[serde(default)]
    spec_version: Option<u32>,
    /// Free labels.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// The configured content.
    spec: Value,
}

/// Many resources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Many {
    /// The resources.
    pub(super) resources: Vec<Manifest>,
}

/// Which revision comes back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    /// Its number.
    revision: u64,
}

/// A new name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// The name.
    to: Name,
}

/// A kind of resource.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct KindView {
    /// Name.
    name: &'static str,
    /// As it stands in addresses.
    plural: &'static str,
    /// Version of the spec's shape.
    spec_version: u32,
    /// What it is.
    summary: &'static str,
    /// JSON Schema of the spec.
    schema: Value,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let mut all = vec![
        Operation::get("/api/v1/kinds", "listKinds", Permission::ResourceRead)
            .about("resources", "Lists the kinds of resources with the schemas of their specs.")
            .gives::<Page<KindView>>()
            .handle({
                let app = app.clone();
                move |_| std::future::ready(kinds(&app))
            }),
        Operation::post("/api/v1/apply", "applyResources", Permission::ResourceWrite)
            .about("resources", "Writes many resources, all or none.")
            .param("dryRun", ParamKind::Boolean, "Do everything but the write.")
            .takes::<Many>()
            .gives::<Page<Written>>()
            .handle({
                let app = app.clone();
                move |call| apply(app.clone(), call)
            }),
        Operation::post("/api/v1/diff", "diffResources", Permission::ResourceRead)
            .about("resources", "Shows what writing resources would change.")
            .takes::<Many>()
            .gives::<Page<Compared>>()
            .handle({
                let app = app.clone();
                move |call| diff_many(app.clone(), call)
            }),
    ];
    for kind in app.resources.kinds().all() {
        all.extend(of_kind(app, *kind));
    }
    all
}

fn of_kind(app: &App, kind: KindEntry) -> Vec<Operation> {
    let list = format!("/api/v1/{}", kind.plural);
    let one = format!("{list}/{{name}}");
    let title = title(kind.name);
    let read = Permission::ResourceRead;
    let with = |act: fn(App, Call, KindEntry) -> futures_util::future::BoxFuture<'static, Result<Reply, Problem>>| {
        let app = app.clone();
        move |call| act(app.clone(), call, kind)
    };
    let dry = "Do everything but the write.";
    // What else active workflows use would stop them; without a table, they fail where they need it.
    let forcible = |operation: Operation, about: &'static str| match kind.name {
        DataTableKind::KIND => operation.param("force", ParamKind::Boolean, about),
        _ => operation,
    };
    vec![
        Operation::get(&list, format!("list{}", self::title(kind.plural)), read)
            .about(kind.plural, format!("Lists {}.", kind.plural))
            .param("label", ParamKind::List, "Only those with these labels, `key=value`.")
            .paged()
            .gives::<Page<Resource>>()
            .handle(with(|app, call, kind| Box::pin(list_kind(app, call, kind)))),
        Operation::post(&list, format!("create{title}"), kind.write)
            .about(kind.plural, format!("Makes a new {}.", kind.name))
            .param("dryRun", ParamKind::Boolean, dry)
            .takes::<Body>()
            .gives::<Written>()
            .status(201)
            .handle(with(|app, call, kind| Box::pin(create(app, call, kind)))),
        Operation::get(&one, format!("get{title}"), read)
            .about(kind.plural, format!("Shows a {}.", kind.name))
            .param("revision", ParamKind::Integer, "An earlier revision.")
            .versioned()
            .gives::<Resource>()
            .handle(with(|app, call, kind| Box::pin(get(app, call, kind)))),
        forcible(
            Operation::put(&one, format!("put{title}"), kind.write),
            "Columns may go, with their cells, although active workflows work with the table.",
        )
        .about(kind.plural, format!("Writes a {}, new or not.", kind.name))
        .param("dryRun", ParamKind::Boolean, dry)
        .versioned()
        .takes::<Body>()
        .gives::<Written>()
        .handle(with(|app, call, kind| Box::pin(put(app, call, kind)))),
        forcible(
            Operation::delete(&one, format!("delete{title}"), kind.write),
            "Delete it although active workflows work with it.",
        )
        .about(kind.plural, format!("Deletes a {}; refused while something active uses it.", kind.name))
        .param("dryRun", ParamKind::Boolean, dry)
        .versioned()
        .gives::<Deleted>()
        .handle(with(|app, call, kind| Box::pin(delete(app, call, kind)))),
        Operation::get(format!("{one}/history"), format!("history{title}"), read)
            .about(kind.plural, format!("Lists the revisions of a {}, newest first.", kind.name))
            .paged()
            .gives::<Page<Revision>>()
            .handle(with(|app, call, kind| Box::pin(history(app, call, kind)))),
        Operation::get(format!("{one}/diff"), format!("diff{title}"), read)
            .about(kind.plural, format!("Shows what changed between two revisions of a {}.", kind.name))
            .param("from", ParamKind::Integer, "First revision; absent: the one before the second.")
            .param("to", ParamKind::Integer, "Second revision; absent: the newest.")
            .gives::<Compared>()
            .handle(with(|app, call, kind| Box::pin(diff(app, call, kind)))),
        Operation::get(format!("{one}/condition"), format!("condition{title}"), read)
            .about(kind.plural, format!("Tells whether a {} could work, and who uses it.", kind.name))
            .gives::<Condition>()
            .handle(with(|app, call, kind| Box::pin(condition(app, call, kind)))),
        Operation::post(format!("{one}/rollback"), format!("rollback{title}"), kind.write)
            .about(kind.plural, format!("Brings an earlier revision of a {} back, as a new one.", kind.name))
            .takes::<Rollback>()
            .gives::<Written>()
            .handle(with(|app, call, kind| Box::pin(rollback(app, call, kind)))),
        Operation::post(format!("{one}/rename"), format!("rename{title}"), kind.write)
            .about(kind.plural, format!("Renames a {}, in the specs of its users too.", kind.name))
            .versioned()
            .takes::<Rename>()
            .gives::<Page<Ref>>()
            .handle(with(|app, call, kind| Box::pin(rename(app, call, kind)))),
    ]
}

fn title(kind: &str) -> String {
    kind.split('-').map(|part| format!("{}{}", part[..1].to_uppercase(), &part[1..])).collect()
}

fn kinds(app: &App) -> Result<Reply, Problem> {
    let items = app.resources.kinds().all().iter().map(|kind| KindView {
        name: kind.name,
        plural: kind.plural,
        spec_version: kind.spec_version,
        summary: kind.summary,
        schema: kind.json_schema(),
    });
    Reply::json(&Page { items: items.collect(), next_cursor: None })
}

async fn apply(app: App, mut call: Call) -> Result<Reply, Problem> {
    let many: Many = call.json().await?;
    let puts = many.resources.into_iter().map(|manifest| Put::new(manifest, Expectation::Any)).collect();
    let items = app.resources.put_many(call.grant()?, &call.scope, puts, call.flag("dryRun")).await?;
    Reply::json(&Page { items, next_cursor: None })
}

async fn diff_many(app: App, mut call: Call) -> Result<Reply, Problem> {
    let many: Many = call.json().await?;
    let mut items = Vec::with_capacity(many.resources.len());
    for (at, manifest) in many.resources.iter().enumerate() {
        let compared = app.resources.compare_manifest(&call.scope, manifest).await;
        items.push(compared.map_err(|problem| problem.below(&format!("/resources/{at}")))?);
    }
    Reply::json(&Page { items, next_cursor: None })
}

async fn list_kind(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let mut labels = BTreeMap::new();
    for text in call.list("label") {
        let (key, value) = text.split_once('=').ok_or_else(|| malformed("a `label` is written `key=value`"))?;
        labels.insert(key.to_owned(), value.to_owned());
    }
    let limit = call.limit() as usize;
    let after = call.cursor::<Name>()?.map(|name| Ref { kind: kind.name.into(), name });
    let mut items = app.resources.list(&call.scope, Some(kind.name), labels, after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| Cursor::of(&last.name).into_text());
    Reply::json(&Page { items, next_cursor })
}

fn address(call: &Call, kind: KindEntry) -> Result<Ref, Problem> {
    Ok(Ref { kind: kind.name.into(), name: call.name("name")? })
}

async fn body(call: &mut Call, kind: KindEntry, name: Option<Name>) -> Result<Manifest, Problem> {
    let body: Body = call.json().await?;
    if let Some(other) = body.kind.filter(|other| other != kind.name) {
        return Err(malformed(format!("the address is of a `{}`, the body of a `{other}`", kind.name)).at("/kind"));
    }
    let name = match (name, body.name) {
        (Some(name), Some(other)) if name != other => {
            let detail = format!("the address says `{name}`, the body `{other}`");
            return Err(malformed(detail).at("/name").hint("POST …/rename gives a resource another name"));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(Problem::new(Code::InvalidName, "a new resource needs a name").at("/name")),
    };
    Ok(Manifest { kind: kind.name.into(), name, spec_version: body.spec_version, labels: body.labels, spec: body.spec })
}

async fn create(app: App, mut call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let manifest = body(&mut call, kind, None).await?;
    let put = Put::new(manifest, Expectation::Absent);
    let written = app.resources.put(call.grant()?, &call.scope, put, call.flag("dryRun")).await?;
    Ok(Reply::json(&written)?.etag(written.resource.revision))
}

/// Whether what active workflows use may go: of a data table alone.
fn forced(call: &Call, kind: KindEntry) -> bool {
    kind.name == DataTableKind::KIND && call.flag("force")
}

async fn put(app: App, mut call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let name = call.name("name")?;
    let expect = Expectation::of(&call)?;
    let manifest = body(&mut call, kind, Some(name)).await?;
    let put = Put { forced: forced(&call, kind), ..Put::new(manifest, expect) };
    let written = app.resources.put(call.grant()?, &call.scope, put, call.flag("dryRun")).await?;
    Ok(Reply::json(&written)?.etag(written.resource.revision))
}

async fn get(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let of = address(&call, kind)?;
    let found = match call.number("revision") {
        Some(revision) => app.resources.revision(&call.scope, &of, revision).await?,
        None => app.resources.get(&call.scope, &of).await?,
    };
    Ok(Reply::json(&found)?.etag(found.revision))
}

async fn delete(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let (of, expect) = (address(&call, kind)?, Expectation::of(&call)?);
    let (forced, dry_run) = (forced(&call, kind), call.flag("dryRun"));
    Reply::json(&app.resources.delete(call.grant()?, &call.scope, of, expect, forced, dry_run).await?)
}

async fn history(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let limit = call.limit() as usize;
    let of = address(&call, kind)?;
    let mut items = app.resources.history(&call.scope, &of, call.cursor()?, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| Cursor::of(&last.revision).into_text());
    Reply::json(&Page { items, next_cursor })
}

async fn diff(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let of = address(&call, kind)?;
    Reply::json(&app.resources.compare(&call.scope, &of, call.number("from"), call.number("to")).await?)
}

async fn condition(app: App, call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    Reply::json(&app.resources.condition(&call.scope, &address(&call, kind)?).await?)
}

async fn rollback(app: App, mut call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let wanted: Rollback = call.json().await?;
    let of = address(&call, kind)?;
    let written = app.resources.rollback(call.grant()?, &call.scope, &of, wanted.revision).await?;
    Ok(Reply::json(&written)?.etag(written.resource.revision))
}

async fn rename(app: App, mut call: Call, kind: KindEntry) -> Result<Reply, Problem> {
    let wanted: Rename = call.json().await?;
    let (of, expect) = (address(&call, kind)?, Expectation::of(&call)?);
    let items = app.resources.rename(call.grant()?, &call.scope, &of, wanted.to, expect).await?;
    Reply::json(&Page { items, next_cursor: None })
}
