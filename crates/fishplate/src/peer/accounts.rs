//! Connections for n8n's credentials. n8n gives their names and types, never what is in them: what a person has to
//! fill in is listed, with the command for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use engine::n8n::Imported;
use model::resource::{Manifest, Resource};
use model::{Map, Name, Value};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::pull::Pulled;

/// A host that never answers (RFC 2606), for connections whose host n8n does not tell.
const UNKNOWN_HOST: &str = "fill-in.invalid";

/// A credential of n8n that imported workflows use.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The connection's name here.
    pub connection: Name,
    /// Title in n8n.
    pub title: String,
    /// n8n's credential type.
    #[serde(rename = "type")]
    pub credential_type: String,
    /// Workflows that use it.
    pub workflows: Vec<Name>,
    /// A connection was made of it. If not, no node type here knows the type, and it is made by hand.
    pub made: bool,
    /// Places of the connection's spec that n8n does not tell.
    pub fill_in: Vec<String>,
    /// Secrets that have no value yet.
    pub secrets: Vec<String>,
    /// Fields that n8n has for the type, as far as it says.
    pub fields: Vec<String>,
    /// What to do, as commands.
    pub commands: Vec<String>,
    /// The connection's spec, where one is made.
    #[serde(skip)]
    pub spec: Option<Value>,
    /// n8n's id of it, where the workflows say it.
    #[serde(skip)]
    pub id: Option<String>,
}

/// The calls that go out with an account.
#[derive(Default)]
struct Calls {
    /// There are some. Without them the account only checks who comes in, and needs no hosts.
    any: bool,
    /// Where they go, as far as it is certain.
    hosts: BTreeSet<String>,
}

/// One credential as workflows name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    credential_type: String,
    /// The id where there is one: two credentials may have one title.
    identity: String,
}

/// Gives every credential one name across all workflows, and lists what they are. `taken` are names that other
/// connections have; `known` is what earlier imports called a credential, by its id.
pub fn settle(
    flows: &mut [Imported],
    pulled: &Pulled,
    known: &HashMap<String, Name>,
    taken: &HashSet<Name>,
) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut calls: Vec<Calls> = Vec::new();
    let mut names: HashSet<Name> = taken.clone();
    for flow in flows.iter_mut() {
        let mut renamed: BTreeMap<Name, Name> = BTreeMap::new();
        for node in &mut flow.spec.nodes {
            let address = ["url", "endpoint"].iter().find_map(|key| node.params.get(*key));
            let host = address.and_then(Value::as_str).and_then(host_of);
            let is_call = address.is_some();
            let Some(credentials) = node.foreign.get_mut("n8n").and_then(|foreign| foreign.get_mut("credentials"))
            else {
                continue;
            };
            for (slot, entry) in credentials.as_object_mut().into_iter().flatten() {
                let title = entry["is"]["name"].as_str().or(entry["is"].as_str()).unwrap_or_default().to_owned();
                let id = entry["is"]["id"].as_str().map(str::to_owned);
                let credential_type = entry["type"].as_str().unwrap_or_default().to_owned();
                let identity = id.clone().unwrap_or_else(|| format!("title:{title}"));
                let key = Key { credential_type: credential_type.clone(), identity };
                let position = *places.entry(key).or_insert_with(|| {
                    let before = id.as_ref().and_then(|id| known.get(id)).cloned();
                    let name = before.unwrap_or_else(|| free_name(&title, &credential_type, &mut names));
                    accounts.push(account(name, title, credential_type, id, pulled));
                    calls.push(Calls::default());
                    accounts.len() - 1
                });
                calls[position].any |= is_call;
                calls[position].hosts.extend(host.clone());
                let account = &mut accounts[position];
                if account.workflows.last() != Some(&flow.name) {
                    account.workflows.push(flow.name.clone());
                }
                if let Some(old) = node.connections.insert(slot.clone(), account.connection.clone()) {
                    renamed.insert(old, account.connection.clone());
                }
                entry["connection"] = json!(account.connection);
            }
        }
        for wanted in &mut flow.report.connections {
            if let Some(name) = renamed.get(&wanted.connection) {
                wanted.connection = name.clone();
            }
        }
    }
    for (account, calls) in accounts.iter_mut().zip(calls) {
        finish(account, &calls);
    }
    accounts
}

/// A manifest for each connection that can be made.
pub fn manifests(accounts: &[Account], from: &str) -> Vec<Manifest> {
    let made = accounts.iter().filter_map(|account| Some((account, account.spec.clone()?)));
    made.map(|(account, spec)| Manifest {
        kind: "connection".into(),
        name: account.connection.clone(),
        spec_version: None,
        labels: super::convert::origin(account.id.as_deref().unwrap_or_default(), from),
        spec,
    })
    .collect()
}

