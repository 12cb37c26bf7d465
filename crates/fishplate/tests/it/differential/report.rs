//! What a comparison with n8n came to, as people read it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use differential::{Case, CaseFile, Cause, Outcome};
use serde::{Deserialize, Serialize};

/// What the comparison of some files came to.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Report {
    rows: Vec<Row>,
    /// By pictures that were decoded, by values that are made of chance.
    loosely: (usize, usize),
    meant: Vec<String>,
    errors: Vec<String>,
    pub(super) wrong: Vec<String>,
}

/// A file.
#[derive(Serialize, Deserialize)]
struct Row {
    file: String,
    cases: usize,
    identical: usize,
    meant: usize,
}

impl Report {
    /// What is added from now on is of that file.
    pub(super) fn begin(&mut self, file: &CaseFile) {
        self.rows.push(Row { file: file.name.clone(), cases: file.cases.len(), identical: 0, meant: 0 });
    }

    pub(super) fn add(&mut self, file: &CaseFile, case: &Case, theirs: &Outcome, ours: &Outcome) {
        let differences = theirs.differences(ours, case.pixels);
        if let (Some(theirs), Some(ours)) = (&theirs.error, &ours.error) {
            let line = |text: &str| text.lines().next().unwrap_or_default().replace('|', "\\|");
            self.errors.push(format!("| {}: {} | {} | {} |", file.name, case.name, line(theirs), line(ours)));
        }
        let Some(row) = self.rows.last_mut() else { return };
        match &case.differs {
            None if differences.is_empty() => {
                row.identical += 1;
                self.loosely.0 += usize::from(case.pixels);
                self.loosely.1 += usize::from(!case.varies.is_empty());
            }
            None => self.wrong.push(format!("{}: `{}`\n    {}", file.name, case.name, differences.join("\n    "))),
            Some(why) if differences.is_empty() => {
                self.wrong.push(format!("{}: `{}` agrees, though it says: {}", file.name, case.name, why.reason));
            }
            Some(why) => {
                let cause = match why.cause {
                    Cause::Ours => "ours",
                    Cause::N8n => "n8n",
                    Cause::Chance => "chance",
                };
                row.meant += 1;
                self.meant.push(format!("| {}: {} | {cause} | {} |", file.name, case.name, why.reason));
            }
        }
    }

    /// Says it, and writes it into `target/differential.md` together with what the other tests last came to: each of
    /// them may run in a process of its own.
    pub(super) fn write(&self, title: &str) {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let parts = target.join("differential");
        std::fs::create_dir_all(&parts).unwrap();
        std::fs::write(parts.join(format!("{title}.json")), serde_json::to_vec(self).unwrap()).unwrap();
        let mut all = BTreeMap::new();
        for part in std::fs::read_dir(&parts).unwrap() {
            let part = part.unwrap();
            // Another test may be writing its own just now, and adds it then.
            if let Ok(report) = serde_json::from_slice::<Report>(&std::fs::read(part.path()).unwrap()) {
                all.insert(part.file_name(), report);
            }
        }
        let mut whole = Report::default();
        for part in all.into_values() {
            whole.rows.extend(part.rows);
            whole.loosely = (whole.loosely.0 + part.loosely.0, whole.loosely.1 + part.loosely.1);
            whole.meant.extend(part.meant);
            whole.errors.extend(part.errors);
            whole.wrong.extend(part.wrong);
        }
        std::fs::write(target.join("differential.md"), whole.text()).unwrap();
        eprintln!("{}", self.text());
    }

    fn text(&self) -> String {
        let mut text = String::from("| file | cases | identical | differ with a reason |\n|---|---|---|---|\n");
        for row in &self.rows {
            writeln!(text, "| {} | {} | {} | {} |", row.file, row.cases, row.identical, row.meant).unwrap();
        }
        let sum = |of: fn(&Row) -> usize| self.rows.iter().map(of).sum::<usize>();
        let (identical, cases) = (sum(|row| row.identical), sum(|row| row.cases));
        let share = identical as f64 * 100.0 / cases.max(1) as f64;
        let (pixels, chance) = self.loosely;
        write!(
            text,
            "\n{identical} of {cases} cases are identical ({share:.1} %); {pixels} of them by what is seen on their \
             pictures, not by bytes, and in {chance} values that are made of chance are compared by their kind.\n",
        )
        .unwrap();
        if !self.meant.is_empty() {
            write!(text, "\n| differs | cause | reason |\n|---|---|---|\n{}\n", self.meant.join("\n")).unwrap();
        }
        write!(text, "\n| error in | n8n | here |\n|---|---|---|\n{}\n", self.errors.join("\n")).unwrap();
        for one in &self.wrong {
            writeln!(text, "- {one}").unwrap();
        }
        text
    }
}
