//! Parameters of a known node that ours do not stand for: kept for export, and named in the report.
//!
//! A node type names what it does not honour, with the reason, when it lifts a node. This looks at the other side, what
//! does not come back when the node is written again, so that a parameter nobody has thought of is not lost in silence.

use model::problem::pointer_step;
use model::{Code, Map, NodeSpec, Problem, Value};
use part::catalogue::Snapshot;

use super::same;

/// Reports what of a node's parameters is in neither ours nor the problems that its type has found.
pub(super) fn report(
    index: usize,
    spec: &NodeSpec,
    original: &Map,
    written: &Value,
    catalogue: &Snapshot,
    problems: &mut Vec<Problem>,
) {
    let Some(entry) = catalogue.get(&spec.node_type, spec.version) else { return };
    let Some(parameters) = original.get("parameters").filter(|parameters| parameters.is_object()) else { return };
    let mut places = Vec::new();
    compare(parameters, Some(written), &mut Vec::new(), &mut places);
    let pointer = |place: &[String]| {
        let steps: String = place.iter().map(|step| format!("/{}", pointer_step(step))).collect();
        format!("/nodes/{index}/parameters{steps}")
    };
    let is_named = |place: &[String], problems: &[Problem]| {
        let pointer = pointer(place);
        problems.iter().any(|problem| problem.pointer.as_deref().is_some_and(|named| covers(named, &pointer)))
    };
    for place in places {
        if part::n8n::covers(entry.node_type.n8n_idle(), &place) || is_named(&place, problems) {
            continue;
        }
        // A part that has no counterpart at all is named once, not each of its leaves; an option is named by itself.
        let known = (0..place.len()).take_while(|length| at(written, &place[..*length]).is_some()).count();
        let place = &place[..place.len().min(known.max(2))];
        let detail = format!("`{}` changes nothing here", place.join("."));
        problems.push(Problem::new(Code::LossyImport, detail).at(pointer(place)).hint("it is kept for export"));
    }
}

/// What is at a place.
fn at<'a>(whole: &'a Value, place: &[String]) -> Option<&'a Value> {
    place.iter().try_fold(whole, |value, step| match value {
        Value::Array(values) => values.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

/// Collects the places whose value is not written again. What is empty says nothing.
fn compare(original: &Value, written: Option<&Value>, at: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    let mut below = |step: String, value: &Value, written: Option<&Value>| {
        at.push(step);
        compare(value, written, at, places);
        at.pop();
    };
    match (original, written) {
        (original, Some(written)) if same(original, written) => {}
        (Value::Object(map), written) => {
            map.iter().for_each(|(key, value)| below(key.clone(), value, written.and_then(|written| written.get(key))));
        }
        (Value::Array(values), written) => {
            let found = |index: usize| written.and_then(|written| written.get(index));
            values.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value, found(index)));
        }
        (Value::Null, _) => {}
        (Value::String(text), None) if text.is_empty() => {}
        _ => places.push(at.clone()),
    }
}

/// Whether a problem is about the place, or about what contains it.
fn covers(named: &str, pointer: &str) -> bool {
    pointer.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_come_back_is_found() {
        let original = json!({
            "kept": 1, "gone": 2, "empty": {}, "text": "", "list": [{ "a": 1, "id": "x" }], "options": { "deep": true },
            "changed": "1",
        });
        let written = json!({ "kept": 1.0, "list": [{ "a": 1 }], "changed": 1 });
        let mut places = Vec::new();
        compare(&original, Some(&written), &mut Vec::new(), &mut places);
        let places: Vec<String> = places.iter().map(|place| place.join(".")).collect();
        assert_eq!(places, ["gone", "list.0.id", "options.deep", "changed"]);
    }

    #[test]
    fn patterns_fit_places_and_what_is_below() {
        let place = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert!(part::n8n::covers(&["a.*.id"], &place("a.3.id")) && part::n8n::covers(&["a"], &place("a.3.id")));
        assert!(!part::n8n::covers(&["a.*.id"], &place("a.3")) && !part::n8n::covers(&["b", "a.b"], &place("a.3.id")));
        assert!(covers("/nodes/1/parameters", "/nodes/1/parameters/a") && !covers("/nodes/1", "/nodes/12/a"));
    }
}
