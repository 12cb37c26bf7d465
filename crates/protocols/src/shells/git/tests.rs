//! Git against a server over HTTP, and against those who would have it run something.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use model::Value;
use outbound::{Login, Protocol};
use part::folder::Folder;
use part::powers::Power;
use serde_json::json;
use tempfile::TempDir;
use testkit::contract;
use testkit::gitd::{Gitd, start};
use testkit::lift::check_round_trip;
use testkit::step::{Bench, failure};

use super::GitNode;

fn bench(place: &Path, params: Value) -> Bench {
    let bench = Bench::new(&GitNode, params).unwrap().folder(Folder::open(place).unwrap()).allow([Power::Git]);
    bench.outbound(testkit::logins::outbound(BTreeMap::new()))
}

#[track_caller]
fn run(place: &Path, params: Value) -> Value {
    bench(place, params.clone()).run(&[json!([{}])]).unwrap_or_else(|error| panic!("{params}: {error}")).json()[0]
        .clone()
}

fn refused(place: &Path, params: Value) -> String {
    match bench(place, params.clone()).run(&[json!([{}])]) {
        Err(error) => error.to_string(),
        Ok(ran) => panic!("{params} must be refused and gives {:?}", ran.json()),
    }
}

/// A clone in the folder `one`.
fn cloned() -> (Gitd, TempDir) {
    let (server, place) = (start(false).unwrap(), tempfile::tempdir().unwrap());
    let done = run(
        place.path(),
        json!({
            "operation": "clone", "sourceRepository": server.url(), "repositoryPath": "one"
        }),
    );
    assert_eq!(done, json!([{ "success": true }]));
    for (key, value) in [("user.name", "Me"), ("user.email", "me@example.com")] {
        run(place.path(), json!({ "operation": "addConfig", "repositoryPath": "one", "key": key, "value": value }));
    }
    (server, place)
}

fn at(operation: &str, more: Value) -> Value {
    let mut params = json!({ "operation": operation, "repositoryPath": "one" });
    params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    params
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&GitNode);
}

#[test]
fn lowering_undoes_lifting() {
    for parameters in [
        json!({ "repositoryPath": "/r" }),
        json!({ "operation": "add", "pathsToAdd": "a,b" }),
        json!({ "operation": "commit", "message": "m", "options": { "pathsToAdd": "a", "branch": "b" } }),
        json!({ "operation": "clone", "authentication": "gitPassword", "sourceRepository": "https://h/x" }),
        json!({ "operation": "addConfig", "key": "user.name", "value": "x", "options": { "mode": "append" } }),
        json!({ "operation": "switchBranch", "branchName": "b", "options": { "createBranch": false, "startPoint": "s" } }),
        json!({ "operation": "reflog", "returnAll": true, "options": { "reference": "main" } }),
        json!({ "operation": "push", "options": { "repository": true, "targetRepository": "https://h/y" } }),
    ] {
        check_round_trip(&GitNode, 1.1, parameters);
    }
}

#[test]
fn it_is_off_unless_the_operator_allows_it() {
    let detail = failure(&GitNode, json!({ "repositoryPath": "x" }), &[json!([{}])]);
    assert_eq!(detail, "this server does not let workflows run the server's `git`");
    let mut without = Bench::new(&GitNode, json!({ "repositoryPath": "x" })).unwrap().allow([Power::Git]);
    assert_eq!(without.run(&[json!([{}])]).unwrap_err().to_string(), "this server has no folder for files");
}

