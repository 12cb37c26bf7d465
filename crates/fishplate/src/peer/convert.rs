//! From what was pulled to resources of ours.

use std::collections::{BTreeMap, HashMap, HashSet};

use engine::n8n::{FileReport, Imported};
use model::resource::{Manifest, Resource};
use model::{Code, Name, Problem, Value};
use part::catalogue::Snapshot;
use serde_json::json;

use super::accounts::{self, Account};
use super::pull::{Flow, Pulled};

/// Label: n8n's id of what a resource came from.
pub const ID: &str = "n8n.id";
/// Label: the n8n that it came from.
pub const FROM: &str = "n8n.from";
/// The label by which the app shows workflows in folders.
const FOLDER: &str = "folder";

/// What is stored here already, by kind.
#[derive(Debug, Default)]
pub struct Stored {
    /// All workflows.
    pub workflows: Vec<Resource>,
    /// All variables.
    pub variables: Vec<Resource>,
    /// All connections.
    pub connections: Vec<Resource>,
}

/// Which workflows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// With one of these tags; none: any.
    pub tags: Vec<String>,
    /// With one of these titles, `*` for any letters; none: any.
    pub names: Vec<String>,
    /// Only active ones.
    pub active: bool,
}

/// A workflow that was converted.
#[derive(Debug)]
pub struct Converted {
    /// What n8n says of it.
    pub flow: Flow,
    /// Its name here.
    pub name: Name,
    /// Names of its nodes, in the order that pointers of problems count in.
    pub nodes: Vec<String>,
    /// The report of the import.
    pub report: FileReport,
    /// The resource; absent where it cannot be read.
    pub manifest: Option<Manifest>,
}

/// Everything that was converted.
#[derive(Debug, Default)]
pub struct All {
    /// Workflows that are wanted.
    pub workflows: Vec<Converted>,
    /// Variables.
    pub variables: Vec<Manifest>,
    /// Credentials of the wanted workflows.
    pub accounts: Vec<Account>,
    /// Number of workflows that are not wanted.
    pub left_out: usize,
    /// What a person should know of variables.
    pub notes: Vec<String>,
}

impl Chosen {
    fn takes(&self, flow: &Flow) -> bool {
        let any = |wanted: &[String], is: &dyn Fn(&str) -> bool| wanted.is_empty() || wanted.iter().any(|one| is(one));
        any(&self.tags, &|tag| flow.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)))
            && any(&self.names, &|name| fits(name, &flow.title) || name == flow.id)
            && (!self.active || flow.active)
    }
}

