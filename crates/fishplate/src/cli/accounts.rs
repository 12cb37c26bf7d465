//! What a run without a server stands on besides its workflow: connections with their secrets, variables, egress rules.
//!
//! Secret values come from a file or the environment, go into the sealed table of the throw-away store, and are never
//! printed: no message repeats what stood where a secret was expected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::{Connection, Keyring, MasterKey, Vault, now_millis};
use clap::Args;
use engine::ports::{Tokens, VariableSet, Variables};
use futures_util::future::BoxFuture;
use model::resource::Manifest;
use model::{Code, Map, Name, Problem, RunId, Scope, ScopeId, Value};
use outbound::{EgressRules, HostPattern};
use part::NodeError;
use store::{Change, Expect, ResourceWrite, Store};

use crate::kinds::Variable;

/// What the environment's names of secrets begin with.
const PREFIX: &str = "FISHPLATE_SECRET_";

/// What a run stands on, as the command line gives it.
#[derive(Args, Debug)]
pub struct Given {
    /// Account that nodes name as NAME; the file has a connection's spec, with its values under `secrets`
    ///
    /// For example `--connection crm=crm.json` with the file
    /// {"auth": {"type": "bearer"}, "hosts": ["api.crm.example"], "secrets": {"token": "…"}}.
    /// A secret that is not in the file is read from the environment: for the connection `crm` and its secret
    /// `token` the variable FISHPLATE_SECRET_CRM_TOKEN. Secrets are never printed.
    #[arg(long = "connection", value_name = "NAME=FILE")]
    connections: Vec<String>,
    /// Variable that expressions find as `$vars.NAME`; the value is JSON, or else a text
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// Refuse calls to private and loopback addresses
    #[arg(long)]
    no_private: bool,
    /// Let this host or network be called although it is private, with `--no-private`
    #[arg(long, value_name = "HOST")]
    open_host: Vec<HostPattern>,
    /// Let only these hosts and networks be called
    #[arg(long, value_name = "HOST")]
    only_host: Vec<HostPattern>,
    /// Let this host or network not be called, whatever else is said
    #[arg(long, value_name = "HOST")]
    deny_host: Vec<HostPattern>,
}

/// The same, ready to be used.
pub struct Ready {
    /// Connections with their secrets.
    pub vault: Vault,
    /// Where they are in the store.
    pub scope: ScopeId,
    /// Variables.
    pub variables: Arc<VariableSet>,
    /// What may be called.
    pub egress: EgressRules,
}

/// A connection and the secrets that its file gives.
struct Account {
    name: Name,
    spec: Value,
    secrets: Map,
    source: String,
}

impl Given {
    /// Reads everything and puts it into the store. `manifests` came in the workflow's own files.
    pub async fn ready(&self, store: &Store, manifests: &[Manifest]) -> Result<Ready, Problem> {
        let scope = store.ensure_scope(&Scope::default()).await?;
        let vault = Vault::new(store.clone(), Keyring::new(MasterKey::generate()));
        for account in self.accounts(manifests)? {
            account.put(store, &vault, scope).await?;
        }
        let variables = Arc::new(self.variables(manifests)?);
        Ok(Ready { vault, scope, variables, egress: self.egress(manifests)? })
    }

    /// Those of the files, and those of the command line in their place.
    fn accounts(&self, manifests: &[Manifest]) -> Result<Vec<Account>, Problem> {
        let mut accounts: Vec<Account> = manifests
            .iter()
            .filter(|manifest| manifest.kind == "connection")
            .map(|manifest| Account {
                name: manifest.name.clone(),
                spec: manifest.spec.clone(),
                secrets: Map::new(),
                source: format!("connection/{}", manifest.name),
            })
            .collect();
        for given in &self.connections {
            let (name, file) = pair(given, "--connection", "NAME=FILE")?;
            let account = Account::read(name, &PathBuf::from(file))?;
            accounts.retain(|known| known.name != account.name);
            accounts.push(account);
        }
        Ok(accounts)
    }

