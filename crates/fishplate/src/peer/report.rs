//! What an import from a running n8n came to: for programs, as text, and as a Markdown file that can be worked through.

use std::fmt::Write;

use engine::n8n::Unsupported;
use model::{Code, Name, Problem};
use schemars::JsonSchema;
use serde::Serialize;

use super::accounts::Account;
use super::convert::Converted;
use super::settle::{Decision, Settled};

/// The whole.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// The n8n that was asked.
    pub from: String,
    /// Nothing was written.
    pub dry_run: bool,
    /// Workflows.
    pub workflows: Vec<Workflow>,
    /// Variables and connections.
    pub others: Vec<Other>,
    /// Credentials of the workflows, and what has to be filled in.
    pub accounts: Vec<Account>,
    /// Tags that no imported workflow has; they are labels here, so there is nothing to make of them.
    pub idle_tags: Vec<String>,
    /// What n8n did not give, and what else a person should know.
    pub notes: Vec<String>,
    /// Sums.
    pub totals: Totals,
}

/// A workflow of n8n.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// n8n's id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Name here.
    pub name: Name,
    /// It is active in n8n.
    pub active_there: bool,
    /// What became of it.
    pub decision: Decision,
    /// It was made live here.
    pub activated: bool,
    /// Number of its nodes.
    pub nodes: u64,
    /// Nodes that have a node type here.
    pub honoured: u64,
    /// Nodes that have none and stay as placeholders.
    pub placeholders: Vec<Unsupported>,
    /// Parameters that are kept and not honoured.
    pub not_honoured: Vec<Parameter>,
    /// What else is to be looked at.
    pub problems: Vec<Problem>,
    /// The text that is live in n8n was taken; changes that were not published there were not.
    pub unpublished: bool,
}

/// A parameter that is kept and not honoured.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Node; empty for settings of the workflow.
    pub node: String,
    /// Its place, with dots.
    pub parameter: String,
    /// Why.
    pub why: String,
}

/// A variable or a connection.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Other {
    /// `kind/name`.
    pub resource: String,
    /// What became of it.
    pub decision: Decision,
    /// Why it was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Sums over the workflows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Workflows that were looked at.
    pub workflows: u64,
    /// Those whose nodes all have a node type here.
    pub complete: u64,
    /// Those of which every parameter is honoured, too.
    pub whole: u64,
    /// Nodes.
    pub nodes: u64,
    /// Nodes that have a node type here.
    pub honoured: u64,
    /// Nodes that have none.
    pub placeholders: u64,
    /// Parameters that are kept and not honoured.
    pub not_honoured: u64,
    /// Resources written, or that would have been.
    pub written: u64,
    /// Resources that were left alone because they differ on both sides.
    pub conflicts: u64,
    /// Secrets that have to be filled in.
    pub secrets: u64,
    /// Workflows that n8n has and that were not asked for.
    pub left_out: u64,
    /// Workflows made live.
    pub activated: u64,
}

impl Workflow {
    /// The entry of a workflow.
    pub fn new(one: &Converted, settled: Option<&Settled>) -> Workflow {
        let report = &one.report;
        let mut problems = Vec::new();
        let mut not_honoured = Vec::new();
        for problem in &report.problems {
            let (node, place) = place_of(problem, &one.nodes);
            match place {
                Some(parameter) if problem.code == Code::LossyImport => {
                    not_honoured.push(Parameter { node, parameter, why: problem.detail.clone() });
                }
                _ => problems.push(problem.clone()),
            }
        }
        problems.extend(settled.and_then(|settled| settled.problem.clone()));
        Workflow {
            id: one.flow.id.clone(),
            title: one.flow.title.clone(),
            name: one.name.clone(),
            active_there: one.flow.active,
            decision: settled.map_or(Decision::Refused, |settled| settled.decision),
            activated: false,
            nodes: report.nodes,
            honoured: report.supported,
            placeholders: report.unsupported.clone(),
            not_honoured,
            problems,
            unpublished: one.flow.unpublished,
        }
    }
}

