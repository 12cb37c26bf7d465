//! SSH and SFTP against OpenSSH.

use std::collections::BTreeMap;
use std::fs;

use model::{Binary, Value};
use outbound::{Login, Protocol};
use part::StepHost;
use part::powers::Power;
use serde_json::json;
use testkit::daemon::comes_to_pass;
use testkit::sshd::{PASSWORD, Sshd, start};
use testkit::step::{Bench, items};

use super::ssh::Ssh;
use crate::files::testing::{content, file, ftp};

fn login(server: &Sshd, protocol: Protocol, secrets: &[(&str, &str)]) -> Login {
    let secrets: BTreeMap<String, String> =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut login = Login::new(protocol, "127.0.0.1", server.address.port()).with_secrets(secrets);
    login.user.clone_from(&server.user);
    login.settings.insert("hostKey".into(), server.host_key.as_str().into());
    login
}

fn by_key(server: &Sshd) -> Login {
    login(server, Protocol::Ssh, &[("privateKey", &server.private_key)])
}

fn bench(params: Value, login: Login) -> Bench {
    Bench::new(&Ssh, params).unwrap().login("ssh", login).allow([Power::Ssh])
}

fn sftp(server: &Sshd, mut params: Value) -> Bench {
    params["protocol"] = "sftp".into();
    let login = login(server, Protocol::Sftp, &[("password", PASSWORD)]);
    Bench::new(ftp(), params).unwrap().login("ftp", login)
}

#[test]
fn commands_run_as_the_connection_says_and_say_how_they_ended() {
    let server = start().unwrap();
    let run = |params: Value, login: Login| bench(params, login).run(&[json!([{}])]).unwrap().json()[0][0].clone();
    let said = run(json!({ "command": "echo out; echo err >&2; pwd; exit 3", "cwd": "/usr/bin" }), by_key(&server));
    assert_eq!(said, json!({ "code": 3, "signal": null, "stdout": "out\n/usr/bin", "stderr": "err" }));
    let password = login(&server, Protocol::Ssh, &[("password", PASSWORD)]);
    let said = run(json!({ "command": "id -un; cat", "cwd": "~/" }), password.clone());
    assert_eq!((&said["code"], &said["stdout"]), (&json!(0), &json!(server.user)));
    let said = run(json!({ "command": "kill -9 $$" }), by_key(&server));
    assert_eq!((&said["code"], &said["signal"]), (&Value::Null, &json!("SIGKILL")));
    let said = run(json!({ "command": "touch here", "cwd": "/none" }), by_key(&server));
    assert_eq!((&said["code"], &said["stdout"]), (&json!(1), &json!("")));
    assert!(!server.home.join("here").exists());
    // Both secrets, and the one that is asked for is the wrong one.
    let both = login(&server, Protocol::Ssh, &[("password", "wrong"), ("privateKey", &server.private_key)]);
    assert_eq!(run(json!({ "command": "echo in" }), both.clone())["stdout"], "in");
    let refused = bench(json!({ "command": "id", "authentication": "password" }), both).run(&[json!([{}])]);
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("refused the login of") && refused.permanent, "{refused}");
    assert!(!format!("{refused:?}").contains("wrong"));
    // One session serves all items, and each is a call of its own.
    let mut many = bench(json!({ "command": "=echo {{ $json.n }}" }), password);
    let ran = many.run(&[json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])]).unwrap();
    assert_eq!(
        ran.json()[0].as_array().unwrap().iter().map(|item| item["stdout"].clone()).collect::<Vec<_>>(),
        ["1", "2", "3"]
    );
    assert_eq!(many.host().made().len(), 3);
    assert_eq!(server.daemon.log().matches("Accepted password for").count(), 2, "{}", server.daemon.log());
}

