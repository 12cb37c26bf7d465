//! `shell.ssh`: commands and files on another machine.
//!
//! Off unless the operator allows it: whoever may edit a workflow could otherwise use every account of the scope as a
//! shell.

use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use part::lenient;
use part::n8n::{self, Lifted, Mapping};
use part::node::Slot;
use part::powers::Power;
use part::{CallFailure, CallSpec, Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::quote;
use super::session::{Proof, Ran, Session, canceled};
use crate::each::{self, PerItem};
use crate::files::sftp::Sftp;
use crate::files::{file, names};

/// What `shell.ssh` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Which secret of the connection is shown.
    #[schemars(title = "Sign in with", extend("x-form" = { "more": true }))]
    #[serde(default)]
    authentication: Authentication,
    /// A command is run, or a file is moved.
    #[schemars(title = "Works on")]
    #[serde(default)]
    resource: Resource,
    /// What is done; a command is executed and a file uploaded unless it is said.
    #[schemars(
        extend("x-form" = { "offered": { "resource": { "command": ["execute"], "file": ["download", "upload"] } } })
    )]
    #[serde(default)]
    operation: Option<Operation>,
    /// The command, a line for the user's shell over there. It gets no input. What it is must not come from strangers.
    #[schemars(example = &"df -h /", extend("x-form" = { "when": { "resource": "command" }, "as": "shell" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    command: String,
    /// The folder that it runs in; `~/` is the user's home. It does not run where there is no such folder.
    #[schemars(title = "In the folder", example = &"~/", extend("x-form" = { "when": { "resource": "command" } }))]
    #[serde(default = "root", deserialize_with = "lenient::text")]
    cwd: String,
    /// Downloading: the file. Uploading: the folder that it goes to.
    #[schemars(example = &"/srv/in/", extend("x-form" = { "when": { "resource": "file" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    path: String,
    /// Name of the file in the item.
    #[schemars(
        title = "Name of the file in the item",
        example = &"data",
        extend("x-form" = { "when": { "resource": "file" } })
    )]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_name: String,
    /// Name that the file gets instead of its own.
    #[schemars(title = "Other name for the file", extend("x-form" = { "when": { "resource": "file" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Authentication {
    /// The private key if there is one, then the password.
    #[default]
    Connection,
    /// The password.
    Password,
    /// The private key.
    PrivateKey,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Resource {
    /// A command.
    #[default]
    Command,
    /// A file.
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Runs the command.
    Execute,
    /// Gets a file.
    Download,
    /// Writes a file anew.
    Upload,
}

fn root() -> String {
    "/".into()
}

fn data() -> String {
    "data".into()
}

/// Commands and files on another machine.
pub(crate) struct Ssh;

const SLOT: &str = "ssh";

const NAMES: n8n::Names = &[
    ("authentication", "authentication"),
    ("resource", "resource"),
    ("operation", "operation"),
    ("command", "command"),
    ("cwd", "cwd"),
    ("path", "path"),
    ("binaryPropertyName", "binaryPropertyName"),
    ("fileName", "options.fileName"),
];

impl Plain for Ssh {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "shell.ssh",
        version: 1,
        title: "SSH",
        summary: "Runs commands on another machine, and gets and writes files there",
        group: Group::Action,
        effect: Effect::Effect,
        // Nobody knows what a command does when it is run a second time.
        on_uncertain: OnUncertain::Ask,
        params: || schemars::schema_for!(Params),
        keywords: &["command", "shell", "remote", "server", "bash", "scp"],
    };
    const SLOTS: &'static [Slot] = &[Slot { slot: SLOT, kinds: &["login:ssh", "login:sftp"] }];
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.ssh", versions: &[1.0] }];
    const NAMES: n8n::Names = NAMES;

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        each::lacks(node, SLOT)
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let credential = match node.text("authentication", "password") {
            "privateKey" => "sshPrivateKey",
            _ => "sshPassword",
        };
        let slots = [(credential.to_owned(), SLOT.to_owned())].into();
        Lifted { params: n8n::named(node, NAMES), slots, ..Lifted::default() }
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        each::each(ctx, params, &Machine::default()).await
    }
}

/// The session that the items of a step share; opened by the first call that is really made.
#[derive(Default)]
struct Machine {
    commands: Mutex<Option<Session>>,
    files: Mutex<Option<Sftp>>,
}