/// The node that a pointer leads into, and the parameter or setting with dots.
fn place_of(problem: &Problem, nodes: &[String]) -> (String, Option<String>) {
    let pointer = problem.pointer.as_deref().unwrap_or_default();
    let mut steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
    match steps.next().as_deref() {
        Some("nodes") => {
            let node = steps.next().and_then(|step| nodes.get(step.parse::<usize>().ok()?).cloned());
            let mut rest: Vec<String> = steps.collect();
            if rest.first().is_some_and(|step| step == "parameters" || step == "params") {
                rest.remove(0);
            }
            (node.unwrap_or_default(), (!rest.is_empty()).then(|| rest.join(".")))
        }
        Some("settings") => {
            (String::new(), Some(std::iter::once("settings".to_owned()).chain(steps).collect::<Vec<_>>().join(".")))
        }
        _ => (String::new(), None),
    }
}

impl Moved {
    /// Adds up.
    pub fn count(&mut self, left_out: usize) {
        let mut totals = Totals { left_out: left_out as u64, ..Totals::default() };
        let decisions = self.workflows.iter().map(|one| one.decision);
        for decision in decisions.chain(self.others.iter().map(|other| other.decision)) {
            totals.written += u64::from(decision.writes());
            totals.conflicts += u64::from(decision == Decision::Conflict);
        }
        for one in &self.workflows {
            let placeholders: u64 = one.placeholders.iter().map(|unsupported| unsupported.count).sum();
            totals.workflows += 1;
            totals.complete += u64::from(placeholders == 0);
            totals.whole += u64::from(placeholders == 0 && one.not_honoured.is_empty());
            totals.nodes += one.nodes;
            totals.honoured += one.honoured;
            totals.placeholders += placeholders;
            totals.not_honoured += one.not_honoured.len() as u64;
            totals.activated += u64::from(one.activated);
        }
        totals.secrets = self.accounts.iter().map(|account| account.secrets.len() as u64).sum();
        self.totals = totals;
    }

