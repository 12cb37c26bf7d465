//! What was measured: a Markdown table for people, JSON for comparing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

/// One case under load.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Who was measured: `fishplate` or a peer.
    pub system: String,
    /// What was done.
    pub case: String,
    /// `sqlite`, `postgres`, or how a peer was set up.
    pub store: String,
    /// Connections at the same time.
    pub connections: usize,
    /// Answers a second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50: f64,
    /// 95th percentile in milliseconds.
    pub p95: f64,
    /// 99th percentile in milliseconds.
    pub p99: f64,
    /// Answers that were errors.
    pub errors: u64,
    /// CPU time of all processes of the system for each request, in milliseconds.
    pub cpu_ms: f64,
    /// Steps of which a request consists, where CPU time counts for each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Resident memory afterwards, in bytes.
    pub memory: u64,
    /// Most CPU milliseconds that a request (or a step, where there are `steps`) may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_cpu_ms: Option<f64>,
}

/// One figure that is no load.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What was measured.
    pub what: String,
    /// `sqlite` or `postgres`.
    pub store: String,
    /// The figure.
    pub value: f64,
    /// What it counts.
    pub unit: &'static str,
    /// The most that it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<f64>,
}

/// How one of our figures stands to a peer's from the same run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// What is compared.
    pub what: String,
    /// The peer.
    pub peer: String,
    /// How many times better we are.
    pub times: f64,
    /// How many times better we mean to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<f64>,
}

/// Everything of one run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// When.
    pub at: String,
    /// Processors of the machine.
    pub processors: usize,
    /// Its load average before the first case: what others did meanwhile.
    pub load_before: f64,
    /// Its load average after the last one.
    pub load_after: f64,
    /// Cases under load.
    pub rows: Vec<Row>,
    /// Other figures.
    pub facts: Vec<Fact>,
    /// Comparisons.
    pub ratios: Vec<Ratio>,
    /// What was not measured, and why.
    pub missing: Vec<String>,
}

impl Row {
    /// CPU milliseconds of what the goal counts.
    fn cost(&self) -> f64 {
        self.cpu_ms / f64::from(self.steps.unwrap_or(1))
    }
}

impl Report {
    /// An empty one.
    pub fn new() -> Report {
        Report {
            at: Timestamp::now().to_string(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            load_before: crate::processes::load_average(),
            load_after: 0.0,
            rows: Vec::new(),
            facts: Vec::new(),
            ratios: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Adds a case and says so.
    pub fn row(&mut self, row: Row) {
        eprintln!("bench: {}", row_line(&row));
        self.rows.push(row);
    }

    /// Adds a figure and says so.
    pub fn fact(&mut self, fact: Fact) {
        eprintln!("bench: {}", fact_line(&fact));
        self.facts.push(fact);
    }

    /// Adds what could not be measured and says so.
    pub fn missing(&mut self, what: String) {
        eprintln!("bench: NOT MEASURED: {what}");
        self.missing.push(what);
    }

    /// All as Markdown.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!("## Benchmarks of {}", self.at),
            String::new(),
            format!(
                "{} processors, load average {:.1} before and {:.1} after. CPU is that of all processes of a system.",
                self.processors, self.load_before, self.load_after
            ),
            String::new(),
        ];
        let table = |lines: &mut Vec<String>, head: &str, rows: Vec<String>| {
            if rows.is_empty() {
                return;
            }
            lines.push(head.to_owned());
            lines.push(format!("|{}", "---|".repeat(head.matches('|').count() - 1)));
            lines.extend(rows);
            lines.push(String::new());
        };
        table(
            &mut lines,
            "| system | case | store | connections | per second | p50 ms | p95 ms | p99 ms | errors | CPU | goal | MB |",
            self.rows.iter().map(row_line).collect(),
        );
        table(&mut lines, "| what | store | figure | goal |", self.facts.iter().map(fact_line).collect());
        table(&mut lines, "| compared | peer | times better | goal |", self.ratios.iter().map(ratio_line).collect());
        lines.extend(self.missing.iter().map(|what| format!("Not measured: {what}")));
        lines.join("\n")
    }

    /// Writes the JSON into `benches/results/` and gives its path.
    pub fn write(&self) -> Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        fs::create_dir_all(&folder)?;
        let date: String = self.at.chars().take(19).map(|letter| if letter == ':' { '-' } else { letter }).collect();
        let path = folder.join(format!("{date}.json"));
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }
}

fn row_line(row: &Row) -> String {
    let (factor, unit) = match (row.steps, row.cost() < 0.1) {
        (Some(_), _) => (1000.0, "µs a step"),
        (None, true) => (1000.0, "µs"),
        (None, false) => (1.0, "ms"),
    };
    let goal = row.goal_cpu_ms.map(|goal| verdict(row.cost(), goal, &format!("≤ {}", short(goal * factor))));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} {unit} | {} | {} |",
        row.system,
        row.case,
        row.store,
        row.connections,
        short(row.per_second),
        short(row.p50),
        short(row.p95),
        short(row.p99),
        row.errors,
        short(row.cost() * factor),
        goal.unwrap_or_default(),
        row.memory >> 20,
    )
}

fn fact_line(fact: &Fact) -> String {
    let goal = fact.goal.map(|goal| verdict(fact.value, goal, &format!("≤ {}", short(goal)))).unwrap_or_default();
    format!("| {} | {} | {} {} | {goal} |", fact.what, fact.store, short(fact.value), fact.unit)
}

fn ratio_line(ratio: &Ratio) -> String {
    let goal = ratio.goal.map(|goal| verdict(-ratio.times, -goal, &format!("≥ {}", short(goal)))).unwrap_or_default();
    format!("| {} | {} | {} | {goal} |", ratio.what, ratio.peer, short(ratio.times))
}

/// The goal, and by how much it was missed.
fn verdict(value: f64, goal: f64, text: &str) -> String {
    match value <= goal {
        true => format!("{text} ✓"),
        false => format!("{text} missed: {:.0} %", (value / goal).max(goal / value) * 100.0),
    }
}

/// Three digits that say something.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_was_reached() {
        let row = Row { cpu_ms: 0.16, goal_cpu_ms: Some(0.08), ..Row::default() };
        assert!(row_line(&row).contains("| 0.160 ms | ≤ 0.080 missed: 200 % |"), "{}", row_line(&row));
        let row = Row { cpu_ms: 0.16, steps: Some(40), goal_cpu_ms: Some(0.005), ..Row::default() };
        assert!(row_line(&row).contains("| 4.00 µs a step | ≤ 5.00 ✓ |"), "{}", row_line(&row));
    }

    #[test]
    fn a_table_has_as_many_columns_as_its_head() {
        let mut report = Report::new();
        report.rows.push(Row::default());
        let text = report.markdown();
        let widths: Vec<usize> =
            text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
        assert_eq!(widths, [13, 13, 13]);
    }
}