impl Machine {
    async fn open(&self, ctx: &Ctx, params: &Params) -> Result<Session, NodeError> {
        // A recorded run is replayed without it: this is asked where something is really done.
        ctx.host().powers().require(Power::Ssh)?;
        let (login, mut meta) = each::account(ctx, SLOT).await?;
        meta.deadline = std::time::Duration::from_secs(30);
        let proof = match params.authentication {
            Authentication::Connection => Proof::Any,
            Authentication::Password => Proof::Password,
            Authentication::PrivateKey => Proof::PrivateKey,
        };
        Session::open(&each::way_out(ctx)?, &login, meta, proof).await
    }

    async fn execute(&self, ctx: &Ctx, params: &Params, line: &str) -> Result<Value, CallFailure> {
        let mut open = self.commands.lock().await;
        if !open.as_ref().is_some_and(Session::is_open) {
            *open = Some(self.open(ctx, params).await?);
        }
        let session = open.as_ref().ok_or_else(|| NodeError::bug("a session was opened and is not there"))?;
        let ran = session.run(line, ctx.cancelled()).await;
        if ran.is_err() {
            *open = None;
        }
        Ok(shown(ran?))
    }

    async fn files(&self, ctx: &Ctx, params: &Params) -> Result<MutexGuard<'_, Option<Sftp>>, CallFailure> {
        let mut open = self.files.lock().await;
        if !open.as_ref().is_some_and(Sftp::is_open) {
            *open = Some(Sftp::over(self.open(ctx, params).await?).await?);
        }
        Ok(open)
    }

    async fn download(&self, ctx: &Ctx, params: &Params) -> Result<Value, CallFailure> {
        let open = self.files(ctx, params).await?;
        let Some(sftp) = &*open else { return Err(NodeError::bug("a session was opened and is not there").into()) };
        let path = sftp.at_home(&params.path).await?;
        let reader = sftp.read(&path).await?;
        tokio::select! {
            kept = file::keep(ctx.host(), reader, format!("reading `{path}`")) => kept,
            () = ctx.cancelled().cancelled() => Err(canceled().into()),
        }
    }

    async fn upload(
        &self,
        ctx: &Ctx,
        params: &Params,
        path: &str,
        content: &model::Binary,
    ) -> Result<Value, CallFailure> {
        let open = self.files(ctx, params).await?;
        let Some(sftp) = &*open else { return Err(NodeError::bug("a session was opened and is not there").into()) };
        let path = sftp.at_home(path).await?;
        let content = ctx.read_file(content).await?;
        tokio::select! {
            done = sftp.write(&path, content) => done.map(|()| Value::Null),
            () = ctx.cancelled().cancelled() => Err(CallFailure { error: canceled(), uncertain: true }),
        }
    }
}

impl PerItem<Params> for Machine {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let spec = |name: &str, request: Value| CallSpec { name: name.into(), item: Some(position as u32), request };
        let operation = match (params.resource, params.operation) {
            (Resource::Command, None | Some(Operation::Execute)) => Operation::Execute,
            (Resource::File, None) => Operation::Upload,
            (Resource::File, Some(operation)) if operation != Operation::Execute => operation,
            _ => {
                let why = "a command is executed, and a file is uploaded or downloaded";
                return Err(NodeError::parameter("/params/operation", why).permanent());
            }
        };
        match operation {
            Operation::Execute => {
                let line = command_line(&params.cwd, &params.command)?;
                let spec = spec("execute", json!({ "command": params.command, "cwd": params.cwd }));
                let ran = ctx.call(spec, |_| Box::pin(async move { self.execute(ctx, params, &line).await })).await?;
                Ok(vec![Item::from_value(ran)])
            }
            Operation::Download => {
                let path = at_home(names::path(&params.path, "path")?, "path")?;
                let spec = spec("download", json!({ "path": path }));
                let found = ctx.call(spec, |_| Box::pin(self.download(ctx, params))).await?;
                let name = if params.file_name.is_empty() { path } else { &params.file_name };
                let mut made = item.clone();
                made.set_file(&params.binary_property_name, file::kept(&found, name, None)?);
                Ok(vec![made])
            }
            Operation::Upload => {
                let folder = at_home(names::path(&params.path, "path")?, "path")?;
                let content = file::wanted(item, &params.binary_property_name, position)?;
                let given = Some(params.file_name.as_str()).filter(|name| !name.is_empty());
                let name = names::base(given.or(content.file_name.as_deref()).unwrap_or_default());
                let path = names::join(folder, &name);
                let spec = spec("upload", json!({ "path": path, "content": file::as_request(&content) }));
                let call = ctx.call(spec, |_| Box::pin(async move { self.upload(ctx, params, &path, &content).await }));
                call.await?;
                Ok(vec![Item::new(Map::from_iter([("success".to_owned(), true.into())]))])
            }
        }
    }
}

