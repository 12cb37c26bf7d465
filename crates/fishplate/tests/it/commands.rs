use std::process::Command;

use serde_json::{Value, json};

use crate::server::{BINARY, Server};

fn fishplate(arguments: &[&str]) -> std::process::Output {
    Command::new(BINARY).args(arguments).env_remove("FISHPLATE_TOKEN").output().unwrap()
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_names_every_command_and_exit_code() {
    let help = fishplate(&["--help"]);
    assert!(help.status.success());
    insta::assert_snapshot!("help", String::from_utf8_lossy(&help.stdout));
    for verb in ["up", "run", "runs", "dead", "import", "export", "check"] {
        let help = fishplate(&[verb, "--help"]);
        assert!(help.status.success(), "{verb}");
        insta::assert_snapshot!(format!("help-{verb}"), String::from_utf8_lossy(&help.stdout));
    }
    assert_eq!(fishplate(&["no-such-verb"]).status.code(), Some(2));
    let script = fishplate(&["completions", "bash"]);
    assert!(String::from_utf8_lossy(&script.stdout).contains("fishplate"));
}

#[test]
fn the_page_about_the_command_line_has_every_command_and_exit_code() {
    let page = include_str!("../../../../docs/cli.md");
    let help = String::from_utf8(fishplate(&["--help"]).stdout).unwrap();
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    for line in commands.lines().filter(|line| !line.trim().is_empty()) {
        let verb = line.split_whitespace().next().unwrap();
        assert!(verb == "help" || page.contains(&format!("`{verb}")), "docs/cli.md does not name `{verb}`");
    }
    let codes = help.split("Exit codes:").nth(1).unwrap();
    for line in codes.lines().filter(|line| !line.trim().is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        assert!(page.contains(&format!("| {code} | {meaning} |")), "docs/cli.md does not have exit code {code}");
    }
}

#[test]
fn a_file_runs_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let flow = write(
        &folder,
        "flow.json",
        &json!({
            "name": "Flow", "nodes": [
                { "name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {} },
                { "name": "Double", "type": "n8n-nodes-base.code", "typeVersion": 2, "position": [200, 0],
                  "parameters": { "jsCode": "console.log('seen'); return $input.all().map(i => ({ json: { b: i.json.a * 2 } }))" } }
            ],
            "connections": { "Start": { "main": [[{ "node": "Double", "type": "main", "index": 0 }]] } }
        })
        .to_string(),
    );
    let input = write(&folder, "items.json", r#"[{"a":1},{"json":{"a":4}}]"#);
    let ran = fishplate(&["--output", "json", "run", &flow, "--input", &input]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let whole: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(whole["run"]["status"], "completed");
    assert_eq!(whole["nodes"]["Double"][0]["outputs"], json!([[{ "json": { "b": 2 } }, { "json": { "b": 8 } }]]));
    assert_eq!(whole["nodes"]["Double"][0]["runIndex"], 0);
    let from = fishplate(&["--output", "json", "run", &flow, "--input", &input, "--from", "Double"]);
    let whole: Value = serde_json::from_slice(&from.stdout).unwrap();
    assert!(whole["nodes"].get("Start").is_none(), "{whole}");
    assert_eq!(whole["nodes"]["Double"][0]["outputs"][0][1]["json"]["b"], 8);
}

#[test]
fn a_failed_run_says_where_and_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let flow = write(
        &folder,
        "flow.yaml",
        "kind: workflow\nname: flow\nspec:\n  nodes:\n  - {name: Start, type: core.manual}\n  - {name: Code, type: core.code, params: {code: 'throw new Error(\"boom\")'}}\n  edges:\n  - {from: Start, to: Code}\n",
    );
    let ran = fishplate(&["--output", "json", "run", &flow]);
    assert_eq!(ran.status.code(), Some(8), "{}", String::from_utf8_lossy(&ran.stderr));
    let whole: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(whole["run"]["status"], "failed");
    assert!(whole["nodes"]["Code"][0]["error"].to_string().contains("boom"), "{whole}");
    let missing = fishplate(&["run", "/no/such/file.json"]);
    assert_eq!(missing.status.code(), Some(3));
}

#[test]
fn check_judges_files_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(
        &folder,
        "good.yaml",
        "kind: workflow\nname: good\nspec:\n  nodes: [{name: Start, type: core.manual}]\n---\nkind: variable\nname: v\nspec: {value: 1}\n",
    );
    assert!(fishplate(&["check", &good]).status.success());
    let bad = write(
        &folder,
        "bad.yaml",
        "kind: workflow\nname: bad\nspec:\n  nodes: [{name: A, type: core.manual}, {name: A, type: core.manual}]\n  edges: [{from: A, to: Nowhere}]\n",
    );
    let judged = fishplate(&["--output", "json", "check", &bad]);
    assert_eq!(judged.status.code(), Some(3));
    let whole: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let problems = whole["items"][0]["problems"].as_array().unwrap();
    let codes: Vec<&str> = problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"FP0205") && codes.contains(&"FP0206"), "{codes:?}");
    assert_eq!(problems[0]["pointer"], "/spec/nodes/1/name");
    let strange = write(&folder, "strange.json", "{\"nodes\": 5");
    assert_eq!(fishplate(&["check", &strange]).status.code(), Some(3));
}

