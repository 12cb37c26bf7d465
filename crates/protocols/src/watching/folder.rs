//! `files.trigger`: changes of a file or below a folder start runs, once each.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version, not_honoured};
use part::{Descriptor, Effect, Group, Node, NodeType, lenient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::listens;

/// Name of what it listens to.
pub(super) const SERVICE: &str = "files";

/// What `files.trigger` is set up with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// One file, or what is below a folder.
    #[schemars(title = "Watch", extend("default" = "folder"))]
    #[serde(default)]
    pub(super) on: On,
    /// The file or folder, below the server's folder for files: `in/orders`, or the whole path. `.` is that folder.
    #[schemars(example = &"in/orders")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) path: String,
    /// `folder`: what starts a run.
    #[schemars(title = "Starts when", extend("x-form" = { "when": { "on": "folder" } }))]
    #[serde(default)]
    pub(super) events: Vec<Event>,
    /// A file counts once it has stopped growing for two seconds.
    #[schemars(title = "Wait until it is written", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) await_write_finish: bool,
    /// Paths that do not count: a pattern such as `**/*.tmp`, or a folder.
    #[schemars(title = "Leave out", example = &"**/*.tmp", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) ignored: String,
    /// What `ignored` is.
    #[schemars(title = "That is", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub(super) ignore_mode: IgnoreMode,
    /// What is there when listening begins the first time starts no runs.
    #[schemars(title = "Not for what is there already", extend("x-form" = { "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) ignore_initial: bool,
    /// How many folders deep; 0 is the folder itself, -1 all.
    #[schemars(title = "Folders deep", extend("x-form" = { "when": { "on": "folder" }, "more": true }))]
    #[serde(default = "all", deserialize_with = "lenient::whole")]
    pub(super) depth: i64,
}

/// What is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum On {
    /// Changes of one file.
    File,
    /// What happens below a folder.
    #[default]
    Folder,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Event {
    /// A file is there that was not.
    Add,
    /// A file has another content.
    Change,
    /// A file has gone.
    Unlink,
    /// A folder is there that was not.
    AddDir,
    /// A folder has gone.
    UnlinkDir,
}

impl Event {
    /// Its name in items.
    pub(super) fn name(self) -> &'static str {
        match self {
            Event::Add => "add",
            Event::Change => "change",
            Event::Unlink => "unlink",
            Event::AddDir => "addDir",
            Event::UnlinkDir => "unlinkDir",
        }
    }
}

/// What `ignored` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum IgnoreMode {
    /// A pattern.
    #[default]
    Match,
    /// A part of the path.
    Contain,
}

fn yes() -> bool {
    true
}
fn all() -> i64 {
    -1
}

/// Hears of changes of files.
pub struct FileTrigger;

const NAMES: n8n::Names = &[
    ("path", "path"),
    ("events", "events"),
    ("awaitWriteFinish", "options.awaitWriteFinish"),
    ("ignored", "options.ignored"),
    ("ignoreMode", "options.ignoreMode"),
    ("ignoreInitial", "options.ignoreInitial"),
    ("depth", "options.depth"),
];

impl NodeType for FileTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "files.trigger",
            version: 1,
            title: "Local file trigger",
            summary: "Starts a run when a file or folder in the server's folder for files changes",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Params>,
            keywords: &["folder", "watch", "disk", "directory", "new file"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| {
            let lacks = |pointer: &str, detail: &str| Problem::new(Code::InvalidParameter, detail).at(pointer);
            let mut incomplete = Vec::new();
            if params.path.trim().is_empty() {
                incomplete.push(lacks("/params/path", "name the file or folder that is watched"));
            }
            if params.on == On::Folder && params.events.is_empty() {
                incomplete.push(lacks("/params/events", "choose what starts a run"));
            }
            Ok(incomplete)
        })
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.localFileTrigger", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // Changes are found by looking, as over a network, whatever is chosen.
        &["events", "options.usePolling", "options.followSymlinks"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = n8n::named(node, NAMES);
        if node.text("triggerOn", "") == "file" {
            params.insert("on".into(), "file".into());
            params.shift_remove("events");
        }
        let mut lifted = Lifted::plain(params);
        if !node.flag("options.followSymlinks", true) {
            not_honoured(
                &mut lifted,
                "options.followSymlinks",
                "is not honoured: a link counts as the file that it leads to",
            );
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let mut lowered = Map::new();
        let file = node.params.get("on").and_then(Value::as_str) == Some("file");
        lowered.insert("triggerOn".into(), if file { "file" } else { "folder" }.into());
        lowered.extend(n8n::renamed(&node.params, NAMES));
        lowered
    }
}