#[test]
fn a_repository_is_cloned_changed_and_pushed() {
    let (server, place) = cloned();
    let place = place.path();
    assert_eq!(fs::read_to_string(place.join("one/README.md")).unwrap(), "one\n");
    let log = run(place, at("log", json!({})));
    assert_eq!((&log[0]["message"], &log[0]["author_name"]), (&json!("the first"), &json!("First")));
    fs::write(place.join("one/new file.txt"), "two").unwrap();
    fs::write(place.join("one/README.md"), "changed").unwrap();
    let status = run(place, at("status", json!({})));
    assert_eq!((&status[0]["not_added"], &status[0]["modified"]), (&json!(["new file.txt"]), &json!(["README.md"])));
    assert_eq!((&status[0]["current"], &status[0]["tracking"]), (&json!("main"), &json!("origin/main")));
    run(place, at("add", json!({ "pathsToAdd": "new file.txt, README.md" })));
    run(place, at("commit", json!({ "message": "--amend $(id)\n\nwith a body" })));
    let nothing = run(place, at("commit", json!({ "message": "nothing" })));
    assert_eq!(nothing, json!([{ "success": true }]), "as in n8n");
    let log = run(place, at("log", json!({ "limit": 1 })));
    assert_eq!((&log[0]["message"], &log[0]["body"]), (&json!("--amend $(id)"), &json!("with a body\n")));
    assert_eq!(log.as_array().unwrap().len(), 1);
    let of_file = run(place, at("log", json!({ "file": "new file.txt" })));
    assert_eq!(of_file.as_array().unwrap().len(), 1);
    run(place, at("push", json!({})));
    assert_eq!(server.say(&["log", "-1", "--format=%s", "main"]).unwrap(), "--amend $(id)\n");
    run(place, at("tag", json!({ "name": "v1.2.3+build" })));
    run(place, at("pushTags", json!({})));
    assert_eq!(server.say(&["tag"]).unwrap(), "v1.2.3+build\n");

    let switched = run(place, at("switchBranch", json!({ "branchName": "feature/x", "setUpstream": true })));
    assert_eq!(switched, json!([{ "success": true, "branch": "feature/x" }]));
    fs::write(place.join("one/third"), "3").unwrap();
    run(place, at("add", json!({ "pathsToAdd": "third" })));
    run(place, at("commit", json!({ "message": "third", "branch": "feature/x" })));
    run(place, at("push", json!({ "branch": "feature/x" })));
    assert_eq!(server.say(&["log", "-1", "--format=%s", "feature/x"]).unwrap(), "third\n");
    let reflog = run(place, at("reflog", json!({ "limit": 2 })));
    assert_eq!((reflog.as_array().unwrap().len(), &reflog[0]["action"]), (2, &json!("checkout")));
    assert_eq!(&reflog[1]["message"], "third");
    assert!(
        refused(place, at("switchBranch", json!({ "branchName": "none", "createBranch": false }))).contains("none")
    );

    run(place, json!({ "operation": "clone", "sourceRepository": server.url(), "repositoryPath": "deep/two" }));
    run(place, at("switchBranch", json!({ "branchName": "main" })));
    run(place, at("push", json!({ "repository": true, "targetRepository": server.url() })));
    let two = |operation: &str| json!({ "operation": operation, "repositoryPath": "deep/two" });
    run(place, two("fetch"));
    run(place, two("pull"));
    assert!(place.join("deep/two/new file.txt").exists());
    let config = run(place, at("listConfig", json!({})));
    assert_eq!((&config[0]["_origin"], &config[0]["user.name"]), (&json!(".git/config"), &json!("Me")));
    let sub = run(place, json!({ "operation": "log", "repositoryPath": "deep/two/.", "limit": 1 }));
    assert_eq!(sub.as_array().unwrap().len(), 1);
    assert_eq!(run(place, at("userSetup", json!({}))), json!([]));
}

