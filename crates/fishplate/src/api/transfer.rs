//! Import, export and backup.

use std::collections::{BTreeMap, BTreeSet};

use auth::Permission;
use engine::n8n::Report;
use model::resource::{Manifest, Ref};
use model::{Code, Problem};
use part::http::{Call, Operation, ParamKind, Reply};
use schemars::JsonSchema;
use serde::Serialize;

use super::{App, malformed};
use crate::resources::write::{Expectation, Put};
use crate::resources::{Written, manifest};
use crate::transfer::archive::{self, Format};
use crate::transfer::n8n;

/// Largest body of an import.
const IMPORT_LIMIT: usize = 64 << 20;
/// Resources read at a time.
const PAGE: usize = 500;

/// What an import came to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ImportAnswer {
    /// What was found in n8n's files.
    #[serde(flatten)]
    report: Report,
    /// What was written, or would have been.
    written: Vec<Written>,
}

pub fn operations(app: &App) -> Vec<Operation> {
    const TYPES: &[&str] =
        &["application/json", "application/yaml", "application/zip", "application/x-tar", "application/octet-stream"];
    vec![
        Operation::post("/api/v1/import", "importFile", Permission::ResourceWrite)
            .about("import and export", "Reads a file: resources as YAML, JSON, ZIP or TAR, or workflows of n8n.")
            .param("name", ParamKind::Text, "Name of the file, for the report.")
            .param("dryRun", ParamKind::Boolean, "Do everything but the write.")
            .takes_bytes(TYPES, IMPORT_LIMIT)
            .gives::<ImportAnswer>()
            .handle({
                let app = app.clone();
                move |call| import(app.clone(), call)
            }),
        Operation::get("/api/v1/export", "exportResources", Permission::ResourceRead)
            .about("import and export", "Writes resources out, never with secrets.")
            .param("what", ParamKind::List, "`kinds` or `kinds/name` in the plural; absent: everything.")
            .param("format", ParamKind::Text, "json, yaml, zip, tar or n8n; yaml when absent.")
            .param("closure", ParamKind::Boolean, "With everything that the chosen ones refer to.")
            .gives_bytes(TYPES)
            .handle({
                let app = app.clone();
                move |call| export(app.clone(), call)
            }),
        Operation::post("/api/v1/backup", "takeBackup", Permission::StoreBackup)
            .about(
                "server",
                "Takes a backup of everything while the server works, as a TAR. The master key is not in it.",
            )
            .gives_bytes(&["application/x-tar"])
            .handle({
                let app = app.clone();
                move |call| backup(app.clone(), call)
            }),
    ]
}

async fn import(app: App, mut call: Call) -> Result<Reply, Problem> {
    let bytes = call.bytes(IMPORT_LIMIT).await?;
    let name = call.text("name").unwrap_or("import").to_owned();
    let catalogue = app.catalogue.snapshot();
    // Parsing megabytes would hold up whoever shares the thread.
    let converted = tokio::task::spawn_blocking(move || n8n::convert(vec![(name, bytes.to_vec())], &catalogue, || ()));
    let converted = converted.await.map_err(|_| Problem::new(Code::Internal, "the import ended early"))?;
    let puts = converted.manifests.into_iter().map(|manifest| Put::new(manifest, Expectation::Any)).collect();
    let written = app.resources.put_many(call.grant()?, &call.scope, puts, call.flag("dryRun")).await?;
    Reply::json(&ImportAnswer { report: converted.report, written })
}

async fn export(app: App, call: Call) -> Result<Reply, Problem> {
    let format = Format::parse(call.text("format").unwrap_or("yaml"))?;
    let mut chosen: BTreeMap<Ref, Manifest> = BTreeMap::new();
    let what = call.list("what");
    if what.is_empty() {
        read_all(&app, &call, None, &mut chosen).await?;
    }
    for text in what {
        let (plural, name) = text.split_once('/').map_or((text, None), |(plural, name)| (plural, Some(name)));
        let kinds = app.resources.kinds().all();
        let kind = kinds.iter().find(|kind| kind.plural == plural || kind.name == plural);
        let kind = kind.ok_or_else(|| Problem::new(Code::UnknownKind, format!("there is no kind `{plural}`")))?.name;
        match name {
            None => read_all(&app, &call, Some(kind), &mut chosen).await?,
            Some(name) => {
                let name = name.parse().map_err(|error: model::name::InvalidName| malformed(error.to_string()))?;
                let of = Ref { kind: kind.into(), name };
                let found = manifest(&app.resources.get(&call.scope, &of).await?);
                chosen.insert(of, found);
            }
        }
    }
    if call.flag("closure") {
        add_closure(&app, &call, &mut chosen).await?;
    }
    let manifests: Vec<Manifest> = chosen.into_values().collect();
    let catalogue = app.catalogue.snapshot();
    let written = tokio::task::spawn_blocking(move || match format {
        Format::N8n => n8n::write(&manifests, &catalogue),
        other => archive::write(other, &manifests),
    });
    let bytes = written.await.map_err(|_| Problem::new(Code::Internal, "the export ended early"))??;
    Ok(Reply::bytes(format.media_type(), bytes))
}

async fn read_all(
    app: &App,
    call: &Call,
    kind: Option<&str>,
    chosen: &mut BTreeMap<Ref, Manifest>,
) -> Result<(), Problem> {
    let mut after = None;
    loop {
        let page = app.resources.list(&call.scope, kind, BTreeMap::new(), after.take(), PAGE).await?;
        for resource in &page {
            chosen.insert(Ref { kind: resource.kind.clone(), name: resource.name.clone() }, manifest(resource));
        }
        match page.last() {
            Some(last) if page.len() == PAGE => {
                after = Some(Ref { kind: last.kind.clone(), name: last.name.clone() });
            }
            _ => return Ok(()),
        }
    }
}

/// Adds what the chosen ones refer to, and what those refer to.
async fn add_closure(app: &App, call: &Call, chosen: &mut BTreeMap<Ref, Manifest>) -> Result<(), Problem> {
    let scope = app.scope(&call.scope).await?;
    let mut open: Vec<Ref> = chosen.keys().cloned().collect();
    let mut seen: BTreeSet<Ref> = chosen.keys().cloned().collect();
    while let Some(of) = open.pop() {
        for target in app.store.refs_of(scope, &of).await? {
            if !seen.insert(target.clone()) {
                continue;
            }
            match app.resources.get(&call.scope, &target).await {
                Ok(found) => {
                    chosen.insert(target.clone(), manifest(&found));
                    open.push(target);
                }
                Err(problem) if problem.code == Code::NotFound => {}
                Err(problem) => return Err(problem),
            }
        }
    }
    Ok(())
}

async fn backup(app: App, call: Call) -> Result<Reply, Problem> {
    call.grant()?.require_everywhere(Permission::StoreBackup)?;
    let body = crate::backup::stream(&app.store, &app.data).await?;
    Ok(Reply::body("application/x-tar", body))
}
