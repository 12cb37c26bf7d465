//! The pages of the node types are what the node types say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{NodeSpec, Value};
use part::{Effect, Group, NodeType};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `cargo xtask node-pages` runs this with `FISHPLATE_WRITE_NODE_PAGES`, and then it writes them.
#[test]
fn every_node_type_has_its_page() {
    let folder = root().join("docs/nodes");
    let pages = pages();
    let mut there: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        there.insert(entry.unwrap().file_name().into_string().unwrap());
    }
    if std::env::var_os("FISHPLATE_WRITE_NODE_PAGES").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        pages.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
        there
            .iter()
            .filter(|name| !pages.contains_key(*name))
            .for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
        return;
    }
    let same = |name: &String| std::fs::read_to_string(folder.join(name)).ok().as_ref() == pages.get(name);
    let known: BTreeSet<String> = pages.keys().cloned().collect();
    let stale: Vec<&String> = there.union(&known).filter(|name| !same(name)).collect();
    assert!(stale.is_empty(), "run `cargo xtask node-pages`: {stale:?} in docs/nodes are not as the node types are");
}

#[test]
fn the_examples_of_the_pages_are_nodes_that_can_be_prepared() {
    let examples = examples();
    for node_type in types().values() {
        let about = node_type.descriptor();
        if about.group == Group::Note {
            continue;
        }
        let example = example(node_type.as_ref(), &examples);
        let node: NodeSpec = serde_json::from_value(example.node.clone()).unwrap();
        let prepared = node_type.prepare(&node);
        assert!(prepared.is_ok(), "{}: {:?}", about.id, prepared.err());
    }
}

/// The newest version of each node type, by id.
fn types() -> BTreeMap<String, Arc<dyn NodeType>> {
    let mut newest: BTreeMap<String, Arc<dyn NodeType>> = BTreeMap::new();
    for node_type in nodes::built_in().into_iter().chain(protocols::nodes()) {
        let about = node_type.descriptor();
        let older = newest.get(about.id).is_none_or(|known| known.descriptor().version < about.version);
        if older {
            newest.insert(about.id.to_owned(), node_type);
        }
    }
    newest
}

/// A node as an example, and the file of `examples/` that it is from.
struct Example {
    node: Value,
    file: Option<String>,
}

/// Nodes of the workflows in `examples/`: (node, file), by node type; the one with the most to show first.
fn examples() -> BTreeMap<String, (Value, String)> {
    let mut found: BTreeMap<String, (Value, String)> = BTreeMap::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(engine::bundle::Content::Manifests(manifests)) = engine::bundle::decode(&bytes) else { continue };
        for manifest in manifests.iter().filter(|manifest| manifest.kind == "workflow") {
            for node in manifest.spec["nodes"].as_array().into_iter().flatten() {
                let id = node["type"].as_str().unwrap_or_default().to_owned();
                let says = |node: &Value| node["params"].to_string().len();
                // A screenful shows more than everything.
                let better = found.get(&id).is_none_or(|(known, _)| says(known) < says(node) && says(node) < 600);
                if better {
                    found.insert(id, (node.clone(), name.clone()));
                }
            }
        }
    }
    found
}

fn example(node_type: &dyn NodeType, examples: &BTreeMap<String, (Value, String)>) -> Example {
    let about = node_type.descriptor();
    if let Some((node, file)) = examples.get(about.id) {
        let mut node = node.clone();
        node.as_object_mut().unwrap().remove("position");
        return Example { node, file: Some(file.clone()) };
    }
    let node = serde_json::json!({ "name": about.title, "type": about.id });
    Example { node, file: None }
}

fn pages() -> BTreeMap<String, String> {
    let types = types();
    let examples = examples();
    let mut pages = BTreeMap::new();
    for (id, node_type) in &types {
        pages.insert(format!("{id}.md"), page(node_type.as_ref(), &examples));
    }
    pages.insert("README.md".into(), index(&types));
    pages.insert("from-n8n.md".into(), from_n8n(&types));
    pages
}

fn family(group: Group) -> &'static str {
    match group {
        Group::Trigger => "Triggers",
        Group::Flow => "Flow",
        Group::Transform => "Transform",
        Group::Action => "Actions",
        Group::Attachment => "Attachments",
        Group::Note => "Notes",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Pure => "none: nobody outside can tell that it ran",
        Effect::Local => "writes to our own store, in one commit with the step's result",
        Effect::Idempotent => "calls out; the same call made twice leaves one effect",
        Effect::Effect => "calls out; a call made twice may have two effects",
    }
}