#[test]
fn a_password_is_shown_to_its_host_alone_and_kept_nowhere() {
    let (server, place) = (start(true).unwrap(), tempfile::tempdir().unwrap());
    let account = |password: &str, port: u16| {
        let secrets = BTreeMap::from([("password".to_owned(), password.to_owned())]);
        let mut login = Login::new(Protocol::Git, "127.0.0.1", port).with_secrets(secrets);
        login.user = "me".into();
        login
    };
    let clone = |params: Value, login: Login| {
        let bench = Bench::new(&GitNode, params).unwrap().folder(Folder::open(place.path()).unwrap());
        bench.allow([Power::Git]).login("git", login).run(&[json!([{}])])
    };
    let port = server.address.port();
    let params = json!({
        "operation": "clone", "sourceRepository": server.url(), "repositoryPath": "one", "authentication": "gitPassword"
    });
    let wrong = clone(params.clone(), account("wrong", port)).unwrap_err();
    assert_eq!(wrong.category, part::Category::Auth, "{wrong}");
    assert!(!format!("{wrong:?}").contains("wrong"), "{wrong}");
    let other = clone(params.clone(), account("pass word", port - 1)).unwrap_err();
    assert!(other.to_string().contains("the connection is for"), "{other}");
    let mut elsewhere = params.clone();
    elsewhere["sourceRepository"] = format!("http://{}/elsewhere", server.address).into();
    let before = server.asked().len();
    clone(elsewhere, account("pass word", port)).unwrap_err();
    assert!(server.asked()[before..].iter().all(|line| line.contains("/elsewhere/")), "a redirect is not followed");
    clone(params, account("pass word", port)).unwrap();
    let log = json!({ "repositoryPath": "one" });
    assert_eq!(clone(log, account("pass word", port)).unwrap().json()[0].as_array().unwrap().len(), 1);
    let mut files = vec![place.path().to_owned()];
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(fs::read_dir(&file).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let content = fs::read(&file).unwrap();
            assert!(!String::from_utf8_lossy(&content).contains("pass word"), "{}", file.display());
        }
    }
}

