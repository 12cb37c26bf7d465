//! `shell.command`: a command on the server's own machine.
//!
//! Off unless the operator allows it: a command does what the server's user may do, whatever its workflow may.

use std::os::unix::process::ExitStatusExt;

use model::workflow::OnUncertain;
use model::{Code, Item, Value};
use part::lenient::{self, Millis};
use part::n8n::{self, Mapping};
use part::powers::Power;
use part::{CallFailure, CallSpec, Category, Ctx, Descriptor, Effect, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::process::{self, Ended};
use crate::each::{self, PerItem};

/// What `shell.command` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Once, for the first item, instead of once for each.
    #[schemars(title = "Once, for the first item")]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    execute_once: bool,
    /// The command, a line for `/bin/sh`. It runs in the server's folder for files, gets no input and sees none of the
    /// server's environment but its `PATH`. What strangers sent must not be written into it.
    #[schemars(example = &"wc -l orders.csv", extend("x-form" = { "as": "shell" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    command: String,
    /// Longest time. The command and all that it has started are ended then.
    #[schemars(title = "At the longest", extend("x-form" = { "unit": "ms", "more": true }))]
    #[serde(default = "an_hour")]
    timeout: Millis,
}

fn yes() -> bool {
    true
}

fn an_hour() -> Millis {
    Millis(3_600_000)
}

/// A command on the server's own machine.
pub(crate) struct Execute;

impl Plain for Execute {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "shell.command",
        version: 1,
        title: "Execute command",
        summary: "Runs a command on the server's machine",
        group: Group::Action,
        effect: Effect::Effect,
        // Nobody knows what a command does when it is run a second time.
        on_uncertain: OnUncertain::Ask,
        params: || schemars::schema_for!(Params),
        keywords: &["shell", "bash", "script", "terminal", "process"],
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.executeCommand", versions: &[1.0] }];
    const NAMES: n8n::Names = &[("executeOnce", "executeOnce"), ("command", "command")];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        if !ctx.typed_once(params).await.is_ok_and(|params| params.execute_once) {
            return each::each(ctx, params, &Here).await;
        }
        let mut outputs = ctx.outputs(1);
        if let Some(item) = ctx.input(0).get(0, ctx.spool()).await? {
            let params = ctx.typed_once(params).await?;
            match Here.item(ctx, &params, &item, 0).await {
                Ok(made) => {
                    for item in made {
                        outputs.push(0, item, Origin::item(0)).await?;
                    }
                }
                Err(error) => outputs.fail(0, &item, error).await?,
            }
        }
        outputs.done().await
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
        if params.command.contains('\0') {
            return Err(NodeError::parameter("/params/command", "a command cannot hold a NUL character").permanent());
        }
        let spec = CallSpec {
            name: "execute".into(),
            item: Some(position as u32),
            request: json!({ "command": params.command }),
        };
        let ran = ctx.call(spec, |_| Box::pin(execute(ctx, params))).await?;
        Ok(vec![Item::from_value(ran)])
    }
}

async fn execute(ctx: &Ctx, params: &Params) -> Result<Value, CallFailure> {
    // A recorded run is replayed without it: this is asked where something is really done.
    let powers = ctx.host().powers();
    powers.require(Power::Commands)?;
    let empty;
    let folder = match ctx.host().folder() {
        Some(folder) => folder.root().to_owned(),
        None => {
            let made = tempfile::tempdir();
            empty = made.map_err(|_| {
                let detail = "no folder can be made for the command to run in";
                NodeError::new(Code::DiskFull, Category::Unavailable, detail)
            })?;
            empty.path().to_owned()
        }
    };
    let mut command = process::program("/bin/sh", &powers);
    command.arg("-c").arg(&params.command).env("HOME", &folder).current_dir(folder);
    let ended = process::run(command, params.timeout.duration(), ctx.cancelled()).await?;
    shown(&ended).map_err(CallFailure::from)
}