#[test]
fn no_secret_is_sent_to_a_server_that_is_not_the_pinned_one() {
    let server = start().unwrap();
    let with = |host_key: Option<&str>| {
        let mut login = login(&server, Protocol::Ssh, &[("password", PASSWORD)]);
        match host_key {
            Some(key) => login.settings.insert("hostKey".into(), key.into()),
            None => login.settings.shift_remove("hostKey"),
        };
        bench(json!({ "command": "echo in" }), login).run(&[json!([{}])])
    };
    let unknown = with(None).unwrap_err();
    assert!(unknown.to_string().contains(&server.fingerprint), "{unknown}");
    assert!(unknown.problem.hint.unwrap().contains("`hostKey`"));
    let other = with(Some("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"));
    assert!(other.unwrap_err().to_string().contains("which is not the one"));
    let log = server.daemon.log();
    assert!(!log.contains("password"), "nothing was offered: {log}");
    assert!(with(Some(&server.fingerprint)).is_ok());
    let mut any = login(&server, Protocol::Ssh, &[("password", PASSWORD)]);
    any.settings.shift_remove("hostKey");
    any.accept_invalid_certs = true;
    assert!(bench(json!({ "command": "echo in" }), any).run(&[json!([{}])]).is_ok());
}

#[test]
fn a_command_that_writes_without_end_is_ended() {
    let server = start().unwrap();
    let error = bench(json!({ "command": "exec yes" }), by_key(&server)).run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().contains("more than 10 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_ends_with_its_run() {
    let server = start().unwrap();
    let mark = server.home.join("started");
    let bench = bench(json!({ "command": "touch started; exec sleep 600", "cwd": "~/" }), by_key(&server));
    let cancel = async {
        comes_to_pass(|| mark.exists()).await;
        bench.host().cancelled().cancel();
    };
    let (ended, ()) = tokio::join!(bench.attempt_async(vec![items(&json!([{}]))], None), cancel);
    assert_eq!(ended.unwrap_err().problem.code, model::Code::RunCanceled);
    assert!(comes_to_pass(|| !sleeps(&server)).await, "the command still runs");
}

/// Whether a process of the test's command is there.
fn sleeps(server: &Sshd) -> bool {
    server.runs("sleep 600")
}

#[test]
fn a_broken_session_leaves_a_command_uncertain() {
    let server = start().unwrap();
    let command = format!("touch {}; kill -9 $(ps -o ppid= -p $PPID) $PPID", server.home.join("ran").display());
    let bench = bench(json!({ "command": command }), by_key(&server));
    let error = bench.attempt(vec![items(&json!([{}]))], None).unwrap_err();
    assert!(error.to_string().contains("the connection broke while the command ran"), "{error}");
    bench.attempt(vec![items(&json!([{}]))], None).unwrap_err();
    let made = bench.host().made();
    assert_eq!(made.iter().map(|made| made.ticket.repeated).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn files_go_there_and_come_back() {
    let server = start().unwrap();
    let up = json!({ "resource": "file", "path": "~/" });
    let mut upload = bench(up.clone(), by_key(&server));
    let ran = upload.run(&[json!([file("../../tmp/evil.txt", b"one"), file("b", b"\x00\xff")])]).unwrap();
    assert_eq!(ran.json()[0], json!([{ "success": true }, { "success": true }]));
    assert_eq!(fs::read(server.home.join("evil.txt")).unwrap(), b"one", "a name is no path");
    assert_eq!(fs::read(server.home.join("b")).unwrap(), b"\x00\xff");
    let down =
        json!({ "resource": "file", "operation": "download", "path": "~/evil.txt", "binaryPropertyName": "got" });
    let mut download = bench(down, by_key(&server));
    let ran = download.run(&[json!([{ "k": 1 }])]).unwrap();
    let got: Binary = ran.files(0, 0).remove("got").unwrap();
    assert_eq!((got.file_name.as_deref(), got.mime_type.as_str()), (Some("evil.txt"), "text/plain"));
    assert_eq!(content(download.host(), &got), b"one");
    assert_eq!(ran.json()[0], json!([{ "k": 1 }]));
    let missing = json!({ "resource": "file", "operation": "download", "path": "/none" });
    let error = bench(missing, by_key(&server)).run(&[json!([{}])]).unwrap_err();
    assert_eq!(error.to_string(), "the server could not read `/none`: No such file");
}

#[test]
fn sftp_lists_moves_and_removes() {
    let server = start().unwrap();
    let home = server.home.to_str().unwrap();
    let big: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
    let at = |name: &str| format!("{home}/{name}");
    let run = |params: Value, input: Value| sftp(&server, params).run(&[json!([input])]).unwrap();
    run(json!({ "operation": "upload", "path": at("in/deep/big") }), file("x", &big));
    run(json!({ "operation": "upload", "path": at("in/text"), "binaryData": false, "fileContent": "ä" }), json!({}));
    assert_eq!(fs::read(server.home.join("in/deep/big")).unwrap(), big);
    assert_eq!(fs::read(server.home.join("in/text")).unwrap(), "ä".as_bytes());
    std::os::unix::fs::symlink("/etc", server.home.join("in/link")).unwrap();

    let listed = run(json!({ "operation": "list", "path": at("in") }), json!({})).json()[0].clone();
    let short = |list: &Value| {
        let entry = |entry: &Value| (entry["type"].as_str().unwrap().to_owned(), entry["path"].clone());
        list.as_array().unwrap().iter().map(entry).collect::<Vec<_>>()
    };
    assert_eq!(
        short(&listed),
        [
            ("d".to_owned(), json!(at("in/deep"))),
            ("l".to_owned(), json!(at("in/link"))),
            ("-".to_owned(), json!(at("in/text")))
        ]
    );
    assert_eq!((&listed[2]["size"], &listed[2]["rights"]["user"]), (&json!(2), &json!("rw")));
    assert!(listed[2]["modifyTime"].as_str().unwrap().ends_with(".000Z"));
    let all = run(json!({ "operation": "list", "path": at("in/"), "recursive": true }), json!({})).json()[0].clone();
    assert_eq!(short(&all).last().unwrap().1, at("in/deep/big"), "links are not followed");

    let mut download = sftp(&server, json!({ "path": at("in/deep/big") }));
    let ran = download.run(&[json!([{ "k": 1 }])]).unwrap();
    let got = ran.files(0, 0).remove("data").unwrap();
    assert_eq!((got.size, got.file_name.as_deref()), (3_000_000, Some("big")));
    assert!(content(download.host(), &got) == big);

    let to = at("new/place/big");
    let rename = json!({ "operation": "rename", "oldPath": at("in/deep/big"), "newPath": to });
    let error = sftp(&server, rename.clone()).run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let mut made = rename;
    made["createDirectories"] = true.into();
    assert_eq!(run(made, json!({})).json()[0], json!([{ "success": true }]));
    assert!(fs::exists(&to).unwrap());

    let folder = json!({ "operation": "delete", "path": at("in"), "folder": true });
    assert!(sftp(&server, folder.clone()).run(&[json!([{}])]).is_err(), "it is not empty");
    let mut whole = folder;
    whole["recursive"] = true.into();
    run(whole, json!({}));
    assert!(!server.home.join("in").exists() && fs::exists("/etc/passwd").unwrap());
    run(json!({ "operation": "delete", "path": to }), json!({}));
    let error = sftp(&server, json!({ "operation": "delete", "path": to })).run(&[json!([{}])]).unwrap_err();
    assert_eq!(error.to_string(), format!("the server could not delete `{to}`: No such file"));
}

#[test]
fn names_over_there_are_names_and_nothing_else() {
    let server = start().unwrap();
    let home = server.home.to_str().unwrap();
    for name in ["$(touch owned)", "`touch owned`", "; touch owned", "-rf", "a b", "*", "'", "\\", "ä"] {
        let path = format!("{home}/{name}");
        let upload = json!({ "operation": "upload", "path": path, "binaryData": false, "fileContent": name });
        sftp(&server, upload).run(&[json!([{}])]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), name);
        let mut get = sftp(&server, json!({ "path": path }));
        let ran = get.run(&[json!([{}])]).unwrap();
        assert_eq!(content(get.host(), &ran.files(0, 0)["data"]), name.as_bytes());
        sftp(&server, json!({ "operation": "delete", "path": path })).run(&[json!([{}])]).unwrap();
    }
    assert_eq!(fs::read_dir(home).unwrap().count(), 1, "only `.ssh` is left");
}

#[test]
fn a_replay_makes_no_session() {
    let server = start().unwrap();
    let bench = bench(json!({ "command": "echo once >> log", "cwd": "~/" }), by_key(&server));
    let one = bench.attempt(vec![items(&json!([{}]))], None).unwrap().json();
    assert_eq!(bench.attempt(vec![items(&json!([{}]))], None).unwrap().json(), one);
    assert_eq!(fs::read_to_string(server.home.join("log")).unwrap(), "once\n");
}