#[test]
fn only_remotes_of_the_web_are_called_and_only_as_the_rules_say() {
    let (server, place) = cloned();
    let place = place.path();
    let outside = tempfile::tempdir().unwrap();
    let mark = outside.path().join("owned");
    for address in [
        format!("ext::sh -c 'touch {}'", mark.display()),
        "file:///etc".into(),
        outside.path().display().to_string(),
        "../one".into(),
        "one".into(),
        format!("--upload-pack=touch {}", mark.display()),
        "-u".into(),
        "ssh://-oProxyCommand=id/x".into(),
        format!("$(touch {})", mark.display()),
        format!("{}\n-u", server.url()),
    ] {
        let clone = json!({ "operation": "clone", "sourceRepository": address, "repositoryPath": "two" });
        assert!(refused(place, clone).contains("is refused"), "{address}");
        let push = at("push", json!({ "repository": true, "targetRepository": address }));
        assert!(refused(place, push).contains("is refused"), "{address}");
        let set = at("addConfig", json!({ "key": "remote.origin.url", "value": address }));
        assert!(refused(place, set).contains("is refused"), "{address}");
        // As somebody writes it who may write files.
        let file = place.join("one/.git/config");
        let before = fs::read_to_string(&file).unwrap();
        let quoted = address.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        fs::write(&file, format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = \"{quoted}\"\n")).unwrap();
        for operation in ["fetch", "pull", "push", "pushTags"] {
            let said = refused(place, at(operation, json!({})));
            assert!(said.contains("is refused") || said.contains("remotes to call"), "{operation} {address}: {said}");
        }
        fs::write(&file, before).unwrap();
    }
    assert!(!mark.exists());
    let strict = outbound::Outbound::new(outbound::Options::default(), std::sync::Arc::new(outbound::NoCredentials));
    let clone = json!({ "operation": "clone", "sourceRepository": server.url(), "repositoryPath": "two" });
    let asked = server.asked().len();
    let bench = Bench::new(&GitNode, clone).unwrap().folder(Folder::open(place).unwrap()).allow([Power::Git]);
    let error = bench.outbound(strict.unwrap()).run(&[json!([{}])]).unwrap_err();
    assert_eq!(error.problem.code, model::Code::EgressRefused, "{error}");
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn nothing_in_a_repository_runs() {
    let (_server, place) = cloned();
    let place = place.path();
    let outside = tempfile::tempdir().unwrap();
    let mark = outside.path().join("owned");
    let script = format!("#!/bin/sh\ntouch {}\n", mark.display());
    for hook in [
        "pre-commit",
        "post-commit",
        "commit-msg",
        "post-checkout",
        "pre-push",
        "reference-transaction",
        "post-index-change",
    ] {
        let file = place.join("one/.git/hooks").join(hook);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &script).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let work = || {
        fs::write(place.join("one/x"), format!("{:?}", std::time::Instant::now())).unwrap();
        let operations = [
            at("status", json!({})),
            at("add", json!({ "pathsToAdd": "." })),
            at("commit", json!({ "message": "m" })),
            at("switchBranch", json!({ "branchName": "other" })),
            at("switchBranch", json!({ "branchName": "main" })),
            at("log", json!({})),
            at("push", json!({})),
        ];
        operations.map(|params| bench(place, params).run(&[json!([{}])]).map(drop).map_err(|error| error.to_string()))
    };
    for done in work() {
        done.unwrap();
    }
    assert!(!mark.exists(), "a hook ran");
    let file = place.join("one/.git/config");
    let before = fs::read_to_string(&file).unwrap();
    let run = format!("touch {}", mark.display());
    fs::write(place.join("one/.gitattributes"), "* filter=x diff=x merge=x\n").unwrap();
    for setting in [
        format!("[core]\n\tfsmonitor = {run}"),
        format!("[core]\n\thooksPath = {}", outside.path().display()),
        format!("[core]\n\tsshCommand = {run}"),
        "[core]\n\tworktree = /etc".to_owned(),
        format!("[alias]\n\tstatus = !{run}"),
        format!("[filter \"x\"]\n\tclean = {run}\n\tsmudge = {run}"),
        format!("[diff \"x\"]\n\ttextconv = {run}"),
        format!("[credential]\n\thelper = !{run}"),
        format!("[gpg]\n\tprogram = {run}"),
        format!("[remote \"origin\"]\n\treceivepack = {run}"),
        "[include]\n\tpath = /etc/gitconfig".to_owned(),
        "[url \"file:///\"]\n\tinsteadOf = http://".to_owned(),
        "[extensions]\n\tworktreeConfig = true".to_owned(),
    ] {
        fs::write(&file, format!("{before}\n{setting}\n")).unwrap();
        for done in work() {
            assert!(done.unwrap_err().contains("holds the setting"), "{setting}");
        }
    }
    fs::write(&file, &before).unwrap();
    for key in
        ["core.hooksPath", "core.sshCommand", "alias.x", "filter.x.clean", "include.path", "--global", "user.name\nx"]
    {
        let said = refused(place, at("addConfig", json!({ "key": key, "value": "touch owned" })));
        assert!(said.contains("is not set"), "{key}: {said}");
    }
    assert!(!mark.exists());
}

