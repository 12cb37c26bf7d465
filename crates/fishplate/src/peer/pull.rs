//! Everything of an n8n that can be moved, as its API gives it.

use std::collections::{BTreeMap, HashMap};

use model::{Map, Problem, Value};

use super::api::{Listed, Peer};

/// What an n8n has.
#[derive(Debug, Default)]
pub struct Pulled {
    /// Workflows that are not archived.
    pub workflows: Vec<Flow>,
    /// Variables, as n8n gives them.
    pub variables: Vec<Value>,
    /// Titles of all tags.
    pub tags: Vec<String>,
    /// Credentials that the API lists: id, name and type, never a secret.
    pub credentials: Vec<Value>,
    /// Fields of each credential type that the workflows refer to.
    pub schemas: BTreeMap<String, Vec<String>>,
    /// Number of archived workflows, which are left where they are.
    pub archived: usize,
    /// What this n8n does not give, and why.
    pub closed: Vec<(String, String)>,
}

/// A workflow of n8n.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// n8n's id.
    pub id: String,
    /// Title.
    pub title: String,
    /// It is active in n8n.
    pub active: bool,
    /// It has changes in n8n that are not live; what is live is taken.
    pub unpublished: bool,
    /// Tags.
    pub tags: Vec<String>,
    /// Where it lies: the team's project, then its folders, with slashes between them.
    pub folder: String,
    /// The workflow as a download of it would be.
    pub file: Map,
}

/// What of a workflow belongs to it: the rest is about when and by whom it was saved, and for which users.
const KEPT: [&str; 8] = ["id", "name", "description", "nodes", "connections", "settings", "pinData", "meta"];

/// Asks for everything; `each` hears how much has come.
pub async fn pull(peer: &Peer, mut each: impl FnMut(&str, usize)) -> Result<Pulled, Problem> {
    let mut pulled = Pulled::default();
    let listed = peer.list(&["workflows"], &[], usize::MAX, |count| each("workflows", count)).await?;
    let raw = match listed {
        Listed::All(raw) => raw,
        Listed::Closed(why) => return Err(peer.closed("workflows", &why)),
    };
    let mut optional = async |what: &str| -> Result<(Vec<Value>, Option<String>), Problem> {
        Ok(match peer.list(&[what], &[], usize::MAX, |count| each(what, count)).await? {
            Listed::All(all) => (all, None),
            Listed::Closed(why) => (Vec::new(), Some(why)),
        })
    };
    let mut closed = Vec::new();
    let mut note = |what: &str, (all, why): (Vec<Value>, Option<String>)| {
        closed.extend(why.map(|why| (what.to_owned(), why)));
        all
    };
    let tags = note("tags", optional("tags").await?);
    pulled.tags = tags.iter().filter_map(|tag| Some(tag["name"].as_str()?.to_owned())).collect();
    pulled.variables = note("variables", optional("variables").await?);
    pulled.credentials = note("credentials", optional("credentials").await?);
    let projects = note("projects", optional("projects").await?);
    pulled.closed = closed;
    let mut folders = Folders::default();
    for project in &projects {
        let (Some(id), Some(name)) = (project["id"].as_str(), project["name"].as_str()) else { continue };
        if project["type"] == "personal" {
            continue;
        }
        folders.projects.insert(id.to_owned(), name.to_owned());
        folders.read(peer, id).await?;
    }
    for value in raw {
        if value["isArchived"] == true {
            pulled.archived += 1;
        } else {
            pulled.workflows.push(flow(value, &folders));
        }
    }
    for credential_type in types_of(&pulled) {
        if let Some(schema) = peer.get(&["credentials", "schema", &credential_type], &[]).await? {
            let fields = schema["properties"].as_object().into_iter().flatten();
            // Notices are words to whoever fills the form in.
            let fields = fields.filter(|(_, field)| field["type"] != "notice").map(|(name, _)| name.clone());
            pulled.schemas.insert(credential_type, fields.collect());
        }
    }
    Ok(pulled)
}

/// Credential types that workflows refer to, each once.
fn types_of(pulled: &Pulled) -> Vec<String> {
    let nodes = pulled.workflows.iter().flat_map(|flow| flow.file.get("nodes").and_then(Value::as_array)).flatten();
    let named = nodes.filter_map(|node| node.get("credentials")?.as_object()).flat_map(Map::keys);
    let mut types: Vec<String> = named.cloned().collect();
    types.sort();
    types.dedup();
    types
}

/// Names of team projects, and their folders.
#[derive(Default)]
struct Folders {
    projects: HashMap<String, String>,
    /// (name, folder above) by id.
    folders: HashMap<String, (String, Option<String>)>,
}

