//! Git over SSH, against OpenSSH and the git that it starts.

use std::collections::BTreeMap;
use std::fs;

use model::{Code, Value};
use outbound::{Login, Protocol};
use part::folder::Folder;
use part::powers::Power;
use part::{Category, NodeError};
use serde_json::json;
use testkit::sshd::{PASSWORD, Sshd, start};
use testkit::step::Bench;

use super::GitNode;
use crate::shells::ssh::Ssh;

struct Place {
    server: Sshd,
    folder: tempfile::TempDir,
}

impl Place {
    /// A server with an empty repository in its user's home.
    fn new() -> Place {
        testkit::daemon::package("git", &["git"]).unwrap();
        let place = Place { server: start().unwrap(), folder: tempfile::tempdir().unwrap() };
        let made = Bench::new(&Ssh, json!({ "command": "git init -q --bare -b main \"$HOME/repo.git\"" })).unwrap();
        let made = made.login("ssh", place.by_password()).allow([Power::Ssh]).run(&[json!([{}])]).unwrap().json();
        assert_eq!(made[0][0]["code"], 0, "{made:?}");
        place
    }

    fn login(&self, protocol: Protocol, secrets: &[(&str, &str)]) -> Login {
        let secrets: BTreeMap<String, String> =
            secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut login = Login::new(protocol, "127.0.0.1", self.server.address.port()).with_secrets(secrets);
        login.user.clone_from(&self.server.user);
        login.settings.insert("hostKey".into(), self.server.fingerprint.as_str().into());
        login
    }

    fn by_key(&self) -> Login {
        self.login(Protocol::Git, &[("privateKey", &self.server.private_key)])
    }

    fn by_password(&self) -> Login {
        self.login(Protocol::Ssh, &[("password", PASSWORD)])
    }

    fn url(&self, path: &str) -> String {
        format!("ssh://{}@{}/~/{path}", self.server.user, self.server.address)
    }

    fn attempt(&self, login: Login, params: Value) -> Result<Value, NodeError> {
        let bench = Bench::new(&GitNode, params).unwrap().folder(Folder::open(self.folder.path()).unwrap());
        let mut bench = bench.allow([Power::Git]).login("git", login);
        bench.run(&[json!([{}])]).map(|ran| ran.json().swap_remove(0))
    }

    #[track_caller]
    fn run(&self, login: Login, params: Value) -> Value {
        self.attempt(login, params.clone()).unwrap_or_else(|error| panic!("{params}: {error}"))
    }

    fn clone(&self, login: Login, url: &str, to: &str) -> Result<Value, NodeError> {
        self.attempt(login, json!({ "operation": "clone", "sourceRepository": url, "repositoryPath": to }))
    }
}

#[test]
fn a_repository_is_cloned_and_pushed_by_key_and_by_password() {
    let place = Place::new();
    place.clone(place.by_key(), &place.url("repo.git"), "one").unwrap();
    let at = |operation: &str, more: Value| {
        let mut params = json!({ "operation": operation, "repositoryPath": "one" });
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        params
    };
    for (key, value) in [("user.name", "Me"), ("user.email", "me@example.com")] {
        place.run(place.by_key(), at("addConfig", json!({ "key": key, "value": value })));
    }
    fs::write(place.folder.path().join("one/file"), "one").unwrap();
    place.run(place.by_key(), at("add", json!({ "pathsToAdd": "file" })));
    place.run(place.by_key(), at("commit", json!({ "message": "the first", "branch": "main" })));
    place.run(place.by_password(), at("push", json!({})));
    place.clone(place.by_password(), &place.url("repo.git"), "two").unwrap();
    assert_eq!(fs::read_to_string(place.folder.path().join("two/file")).unwrap(), "one");
    let config = place.run(place.by_key(), at("listConfig", json!({})));
    assert_eq!(config[0]["remote.origin.url"], place.url("repo.git"), "the way is not kept in the repository");
    fs::write(place.folder.path().join("one/file"), "two").unwrap();
    place.run(place.by_key(), at("commit", json!({ "message": "the second", "files": true, "pathsToAdd": "file" })));
    place.run(place.by_key(), at("push", json!({ "repository": true, "targetRepository": place.url("repo.git") })));
    place.run(place.by_key(), json!({ "operation": "pull", "repositoryPath": "two" }));
    assert_eq!(fs::read_to_string(place.folder.path().join("two/file")).unwrap(), "two");
}

#[test]
fn nobody_is_logged_in_to_who_is_not_known_and_no_path_becomes_a_command() {
    let place = Place::new();
    let url = place.url("repo.git");
    let refused = |login: Login, url: &str, code: Code| {
        let error = place.clone(login, url, "new").unwrap_err();
        assert_eq!(error.problem.code, code, "{error}");
        assert!(!place.folder.path().join("new").exists());
        error
    };
    let mut unknown = place.by_key();
    unknown.settings.remove("hostKey");
    let error = refused(unknown, &url, Code::DialFailed);
    assert!(error.to_string().contains(&place.server.fingerprint) || error.problem.hint.is_some(), "{error}");
    let wrong = place.login(Protocol::Ssh, &[("password", "wrong")]);
    assert_eq!(refused(wrong, &url, Code::CredentialRejected).category, Category::Auth);
    let other_user = format!("ssh://root@{}/~/repo.git", place.server.address);
    refused(place.by_key(), &other_user, Code::HostNotAllowed);
    let other_host = format!("ssh://{}@localhost:{}/~/repo.git", place.server.user, place.server.address.port());
    refused(place.by_key(), &other_host, Code::HostNotAllowed);
    let without =
        Bench::new(&GitNode, json!({ "operation": "clone", "sourceRepository": url, "repositoryPath": "new" }));
    let without = without.unwrap().folder(Folder::open(place.folder.path()).unwrap()).allow([Power::Git]);
    let error = without.outbound(testkit::logins::outbound(BTreeMap::new())).run(&[json!([{}])]).unwrap_err();
    assert_eq!(error.problem.code, Code::ConnectionMissing, "{error}");
    for path in ["none.git", "x'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "--upload-pack=touch pwned"] {
        let error = place.clone(place.by_key(), &place.url(path).replace(' ', "%20"), "new").unwrap_err();
        assert!(error.to_string().contains("git-upload-pack"), "{path}: {error}");
    }
    assert!(!place.server.home.join("pwned").exists());
}