/// Takes out what has been filled in here since an earlier import.
pub fn compare(accounts: &mut [Account], stored: &[Resource]) {
    for account in accounts {
        let Some(resource) = stored.iter().find(|resource| resource.name == account.connection) else { continue };
        let set = resource.spec["secrets"].as_array().cloned().unwrap_or_default();
        account.secrets.retain(|field| !set.iter().any(|known| known == field));
        let made = account.spec.as_ref();
        // A place that still holds what the import put there was not filled in.
        account.fill_in.retain(|place| {
            let open = made.and_then(|spec| spec.pointer(place)).unwrap_or(&Value::Null);
            resource.spec.pointer(place).unwrap_or(&Value::Null) == open
        });
        account.made = true;
        command(account);
    }
}

fn free_name(title: &str, credential_type: &str, names: &mut HashSet<Name>) -> Name {
    let speaks = title.chars().any(|letter| letter.is_ascii_alphanumeric());
    let base = Name::from_title(if speaks { title } else { credential_type });
    let mut name = base.clone();
    let mut number = 1;
    while !names.insert(name.clone()) {
        number += 1;
        name = Name::from_title(&format!("{}-{number}", base.as_str().chars().take(88).collect::<String>()));
    }
    name
}

fn account(name: Name, title: String, credential_type: String, id: Option<String>, pulled: &Pulled) -> Account {
    let fields = pulled.schemas.get(&credential_type).cloned().unwrap_or_default();
    Account {
        connection: name,
        title,
        credential_type,
        workflows: Vec::new(),
        made: false,
        fill_in: Vec::new(),
        secrets: Vec::new(),
        fields,
        commands: Vec::new(),
        spec: None,
        id,
    }
}

/// Makes the spec, and says what is missing in it.
fn finish(account: &mut Account, Calls { any, hosts }: &Calls) {
    if let Some((connector, auth)) = connectors::account::for_credential(&account.credential_type) {
        let offered = connectors::account::offer(&connector.manifest, auth);
        let mut spec = offered.spec;
        spec["title"] = json!(account.title);
        spec["foreign"] = json!({ "n8n": { "type": account.credential_type, "id": account.id } });
        account.made = true;
        account.fill_in = offered.fill_in;
        account.secrets = offered.secrets.into_keys().collect();
        account.spec = Some(spec);
        return command(account);
    }
    let Some(Shape { auth, fill_in, secrets }) = shape(&account.credential_type) else {
        account.commands.push(format!(
            "fishplate apply {}.yaml   # no node type here stands for `{}`: describe how its calls are signed",
            account.connection, account.credential_type
        ));
        return;
    };
    let login = auth["type"] == "login";
    let mut spec = json!({ "title": account.title, "auth": auth });
    if !login && !hosts.is_empty() {
        spec["hosts"] = json!(hosts);
    }
    let mut foreign = Map::new();
    foreign.insert("type".into(), json!(account.credential_type));
    foreign.extend(account.id.as_ref().map(|id| ("id".to_owned(), json!(id))));
    spec["foreign"] = json!({ "n8n": foreign });
    account.made = true;
    account.fill_in = fill_in.iter().map(|place| (*place).to_owned()).collect();
    if !login && *any && hosts.is_empty() {
        account.fill_in.push("/hosts".to_owned());
    }
    account.secrets = secrets.iter().map(|field| (*field).to_owned()).collect();
    account.spec = Some(spec);
    command(account);
}

/// Says what to do.
fn command(account: &mut Account) {
    let name = &account.connection;
    account.commands.clear();
    if !account.fill_in.is_empty() {
        let places: Vec<&str> = account.fill_in.iter().map(|place| place.trim_start_matches('/')).collect();
        account.commands.push(format!(
            "fishplate export connection/{name} --to {name}.yaml   # fill in {}, then: fishplate apply {name}.yaml",
            places.join(", ")
        ));
    }
    let secret = |field: &String| format!("fishplate secret {name} {field} < file-with-the-{field}");
    account.commands.extend(account.secrets.iter().map(secret));
}

/// What a credential type of n8n is here.
struct Shape {
    auth: Value,
    /// Places of the spec that only whoever has the account knows.
    fill_in: &'static [&'static str],
    secrets: &'static [&'static str],
}