/// A path that begins with `~/`, or not with `~` at all.
fn at_home<'a>(path: &'a str, parameter: &str) -> Result<&'a str, NodeError> {
    if path.starts_with('~') && !path.starts_with("~/") {
        let why = "Invalid path. Replace \"~\" with home directory or \"~/\"";
        return Err(NodeError::parameter(&format!("/params/{parameter}"), why).permanent());
    }
    Ok(path)
}

/// The command in its folder. Where there is no such folder it must not run: it would do its work somewhere else.
fn command_line(cwd: &str, command: &str) -> Result<String, NodeError> {
    if command.contains('\0') {
        return Err(NodeError::parameter("/params/command", "a command cannot hold a NUL character").permanent());
    }
    if cwd.is_empty() {
        return Ok(command.to_owned());
    }
    let folder = match at_home(names::path(cwd, "cwd")?, "cwd")? {
        home if home.starts_with("~/") => format!("\"$HOME\"/{}", quote::word(&home[2..])),
        option if option.starts_with('-') => quote::word(&format!("./{option}")),
        folder => quote::word(folder),
    };
    Ok(format!("cd {folder} || exit 1\n{command}"))
}

fn shown(ran: Ran) -> Value {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    json!({ "code": ran.code, "signal": ran.signal, "stdout": text(ran.stdout), "stderr": text(ran.stderr) })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use outbound::{Login, Protocol};
    use testkit::contract;
    use testkit::lift::check_round_trip;
    use testkit::step::{Bench, failure};

    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Ssh);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "authentication": "privateKey", "command": "ls", "cwd": "~/x" }),
            json!({ "resource": "file", "path": "/tmp", "options": { "fileName": "a" } }),
            json!({ "resource": "file", "operation": "download", "path": "/tmp/a", "binaryPropertyName": "f" }),
        ] {
            check_round_trip(&Ssh, 1.0, parameters);
        }
        let lift = |parameters| Ssh::lift(&testkit::lift::node("n8n-nodes-base.ssh", 1.0, parameters)).slots;
        assert_eq!(lift(json!({}))["sshPassword"], "ssh");
        assert_eq!(lift(json!({ "authentication": "privateKey" }))["sshPrivateKey"], "ssh");
    }

    #[test]
    fn it_is_off_unless_the_operator_allows_it() {
        let login = Login::new(Protocol::Ssh, "127.0.0.1", 1);
        let mut bench = Bench::new(&Ssh, json!({ "command": "id" })).unwrap().login("ssh", login);
        let refused = bench.run(&[json!([{}])]).unwrap_err();
        assert_eq!(refused.to_string(), "this server does not let workflows run commands on other machines over SSH");
        assert!(refused.problem.hint.unwrap().contains("--allow ssh"));
    }

    #[test]
    fn no_folder_runs_a_command() {
        let place = tempfile::tempdir().unwrap();
        for name in ["a b", "$(touch owned)", "`touch owned`", "x; touch owned", "'; touch owned; '", "-P", "&&", "ä"]
        {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            for cwd in [folder.to_str().unwrap(), name] {
                let line = command_line(cwd, "pwd").unwrap();
                let ran = Command::new("/bin/sh").args(["-c", &line]).current_dir(place.path()).output().unwrap();
                let said = String::from_utf8(ran.stdout).unwrap();
                assert!(said.trim_end().ends_with(&format!("/{name}")), "{line}: {said}");
            }
            let home = command_line(&format!("~/{name}"), "pwd").unwrap();
            let ran = Command::new("/bin/sh").args(["-c", &home]).env("HOME", place.path()).output().unwrap();
            assert!(String::from_utf8(ran.stdout).unwrap().trim_end().ends_with(&format!("/{name}")), "{home}");
        }
        assert!(!place.path().join("owned").exists());
        let missing = command_line("/none/such", "echo ran").unwrap();
        let ran = Command::new("/bin/sh").args(["-c", &missing]).output().unwrap();
        assert_eq!((ran.status.code(), ran.stdout), (Some(1), Vec::new()), "and it runs nowhere else");
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        for (params, says) in [
            (json!({ "command": "id", "cwd": "/a\nid" }), "control character"),
            (json!({ "command": "id", "cwd": "~root" }), "Invalid path"),
            (json!({ "command": "id", "cwd": "~" }), "Invalid path"),
            (json!({ "command": "a\0b" }), "NUL"),
            (json!({ "resource": "file", "operation": "download", "path": "a\0b" }), "control character"),
            (json!({ "resource": "file", "operation": "execute" }), "a file is uploaded or downloaded"),
        ] {
            let detail = failure(&Ssh, params, &[json!([{}])]);
            assert!(detail.contains(says), "{detail}");
        }
    }
}