#[test]
fn no_parameter_becomes_an_option() {
    let (_server, place) = cloned();
    let place = place.path();
    fs::write(place.join("one/--force"), "x").unwrap();
    run(place, at("add", json!({ "pathsToAdd": "--force" })));
    assert_eq!(run(place, at("status", json!({})))[0]["created"], json!(["--force"]), "a file, and no option");
    for name in ["-f", "--orphan", "a..b", "a b", "$(id)", "`id`", "a;id", "a\nb", "a\0b", "x'", "\u{e4}"] {
        for params in [
            at("switchBranch", json!({ "branchName": name })),
            at("switchBranch", json!({ "branchName": "ok", "startPoint": name })),
            at("switchBranch", json!({ "branchName": "ok", "remoteName": name })),
            at("commit", json!({ "message": "m", "branch": name })),
            at("push", json!({ "branch": name })),
            at("reflog", json!({ "reference": name })),
            at("tag", json!({ "name": name })),
        ] {
            let said = refused(place, params.clone());
            assert!(said.contains("is no name"), "{params}: {said}");
        }
    }
    let output = place.join("written");
    let log = run(place, at("log", json!({ "file": format!("--output={}", output.display()) })));
    assert_eq!((log, output.exists()), (json!([]), false));
    assert!(refused(place, at("add", json!({ "pathsToAdd": "a\0b" }))).contains("NUL"));
    let branch = run(place, at("status", json!({})));
    assert_eq!(branch[0]["current"], "main");
    let path = refused(place, at("switchBranch", json!({ "branchName": "README.md", "createBranch": false })));
    assert!(path.contains("README.md"), "a file's changes are not thrown away: {path}");
}

#[test]
fn no_repository_lies_outside_the_folder() {
    let (server, place) = cloned();
    let outside = tempfile::tempdir().unwrap();
    let real = place.path().join("files");
    fs::create_dir(&real).unwrap();
    // A repository above the folder for files, and links that lead out of it.
    fs::rename(place.path().join("one/.git"), place.path().join(".git")).unwrap();
    symlink(outside.path(), real.join("link")).unwrap();
    fs::create_dir(real.join("inner")).unwrap();
    for name in ["../one", "/etc", "..", "link", "link/x", "inner", ".", "none", "a\0b", ""] {
        refused(&real, json!({ "operation": "status", "repositoryPath": name }));
    }
    for name in ["../two", "/tmp/two", "link", "link/two", "inner/../../two", ".", ""] {
        let clone = json!({ "operation": "clone", "sourceRepository": server.url(), "repositoryPath": name });
        let said = refused(&real, clone);
        assert!(said.contains("leads out") || said.contains("new folder") || said.contains("empty"), "{name}: {said}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    // Data elsewhere, in the ways that git knows.
    let data = place.path().join(".git");
    for lead in ["file", "linked", "commondir", "alternates", "head"] {
        let one = real.join(lead);
        fs::create_dir(&one).unwrap();
        let copy = |to: &Path| {
            let done = std::process::Command::new("cp").arg("-r").arg(&data).arg(to).status().unwrap();
            assert!(done.success());
        };
        match lead {
            "file" => fs::write(one.join(".git"), format!("gitdir: {}\n", data.display())).unwrap(),
            "linked" => symlink(&data, one.join(".git")).unwrap(),
            "commondir" => {
                copy(&one.join(".git"));
                fs::write(one.join(".git/commondir"), data.display().to_string()).unwrap();
            }
            "alternates" => {
                copy(&one.join(".git"));
                fs::write(one.join(".git/objects/info/alternates"), data.join("objects").display().to_string())
                    .unwrap();
            }
            _ => {
                copy(&one.join(".git"));
                fs::remove_file(one.join(".git/config")).unwrap();
                symlink(data.join("config"), one.join(".git/config")).unwrap();
            }
        }
        let said = refused(&real, json!({ "operation": "log", "repositoryPath": lead }));
        assert!(said.contains("the repository at") || said.contains("is no folder"), "{lead}: {said}");
    }
}

#[test]
fn a_link_that_somebody_committed_leads_nowhere() {
    let (server, place) = cloned();
    let place = place.path();
    let hostile = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=x", "-c", "user.email=x@x"]).args(arguments).current_dir(hostile.path());
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["clone", "-q", &server.url(), "."]);
    symlink("/etc/passwd", hostile.path().join("link")).unwrap();
    git(&["add", "link"]);
    git(&["commit", "-q", "-m", "link"]);
    git(&["push", "-q"]);
    run(place, at("pull", json!({})));
    let link = place.join("one/link");
    assert!(link.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(link).unwrap(), "/etc/passwd");
}
