//! Files of n8n, in and out.

use std::collections::{HashMap, HashSet};

use engine::bundle::Content;
use engine::n8n::{FileReport, Imported, Report};
use model::resource::Manifest;
use model::{Code, Name, Problem, Value, WorkflowSpec};
use part::catalogue::Snapshot;
use serde_json::json;

use super::archive::unpack;

/// What files became.
#[derive(Debug, Default)]
pub struct Converted {
    /// Resources to write.
    pub manifests: Vec<Manifest>,
    /// What was found in n8n's files.
    pub report: Report,
}

/// Reads files: n8n's become workflows, our own manifests stay as they are. A file that cannot be read is in the
/// report and stops nothing.
pub fn convert(files: Vec<(String, Vec<u8>)>, catalogue: &Snapshot, mut each: impl FnMut()) -> Converted {
    let mut converted = Converted::default();
    let mut workflows: Vec<Imported> = Vec::new();
    for (name, bytes) in files {
        each();
        let unpacked = match unpack(&name, bytes) {
            Ok(unpacked) => unpacked,
            Err(problem) => {
                converted.report.add(FileReport::unreadable(&name, problem));
                continue;
            }
        };
        for (name, bytes) in unpacked {
            match engine::bundle::decode(&bytes) {
                Ok(Content::Manifests(own)) => {
                    converted.manifests.extend(own);
                    continue;
                }
                Ok(Content::N8n) => {}
                Err(problem) => {
                    converted.report.add(FileReport::unreadable(&name, problem));
                    continue;
                }
            }
            match engine::n8n::import(&bytes, &name, catalogue) {
                Ok(import) => {
                    workflows.extend(import.workflows);
                    for problem in import.unreadable {
                        converted.report.add(FileReport::unreadable(&name, problem));
                    }
                }
                Err(problem) => converted.report.add(FileReport::unreadable(&name, problem)),
            }
        }
    }
    rename_twins(&mut workflows, &converted.manifests);
    engine::n8n::link(&mut workflows);
    for workflow in workflows {
        let Imported { name, spec, report, tags, .. } = workflow;
        converted.report.add(report);
        let labels = tags.into_iter().map(|tag| (format!("tag.{}", Name::from_title(&tag)), tag)).collect();
        match serde_json::to_value(&spec) {
            Ok(spec) => {
                converted.manifests.push(Manifest { kind: "workflow".into(), name, spec_version: None, labels, spec })
            }
            Err(error) => {
                let problem = Problem::new(Code::UnreadableFile, format!("`{name}` cannot be kept: {error}"));
                converted.report.add(FileReport::unreadable(name.as_str(), problem));
            }
        }
    }
    converted
}

/// Workflows of different files may have one title; the later ones get a number.
fn rename_twins(workflows: &mut [Imported], own: &[Manifest]) {
    let kept = own.iter().filter(|manifest| manifest.kind == "workflow").map(|manifest| manifest.name.clone());
    let mut taken: HashSet<Name> = kept.collect();
    let mut next: HashMap<Name, u32> = HashMap::new();
    for workflow in workflows {
        let base = workflow.name.clone();
        while !taken.insert(workflow.name.clone()) {
            let number = next.entry(base.clone()).or_insert(1);
            *number += 1;
            let short: String = base.as_str().chars().take(110).collect();
            if let Ok(name) = format!("{short}-{number}").parse() {
                workflow.name = name;
            }
        }
        workflow.report.workflow = Some(workflow.name.clone());
    }
}

/// Workflows as n8n writes them: one object, or an array when there are several. Other kinds are left out.
pub fn write(manifests: &[Manifest], catalogue: &Snapshot) -> Result<Vec<u8>, Problem> {
    let workflows = manifests.iter().filter(|manifest| manifest.kind == "workflow");
    let mut written: Vec<Value> = Vec::new();
    for manifest in workflows {
        let spec: WorkflowSpec = part::kind::parse(manifest.spec.clone())?;
        written.push(engine::n8n::export(&spec, &manifest.name, catalogue).workflow);
    }
    let whole = if written.len() == 1 { written.remove(0) } else { json!(written) };
    serde_json::to_vec_pretty(&whole).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}