/// What the item says. A command that failed is a failure, which says what it wrote.
fn shown(ended: &Ended) -> Result<Value, NodeError> {
    let (stdout, stderr) = (ended.stdout().trim().to_owned(), ended.stderr().trim().to_owned());
    let failed = match (ended.status.code(), ended.status.signal()) {
        (Some(0), _) => return Ok(json!({ "exitCode": 0, "stderr": stderr, "stdout": stdout })),
        (Some(code), _) => format!("Command failed with exit code {code}"),
        (None, signal) => format!("the command was ended by signal {}", signal.unwrap_or_default()),
    };
    let detail = if stderr.is_empty() { failed.clone() } else { stderr.clone() };
    let context = json!({ "ended": failed, "stdout": stdout, "stderr": stderr });
    Err(NodeError::new(Code::StepFailed, Category::Code, detail).with_context(context))
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use part::folder::Folder;
    use testkit::contract;
    use testkit::lift::check_round_trip;
    use testkit::step::{Bench, failure, items};

    use super::*;

    fn bench(params: Value) -> Bench {
        Bench::new(&Execute, params).unwrap().allow([Power::Commands])
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Execute);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [json!({}), json!({ "command": "ls" }), json!({ "executeOnce": false, "command": "=x" })] {
            check_round_trip(&Execute, 1.0, parameters);
        }
    }

    #[test]
    fn it_is_off_unless_the_operator_allows_it() {
        let detail = failure(&Execute, json!({ "command": "id" }), &[json!([{}])]);
        assert_eq!(detail, "this server does not let workflows run commands on the server's machine");
        let mut other = Bench::new(&Execute, json!({ "command": "id" })).unwrap().allow([Power::Ssh, Power::Git]);
        assert!(other.run(&[json!([{}])]).is_err());
    }

    #[test]
    fn commands_run_once_or_for_each_item() {
        let two = [json!([{ "n": 1 }, { "n": 2 }])];
        let ran = bench(json!({ "command": "=echo {{ $json.n }}; echo e >&2" })).run(&two).unwrap();
        assert_eq!(ran.json()[0], json!([{ "exitCode": 0, "stderr": "e", "stdout": "1" }]));
        let mut each = bench(json!({ "command": "=echo {{ $json.n }}", "executeOnce": false }));
        let ran = each.run(&two).unwrap();
        assert_eq!((&ran.json()[0][1]["stdout"], ran.origins(0)), (&json!("2"), vec![vec![(0, 0)], vec![(0, 1)]]));
        assert_eq!(each.host().made().len(), 2);
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let says = |command: &str| bench(json!({ "command": command })).run(&[json!([{}])]).unwrap_err().to_string();
        assert_eq!(says("echo gone >&2; exit 3"), "gone");
        assert_eq!(says("exit 3"), "Command failed with exit code 3");
        assert_eq!(says("kill -9 $$"), "the command was ended by signal 9");
        assert_eq!(says("a\0b"), "a command cannot hold a NUL character");
        let mut goes_on = bench(json!({ "command": "exit 3", "executeOnce": false })).on_error(OnError::Continue);
        let ran = goes_on.run(&[json!([{}, {}])]).unwrap();
        assert_eq!(ran.json()[0][1], json!({ "error": "Command failed with exit code 3" }));
        let late = bench(json!({ "command": "sleep 600", "timeout": 200 })).run(&[json!([{}])]).unwrap_err();
        assert!(late.to_string().contains("took longer than 0.2 seconds"), "{late}");
    }

    #[test]
    fn it_runs_in_the_folder_for_files_without_our_environment() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("here"), "x").unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let mut inside = bench(json!({ "command": "ls; echo $HOME; env" })).folder(folder);
        let said = inside.run(&[json!([{}])]).unwrap().json()[0][0]["stdout"].as_str().unwrap().to_owned();
        assert!(said.starts_with(&format!("here\n{}\n", place.path().canonicalize().unwrap().display())), "{said}");
        assert!(!said.contains("CARGO"), "a test's environment is full of it: {said}");
        assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
        let without = bench(json!({ "command": "ls | wc -l" })).run(&[json!([{}])]).unwrap();
        assert_eq!(without.json()[0][0]["stdout"], "0", "an empty folder otherwise");
    }

    #[test]
    fn a_finished_command_is_not_run_again() {
        let place = tempfile::tempdir().unwrap();
        let bench = bench(json!({ "command": "echo x >> log" })).folder(Folder::open(place.path()).unwrap());
        for _ in 0..2 {
            bench.attempt(vec![items(&json!([{}]))], None).unwrap();
        }
        assert_eq!(std::fs::read_to_string(place.path().join("log")).unwrap(), "x\n");
    }
}
