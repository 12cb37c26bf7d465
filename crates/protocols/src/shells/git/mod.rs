//! `shell.git`: repositories below the folder for files, by the system's `git`.
//!
//! Off unless the operator allows it. What git is kept from is said in [`repository`] (settings, hooks, links) and
//! [`remote`] (where it may go); here, nothing that a workflow gives can become an option.

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod over_ssh;
mod remote;
mod repository;
mod say;
#[cfg(test)]
mod ssh_tests;
#[cfg(test)]
mod tests;

use model::workflow::OnUncertain;
use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping};
use part::node::Slot;
use part::powers::Power;
use part::{CallFailure, CallSpec, Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Typed, lenient};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use self::remote::{Remote, Way};
use self::repository::{Git, Repository, is_harmless};
use crate::each::{self, PerItem};

/// What `shell.git` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("default" = "log"))]
    #[serde(default)]
    operation: Operation,
    /// Whether the connection is shown to the remote.
    #[schemars(
        extend("x-form" = { "when": { "operation": ["clone", "fetch", "pull", "push", "pushTags"] }, "more": true })
    )]
    #[serde(default)]
    authentication: Authentication,
    /// The repository's folder, below the server's folder for files.
    #[schemars(title = "Folder of the repository", example = &"repositories/shop")]
    #[serde(default, deserialize_with = "lenient::text")]
    repository_path: String,
    /// Cloning: the remote, `https://…`, `ssh://user@host/path` or `user@host:path`.
    #[schemars(
        title = "Remote",
        example = &"https://example.com/shop.git",
        extend("x-form" = { "when": { "operation": "clone" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    source_repository: String,
    /// Adding, committing: files and folders, with commas between them.
    #[schemars(
        title = "Paths",
        example = &"src, README.md",
        extend("x-form" = { "when": { "operation": ["add", "commit"] }, "as": "commas" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    paths_to_add: String,
    /// Committing: only those files.
    #[schemars(
        title = "Commit only those paths",
        extend("x-form" = { "when": { "operation": "commit" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    files: bool,
    /// Committing: the message.
    #[schemars(extend("x-form" = { "when": { "operation": "commit" }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    /// Committing, pushing: the branch that is switched to before.
    #[schemars(example = &"main", extend("x-form" = { "when": { "operation": ["commit", "push"] }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    branch: String,
    /// Pushing: to another remote than the repository's.
    #[schemars(title = "To another remote", extend("x-form" = { "when": { "operation": "push" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    repository: bool,
    /// Pushing: that remote.
    #[schemars(
        title = "That remote",
        example = &"https://example.com/shop.git",
        extend("x-form" = { "when": { "operation": "push", "repository": true } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    target_repository: String,
    /// Setting: its name, such as `user.name`.
    #[schemars(example = &"user.name", extend("x-form" = { "when": { "operation": "addConfig" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    key: String,
    /// Setting: its value.
    #[schemars(extend("x-form" = { "when": { "operation": "addConfig" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
    /// Setting: instead of the value that is there, or beside it.
    #[schemars(extend("x-form" = { "when": { "operation": "addConfig" }, "more": true }))]
    #[serde(default)]
    mode: Mode,
    /// Logs: all entries.
    #[schemars(title = "All of them", extend("x-form" = { "when": { "operation": ["log", "reflog"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    return_all: bool,
    /// Logs: at most so many.
    #[schemars(
        title = "At most",
        extend("x-form" = { "when": { "operation": ["log", "reflog"], "returnAll": false } })
    )]
    #[serde(default = "hundred", deserialize_with = "lenient::whole")]
    limit: u32,
    /// Log: of this file alone.
    #[schemars(title = "Only of the file", extend("x-form" = { "when": { "operation": "log" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    file: String,
    /// Reference log: of this branch, `HEAD` unless it is said.
    #[schemars(
        title = "Of the branch",
        example = &"HEAD",
        extend("x-form" = { "when": { "operation": "reflog" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    reference: String,
    /// Switching: the branch.
    #[schemars(title = "Branch", example = &"main", extend("x-form" = { "when": { "operation": "switchBranch" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    branch_name: String,
    /// Switching: make it when it is not there.
    #[schemars(title = "Make it when it is not there", extend("x-form" = { "when": { "operation": "switchBranch" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    create_branch: bool,
    /// Switching: where a new branch begins.
    #[schemars(
        title = "A new one begins at",
        example = &"main",
        extend("x-form" = { "when": { "operation": "switchBranch", "createBranch": true }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    start_point: String,
    /// Switching: throw changes away.
    #[schemars(
        title = "Throw changes away",
        extend("x-form" = { "when": { "operation": "switchBranch" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    force: bool,
    /// Switching: the branch follows that of the remote.
    #[schemars(
        title = "Follow the remote's",
        extend("x-form" = { "when": { "operation": "switchBranch" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    set_upstream: bool,
    /// Switching: the remote.
    #[schemars(
        title = "Remote",
        extend("x-form" = { "when": { "operation": "switchBranch", "setUpstream": true }, "more": true })
    )]
    #[serde(default = "origin", deserialize_with = "lenient::text")]
    remote_name: String,
    /// Tagging: the tag.
    #[schemars(title = "Tag", example = &"v1.0", extend("x-form" = { "when": { "operation": "tag" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Puts changes on the list of the next commit.
    Add,
    /// Sets a setting of the repository.
    AddConfig,
    /// Clones a remote.
    Clone,
    /// Commits.
    Commit,
    /// Gets what is new at the remote.
    Fetch,
    /// Shows the repository's settings.
    ListConfig,
    /// Shows commits.
    #[default]
    Log,
    /// Gets what is new at the remote and merges it.
    Pull,
    /// Gives the remote what is new here.
    Push,
    /// Gives the remote the tags.
    PushTags,
    /// Shows where branches pointed to.
    Reflog,
    /// Shows what is changed.
    Status,
    /// Switches to a branch.
    SwitchBranch,
    /// Makes a tag.
    Tag,
    /// Does nothing, in n8n as well.
    UserSetup,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Authentication {
    /// If there is one.
    #[default]
    Connection,
    /// It must be there.
    GitPassword,
    /// It is not shown.
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Instead.
    #[default]
    Set,
    /// Beside.
    Append,
}

fn hundred() -> u32 {
    100
}

fn yes() -> bool {
    true
}

fn origin() -> String {
    "origin".into()
}

/// Repositories below the folder for files.
pub(crate) struct GitNode;

const SLOT: &str = "git";

const NAMES: n8n::Names = &[
    ("operation", "operation"),
    ("authentication", "authentication"),
    ("repositoryPath", "repositoryPath"),
    ("sourceRepository", "sourceRepository"),
    ("files", "options.files"),
    ("message", "message"),
    ("branch", "options.branch"),
    ("repository", "options.repository"),
    ("targetRepository", "options.targetRepository"),
    ("key", "key"),
    ("value", "value"),
    ("mode", "options.mode"),
    ("returnAll", "returnAll"),
    ("limit", "limit"),
    ("file", "options.file"),
    ("reference", "options.reference"),
    ("branchName", "branchName"),
    ("createBranch", "options.createBranch"),
    ("startPoint", "options.startPoint"),
    ("force", "options.force"),
    ("setUpstream", "options.setUpstream"),
    ("remoteName", "options.remoteName"),
    ("name", "name"),
];

/// Where n8n keeps the paths.
fn place_of_paths(operation: &str) -> &'static str {
    if operation == "add" { "pathsToAdd" } else { "options.pathsToAdd" }
}

impl Plain for GitNode {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "shell.git",
        version: 1,
        title: "Git",
        summary: "Clones, changes, pulls and pushes repositories below the server's folder for files",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["repository", "commit", "clone", "push", "pull", "github", "gitlab"],
    };
    const SLOTS: &'static [Slot] = &[Slot { slot: SLOT, kinds: &["login:git"] }];
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.git", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = NAMES;

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, NAMES);
        n8n::copy(node, place_of_paths(node.text("operation", "log")), &mut params, "pathsToAdd");
        let mut lifted = Lifted { params, ..Lifted::default() };
        lifted.slots.insert("gitPassword".into(), SLOT.into());
        for name in ["sourceRepository", "options.targetRepository"] {
            let address = node.text(name, "");
            if !address.is_empty() && !address.starts_with('=') && Remote::read(address).is_err() {
                n8n::not_honoured(
                    &mut lifted,
                    name,
                    "is no address that is called: use one that begins with `https://` or `ssh://`",
                );
            }
        }
        lifted
    }

    fn lower(params: &Map, _to: &n8n::Version) -> Map {
        let mut lowered = n8n::renamed(params, NAMES);
        let operation = params.get("operation").and_then(Value::as_str).unwrap_or("log");
        n8n::put(&mut lowered, place_of_paths(operation), params.get("pathsToAdd").cloned().unwrap_or_default());
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        each::each(ctx, params, &Here).await
    }
}

struct Here;

impl PerItem<Params> for Here {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        _item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        params.check()?;
        let spec = CallSpec {
            name: format!("{:?}", params.operation).to_lowercase(),
            item: Some(position as u32),
            request: params.request(),
        };
        match ctx.call(spec, |_| Box::pin(act(ctx, params))).await? {
            Value::Null if params.operation == Operation::SwitchBranch => {
                Ok(vec![Item::from_value(json!({ "success": true, "branch": params.branch_name }))])
            }
            Value::Null => Ok(vec![Item::from_value(json!({ "success": true }))]),
            Value::Array(list) => Ok(list.into_iter().map(Item::from_value).collect()),
            one => Ok(vec![Item::from_value(one)]),
        }
    }
}

impl Params {
    /// Refuses what git could take for something else than it is. Also for operations that do not read it: a value that
    /// is not used is no reason to let it through.
    fn check(&self) -> Result<(), NodeError> {
        let signs = "/@{}._:-";
        reference("branch", &self.branch, signs)?;
        reference("branchName", &self.branch_name, signs)?;
        reference("reference", &self.reference, signs)?;
        reference("startPoint", &self.start_point, "/@{}._:-~^")?;
        reference("name", &self.name, "/@{}._:-+")?;
        reference("remoteName", &self.remote_name, "/._-")?;
        for (name, text) in [
            ("pathsToAdd", &self.paths_to_add),
            ("file", &self.file),
            ("key", &self.key),
            ("value", &self.value),
            ("message", &self.message),
            ("repositoryPath", &self.repository_path),
        ] {
            if text.contains('\0') {
                return Err(parameter(name, "it holds a NUL character"));
            }
        }
        let missing = |name: &str| Err(parameter(name, "it is missing"));
        match self.operation {
            Operation::Tag if self.name.is_empty() => missing("name"),
            Operation::SwitchBranch if self.branch_name.is_empty() => missing("branchName"),
            Operation::Push if self.repository && self.target_repository.is_empty() => missing("targetRepository"),
            Operation::AddConfig if !is_harmless(&self.key) || self.key.contains(['\n', '=']) => {
                let why =
                    format!("`{}` may run a program or lead elsewhere, and is not set", self.key.escape_default());
                Err(parameter("key", why))
            }
            Operation::AddConfig if is_address(&self.key) => Remote::read(&self.value).map(drop),
            _ => Ok(()),
        }
    }

    fn request(&self) -> Value {
        json!({
            "repository": self.repository_path, "source": self.source_repository, "target": self.target_repository,
            "paths": self.paths_to_add, "message": self.message, "branch": self.branch, "key": self.key,
            "value": self.value, "file": self.file, "reference": self.reference, "branchName": self.branch_name,
            "startPoint": self.start_point, "name": self.name, "force": self.force,
        })
    }

    fn paths(&self) -> Vec<String> {
        n8n::by_comma(&self.paths_to_add)
    }

    fn most(&self, mut list: Vec<Value>) -> Value {
        if !self.return_all {
            list.truncate(self.limit as usize);
        }
        list.into()
    }
}

/// Whether a setting says where a remote is.
fn is_address(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("remote.") && (key.ends_with(".url") || key.ends_with(".pushurl"))
}

fn parameter(name: &str, why: impl Into<String>) -> NodeError {
    NodeError::parameter(&format!("/params/{name}"), format!("`{name}`: {}", why.into())).permanent()
}

/// A name of a branch, tag or remote: letters, digits and these signs; never an option, never a range.
fn reference(name: &str, text: &str, signs: &str) -> Result<(), NodeError> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c));
    if !plain || text.starts_with('-') || text.contains("..") || name == "remoteName" && text.starts_with(['.', '/']) {
        let why =
            format!("`{}` is no name: expected letters, digits and `{signs}`, and no `-` first", text.escape_default());
        return Err(parameter(name, why));
    }
    Ok(())
}

async fn act(ctx: &Ctx, params: &Params) -> Result<Value, CallFailure> {
    // A recorded run is replayed without it: this is asked where something is really done.
    let powers = ctx.host().powers();
    powers.require(Power::Git)?;
    let folder = part::folder::needed(ctx.host().folder())?;
    let git = Git { powers: &powers, folder: &folder, cancel: ctx.cancelled() };
    if params.operation == Operation::Clone {
        return clone(ctx, params, &git).await;
    }
    let repository = git.repository(&params.repository_path).await?;
    let plain = |arguments: Vec<String>| {
        let (git, repository) = (&git, &repository);
        async move { git.run(Some(repository), &arguments, None).await }
    };
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    match params.operation {
        Operation::Add => {
            plain([words(&["add", "--"]), params.paths()].concat()).await?;
        }
        Operation::AddConfig => {
            let mut arguments = words(&["config", "--local"]);
            arguments.extend((params.mode == Mode::Append).then(|| "--add".to_owned()));
            arguments.extend(words(&["--", &params.key, &params.value]));
            plain(arguments).await?;
        }
        Operation::Commit => {
            if !params.branch.is_empty() {
                switch(&git, &repository, &Switch::to(&params.branch, true)).await?;
            }
            let mut arguments = words(&["commit", "--no-verify", &format!("--message={}", params.message)]);
            if params.files {
                arguments.extend([words(&["--"]), params.paths()].concat());
            }
            plain(arguments).await?;
        }
        Operation::Log => {
            let mut arguments = words(&["log", "--no-ext-diff", "--no-textconv", say::LOG]);
            arguments.extend((!params.return_all).then(|| format!("--max-count={}", params.limit)));
            if !params.file.is_empty() {
                arguments.extend(words(&["--follow", "--", &params.file]));
            }
            return Ok(say::log(&plain(arguments).await?.stdout()).into());
        }
        Operation::Reflog => {
            let reference = if params.reference.is_empty() { "HEAD" } else { &params.reference };
            let said = plain(words(&["reflog", "show", reference, "--"])).await?.stdout();
            return Ok(params.most(say::reflog(&said)));
        }
        Operation::ListConfig => {
            let said = plain(words(&["config", "--local", "--no-includes", "--list", "-z"])).await?.stdout();
            return Ok(json!([say::settings(&repository.settings_file(), &said)]));
        }
        Operation::Status => {
            let said = plain(words(&["status", "--porcelain", "-b", "-u", "-z", "--ignore-submodules=all"])).await?;
            return Ok(json!([say::status(&said.stdout())]));
        }
        Operation::SwitchBranch => {
            let wanted = Switch {
                branch: &params.branch_name,
                create: params.create_branch,
                start: &params.start_point,
                force: params.force,
                upstream: params.set_upstream.then_some(params.remote_name.as_str()),
            };
            switch(&git, &repository, &wanted).await?;
        }
        Operation::Tag => {
            plain(words(&["tag", "--", &params.name])).await?;
        }
        Operation::Fetch => network(ctx, params, &git, &repository, &["fetch", "--no-recurse-submodules"]).await?,
        Operation::Pull => network(ctx, params, &git, &repository, &["pull", "--no-recurse-submodules"]).await?,
        Operation::PushTags => network(ctx, params, &git, &repository, &["push", "--no-verify", "--tags"]).await?,
        Operation::Push => {
            if !params.branch.is_empty() {
                switch(&git, &repository, &Switch::to(&params.branch, false)).await?;
            }
            network(ctx, params, &git, &repository, &["push", "--no-verify"]).await?;
        }
        Operation::UserSetup => return Ok(Value::Array(Vec::new())),
        Operation::Clone => {}
    }
    Ok(Value::Null)
}

/// A branch to switch to.
struct Switch<'a> {
    branch: &'a str,
    create: bool,
    start: &'a str,
    force: bool,
    upstream: Option<&'a str>,
}

impl<'a> Switch<'a> {
    fn to(branch: &'a str, create: bool) -> Switch<'a> {
        Switch { branch, create, start: "", force: false, upstream: Some("origin") }
    }
}

async fn switch(git: &Git<'_>, repository: &Repository, wanted: &Switch<'_>) -> Result<(), CallFailure> {
    let mut arguments = vec!["checkout"];
    if wanted.force {
        arguments.push("-f");
    }
    // What follows is no path: a branch that is not there must not throw a file's changes away.
    arguments.extend([wanted.branch, "--"]);
    if let Err(failure) = git.run(Some(repository), &arguments, None).await {
        if !wanted.create {
            return Err(failure);
        }
        let mut arguments = vec!["checkout", "-b", wanted.branch];
        if !wanted.start.is_empty() {
            arguments.push(wanted.start);
        }
        arguments.push("--");
        git.run(Some(repository), &arguments, None).await?;
    }
    if let Some(remote) = wanted.upstream {
        let head = format!("refs/heads/{}", wanted.branch);
        for (name, value) in [("remote", remote), ("merge", head.as_str())] {
            let key = format!("branch.{}.{name}", wanted.branch);
            // As in n8n, a branch that cannot follow is no failure.
            let _ = git.run(Some(repository), &["config", "--local", "--", &key, value], None).await;
        }
    }
    Ok(())
}

/// The way to a remote, with the connection if it is shown.
async fn way(ctx: &Ctx, params: &Params, remote: Remote) -> Result<Way, CallFailure> {
    let has = ctx.info().connections.contains_key(SLOT);
    let (login, meta) = match params.authentication {
        Authentication::Connection if has => each::account(ctx, SLOT).await.map(|(login, meta)| (Some(login), meta))?,
        Authentication::GitPassword => each::account(ctx, SLOT).await.map(|(login, meta)| (Some(login), meta))?,
        _ => {
            let mut meta = outbound::Meta::new(ctx.info().scope_id);
            meta.cancel = ctx.cancelled().child_token();
            (None, meta)
        }
    };
    Ok(Way::open(&each::way_out(ctx)?, remote, login, meta).await?)
}

async fn clone(ctx: &Ctx, params: &Params, git: &Git<'_>) -> Result<Value, CallFailure> {
    let remote = Remote::read(&params.source_repository)?;
    let place = git.folder.place(&params.repository_path)?;
    if place.symlink_metadata().is_ok_and(|about| about.is_symlink()) || place == git.folder.root() {
        return Err(parameter("repositoryPath", "expected the name of a new folder").into());
    }
    let url = remote.url.clone();
    let way = way(ctx, params, remote).await?;
    let place = place.to_string_lossy().into_owned();
    git.run(None, &["clone", "--no-recurse-submodules", "--no-local", "--template=", "--", &url, &place], Some(&way))
        .await?;
    Ok(Value::Null)
}

/// A command that calls the repository's remote, or the one that is named instead.
async fn network(
    ctx: &Ctx,
    params: &Params,
    git: &Git<'_>,
    repository: &Repository,
    command: &[&str],
) -> Result<(), CallFailure> {
    let pushes = command.first() == Some(&"push");
    let ask = |key: String| async move {
        let ended = git.run(Some(repository), &["config", "--local", "--get-all", "--", &key], None).await?;
        let lines: Vec<String> = ended.stdout().lines().map(str::to_owned).collect();
        Ok::<_, CallFailure>(lines)
    };
    let (name, addresses) = if pushes && params.repository {
        (None, vec![params.target_repository.clone()])
    } else {
        let head = git.run(Some(repository), &["symbolic-ref", "--quiet", "--short", "HEAD"], None).await?;
        let branch = head.stdout().trim().to_owned();
        let named = if branch.is_empty() { Vec::new() } else { ask(format!("branch.{branch}.remote")).await? };
        let name = named.into_iter().next_back().unwrap_or_else(origin);
        reference("remoteName", &name, "/._-")?;
        let mut addresses = if pushes { ask(format!("remote.{name}.pushurl")).await? } else { Vec::new() };
        if addresses.is_empty() {
            addresses = ask(format!("remote.{name}.url")).await?;
        }
        (Some(name), addresses)
    };
    let [address] = addresses.as_slice() else {
        let detail = format!("the repository has {} remotes to call, and one was expected", addresses.len());
        return Err(NodeError::bad_data(detail).hint("set `remote.origin.url` with the operation `addConfig`").into());
    };
    let remote = Remote::read(address)?;
    let mut arguments: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
    match name {
        // A pull asks the branch what to merge, and would not without it.
        Some(name) if command[0] == "fetch" || command.contains(&"--tags") => arguments.extend(["--".to_owned(), name]),
        // As in n8n, whoever logs in pushes to the address, where a branch needs no upstream to go to its namesake.
        Some(_) if pushes && matches!(params.authentication, Authentication::GitPassword) => {
            arguments.extend(["--".to_owned(), remote.url.clone()]);
        }
        Some(_) => {}
        None => arguments.extend(["--".to_owned(), remote.url.clone()]),
    }
    let way = way(ctx, params, remote).await?;
    git.run(Some(repository), &arguments, Some(&way)).await?;
    Ok(())
}