fn index(types: &BTreeMap<String, Arc<dyn NodeType>>) -> String {
    let mut out = String::from(
        "# Node types\n\nOne page for each, made from the code by `cargo xtask node-pages`.\n\
         [Which of n8n's node types are which of these](from-n8n.md) is a page of its own.\n",
    );
    let groups = [Group::Trigger, Group::Flow, Group::Transform, Group::Action, Group::Attachment, Group::Note];
    for group in groups {
        let mut of: Vec<_> = types.values().filter(|node_type| node_type.descriptor().group == group).collect();
        if of.is_empty() {
            continue;
        }
        of.sort_by_key(|node_type| node_type.descriptor().title);
        let _ = writeln!(out, "\n## {}\n\n| node type | title | what it does |\n|---|---|---|", family(group));
        for node_type in of {
            let about = node_type.descriptor();
            let _ = writeln!(out, "| [`{0}`]({0}.md) | {1} | {2} |", about.id, about.title, cell(about.summary));
        }
    }
    out
}

fn from_n8n(types: &BTreeMap<String, Arc<dyn NodeType>>) -> String {
    let mut rows: BTreeMap<&str, (Vec<f64>, Vec<&str>)> = BTreeMap::new();
    for node_type in types.values() {
        for mapping in node_type.n8n() {
            let row = rows.entry(mapping.node_type).or_default();
            row.0.extend(mapping.versions);
            if !row.1.contains(&node_type.descriptor().id) {
                row.1.push(node_type.descriptor().id);
            }
        }
    }
    let mut out = String::from(
        "# n8n's node types here\n\nMade from the code by `cargo xtask node-pages`.\nA type or version that is not in \
         the table comes over as a placeholder: it is kept with everything that was written about it, and the workflow \
         refuses activation until it is replaced or disabled.\n\n| n8n's type | versions | here |\n|---|---|---|\n",
    );
    for (name, (mut versions, ours)) in rows {
        versions.sort_by(f64::total_cmp);
        versions.dedup();
        let ours: Vec<String> = ours.iter().map(|id| format!("[`{id}`]({id}.md)")).collect();
        let _ = writeln!(out, "| `{name}` | {} | {} |", numbers(&versions), ours.join(", "));
    }
    out
}

fn numbers(versions: &[f64]) -> String {
    versions.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
}

fn page(node_type: &dyn NodeType, examples: &BTreeMap<String, (Value, String)>) -> String {
    let about = node_type.descriptor();
    let mut out = format!("# {}\n\n{}.\n\n", about.title, about.summary.trim_end_matches('.'));
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(out, "| type | `{}`, version {} |", about.id, about.version);
    let _ = writeln!(out, "| family | {} |", family(about.group));
    let example = example(node_type, examples);
    let node: Result<NodeSpec, _> = serde_json::from_value(example.node.clone());
    if let Some(prepared) = node.ok().and_then(|node| node_type.prepare(&node).ok()) {
        let ports = prepared.ports();
        let _ = writeln!(out, "| ports, set up as in the example | {} in, {} out |", ports.inputs, ports.outputs);
    }
    let _ = writeln!(out, "| effect | {} |", effect(about.effect));
    for slot in node_type.connections() {
        let kinds: Vec<String> = slot.kinds.iter().map(|kind| code(kind)).collect();
        let _ = writeln!(out, "| connection `{}` | {} |", slot.slot, kinds.join(", "));
    }
    let schema = Value::from(node_type.schema());
    let mut rows = Vec::new();
    fields(&schema, &schema, "", 0, &mut rows);
    let _ = writeln!(out, "\n## Parameters\n");
    if rows.is_empty() {
        let _ = writeln!(out, "It has none.");
    } else {
        let _ = writeln!(out, "Any value may be an expression: a text that begins with `=`.\n");
        let _ = writeln!(out, "| parameter | type | default | what it is |\n|---|---|---|---|");
        for row in &rows {
            let _ = writeln!(out, "{row}");
        }
    }
    let yaml = serde_yaml_ng::to_string(&[&example.node]).unwrap();
    let _ = writeln!(out, "\n## Example\n\n```yaml\n{}\n```", yaml.trim_end());
    if let Some(file) = example.file {
        let _ = writeln!(out, "\nIt is from [`examples/{file}`](../../examples/{file}).");
    }
    if !node_type.n8n().is_empty() {
        let _ = writeln!(out, "\n## In n8n\n\n| type | versions |\n|---|---|");
        for mapping in node_type.n8n() {
            let _ = writeln!(out, "| `{}` | {} |", mapping.node_type, numbers(mapping.versions));
        }
        let _ = writeln!(
            out,
            "\nWhat of a node of n8n is kept and not honoured is named by the import, parameter by parameter \
             ([FP0802](../errors/FP0802.md))."
        );
    }
    out
}