    /// Lines for a terminal.
    pub fn text(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for one in &self.workflows {
            let live = match (one.active_there, one.activated) {
                (_, true) => ", live here now",
                (true, false) => ", active in n8n",
                (false, false) => "",
            };
            lines.push(format!(
                "workflow/{}  {}  {}/{} nodes run{live}",
                one.name,
                one.decision.name(),
                one.honoured,
                one.nodes
            ));
            if one.unpublished {
                lines.push("    n8n has changes of it that are not published; what is live there was taken".into());
            }
            for missing in &one.placeholders {
                let (count, node_type, version) = (missing.count, &missing.node_type, missing.type_version);
                lines.push(format!("    placeholder: {count} × {node_type} {version}: {}", missing.reason));
            }
            for parameter in &one.not_honoured {
                lines.push(format!("    not honoured: {}: {}", parameter.node, parameter.why));
            }
            lines.extend(one.problems.iter().map(|problem| format!("    {} {}", problem.code, problem.detail)));
        }
        for other in &self.others {
            lines.push(format!("{}  {}", other.resource, other.decision.name()));
            lines.extend(other.problem.iter().map(|problem| format!("    {} {}", problem.code, problem.detail)));
        }
        let open: Vec<&Account> = self.accounts.iter().filter(|account| !account.commands.is_empty()).collect();
        if !open.is_empty() {
            lines.push("n8n gives no secrets; fill in:".into());
        }
        for account in open {
            lines.push(format!("  {} ({}), used by {}", account.connection, account.credential_type, users(account)));
            lines.extend(account.commands.iter().map(|command| format!("    {command}")));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.push(self.sum());
        lines
    }

    fn sum(&self) -> String {
        let totals = &self.totals;
        let done = if self.dry_run { "would be written" } else { "written" };
        format!(
            "{} workflows, {} with every node known, {} with every parameter honoured; {} of {} nodes run; \
             {} resources {done}, {} conflicts; {} secrets to fill in",
            totals.workflows,
            totals.complete,
            totals.whole,
            totals.honoured,
            totals.nodes,
            totals.written,
            totals.conflicts,
            totals.secrets
        )
    }

    /// A file to work through.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# Moving from n8n at {}\n\n{}.\n", self.from, self.sum())?;
        if self.dry_run {
            writeln!(out, "This was a dry run: nothing was written.\n")?;
        }
        writeln!(out, "## Workflows\n\n| workflow | here | state | nodes that run | not honoured | active in n8n |")?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for one in &self.workflows {
            let (title, name, decision) = (cell(&one.title), &one.name, one.decision.name());
            let active = if one.active_there { "yes" } else { "no" };
            let (honoured, nodes, open) = (one.honoured, one.nodes, one.not_honoured.len());
            writeln!(out, "| {title} | `{name}` | {decision} | {honoured} of {nodes} | {open} | {active} |")?;
        }
        let open = |one: &&Workflow| {
            !(one.placeholders.is_empty() && one.not_honoured.is_empty() && one.problems.is_empty() && !one.unpublished)
        };
        for one in self.workflows.iter().filter(open) {
            writeln!(out, "\n### {}\n", cell(&one.title))?;
            if one.unpublished {
                writeln!(out, "- [ ] n8n has unpublished changes of it; what is live there was taken.")?;
            }
            for missing in &one.placeholders {
                let (count, node_type, version) = (missing.count, &missing.node_type, missing.type_version);
                writeln!(out, "- [ ] {count} × `{node_type}` {version} is a placeholder: {}", cell(&missing.reason))?;
            }
            for parameter in &one.not_honoured {
                let node = if parameter.node.is_empty() { "workflow" } else { &parameter.node };
                writeln!(out, "- [ ] {} · `{}`: {}", cell(node), parameter.parameter, cell(&parameter.why))?;
            }
            for problem in &one.problems {
                writeln!(out, "- [ ] {}: {}", problem.code, cell(&problem.detail))?;
            }
        }
        writeln!(out, "\n## Secrets to fill in\n")?;
        if self.accounts.iter().all(|account| account.commands.is_empty()) {
            writeln!(out, "None.")?;
        }
        for account in self.accounts.iter().filter(|account| !account.commands.is_empty()) {
            writeln!(out, "\n### {} (`{}`)\n", account.connection, account.credential_type)?;
            writeln!(out, "Used by {}.\n", users(account))?;
            if !account.fields.is_empty() {
                writeln!(out, "n8n keeps these fields of it: `{}`.\n", account.fields.join("`, `"))?;
            }
            writeln!(out, "```sh\n{}\n```", account.commands.join("\n"))?;
        }
        if !self.others.is_empty() {
            writeln!(out, "\n## Variables and connections\n\n| resource | state |\n|---|---|")?;
            for other in &self.others {
                writeln!(out, "| `{}` | {} |", other.resource, other.decision.name())?;
            }
        }
        if !self.notes.is_empty() || !self.idle_tags.is_empty() {
            writeln!(out, "\n## Notes\n")?;
        }
        for note in &self.notes {
            writeln!(out, "- {}", cell(note))?;
        }
        if !self.idle_tags.is_empty() {
            writeln!(out, "- Tags that no imported workflow has: {}", cell(&self.idle_tags.join(", ")))?;
        }
        Ok(())
    }
}

fn users(account: &Account) -> String {
    account.workflows.iter().map(Name::to_string).collect::<Vec<_>>().join(", ")
}

/// Text that breaks neither a table nor a line.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_by_node_and_parameter() {
        let nodes = ["First".to_owned(), "Second".to_owned()];
        let place = |pointer: &str| place_of(&Problem::new(Code::LossyImport, "x").at(pointer), &nodes);
        assert_eq!(place("/nodes/1/parameters/options/a~1b"), ("Second".into(), Some("options.a/b".into())));
        assert_eq!(place("/settings/executionOrder"), (String::new(), Some("settings.executionOrder".into())));
        assert_eq!(place("/nodes/7"), (String::new(), None));
        assert_eq!(place(""), (String::new(), None));
    }
}
