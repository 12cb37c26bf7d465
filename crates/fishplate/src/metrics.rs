//! Counters of the server, in the text form of Prometheus. Counts of runs come from the store, which keeps them as
//! sums, so that asking costs the same however many runs there are.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Problem, ScopeId};

use crate::api::App;

/// Counters of answered requests. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics {
    answers: Arc<Mutex<BTreeMap<(String, u16), u64>>>,
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, operation: &str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.get_mut(&(operation.to_owned(), status)) {
            Some(count) => *count += 1,
            None => drop(answers.insert((operation.to_owned(), status), 1)),
        }
    }

    /// All counters, those of a scope's runs among them.
    pub async fn text(&self, app: &App, scope: ScopeId) -> Result<String, Problem> {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            // Writing to a text cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        };
        head(&mut text, "fishplate_runs", "gauge", "Stored runs of the scope.");
        let mut runs: BTreeMap<String, u64> = BTreeMap::new();
        for count in app.store.counts(scope).await? {
            let status = serde_json::to_value(count.status).unwrap_or_default();
            *runs.entry(status.as_str().unwrap_or_default().to_owned()).or_default() += count.runs;
        }
        for (status, count) in runs {
            let _ = writeln!(text, "fishplate_runs{{status=\"{status}\"}} {count}");
        }
        head(&mut text, "fishplate_active_workflows", "gauge", "Workflows whose triggers fire, of all scopes.");
        let _ = writeln!(text, "fishplate_active_workflows {}", app.resources.live().view().active_count());
        let calls = app.outbound.stats();
        head(&mut text, "fishplate_outbound_calls_total", "counter", "Outgoing calls by what came of them.");
        for (outcome, count) in [
            ("succeeded", calls.succeeded),
            ("rejected", calls.rejected),
            ("failed", calls.failed),
            ("refused", calls.refused),
            ("postponed", calls.postponed),
        ] {
            let _ = writeln!(text, "fishplate_outbound_calls_total{{outcome=\"{outcome}\"}} {count}");
        }
        head(&mut text, "fishplate_http_answers_total", "counter", "Answered requests of the API.");
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((operation, status), count) in answers.iter() {
            let _ =
                writeln!(text, "fishplate_http_answers_total{{operation=\"{operation}\",status=\"{status}\"}} {count}");
        }
        Ok(text)
    }
}
