//! What an import found: for each workflow and in all.

use model::{Name, Problem};
use schemars::JsonSchema;
use serde::Serialize;

use super::MAX_PROBLEMS;

/// Elements of an unreadable file whose problems are listed; the problem above them says how many there are.
const MAX_NESTED: usize = 10;

/// The report of an import of one or more files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// One for each workflow, and one for each file that could not be read.
    pub files: Vec<FileReport>,
    /// Sums.
    pub totals: Totals,
}

impl Report {
    /// Adds a workflow, or a file that could not be read.
    pub fn add(&mut self, file: FileReport) {
        let totals = &mut self.totals;
        totals.workflows += u64::from(file.workflow.is_some());
        totals.unreadable += u64::from(file.workflow.is_none());
        totals.nodes += file.nodes;
        totals.supported += file.supported;
        totals.unsupported += file.unsupported.iter().map(|unsupported| unsupported.count).sum::<u64>();
        totals.problems += file.problems.len() as u64;
        totals.round_trip += u64::from(file.round_trip);
        totals.complete += u64::from(file.workflow.is_some() && file.unsupported.is_empty());
        self.files.push(file);
    }
}

/// What became of one workflow of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileReport {
    /// The file, as the caller named it.
    pub file: String,
    /// Name that the workflow got. Absent: the file, or this part of it, could not be read.
    pub workflow: Option<Name>,
    /// Number of its nodes.
    pub nodes: u64,
    /// Number of nodes that have a node type here.
    pub supported: u64,
    /// The others, by type and version.
    pub unsupported: Vec<Unsupported>,
    /// What was kept but not understood, and what is wrong with the file. Pointers lead into n8n's workflow.
    pub problems: Vec<Problem>,
    /// Connections that its nodes want, in the order of the nodes. Their secrets are never in a file.
    pub connections: Vec<Wanted>,
    /// Whether the export of it is the same as the file.
    pub round_trip: bool,
}

impl FileReport {
    /// The report of a file that cannot be read.
    pub fn unreadable(file: &str, mut problem: Problem) -> Self {
        // A list of something else is refused element by element; a few of them say it all.
        problem.problems.truncate(MAX_NESTED);
        FileReport { file: file.to_owned(), problems: vec![problem], ..FileReport::default() }
    }

    /// Cuts the list of problems to its limit and says how many were left out.
    pub(super) fn limit_problems(&mut self) {
        let more = self.problems.len().saturating_sub(MAX_PROBLEMS);
        if more > 0 {
            self.problems.truncate(MAX_PROBLEMS);
            self.problems.push(Problem::new(model::Code::LossyImport, format!("{more} more problems were found")));
        }
    }
}

/// Nodes of a type or version that there is no node type for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unsupported {
    /// n8n's type, for example `n8n-nodes-base.slack`.
    #[serde(rename = "type")]
    pub node_type: String,
    /// n8n's version of the type.
    pub type_version: f64,
    /// How many nodes.
    pub count: u64,
    /// Why.
    pub reason: String,
}

/// A connection that nodes of a workflow want.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// Name that the nodes refer to; create a connection of this name.
    pub connection: Name,
    /// n8n's credential type, for example `httpBasicAuth`.
    #[serde(rename = "type")]
    pub credential_type: String,
    /// Title in n8n.
    pub title: String,
    /// Names of the nodes that use it.
    pub nodes: Vec<String>,
}

/// Sums over all workflows of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Workflows that were read.
    pub workflows: u64,
    /// Files, or parts of them, that could not be read.
    pub unreadable: u64,
    /// Nodes of all workflows.
    pub nodes: u64,
    /// Nodes that have a node type here.
    pub supported: u64,
    /// Nodes that have none.
    pub unsupported: u64,
    /// Problems of all workflows.
    pub problems: u64,
    /// Workflows whose export is the same as their file.
    pub round_trip: u64,
    /// Workflows whose nodes all have a node type here.
    pub complete: u64,
}
