//! Printing results: for people as text, for programs as JSON.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use model::{Problem, Value};

use super::{Exit, Output};

/// Prints a line. A reader that went away (`| head`) is no error.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref());
}

/// Prints JSON, indented.
pub fn json(value: &Value) {
    line(serde_json::to_string_pretty(value).unwrap_or_default());
}

/// Prints a problem and gives its exit code.
pub fn problem(output: Output, problem: &Problem) -> Exit {
    match output {
        Output::Json => json(&part::http::problem::body(problem, "cli")),
        Output::Text => {
            for text in describe(problem, "") {
                eprintln!("{text}");
            }
        }
    }
    Exit::of(problem)
}

/// A problem in lines for people.
pub fn describe(problem: &Problem, indent: &str) -> Vec<String> {
    let place = problem.pointer.as_deref().filter(|place| !place.is_empty());
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    let mut lines = vec![format!("{indent}{}{place}: {}", problem.code, problem.detail)];
    lines.extend(problem.hint.iter().map(|hint| format!("{indent}  {hint}")));
    lines.extend(problem.problems.iter().flat_map(|inner| describe(inner, &format!("{indent}  "))));
    lines
}

/// Rows in columns that are as wide as their widest cell.
pub fn table(head: &[&str], cells: &[Vec<String>]) {
    rows(head, cells).iter().for_each(line);
}

/// The lines of such a table.
pub fn rows(head: &[&str], cells: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row.get(column).map_or(0, |cell| cell.chars().count()));
        widths.max().unwrap_or(0).max(head[column].chars().count())
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let row = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|cell| cell.to_uppercase()).collect();
    std::iter::once(row(&head)).chain(cells.iter().map(|cells| row(cells))).collect()
}

/// A progress bar on the terminal, or nothing when nobody looks.
pub fn progress(total: Option<u64>, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    let template = if total.is_some() { "{msg} {bar:30} {pos}/{len}" } else { "{spinner} {msg} {pos}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(what.to_owned())
}

/// A text field of a JSON object, empty when it is not there.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A time in milliseconds since 1970 as RFC 3339, to the second.
pub fn time(value: &Value) -> String {
    let stamp = value.as_i64().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    stamp.map(|stamp| format!("{stamp:.0}")).unwrap_or_default()
}
