//! FTP and FTPS against vsftpd.

use std::collections::BTreeMap;
use std::fs;

use model::Value;
use outbound::{Encryption, Login, Protocol};
use serde_json::json;
use testkit::ftpd::{Ftpd, PASSWORD, Tls, start};
use testkit::step::{Bench, Ran};

use super::ftp::Ftp;
use super::testing::{content, file};

fn login(server: &Ftpd, password: &str) -> Login {
    let secrets = BTreeMap::from([("password".to_owned(), password.to_owned())]);
    let mut login = Login::new(Protocol::Ftp, "127.0.0.1", server.address.port()).with_secrets(secrets);
    login.user.clone_from(&server.user);
    login
}

fn bench(login: &Login, params: Value) -> Bench {
    Bench::new(&Ftp, params).unwrap().login("ftp", login.clone())
}

#[track_caller]
fn run(login: &Login, params: Value, input: Value) -> Ran {
    bench(login, params).run(&[json!([input])]).unwrap()
}

fn whole_life(server: &Ftpd, login: &Login) {
    let home = server.home.to_str().unwrap();
    let at = |name: &str| format!("{home}/{name}");
    // More than fits into the buffers of sockets, with every byte that a text mode would change.
    let big: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    run(login, json!({ "operation": "upload", "path": at("in/deep/big") }), file("x", &big));
    let text = json!({ "operation": "upload", "path": at("in/a b.txt"), "binaryData": false, "fileContent": "ä\n" });
    run(login, text, json!({}));
    assert!(fs::read(server.home.join("in/deep/big")).unwrap() == big);
    assert_eq!(fs::read(server.home.join("in/a b.txt")).unwrap(), "ä\n".as_bytes());
    std::os::unix::fs::symlink("/etc", server.home.join("in/link")).unwrap();

    let list = |params: Value| {
        let ran = run(login, params, json!({}));
        let entry = |entry: &Value| (entry["type"].as_str().unwrap().to_owned(), entry["path"].clone());
        (ran.json()[0].as_array().unwrap().iter().map(entry).collect::<Vec<_>>(), ran.json()[0].clone())
    };
    let (paths, whole) = list(json!({ "operation": "list", "path": at("in") }));
    let expect = [("-", "in/a b.txt"), ("d", "in/deep"), ("l", "in/link")];
    assert_eq!(paths, expect.map(|(kind, path)| (kind.to_owned(), json!(at(path)))));
    assert_eq!((&whole[0]["size"], &whole[0]["rights"]["user"]), (&json!(3), &json!("rw")));
    assert_eq!(whole[2]["target"], "/etc");
    let (all, _) = list(json!({ "operation": "list", "path": at("in"), "recursive": true }));
    assert_eq!((all.len(), &all[3].1), (4, &json!(at("in/deep/big"))), "links are not followed");

    let mut get = bench(login, json!({ "path": at("in/deep/big"), "binaryPropertyName": "got" }));
    let ran = get.run(&[json!([{ "k": 1 }])]).unwrap();
    let got = ran.files(0, 0).remove("got").unwrap();
    assert_eq!((got.size, got.file_name.as_deref()), (5_000_000, Some("big")));
    assert!(content(get.host(), &got) == big);

    let rename = json!({
        "operation": "rename", "oldPath": at("in/deep/big"), "newPath": at("new/place/big"), "createDirectories": true
    });
    run(login, rename, json!({}));
    assert!(server.home.join("new/place/big").exists());
    let folder = json!({ "operation": "delete", "path": at("in"), "folder": true });
    assert!(bench(login, folder.clone()).run(&[json!([{}])]).is_err(), "it is not empty");
    let mut whole = folder;
    whole["recursive"] = true.into();
    run(login, whole, json!({}));
    assert!(!server.home.join("in").exists() && fs::exists("/etc/passwd").unwrap());
    run(login, json!({ "operation": "delete", "path": at("new/place/big") }), json!({}));
    let error = bench(login, json!({ "path": at("none") })).run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().contains("the server could not read") && error.to_string().contains("550"), "{error}");
}

#[test]
fn files_are_moved_over_ftp() {
    let server = start(Tls::None).unwrap();
    whole_life(&server, &login(&server, PASSWORD));
    let refused = bench(&login(&server, "wrong"), json!({ "path": "/x" })).run(&[json!([{}])]).unwrap_err();
    assert!(refused.to_string().contains("refused the login of") && refused.permanent, "{refused}");
    let log = server.protocol();
    assert!(log.contains("EPSV") && !log.contains("PORT"), "data streams are opened from here: {log}");
}

#[test]
fn files_are_moved_over_tls() {
    for (tls, encryption) in [(Tls::Explicit, Encryption::StartTls), (Tls::Implicit, Encryption::Tls)] {
        let server = start(tls).unwrap();
        let mut login = login(&server, PASSWORD);
        login.encryption = encryption;
        let refused = bench(&login, json!({ "path": "/x" })).run(&[json!([{}])]).unwrap_err();
        assert!(!server.protocol().contains("PASS"), "a server that is not trusted sees no password: {refused}");
        login.settings.insert("caCertificate".into(), server.certificate().into());
        whole_life(&server, &login);
        login.settings.clear();
        login.accept_invalid_certs = true;
        run(&login, json!({ "operation": "list", "path": "." }), json!({}));
    }
}

#[test]
fn a_name_with_a_dash_is_no_option() {
    let server = start(Tls::None).unwrap();
    let login = login(&server, PASSWORD);
    fs::create_dir(server.home.join("-R")).unwrap();
    fs::write(server.home.join("-R/inside"), "x").unwrap();
    let ran = run(&login, json!({ "operation": "list", "path": "-R" }), json!({}));
    assert_eq!(ran.json()[0][0]["path"], "-R/inside");
    assert_eq!(ran.json()[0].as_array().unwrap().len(), 1);
}

#[test]
fn items_share_a_session_and_a_failed_one_harms_no_other() {
    let server = start(Tls::None).unwrap();
    let login = login(&server, PASSWORD);
    let home = server.home.to_str().unwrap();
    fs::write(server.home.join("a"), "x").unwrap();
    let params = json!({ "path": format!("={home}/{{{{ $json.name }}}}") });
    let mut bench = bench(&login, params).on_error(model::workflow::OnError::Continue);
    let ran = bench.run(&[json!([{ "name": "a" }, { "name": "none" }, { "name": "a" }])]).unwrap();
    assert_eq!(ran.json()[0][0], json!({ "name": "a" }));
    assert!(ran.json()[0][1]["error"].as_str().unwrap().contains("550"));
    assert_eq!(content(bench.host(), &ran.files(0, 2)["data"]), b"x");
}