impl Folders {
    async fn read(&mut self, peer: &Peer, project: &str) -> Result<(), Problem> {
        const TAKE: usize = 100;
        for skip in (0..100_000).step_by(TAKE) {
            let (skip, take) = (skip.to_string(), TAKE.to_string());
            let query = [("skip", skip.as_str()), ("take", take.as_str())];
            let Some(page) = peer.get(&["projects", project, "folders"], &query).await? else { return Ok(()) };
            let entries = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            for folder in entries {
                if let (Some(id), Some(name)) = (folder["id"].as_str(), folder["name"].as_str()) {
                    let above = folder["parentFolderId"].as_str().or(folder["parentFolder"]["id"].as_str());
                    self.folders.insert(id.to_owned(), (name.to_owned(), above.map(str::to_owned)));
                }
            }
            if entries.len() < TAKE {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The path of a workflow, from its project down.
    fn path(&self, workflow: &Value) -> String {
        let mut names = Vec::new();
        let mut at = workflow["parentFolder"]["id"].as_str().or(workflow["parentFolderId"].as_str());
        if let Some(name) = workflow["parentFolder"]["name"].as_str().filter(|_| at.is_some()) {
            let known = at.is_some_and(|id| self.folders.contains_key(id));
            names.extend((!known).then(|| name.to_owned()));
        }
        while let Some((name, above)) = at.and_then(|id| self.folders.get(id)) {
            names.push(name.clone());
            at = above.as_deref();
            // A ring of folders is no path.
            if names.len() > 32 {
                break;
            }
        }
        let shared = workflow["shared"].as_array().into_iter().flatten();
        let mut owners = shared.filter(|share| share["role"] == "workflow:owner");
        names.extend(owners.find_map(|share| {
            let team = (share["project"]["type"] == "team").then(|| share["project"]["name"].as_str()).flatten();
            team.map(str::to_owned).or_else(|| self.projects.get(share["projectId"].as_str()?).cloned())
        }));
        // A slash in a name would make a folder of its own.
        let plain = names.iter().rev().map(|name| name.replace('/', "-"));
        plain.collect::<Vec<_>>().join("/").chars().take(200).collect()
    }
}

fn flow(mut value: Value, folders: &Folders) -> Flow {
    let text = |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()));
    let active = value["active"] == true;
    let folder = folders.path(&value);
    let tags = value["tags"].as_array().into_iter().flatten();
    let tags = tags.filter_map(|tag| Some(tag["name"].as_str()?.to_owned())).collect();
    let (id, title) = (text(&value["id"]).unwrap_or_default(), text(&value["name"]).unwrap_or_default());
    let live = value["activeVersionId"].as_str().is_some_and(|live| Some(live) != value["versionId"].as_str());
    let published = value["activeVersion"].take();
    let unpublished = active && live && published["nodes"].is_array();
    let mut file = Map::new();
    let Value::Object(mut whole) = value else { return Flow { id, title, ..Flow::default() } };
    for key in KEPT {
        // n8n's own download leaves empty fields out, too.
        if let Some(kept) = whole.remove(key).filter(|kept| !kept.is_null()) {
            file.insert(key.to_owned(), kept);
        }
    }
    if unpublished {
        for key in ["nodes", "connections"] {
            if let Some(live) = published.get(key) {
                file.insert(key.to_owned(), live.clone());
            }
        }
    }
    Flow { id, title, active, unpublished, tags, folder, file }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_live_is_taken_and_what_changes_with_each_saving_is_left() {
        let node = |name: &str| json!([{ "name": name }]);
        let value = json!({
            "id": 7, "name": "A", "active": true, "versionId": "2", "activeVersionId": "1", "updatedAt": "now",
            "nodes": node("new"), "connections": {}, "staticData": { "cursor": 1 }, "shared": [], "pinData": null,
            "activeVersion": { "nodes": node("live"), "connections": {} }, "tags": [{ "name": "x" }],
        });
        let flow = flow(value, &Folders::default());
        assert_eq!((flow.id.as_str(), flow.unpublished, &flow.tags[..]), ("7", true, &["x".to_owned()][..]));
        let expected = json!({ "id": 7, "name": "A", "nodes": node("live"), "connections": {} });
        assert_eq!(Value::Object(flow.file), expected);
    }

    #[test]
    fn folders_are_paths_below_their_project() {
        let mut folders = Folders::default();
        folders.projects.insert("p".into(), "Sales".into());
        folders.folders.insert("a".into(), ("In/voices".into(), None));
        folders.folders.insert("b".into(), ("2026".into(), Some("a".into())));
        folders.folders.insert("r".into(), ("ring".into(), Some("r".into())));
        let shared = json!([{ "role": "workflow:owner", "projectId": "p" }]);
        let path = |value: Value| folders.path(&value);
        assert_eq!(
            path(json!({ "parentFolder": { "id": "b", "name": "2026" }, "shared": shared })),
            "Sales/In-voices/2026"
        );
        assert_eq!(path(json!({ "parentFolder": { "id": "z", "name": "Own" } })), "Own");
        assert_eq!(
            path(json!({ "parentFolder": null, "shared": [{ "role": "workflow:owner", "projectId": "me" }] })),
            ""
        );
        assert!(path(json!({ "parentFolder": { "id": "r" } })).len() <= 200);
    }
}
