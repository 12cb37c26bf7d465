//! Settings of a workflow in both directions.
//!
//! | n8n | ours |
//! |---|---|
//! | `executionOrder`: `v1`; `v0` or absent | `order` |
//! | `timezone`, but `DEFAULT` | `timezone` |
//! | `executionTimeout` in seconds, -1 for none | `timeout` |
//! | `callerPolicy`, `callerIds` | `callers` |
//! | `saveDataSuccessExecution`, `saveDataErrorExecution`: `none` | `retention` with an age of zero |
//! | `saveManualExecutions`, `saveExecutionProgress` | nothing: runs are kept as they go; `false` for the first is reported |
//! | `errorWorkflow`, an id | `errorWorkflow`, once the workflow of that id is known ([`super::link`]) |
//!
//! What n8n has no words for (parallel order, fairness, budgets) travels in `meta.fishplate.settings`, and counts as
//! long as n8n's own settings beside it still say the same.

use std::time::Duration;

use model::workflow::{Callers, Order, Settings};
use model::{Code, HumanDuration, Map, Name, Problem, Value};
use serde_json::json;

/// Reads `settings`. Callers by id are refused until they are known by name.
pub(super) fn read(settings: &Value, problems: &mut Vec<Problem>) -> Settings {
    let mut ours = Settings::default();
    let text = |key: &str| settings.get(key).and_then(Value::as_str);
    ours.order = match text("executionOrder") {
        Some("v1") => Order::V1,
        None | Some("v0") => Order::V0,
        Some(other) => {
            let detail = format!("the order `{other}` is not known; the workflow runs in order v1");
            problems.push(Problem::new(Code::LossyImport, detail).at("/settings/executionOrder"));
            Order::V1
        }
    };
    ours.timezone = text("timezone").filter(|zone| *zone != "DEFAULT" && !zone.is_empty()).map(str::to_owned);
    let seconds = settings.get("executionTimeout").and_then(Value::as_f64).unwrap_or(-1.0);
    if seconds > 0.0 && seconds < 1e9 {
        ours.timeout = Some(HumanDuration(Duration::from_millis((seconds * 1000.0) as u64)));
    }
    ours.callers = match text("callerPolicy") {
        Some("none") => Callers::None,
        Some("workflowsFromAList") => {
            let ids = text("callerIds").unwrap_or_default().split(',').map(str::trim);
            let names: Vec<Name> = ids.filter_map(|id| id.parse().ok()).collect();
            problems.push(
                Problem::new(Code::LossyImport, "callers are listed by the ids that n8n gave them")
                    .at("/settings/callerIds")
                    .hint("name the workflows that may call this one in `settings.callers`"),
            );
            Callers::These(names)
        }
        _ => Callers::Any,
    };
    if settings.get("saveManualExecutions") == Some(&Value::Bool(false)) {
        let detail = "runs that a person starts are kept like others";
        problems.push(
            Problem::new(Code::LossyImport, detail)
                .at("/settings/saveManualExecutions")
                .hint("set how long runs are kept in `settings.retention`"),
        );
    }
    let dropped = |key: &str| (text(key) == Some("none")).then_some(HumanDuration(Duration::ZERO));
    ours.retention.completed_age = dropped("saveDataSuccessExecution");
    ours.retention.failed_age = dropped("saveDataErrorExecution");
    ours
}

/// Writes `settings`, but `errorWorkflow`.
pub(super) fn write(ours: &Settings) -> Map {
    let mut settings = Map::new();
    let order = if ours.order == Order::V0 { "v0" } else { "v1" };
    settings.insert("executionOrder".into(), json!(order));
    if let Some(zone) = &ours.timezone {
        settings.insert("timezone".into(), json!(zone));
    }
    if let Some(HumanDuration(timeout)) = ours.timeout {
        let whole = timeout.subsec_millis() == 0;
        let seconds = if whole { json!(timeout.as_secs()) } else { json!(timeout.as_millis() as f64 / 1000.0) };
        settings.insert("executionTimeout".into(), seconds);
    }
    match &ours.callers {
        Callers::Any => {}
        Callers::None => {
            settings.insert("callerPolicy".into(), json!("none"));
        }
        Callers::These(names) => {
            settings.insert("callerPolicy".into(), json!("workflowsFromAList"));
            let names: Vec<&str> = names.iter().map(Name::as_str).collect();
            settings.insert("callerIds".into(), json!(names.join(",")));
        }
    }
    let ages = [
        ("saveDataSuccessExecution", ours.retention.completed_age),
        ("saveDataErrorExecution", ours.retention.failed_age),
    ];
    for (key, age) in ages {
        if age == Some(HumanDuration(Duration::ZERO)) {
            settings.insert(key.into(), json!("none"));
        }
    }
    settings
}