/// Whether a title fits a pattern; `*` stands for any letters, upper and lower case are the same.
fn fits(pattern: &str, title: &str) -> bool {
    let (pattern, title) = (pattern.to_lowercase(), title.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = title.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Converts all workflows, so that they find each other, and keeps those that are wanted.
pub fn convert(
    pulled: &Pulled,
    stored: &Stored,
    from: &str,
    chosen: &Chosen,
    catalogue: &Snapshot,
    mut each: impl FnMut(),
) -> All {
    let names = names(&pulled.workflows, stored, from);
    let mut read: Vec<(usize, Imported)> = Vec::new();
    let mut unreadable: HashMap<usize, Problem> = HashMap::new();
    for (at, flow) in pulled.workflows.iter().enumerate() {
        each();
        let mut file = Value::Object(flow.file.clone());
        name_callees(&mut file, &names);
        match engine::n8n::import(file.to_string().as_bytes(), &flow.title, catalogue) {
            Ok(mut import) if import.workflows.len() == 1 => {
                let mut imported = import.workflows.remove(0);
                imported.name = names[&flow.id].clone();
                imported.report.workflow = Some(imported.name.clone());
                read.push((at, imported));
            }
            Ok(_) => drop(unreadable.insert(at, Problem::new(Code::UnreadableFile, "it holds several workflows"))),
            Err(problem) => drop(unreadable.insert(at, problem)),
        }
    }
    let (places, mut imported): (Vec<usize>, Vec<Imported>) = read.into_iter().unzip();
    engine::n8n::link(&mut imported);
    // Only credentials of wanted workflows are looked at, but all have their names, so that a later import agrees.
    let wanted = |at: usize| chosen.takes(&pulled.workflows[at]);
    let mut all = All { left_out: (0..pulled.workflows.len()).filter(|at| !wanted(*at)).count(), ..All::default() };
    let known = known(&stored.connections, from);
    let taken = stored.connections.iter().map(|resource| resource.name.clone()).collect();
    let mut accounts = accounts::settle(&mut imported, pulled, &known, &taken);
    for (at, imported) in places.into_iter().zip(imported).filter(|(at, _)| wanted(*at)) {
        all.workflows.push(converted(&pulled.workflows[at], imported, from));
    }
    for (at, problem) in unreadable.into_iter().filter(|(at, _)| wanted(*at)) {
        let flow = pulled.workflows[at].clone();
        let report = FileReport::unreadable(&flow.title, problem);
        all.workflows.push(Converted {
            name: names[&flow.id].clone(),
            flow,
            nodes: Vec::new(),
            report,
            manifest: None,
        });
    }
    let here: HashSet<&Name> = all.workflows.iter().map(|one| &one.name).collect();
    for account in &mut accounts {
        account.workflows.retain(|name| here.contains(name));
    }
    accounts.retain(|account| !account.workflows.is_empty());
    all.accounts = accounts;
    variables(pulled, stored, from, &mut all);
    all
}

fn converted(flow: &Flow, imported: Imported, from: &str) -> Converted {
    let Imported { name, spec, mut report, .. } = imported;
    let mut labels: BTreeMap<String, String> = origin(&flow.id, from);
    labels.extend(flow.tags.iter().map(|tag| (format!("tag.{}", Name::from_title(tag)), tag.clone())));
    if !flow.folder.is_empty() {
        labels.insert(FOLDER.into(), flow.folder.clone());
    }
    let nodes = spec.nodes.iter().map(|node| node.name.clone()).collect();
    let manifest = match serde_json::to_value(&spec) {
        Ok(spec) => Some(Manifest { kind: "workflow".into(), name: name.clone(), spec_version: None, labels, spec }),
        Err(error) => {
            report.problems.push(Problem::new(Code::UnreadableFile, format!("`{name}` cannot be kept: {error}")));
            None
        }
    };
    Converted { flow: flow.clone(), name, nodes, report, manifest }
}

/// The labels that say where a resource came from.
pub fn origin(id: &str, from: &str) -> BTreeMap<String, String> {
    [(ID.to_owned(), id.to_owned()), (FROM.to_owned(), from.to_owned())].into()
}

/// What an earlier import called things of this n8n, by their ids there.
fn known(stored: &[Resource], from: &str) -> HashMap<String, Name> {
    let ours = stored.iter().filter(|resource| resource.labels.get(FROM).is_some_and(|label| label == from));
    ours.filter_map(|resource| Some((resource.labels.get(ID)?.clone(), resource.name.clone()))).collect()
}

/// A name for each workflow: what it is called here already, or one made of its title that nobody has.
fn names(flows: &[Flow], stored: &Stored, from: &str) -> HashMap<String, Name> {
    let mut names = known(&stored.workflows, from);
    names.retain(|id, _| flows.iter().any(|flow| flow.id == *id));
    let mut taken: HashSet<Name> = names.values().cloned().collect();
    for flow in flows {
        if names.contains_key(&flow.id) {
            continue;
        }
        let base = Name::from_title(&flow.title);
        let mut name = base.clone();
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = Name::from_title(&format!("{}-{number}", base.as_str().chars().take(88).collect::<String>()));
        }
        names.insert(flow.id.clone(), name);
    }
    names
}

/// Workflows call each other by n8n's ids, with a title beside it that is only shown. The name here takes the title's
/// place, which is where the node type looks for it; the id stays for the way back.
fn name_callees(file: &mut Value, names: &HashMap<String, Name>) {
    for node in file["nodes"].as_array_mut().into_iter().flatten() {
        let Some(callee) = node.get_mut("parameters").and_then(|parameters| parameters.get_mut("workflowId")) else {
            continue;
        };
        let id = callee["value"].as_str().or(callee.as_str()).unwrap_or_default().to_owned();
        match (names.get(&id), callee.is_object()) {
            (Some(name), true) => callee["cachedResultName"] = json!(name),
            // The first version has the id alone, and takes any text.
            (Some(name), false) => *callee = json!(name),
            (None, _) => {}
        }
    }
}

fn variables(pulled: &Pulled, stored: &Stored, from: &str, all: &mut All) {
    let known = known(&stored.variables, from);
    let by_key = |key: &str| {
        let mut same = stored.variables.iter().filter(|resource| resource.spec["key"] == *key);
        same.next().map(|resource| resource.name.clone())
    };
    let mut keys: HashSet<String> = HashSet::new();
    // A variable of the whole n8n goes before one of a project with the same key.
    let mut sorted: Vec<&Value> = pulled.variables.iter().collect();
    sorted.sort_by_key(|variable| variable["project"].is_object());
    for variable in sorted {
        let (Some(key), id) = (variable["key"].as_str(), variable["id"].as_str().unwrap_or_default()) else { continue };
        if !keys.insert(key.to_owned()) {
            let project = variable["project"]["name"].as_str().unwrap_or("another project");
            all.notes.push(format!("variable `{key}` of {project} is left out: one of that key is there already"));
            continue;
        }
        if let Some(project) = variable["project"]["name"].as_str() {
            all.notes.push(format!("variable `{key}` belongs to project {project} in n8n and to all workflows here"));
        }
        let name = known.get(id).cloned().or_else(|| by_key(key)).unwrap_or_else(|| Name::from_title(key));
        let value = variable.get("value").cloned().unwrap_or_default();
        let spec = json!({ "key": key, "value": value });
        let labels = origin(id, from);
        all.variables.push(Manifest { kind: "variable".into(), name, spec_version: None, labels, spec });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fit_patterns() {
        for (pattern, title, expected) in [
            ("orders", "Orders", true),
            ("orders", "Orders 2", false),
            ("orders*", "Orders 2", true),
            ("*in*", "Order intake", true),
            ("*x", "Order intake", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, title), expected, "{pattern} {title}");
        }
    }

    #[test]
    fn callees_are_named_and_keep_their_id() {
        let names = [("abc".to_owned(), "mail".parse().unwrap())].into();
        let mut file = json!({ "nodes": [
            { "parameters": { "workflowId": { "__rl": true, "mode": "list", "value": "abc", "cachedResultName": "Old" } } },
            { "parameters": { "workflowId": "abc" } },
            { "parameters": { "workflowId": "other" } },
            { "parameters": {} },
        ] });
        name_callees(&mut file, &names);
        let callee = |at: usize| file["nodes"][at]["parameters"]["workflowId"].clone();
        assert_eq!((&callee(0)["value"], &callee(0)["cachedResultName"]), (&json!("abc"), &json!("mail")));
        assert_eq!((callee(1), callee(2)), (json!("mail"), json!("other")));
    }
}
