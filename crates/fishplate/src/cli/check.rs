//! `fishplate check`: judges files without a server, for CI.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use model::Problem;
use model::resource::Ref;
use part::kind::{CheckEnv, Found};
use serde_json::json;

use super::{Exit, Global, Output, output};
use crate::transfer::{files, n8n};

/// What `check` takes.
#[derive(Args, Debug)]
pub struct Check {
    /// Files, folders and archives; n8n's exports too
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only whether they can be stored, not whether they could be activated
    #[arg(long)]
    storable: bool,
}

/// `fishplate check`.
pub async fn check(global: &Global, options: Check) -> Result<Exit, Problem> {
    let mut contents = Vec::new();
    for path in files::collect(&options.files)? {
        contents.push((path.display().to_string(), files::read(&path)?));
    }
    let bar = output::progress(Some(contents.len() as u64), "checking");
    let catalogue = crate::parts::catalogue().snapshot();
    let converted = n8n::convert(contents, &catalogue, || bar.inc(1));
    bar.finish_and_clear();
    let kinds = crate::parts::kinds();
    let known: BTreeSet<Ref> = converted
        .manifests
        .iter()
        .map(|manifest| Ref { kind: manifest.kind.clone(), name: manifest.name.clone() })
        .collect();
    // Secrets are never in files, so a connection that is there counts as complete.
    let find = |target: &Ref| if known.contains(target) { Found::Ready } else { Found::Missing };
    let env = CheckEnv { catalogue: &catalogue, find: &find };
    let mut entries = Vec::new();
    let mut all_good = true;
    for file in converted.report.files.iter().filter(|file| file.workflow.is_none()) {
        all_good = false;
        entries.push(json!({ "resource": null, "file": file.file, "problems": file.problems }));
    }
    for manifest in &converted.manifests {
        let problems = match crate::resources::judge::decode(&kinds, manifest) {
            Err(problem) => vec![problem],
            Ok((kind, spec)) => {
                let runnable = !options.storable && kind.name != "connection";
                let mut problems = spec.check().0;
                problems.extend(runnable.then(|| spec.runnable(&env).0).into_iter().flatten());
                problems.into_iter().map(|problem| problem.below("/spec")).collect()
            }
        };
        all_good &= problems.is_empty();
        entries.push(json!({ "resource": format!("{}/{}", manifest.kind, manifest.name), "problems": problems }));
    }
    match global.output {
        Output::Json => output::json(&json!({ "ok": all_good, "items": entries })),
        Output::Text => {
            for entry in &entries {
                let name = entry["resource"].as_str().or(entry["file"].as_str()).unwrap_or_default();
                let problems: Vec<Problem> = serde_json::from_value(entry["problems"].clone()).unwrap_or_default();
                output::line(format!("{name}: {}", if problems.is_empty() { "good" } else { "problems" }));
                problems.iter().flat_map(|problem| output::describe(problem, "  ")).for_each(output::line);
            }
        }
    }
    Ok(if all_good { Exit::Done } else { Exit::Refused })
}