/// Rows of a table for the properties of a schema, and of what lies in them.
fn fields(root: &Value, schema: &Value, prefix: &str, depth: usize, rows: &mut Vec<String>) {
    if depth > 3 {
        return;
    }
    let schema = resolve(root, schema);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let target = resolve(root, inner);
        let default = match (&inner["default"], required.iter().any(|known| known == name)) {
            (Value::Null, true) => "required".to_owned(),
            (Value::Null, false) => String::new(),
            (value, _) => code(&value.to_string()),
        };
        let said = inner["description"].as_str().or(target["description"].as_str()).unwrap_or_default();
        let place = format!("{prefix}{name}");
        let choices = choices(root, inner);
        let (kind, said) = match choices.is_empty() {
            true => (type_of(root, inner), cell(said)),
            false => {
                (choices.iter().map(|(value, _)| code(value)).collect::<Vec<_>>().join(", "), told(said, &choices))
            }
        };
        rows.push(format!("| `{place}` | {kind} | {default} | {said} |"));
        let (below, prefix) = match target["items"].is_object() {
            true => (resolve(root, &target["items"]).clone(), format!("{place}[].")),
            false => (target.clone(), format!("{place}.")),
        };
        fields(root, &below, &prefix, depth + 1, rows);
    }
    // The forms of a choice between objects, their fields once each.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for form in ["oneOf", "anyOf"].iter().flat_map(|key| schema[*key].as_array().into_iter().flatten()) {
        let mut inner = Vec::new();
        fields(root, form, prefix, depth + 1, &mut inner);
        rows.extend(inner.into_iter().filter(|row| seen.insert(row.clone())));
    }
}

/// What a schema refers to. `null` beside something else says only that it may be left out.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(place) = schema["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
        return root.pointer(place).map_or(schema, |target| resolve(root, target));
    }
    let all = ["anyOf", "allOf"].iter().find_map(|key| schema[*key].as_array());
    let real: Vec<&Value> = all.into_iter().flatten().filter(|one| one["type"] != "null").collect();
    match real[..] {
        [one] => resolve(root, one),
        _ => schema,
    }
}

/// The values of a choice between texts, and what each means.
fn choices(root: &Value, schema: &Value) -> Vec<(String, String)> {
    let schema = resolve(root, schema);
    let mut found = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        let said = text(&one["description"]);
        found.extend(one["const"].as_str().map(|value| (value.to_owned(), said.clone())));
        let listed = one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(listed.map(|value| (value.to_owned(), String::new())));
    }
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    found.extend(listed.map(|value| (value.to_owned(), String::new())));
    found
}

fn told(said: &str, choices: &[(String, String)]) -> String {
    let each = choices.iter().filter(|(_, said)| !said.is_empty());
    let each: Vec<String> = each.map(|(value, said)| format!("{}: {}", code(value), cell(said))).collect();
    let all = std::iter::once(cell(said)).chain(each).filter(|text| !text.is_empty());
    all.collect::<Vec<_>>().join("<br>")
}

fn type_of(root: &Value, schema: &Value) -> String {
    type_at(root, schema, 0)
}

fn type_at(root: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolve(root, schema);
    // A type that holds itself has no end.
    if depth > 4 {
        return "any".to_owned();
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        return format!("list of {}", type_at(root, items, depth + 1));
    }
    match &schema["type"] {
        Value::String(name) => word(name).to_owned(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.map(word).collect::<Vec<_>>().join(" or ")
        }
        _ => {
            let forms = ["oneOf", "anyOf"].iter().find_map(|key| schema[*key].as_array());
            let forms = forms.into_iter().flatten();
            let mut names: Vec<String> = forms.map(|form| type_at(root, form, depth + 1)).collect();
            names.dedup();
            if names.is_empty() { "any".to_owned() } else { names.join(" or ") }
        }
    }
}

fn word(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "whole number",
        "boolean" => "yes or no",
        "array" => "list",
        other => other,
    }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|").replace('`', "'"))
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;")
}