#[tokio::test]
async fn exit_codes_say_what_went_wrong() {
    let server = Server::start().await;
    assert_eq!(server.command(&["get", "variable/none"]).status.code(), Some(4));
    assert_eq!(server.command(&["get", "nothing"]).status.code(), Some(4));
    assert_eq!(server.command(&["--token", "fpt_wrong", "get", "variable"]).status.code(), Some(6));
    let unreachable = crate::server::command(&server.data(), "http://127.0.0.1:1", &["get", "variable"]);
    assert_eq!(unreachable.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&unreachable.stderr).contains("fishplate up"));
    let problem = server.command(&["--output", "json", "get", "variable/none"]);
    let problem: Value = serde_json::from_slice(&problem.stdout).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&json!("FP0004"), &json!(404)));
}

#[tokio::test]
async fn files_are_applied_compared_and_rolled_back() {
    let server = Server::start().await;
    let file = write(&server.folder, "v.yaml", "kind: variable\nname: v\nspec: {value: 1}\n");
    let applied = server.command(&["--output", "json", "apply", &file]);
    let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
    let first = applied["items"][0]["resource"]["revision"].to_string();
    std::fs::write(&file, "kind: variable\nname: v\nspec: {value: 2}\n").unwrap();
    let compared = server.command(&["diff", &file]);
    let text = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(text.contains("- 1") && text.contains("+ 2"), "{text}");
    assert!(server.command(&["apply", &file, "--dry-run"]).status.success());
    assert_eq!(server.get("/variables/v").await["spec"]["value"], 1);
    assert!(server.command(&["apply", &file]).status.success());
    assert!(server.command(&["rollback", "variable/v", "--to", &first]).status.success());
    assert_eq!(server.get("/variables/v").await["spec"]["value"], 1);
    let shown = server.command(&["get", "variable/v"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("value: 1"));
}

#[tokio::test]
async fn doctor_finds_a_healthy_house_and_an_open_key() {
    let server = Server::start().await;
    let looked = server.command(&["--output", "json", "doctor"]);
    let found: Value = serde_json::from_slice(&looked.stdout).unwrap();
    let states: Vec<(&str, &str)> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["what"].as_str().unwrap(), entry["state"].as_str().unwrap()))
        .collect();
    assert!(states.contains(&("server", "good")) && states.contains(&("store", "good")), "{states:?}");
    let key = server.data().join("key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(server.command(&["doctor"]).status.code(), Some(1));
}

#[tokio::test]
async fn a_secret_is_read_from_standard_input() {
    use std::io::Write;
    use std::process::Stdio;
    let server = Server::start().await;
    let connection = json!({ "spec": { "auth": { "type": "bearer" }, "hosts": ["api.example.com"] } });
    server.ask("PUT", "/connections/api", connection).await.ok();
    let mut child = Command::new(BINARY)
        .arg("--data")
        .arg(server.data())
        .args(["--server", &server.url, "secret", "api", "token"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"s3cret\n").unwrap();
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success() && !String::from_utf8_lossy(&said.stdout).contains("s3cret"));
    assert_eq!(server.get("/connections/api").await["spec"]["secrets"], json!(["token"]));
    assert!(server.command(&["secret", "api", "token", "--delete"]).status.success());
    assert_eq!(server.get("/connections/api").await["spec"].get("secrets"), None);
}

#[tokio::test]
async fn scopes_are_listed_and_made_from_such_a_list() {
    let server = Server::start().await;
    let alone = server.command(&["scopes", "list"]);
    assert!(String::from_utf8_lossy(&alone.stdout).contains("main/prod"));
    assert!(server.command(&["scopes", "create", "acme/dev", "acme/prod"]).status.success());
    assert_eq!(server.command(&["scopes", "create", "acme"]).status.code(), Some(3));
    let listed = server.command(&["--output", "json", "scopes", "list"]);
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "scopes.json", &String::from_utf8(listed.stdout).unwrap());
    let other = Server::start().await;
    let made = other.command(&["--output", "json", "scopes", "create", "--file", &file]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let scope = |workspace: &str, environment: &str| json!({ "workspace": workspace, "environment": environment });
    assert_eq!(made["made"], json!([scope("acme", "dev"), scope("acme", "prod")]));
    assert_eq!(other.get("/scopes").await["items"], server.get("/scopes").await["items"]);
}