    fn variables(&self, manifests: &[Manifest]) -> Result<VariableSet, Problem> {
        let mut set = VariableSet::default();
        let mut add = |key: String, value: Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            set.env.insert(key.clone(), text);
            set.vars.insert(key, value);
        };
        for manifest in manifests.iter().filter(|manifest| manifest.kind == "variable") {
            let variable: Variable =
                part::kind::parse(manifest.spec.clone()).map_err(|problem| problem.below("/spec"))?;
            add(variable.key.unwrap_or_else(|| manifest.name.to_string()), variable.value);
        }
        for given in &self.variables {
            let (name, value) = pair(given, "--variable", "NAME=VALUE")?;
            add(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
        }
        Ok(set)
    }

    fn egress(&self, manifests: &[Manifest]) -> Result<EgressRules, Problem> {
        let own = manifests.iter().find(|manifest| manifest.kind == "egress");
        let mut rules: EgressRules = match own {
            Some(manifest) => part::kind::parse(manifest.spec.clone()).map_err(|problem| problem.below("/spec"))?,
            None => EgressRules::private(),
        };
        rules.private &= !self.no_private;
        rules.open.extend(self.open_host.iter().cloned());
        rules.allow.extend(self.only_host.iter().cloned());
        rules.deny.extend(self.deny_host.iter().cloned());
        Ok(rules)
    }
}

/// One account, ready to be used.
pub struct Alone {
    /// The connection with its secrets.
    pub vault: Vault,
    /// Where it is in the store.
    pub scope: ScopeId,
    /// What it says beside its secrets.
    pub settings: Map,
}

/// The account of a file, under that name. What the file does not say is taken from the spec of a connection that is
/// offered for its settings.
pub async fn alone(
    store: &Store,
    file: &Path,
    name: &Name,
    offer: impl FnOnce(&Map) -> Value,
) -> Result<Alone, Problem> {
    let mut account = Account::read(name.as_str(), file)?;
    let mut offered = offer(account.spec["settings"].as_object().unwrap_or(&Map::new()));
    merge(&mut offered, std::mem::take(&mut account.spec));
    let settings = offered["settings"].as_object().cloned().unwrap_or_default();
    account.spec = offered;
    let scope = store.ensure_scope(&Scope::default()).await?;
    let vault = Vault::new(store.clone(), Keyring::new(MasterKey::generate()));
    account.put(store, &vault, scope).await?;
    Ok(Alone { vault, scope, settings })
}

/// Puts what is given over what there is. Another type of account leaves nothing of the one that was offered.
fn merge(there: &mut Value, given: Value) {
    match (there, given) {
        (Value::Object(there), Value::Object(given)) if !given.contains_key("type") => {
            for (name, value) in given {
                merge(there.entry(name).or_insert(Value::Null), value);
            }
        }
        (there, given) => *there = given,
    }
}