fn shape(credential_type: &str) -> Option<Shape> {
    let login = |protocol: &str, secrets: &'static [&'static str]| {
        let auth = json!({ "type": "login", "protocol": protocol, "host": UNKNOWN_HOST });
        Some(Shape { auth, fill_in: &["/auth/host", "/auth/user"], secrets })
    };
    let plain = |auth: Value, fill_in: &'static [&'static str], secrets: &'static [&'static str]| {
        Some(Shape { auth, fill_in, secrets })
    };
    match credential_type {
        "httpBasicAuth" => plain(json!({ "type": "basic", "username": "" }), &["/auth/username"], &["password"]),
        "httpDigestAuth" => plain(json!({ "type": "digest", "username": "" }), &["/auth/username"], &["password"]),
        "httpHeaderAuth" => plain(json!({ "type": "header", "name": "authorization" }), &["/auth/name"], &["value"]),
        "httpQueryAuth" => plain(json!({ "type": "query", "name": "api_key" }), &["/auth/name"], &["value"]),
        "httpBearerAuth" => plain(json!({ "type": "bearer" }), &[], &["token"]),
        "httpCustomAuth" => {
            plain(json!({ "type": "custom" }), &["/auth/secretHeaders", "/auth/secretQuery", "/auth/secretBody"], &[])
        }
        "jwtAuth" => plain(json!({ "type": "jwt", "algorithm": "HS256" }), &["/auth/algorithm"], &["key"]),
        // Which of its keys the nodes use, n8n does not say.
        "crypto" => plain(json!({ "type": "keys" }), &[], &[]),
        "postgres" => login("postgres", &["password"]),
        "mySql" => login("mysql", &["password"]),
        "mongoDb" => login("mongodb", &["password"]),
        "redis" => login("redis", &["password"]),
        "mqtt" => login("mqtt", &["password"]),
        "rabbitmq" | "amqp" => login("amqp", &["password"]),
        "nats" => login("nats", &["password"]),
        "smtp" => login("smtp", &["password"]),
        "imap" => login("imap", &["password"]),
        "ftp" => login("ftp", &["password"]),
        "sftp" => login("sftp", &["password"]),
        "sshPassword" => login("ssh", &["password"]),
        "sshPrivateKey" => login("ssh", &["privateKey", "passphrase"]),
        "ldap" => login("ldap", &["password"]),
        "s3" | "aws" => login("s3", &["password"]),
        "gitPassword" => login("git", &["password"]),
        _ => None,
    }
}

/// The host that a call goes to, where the address says it: what comes before the first expression counts.
fn host_of(address: &str) -> Option<String> {
    let text = address.trim().trim_start_matches('=');
    let fixed = text.split("{{").next().unwrap_or_default();
    // An expression right behind the host may be a part of its name.
    let whole = fixed.len() == text.len() || fixed.splitn(4, '/').nth(3).is_some();
    let url = Url::parse(fixed).ok().filter(|_| whole)?;
    url.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_a_connection_that_can_be_stored() {
        let kinds = crate::parts::kinds();
        let types = [
            "httpBasicAuth",
            "httpDigestAuth",
            "httpHeaderAuth",
            "httpQueryAuth",
            "httpBearerAuth",
            "httpCustomAuth",
            "jwtAuth",
            "crypto",
            "postgres",
            "mySql",
            "mongoDb",
            "redis",
            "mqtt",
            "rabbitmq",
            "amqp",
            "nats",
            "smtp",
            "imap",
            "ftp",
            "sftp",
            "sshPassword",
            "sshPrivateKey",
            "ldap",
            "s3",
            "aws",
            "gitPassword",
        ];
        for credential_type in types {
            let name: Name = "account".parse().unwrap();
            let mut account = account(name, "A".into(), credential_type.into(), Some("1".into()), &Pulled::default());
            finish(&mut account, &Calls { any: true, hosts: ["api.example.com".to_owned()].into() });
            let manifest = manifests(std::slice::from_ref(&account), "here").pop().expect(credential_type);
            let (_, spec) = crate::resources::judge::decode(&kinds, &manifest).expect(credential_type);
            assert!(spec.check().0.is_empty(), "{credential_type}: {:?}", spec.check().0);
            let known = spec.secret_fields();
            assert!(account.secrets.iter().all(|field| known.contains(field)), "{credential_type}: {known:?}");
        }
    }

    #[test]
    fn hosts_are_read_where_they_are_certain() {
        for (address, expected) in [
            ("https://api.example.com/v1?x=1", Some("api.example.com")),
            ("=https://api.example.com/v1/{{ $json.id }}", Some("api.example.com")),
            ("=https://api.example.com{{ $json.path }}", None),
            ("={{ $json.url }}", None),
            ("=https://{{ $json.host }}/x", None),
            ("", None),
        ] {
            assert_eq!(host_of(address).as_deref(), expected, "{address}");
        }
    }
}