/// Our settings where n8n's words do not say them all: what goes into `meta.fishplate.settings`.
pub(super) fn beyond(ours: &Settings) -> Option<Value> {
    let mut plain = ours.clone();
    plain.error_workflow = None;
    let back = read(&Value::Object(write(&plain)), &mut Vec::new());
    if back == plain { None } else { serde_json::to_value(&plain).ok() }
}

/// Takes `meta.fishplate.settings` when n8n's settings still say what was written beside them.
pub(super) fn with_beyond(read_now: Settings, beyond: Option<&Value>) -> Settings {
    let Some(ours) = beyond.and_then(|beyond| serde_json::from_value::<Settings>(beyond.clone()).ok()) else {
        return read_now;
    };
    let as_written = read(&Value::Object(write(&ours)), &mut Vec::new());
    if as_written == read_now { Settings { error_workflow: None, ..ours } } else { read_now }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: Value, expected: Settings) {
        assert_eq!(read(&settings, &mut Vec::new()), expected, "{settings}");
    }

    #[test]
    fn settings_are_read() {
        let v0 = Settings { order: Order::V0, ..Settings::default() };
        check(json!(null), v0.clone());
        check(json!({ "executionOrder": "v0", "timezone": "DEFAULT", "executionTimeout": -1 }), v0.clone());
        check(json!({ "executionOrder": "v1" }), Settings::default());
        check(
            json!({ "timezone": "Europe/Rome", "executionTimeout": 90, "callerPolicy": "none" }),
            Settings {
                timezone: Some("Europe/Rome".into()),
                timeout: Some("90s".parse().unwrap()),
                callers: Callers::None,
                ..v0.clone()
            },
        );
        let mut quiet = v0;
        quiet.retention.completed_age = Some(HumanDuration(Duration::ZERO));
        check(json!({ "saveDataSuccessExecution": "none", "saveDataErrorExecution": "all" }), quiet);
    }

    #[test]
    fn what_is_not_honoured_is_named() {
        let places = |settings: Value| -> Vec<String> {
            let mut problems = Vec::new();
            read(&settings, &mut problems);
            problems.into_iter().filter_map(|problem| problem.pointer).collect()
        };
        assert_eq!(places(json!({ "saveManualExecutions": false })), ["/settings/saveManualExecutions"]);
        assert_eq!(places(json!({ "executionOrder": "v7" })), ["/settings/executionOrder"]);
        let listed = json!({ "callerPolicy": "workflowsFromAList", "callerIds": "a, b" });
        assert_eq!(places(listed), ["/settings/callerIds"]);
        // What is written as it happens is more than progress, and needs no word.
        let kept = json!({ "saveManualExecutions": true, "saveExecutionProgress": true, "callerPolicy": "any" });
        assert_eq!(places(kept), [""; 0]);
        assert_eq!(places(json!({ "saveExecutionProgress": false })), [""; 0]);
    }

    #[test]
    fn settings_beyond_n8n_survive_until_n8n_changes_them() {
        let ours = Settings {
            order: Order::Parallel,
            memory_limit: Some(5),
            timeout: "1m".parse().ok(),
            ..Settings::default()
        };
        let extra = beyond(&ours).unwrap();
        let written = Value::Object(write(&ours));
        assert_eq!(with_beyond(read(&written, &mut Vec::new()), Some(&extra)), ours);
        let changed = json!({ "executionOrder": "v0" });
        assert_eq!(with_beyond(read(&changed, &mut Vec::new()), Some(&extra)).order, Order::V0);
        assert_eq!(beyond(&Settings::default()), None);
    }
}
