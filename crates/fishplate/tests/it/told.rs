//! The secrets that a server was told while it was tested, and the search for them in everything that it wrote.
//!
//! Each server of each test is searched when the test is over, so that whatever is built next is searched, too.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::Value;

/// Shorter ones stand by chance in what a server writes.
const SHORTEST: usize = 10;

/// The secrets of a server, in a file beside its data, so that the next server on the same data knows them as well.
pub struct Told {
    folder: PathBuf,
}

impl Told {
    pub fn beside(folder: &Path) -> Told {
        Told { folder: folder.to_owned() }
    }

    /// Takes the secret of a request that gives the server one.
    pub fn request(&self, method: &str, path: &str, body: &Value) {
        if let ("PUT", Some(value)) = (method, body["value"].as_str())
            && path.contains("/secrets/")
        {
            self.add(value);
        }
    }

    fn add(&self, secret: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.folder.join("told")).unwrap();
        writeln!(file, "{}", Value::from(secret)).unwrap();
    }

    /// Where the server's log goes.
    pub fn log(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap()
    }

    /// What of a server's files holds a secret, as sentences.
    pub fn found(&self) -> Vec<String> {
        let told = fs::read_to_string(self.folder.join("told")).unwrap_or_default();
        let told: BTreeSet<String> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // A key of several lines stands escaped in JSON: one of its lines will do.
        let longest = |secret: &String| secret.lines().max_by_key(|line| line.len()).unwrap_or_default().to_owned();
        let secrets: Vec<String> = told.iter().map(longest).filter(|secret| secret.trim().len() >= SHORTEST).collect();
        let forms =
            secrets.iter().flat_map(|secret| [secret.clone(), STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
        let forms: Vec<String> = forms.map(|form| regex::escape(&form)).collect();
        if forms.is_empty() {
            return Vec::new();
        }
        let form = regex::bytes::Regex::new(&forms.join("|")).unwrap();
        let written = files(&self.folder.join("data")).into_iter().chain([self.folder.join("log")]);
        let holds = |file: PathBuf| {
            let bytes = fs::read(&file).unwrap_or_default();
            let found = form.find(&bytes)?;
            Some(format!("{} holds the secret `{}`", file.display(), String::from_utf8_lossy(found.as_bytes())))
        };
        written.filter_map(holds).collect()
    }
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn a_secret_is_found_in_each_of_its_forms_and_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::beside(folder.path());
    told.request("PUT", "/connections/crm/secrets/token", &serde_json::json!({ "value": "open sesame, now" }));
    told.request("PUT", "/connections/crm", &serde_json::json!({ "value": "not a secret at all" }));
    fs::create_dir_all(folder.path().join("data/deep")).unwrap();
    fs::write(folder.path().join("data/deep/clean"), "not a secret at all").unwrap();
    assert!(told.found().is_empty());
    fs::write(folder.path().join("data/deep/packed"), STANDARD.encode("open sesame, now")).unwrap();
    write!(told.log(), "the token is open sesame, now").unwrap();
    let found = told.found();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("packed") && found[1].contains("log"), "{found:?}");
}