impl Account {
    /// A file with a connection's spec, or with a whole manifest; `secrets` beside it has values, not flags.
    fn read(name: &str, path: &Path) -> Result<Account, Problem> {
        let source = path.display().to_string();
        let unreadable = |detail: String| Problem::new(Code::UnreadableFile, format!("`{source}`: {detail}"));
        let name: Name = name
            .parse()
            .map_err(|error| Problem::new(Code::InvalidName, format!("`--connection {name}=…`: {error}")))?;
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        // Only the place of an error is told: the text around it may be a secret.
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| unreadable(format!("no JSON at line {}, column {}", error.line(), error.column())))?;
        let Value::Object(mut map) = value else {
            return Err(unreadable("a connection is a JSON object".into()));
        };
        let secrets = match map.remove("secrets") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(secrets)) if secrets.values().all(Value::is_string) => secrets,
            Some(_) => return Err(unreadable("`secrets` is an object of texts".into())),
        };
        let inner = map.contains_key("spec") && !map.contains_key("auth");
        let spec = if inner { map.remove("spec").unwrap_or_default() } else { Value::Object(map) };
        Ok(Account { name, spec, secrets, source })
    }

    async fn put(self, store: &Store, vault: &Vault, scope: ScopeId) -> Result<(), Problem> {
        let spec = Connection::without_flags(&self.spec);
        let mut connection: Connection = part::kind::parse(spec)
            .map_err(|problem| Problem { detail: format!("`{}`: {}", self.source, problem.detail), ..problem })?;
        let mut problems = connection.check().0;
        let fields = connection.secret_fields();
        for unknown in self.secrets.keys().filter(|field| !fields.contains(field)) {
            let known = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            let detail = format!("`{}`: a connection of this type has no secret `{unknown}`", self.source);
            problems.push(Problem::new(Code::InvalidSpec, detail).hint(format!("it has {known}")));
        }
        let mut values = Vec::new();
        for field in fields {
            let variable = variable_of(&self.name, &field);
            let given = self.secrets.get(&field).and_then(Value::as_str).map(str::to_owned);
            match given.or_else(|| std::env::var(&variable).ok()) {
                Some(value) => values.push((field, value)),
                None => {
                    let detail = format!("connection `{}` has no value for its secret `{field}`", self.name);
                    let hint = format!("put it under `secrets` in the connection's file, or into {variable}");
                    problems.push(Problem::new(Code::ConnectionMissing, detail).hint(hint));
                }
            }
        }
        if let Some(problem) = Problem::from_many(problems) {
            return Err(problem);
        }
        connection.secrets = values.iter().map(|(field, _)| field.clone()).collect();
        let text =
            serde_json::to_string(&connection).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let write = ResourceWrite {
            kind: "connection".into(),
            name: self.name.clone(),
            spec_version: 1,
            labels: Default::default(),
            spec: text,
            refs: Vec::new(),
            keys: Vec::new(),
            expect: Expect::Any,
        };
        store.put_resources(scope, vec![write], Change::new("cli:run", now_millis())).await?;
        for (field, value) in values {
            vault.put_secret(scope, &self.name, &field, value.as_bytes(), "cli:run").await?;
        }
        Ok(())
    }
}

/// The environment variable of a secret: `FISHPLATE_SECRET_CRM_TOKEN`.
fn variable_of(connection: &Name, field: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    format!("{PREFIX}{}", format!("{connection}_{field}").chars().map(plain).collect::<String>())
}

/// Both sides of `NAME=…`.
fn pair<'a>(text: &'a str, flag: &str, shape: &str) -> Result<(&'a str, &'a str), Problem> {
    let both = text.split_once('=').filter(|(name, _)| !name.is_empty());
    // What was given is not repeated: it may be a secret that was put in the wrong place.
    both.ok_or_else(|| Problem::new(Code::Malformed, format!("`{flag}` is written as {shape}")))
}

/// Variables that do not change.
pub struct Fixed(pub Arc<VariableSet>);

impl Variables for Fixed {
    fn current(&self, _: ScopeId) -> Arc<VariableSet> {
        self.0.clone()
    }

    fn at<'a>(&'a self, _: &'a Scope, _: u64) -> BoxFuture<'a, Result<Arc<VariableSet>, Problem>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// Signs with the keys of given connections. Nothing resumes a run that ends with its command.
pub struct Signer {
    /// The connections.
    pub vault: Vault,
    /// Where they are.
    pub scope: ScopeId,
}

impl Tokens for Signer {
    fn sign<'a>(
        &'a self,
        _: &'a Scope,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        Box::pin(async move { Ok(self.vault.make_token(self.scope, connection, request).await?) })
    }

    fn check<'a>(
        &'a self,
        _: &'a Scope,
        connection: &'a Name,
        token: &'a str,
        checks: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async move { Ok(self.vault.check_token(self.scope, connection, token, checks).await?) })
    }

    fn key<'a>(
        &'a self,
        _: &'a Scope,
        connection: &'a Name,
        field: &'a str,
    ) -> BoxFuture<'a, Result<auth::Key, NodeError>> {
        Box::pin(async move { Ok(self.vault.key(self.scope, connection, field).await?) })
    }

    fn resume_url(&self, _: &Scope, _: RunId, _: u32) -> Option<String> {
        None
    }
}
