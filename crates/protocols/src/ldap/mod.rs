//! `ldap`: entries of a directory.

pub(crate) mod filter;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use futures_util::future::BoxFuture;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::asn1::{PL, StructureTag};
use ldap3::{Ldap, LdapConnAsync, LdapError, Mod, ResultEntry, SearchEntry};
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use outbound::{Encryption, Tunnel};
use part::n8n::{self, Lifted, Mapping, Names, Version, named, put, renamed};
use part::node::Slot;
use part::{
    CallFailure, CallSpec, Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed, lenient,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::each::{PerItem, account, each, lacks, way_out};

/// Slot of the account.
const SLOT: &str = "ldap";

/// Longest time that an operation may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Attributes of Microsoft's directory that are numbers in bytes; they are shown in hexadecimal, as n8n does.
const HEX: [&str; 2] = ["objectGUID", "objectSid"];

/// The node types of directories.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(Directory)]
}

/// What `ldap` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("default" = "search"))]
    #[serde(default)]
    operation: Operation,
    /// Distinguished name of the entry, for all operations but `search`.
    #[schemars(
        title = "Entry (DN)",
        example = &"uid=ada,ou=people,dc=example,dc=com",
        extend("x-form" = { "when": { "operation": ["compare", "create", "delete", "rename", "update"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    dn: String,
    /// With `compare`: the attribute that is looked at.
    #[schemars(title = "Attribute", example = &"mail", extend("x-form" = { "when": { "operation": "compare" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    id: String,
    /// With `compare`: the value that it should have.
    #[schemars(extend("x-form" = { "when": { "operation": "compare" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
    /// With `rename`: the new distinguished name.
    #[schemars(
        title = "New name (DN)",
        example = &"uid=ada,ou=staff,dc=example,dc=com",
        extend("x-form" = { "when": { "operation": "rename" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    target_dn: String,
    /// With `create`: the attributes of the new entry. One that is named twice has both values.
    #[schemars(extend("x-form" = { "when": { "operation": "create" } }))]
    #[serde(default)]
    attributes: Vec<Attribute>,
    /// With `update`: values to add.
    #[schemars(title = "Values to add", extend("x-form" = { "when": { "operation": "update" } }))]
    #[serde(default)]
    add: Vec<Attribute>,
    /// With `update`: values that take the place of those that an attribute has.
    #[schemars(title = "Values to replace", extend("x-form" = { "when": { "operation": "update" } }))]
    #[serde(default)]
    replace: Vec<Attribute>,
    /// With `update`: values to remove; an empty one removes the whole attribute.
    #[schemars(title = "Values to remove", extend("x-form" = { "when": { "operation": "update" } }))]
    #[serde(default)]
    delete: Vec<Attribute>,
    /// With `search`: the entry at which it begins.
    #[schemars(
        title = "Search below (DN)",
        example = &"ou=people,dc=example,dc=com",
        extend("x-form" = { "when": { "operation": "search" } })
    )]
    #[serde(default, rename = "baseDN", deserialize_with = "lenient::text")]
    base_dn: String,
    /// With `search`: `custom` uses `customFilter`; otherwise a filter such as `(objectclass=person)`, to which
    /// `attribute` and `searchText` are added.
    #[schemars(
        title = "Filter",
        example = &"(objectclass=person)",
        extend("x-form" = { "when": { "operation": "search" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    search_for: String,
    /// A filter of yours. Write values as `$1`, `$2` … and give them in `filterValues`: they cannot change what it asks.
    #[schemars(
        title = "Own filter",
        example = &"(&(objectclass=person)(uid=$1))",
        extend("x-form" = { "when": { "operation": "search", "searchFor": "custom" } })
    )]
    #[serde(default = "everything", deserialize_with = "lenient::text")]
    custom_filter: String,
    /// The attribute that is searched.
    #[schemars(title = "Attribute", example = &"uid", extend("x-form" = { "when": { "operation": "search" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    attribute: String,
    /// What it should be; `*` stands for any text. `$1`, `$2` … stand for values of `filterValues`.
    #[schemars(title = "Is", example = &"ada*", extend("x-form" = { "when": { "operation": "search" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    search_text: String,
    /// Values of `$1`, `$2` … in `searchFor`, `customFilter` and `searchText`.
    #[schemars(title = "Values of $1, $2 …", extend("x-form" = { "when": { "operation": "search" }, "more": true }))]
    #[serde(default)]
    filter_values: Vec<Value>,
    /// How an import wrote those three; they and `filterValues` are what counts.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "filterWritten", default)]
    _filter_written: Map,
    /// Finds all entries instead of the first `limit` ones.
    #[schemars(title = "All of them", extend("x-form" = { "when": { "operation": "search" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    return_all: bool,
    /// Most entries that are found.
    #[schemars(title = "At most", extend("x-form" = { "when": { "operation": "search", "returnAll": false } }))]
    #[serde(default = "fifty", deserialize_with = "lenient::whole")]
    limit: usize,
    /// Attributes that come out, with commas between them or as a list; all of them when there are none.
    #[schemars(
        title = "Only these attributes",
        example = &"mail, cn",
        extend("x-form" = { "when": { "operation": "search" }, "as": "commas", "more": true })
    )]
    #[serde(default)]
    only_attributes: Value,
    /// Entries that are asked for at a time; 0: all at once.
    #[schemars(title = "Entries at a time", extend("x-form" = { "when": { "operation": "search" }, "more": true }))]
    #[serde(default = "thousand", deserialize_with = "lenient::whole")]
    page_size: i32,
    /// How deep it searches.
    #[schemars(
        title = "How deep",
        extend("default" = "sub", "x-form" = { "when": { "operation": "search" }, "more": true })
    )]
    #[serde(default)]
    scope: Scope,
}

/// An attribute with a value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attribute {
    /// Its name.
    #[schemars(title = "Attribute", example = &"mail")]
    #[serde(default, deserialize_with = "lenient::text")]
    id: String,
    /// A value.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Tells whether an attribute has a value.
    Compare,
    /// Makes an entry.
    Create,
    /// Removes an entry.
    Delete,
    /// Gives an entry another name, or another place.
    Rename,
    /// Finds entries.
    #[default]
    Search,
    /// Changes attributes of an entry.
    Update,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Scope {
    /// The entry itself.
    Base,
    /// The entries right below it.
    One,
    /// It and everything below.
    #[default]
    Sub,
}

fn everything() -> String {
    "(objectclass=*)".into()
}

fn fifty() -> usize {
    50
}

fn thousand() -> i32 {
    1000
}

const NAMES: Names = &[
    ("operation", "operation"),
    ("dn", "dn"),
    ("id", "id"),
    ("value", "value"),
    ("targetDn", "targetDn"),
    ("attributes", "attributes.attribute"),
    ("add", "attributes.add"),
    ("replace", "attributes.replace"),
    ("delete", "attributes.delete"),
    ("baseDN", "baseDN"),
    ("attribute", "attribute"),
    ("returnAll", "returnAll"),
    ("limit", "limit"),
    ("onlyAttributes", "options.attributes"),
    ("pageSize", "options.pageSize"),
    ("scope", "options.scope"),
];

/// Parameters whose expressions become values of a filter.
const FILTERS: [&str; 3] = ["searchFor", "customFilter", "searchText"];

/// Entries of a directory.
pub struct Directory;

impl NodeType for Directory {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "directory.ldap",
            version: 1,
            title: "LDAP",
            summary: "Finds, makes and changes entries of a directory",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["directory", "active directory", "openldap", "user", "group", "entry"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        Ok(Arc::new(Prepared { params, incomplete: lacks(node, SLOT) }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:ldap"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.ldap", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // It writes what is sent into n8n's log.
        &["nodeDebug"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = named(node, NAMES);
        // n8n's operation is `compare` when none is said; ours is what people do most.
        params.entry("operation").or_insert_with(|| "compare".into());
        let mut values = Vec::new();
        let mut written = Map::new();
        for place in FILTERS {
            let Value::String(text) = node.param(place) else { continue };
            params.insert(place.into(), marked(text, &mut values).into());
            if let Some(expression) = text.strip_prefix('=') {
                written.insert(place.into(), expression.into());
            }
        }
        if !values.is_empty() {
            params.insert("filterValues".into(), values.into());
        }
        if !written.is_empty() {
            params.insert("filterWritten".into(), Value::Object(written));
        }
        let mut lifted = Lifted::plain(params);
        lifted.slots.insert("ldap".into(), SLOT.into());
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let mut lowered = renamed(&node.params, NAMES);
        let values: Vec<&str> = node
            .params
            .get("filterValues")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for place in FILTERS {
            let Some(text) = node.params.get(place).and_then(Value::as_str) else { continue };
            let written = node.params.get("filterWritten").and_then(|written| written.get(place));
            match written.and_then(Value::as_str) {
                Some(written) => put(&mut lowered, place, format!("={written}")),
                None => {
                    let mut text = text.to_owned();
                    for (at, value) in values.iter().enumerate().rev() {
                        text = text.replace(&format!("${}", at + 1), value.trim_start_matches('='));
                    }
                    let mark = if text.contains("{{") { "=" } else { "" };
                    put(&mut lowered, place, format!("{mark}{text}"));
                }
            }
        }
        lowered
    }
}

/// A filter of n8n's with its expressions taken out as values.
fn marked(text: &str, values: &mut Vec<Value>) -> String {
    let mut rest = text.trim_start_matches('=');
    let mut marked = String::new();
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}").map(|at| start + at + 2) else { break };
        values.push(format!("={}", &rest[start..end]).into());
        marked.push_str(&rest[..start]);
        marked.push_str(&format!("${}", values.len()));
        rest = &rest[end..];
    }
    marked + rest
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let desk = Desk { open: Mutex::default() };
            let done = each(ctx, &self.params, &desk).await;
            if let Some(mut open) = desk.open.into_inner() {
                let _ = tokio::time::timeout(PATIENCE, open.ldap.unbind()).await;
            }
            done
        })
    }
}

/// Where a step's items get at the directory: one session, opened when the first needs it.
struct Desk {
    open: Mutex<Option<Open>>,
}

struct Open {
    ldap: Ldap,
    _tunnel: Tunnel,
    _driver: JoinSet<()>,
}

impl PerItem<Params> for Desk {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let request = json!({
            "operation": format!("{:?}", params.operation), "dn": params.dn, "id": params.id, "value": params.value,
            "targetDn": params.target_dn, "base": params.base_dn, "filter": params.filter()?,
            "attributes": [pairs(&params.attributes), pairs(&params.add), pairs(&params.replace), pairs(&params.delete)],
        });
        let spec = CallSpec { name: "operation".into(), item: Some(position as u32), request };
        let answer = ctx.call(spec, |_| {
            Box::pin(async move {
                let mut open = self.open.lock().await;
                if open.as_mut().is_none_or(|open| open.ldap.is_closed()) {
                    *open = Some(bind(ctx).await?);
                }
                let Some(session) = open.as_mut() else { return Err(NodeError::bug("no session").into()) };
                session.ldap.with_timeout(PATIENCE);
                let done = tokio::select! {
                    done = perform(&mut session.ldap, params) => done,
                    () = ctx.cancelled().cancelled() => Err(outbound::Error::Canceled { sent: true }.into()),
                };
                if done.as_ref().is_err_and(|failure| failure.uncertain) {
                    *open = None;
                }
                done
            })
        });
        let answer = match answer.await {
            // As in n8n, an item keeps what it has where it is the login that fails and the run goes on.
            Err(error)
                if error.problem.code == Code::CredentialRejected && ctx.info().on_error == OnError::Continue =>
            {
                let mut failed = item.clone();
                failed.json.insert("error".into(), error.for_item());
                return Ok(vec![failed]);
            }
            answer => answer?,
        };
        Ok(match answer {
            Value::Array(entries) => entries.into_iter().map(Item::from_value).collect(),
            one => vec![Item::from_value(one)],
        })
    }
}

fn pairs(attributes: &[Attribute]) -> Vec<[&str; 2]> {
    attributes.iter().map(|attribute| [attribute.id.as_str(), attribute.value.as_str()]).collect()
}

async fn bind(ctx: &Ctx) -> Result<Open, CallFailure> {
    let (login, meta) = account(ctx, SLOT).await?;
    if login.encryption == Encryption::StartTls {
        let error =
            NodeError::new(Code::InvalidParameter, Category::Refused, "STARTTLS is not there for directories yet");
        return Err(error.hint("let the connection use TLS from the first byte (LDAPS)").permanent().into());
    }
    let tunnel = way_out(ctx)?.tunnel(login.target(), meta.clone()).await?;
    let address = format!("ldap://{}", tunnel.address());
    let greeted = tokio::time::timeout(meta.deadline, LdapConnAsync::new(&address)).await;
    let (connection, mut ldap) = match greeted {
        Ok(greeted) => greeted.map_err(|error| failure(&error))?,
        Err(_) => {
            let late = outbound::Error::Timeout { host: login.host.clone(), after: meta.deadline, sent: false };
            return Err(late.into());
        }
    };
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Its end is what the handle sees.
        let _ = connection.drive().await;
    });
    ldap.with_timeout(PATIENCE);
    let bound = ldap.simple_bind(&login.user, login.secret("password").unwrap_or_default()).await;
    let refused = match bound {
        Ok(result) if result.rc == 0 => return Ok(Open { ldap, _tunnel: tunnel, _driver: driver }),
        Ok(result) => {
            let detail = format!("the directory refuses the login: {}", words(&result));
            NodeError::new(Code::CredentialRejected, Category::Auth, detail).permanent()
        }
        Err(error) => match tunnel.take_error() {
            Some(refused) => return Err(refused.into()),
            None => failure(&error).error,
        },
    };
    Err(refused.into())
}

async fn perform(ldap: &mut Ldap, params: &Params) -> Result<Value, CallFailure> {
    let dn = params.dn.as_str();
    match params.operation {
        Operation::Compare => {
            let same = ldap.compare(dn, &params.id, &params.value).await.and_then(|result| result.equal());
            let same = same.map_err(|error| failure(&error))?;
            Ok(json!({ "dn": dn, "attribute": params.id, "result": same }))
        }
        Operation::Create => {
            let mut attributes: Vec<(&str, HashSet<&str>)> = Vec::new();
            for attribute in &params.attributes {
                match attributes.iter_mut().find(|(id, _)| *id == attribute.id) {
                    Some((_, values)) => drop(values.insert(&attribute.value)),
                    None => attributes.push((&attribute.id, HashSet::from([attribute.value.as_str()]))),
                }
            }
            let done = ldap.add(dn, attributes).await.and_then(|result| result.success());
            done.map_err(|error| failure(&error))?;
            Ok(json!({ "dn": dn, "result": "success" }))
        }
        Operation::Delete => {
            let done = ldap.delete(dn).await.and_then(|result| result.success());
            done.map_err(|error| failure(&error))?;
            Ok(json!({ "dn": dn, "result": "success" }))
        }
        Operation::Rename => {
            let (own, above) = filter::split_name(&params.target_dn);
            let done = ldap.modifydn(dn, own, true, above).await.and_then(|result| result.success());
            done.map_err(|error| failure(&error))?;
            Ok(json!({ "dn": params.target_dn, "result": "success" }))
        }
        Operation::Update => {
            let mut changes = Vec::new();
            let mut shown = Vec::new();
            for (name, attributes) in [("add", &params.add), ("replace", &params.replace), ("delete", &params.delete)] {
                for Attribute { id, value } in attributes {
                    let values = if value.is_empty() { HashSet::new() } else { HashSet::from([value.as_str()]) };
                    let modification = json!({ "buffers": [], "type": id, "values": [value] });
                    shown.push(json!({ "operation": name, "modification": modification }));
                    changes.push(match name {
                        "add" => Mod::Add(id.as_str(), values),
                        "replace" => Mod::Replace(id.as_str(), values),
                        _ => Mod::Delete(id.as_str(), values),
                    });
                }
            }
            let done = ldap.modify(dn, changes).await.and_then(|result| result.success());
            done.map_err(|error| failure(&error))?;
            Ok(json!({ "dn": dn, "result": "success", "changes": shown }))
        }
        Operation::Search => search(ldap, params).await,
    }
}

async fn search(ldap: &mut Ldap, params: &Params) -> Result<Value, CallFailure> {
    let scope = match params.scope {
        Scope::Base => ldap3::Scope::Base,
        Scope::One => ldap3::Scope::OneLevel,
        Scope::Sub => ldap3::Scope::Subtree,
    };
    let attributes: Vec<String> = match &params.only_attributes {
        Value::Array(list) => list.iter().map(|name| lenient::to_text(name.clone())).collect(),
        other => n8n::by_comma(&lenient::to_text(other.clone())),
    };
    let wanted = attributes.clone();
    let attributes = if attributes.is_empty() { vec!["*".to_owned()] } else { attributes };
    let mut adapters: Vec<Box<dyn Adapter<'_, String, Vec<String>>>> = vec![Box::new(EntriesOnly::new())];
    if params.page_size > 0 {
        adapters.push(Box::new(PagedResults::new(params.page_size)));
    }
    let filter = params.filter()?;
    let found = ldap.streaming_search_with(adapters, &params.base_dn, scope, &filter, attributes).await;
    let mut found = found.map_err(|error| failure(&error))?;
    let mut entries = Vec::new();
    while params.return_all || entries.len() < params.limit {
        match found.next().await.map_err(|error| failure(&error))? {
            Some(entry) => entries.push(shown(entry, &wanted)),
            None => {
                let end = found.finish().await;
                return match end.success() {
                    Ok(_) => Ok(Value::Array(entries)),
                    Err(error) => Err(failure(&error)),
                };
            }
        }
    }
    // Enough; the rest is not asked for.
    let _ = found.finish().await;
    Ok(Value::Array(entries))
}

/// The names of an entry's attributes, in the order in which the directory gave them; the driver forgets it.
fn order(entry: &ResultEntry) -> Vec<String> {
    let parts = |tag: &StructureTag| match &tag.payload {
        PL::C(parts) => parts.clone(),
        PL::P(_) => Vec::new(),
    };
    let attributes = parts(&entry.0).get(1).map(parts).unwrap_or_default();
    let name = |attribute: &StructureTag| match parts(attribute).first().map(|name| &name.payload) {
        Some(PL::P(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    attributes.iter().map(name).collect()
}

/// An entry as n8n's driver shows it: a value alone is no list, and what was asked for and is not there is an empty one.
fn shown(entry: ResultEntry, wanted: &[String]) -> Value {
    let order = order(&entry);
    let entry = SearchEntry::construct(entry);
    let mut json = Map::from_iter([("dn".to_owned(), Value::from(entry.dn))]);
    let mut attributes: Vec<(String, Vec<Value>)> = Vec::new();
    for (name, values) in entry.attrs {
        let hex = HEX.contains(&name.as_str());
        let show = |value: String| if hex { hexadecimal(value.as_bytes()) } else { value };
        attributes.push((name, values.into_iter().map(|value| show(value).into()).collect()));
    }
    for (name, values) in entry.bin_attrs {
        let hex = HEX.contains(&name.as_str());
        let show = |value: Vec<u8>| match hex {
            true => hexadecimal(&value),
            false => base64::engine::general_purpose::STANDARD.encode(value),
        };
        attributes.push((name, values.into_iter().map(|value| show(value).into()).collect()));
    }
    attributes.sort_by_key(|(name, _)| order.iter().position(|other| other == name));
    for (name, mut values) in attributes {
        let value = if values.len() == 1 { values.swap_remove(0) } else { Value::Array(values) };
        json.insert(name, value);
    }
    for name in wanted.iter().filter(|name| !["*", "+", "dn"].contains(&name.as_str())) {
        if !json.keys().any(|known| known.eq_ignore_ascii_case(name)) {
            json.insert(name.clone(), Value::Array(Vec::new()));
        }
    }
    Value::Object(json)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Params {
    /// What is searched for.
    fn filter(&self) -> Result<String, NodeError> {
        if self.operation != Operation::Search {
            return Ok(String::new());
        }
        if self.search_for == "custom" {
            return filter::bind(&self.custom_filter, &self.filter_values);
        }
        let attribute = ldap3::ldap_escape(self.attribute.as_str());
        let text = format!("(&{}({attribute}={}))", self.search_for, self.search_text);
        filter::bind(&text, &self.filter_values)
    }
}

fn words(result: &ldap3::LdapResult) -> String {
    if result.text.is_empty() { format!("result code {}", result.rc) } else { result.text.clone() }
}

/// What a failed operation becomes. A result, whatever it is, says that nothing was done.
fn failure(error: &LdapError) -> CallFailure {
    let LdapError::LdapResult { result } = error else {
        let late = matches!(error, LdapError::Timeout { .. });
        let (code, category) = match late {
            true => (Code::UpstreamTimeout, Category::Timeout),
            false => (Code::DialFailed, Category::Unavailable),
        };
        let detail = format!("the connection to the directory broke: {error}");
        return CallFailure { error: NodeError::new(code, category, detail), uncertain: true };
    };
    let known = match result.rc {
        3 => "Time limit exceeded",
        4 => "Size limit exceeded",
        11 => "Administrative limit exceeded",
        16 => "No such attribute",
        17 => "Undefined attribute type",
        19 => "Constraint violation",
        20 => "Attribute or value exists",
        21 => "Invalid attribute syntax",
        32 => "No such object",
        34 => "Invalid DN syntax",
        49 => "Invalid credentials",
        50 => "Insufficient access rights",
        51 | 52 => "The directory is busy or not available",
        53 => "The directory is unwilling to perform this",
        64 => "Naming violation",
        65 => "Object class violation",
        66 => "Not allowed on an entry that has entries below it",
        68 => "Entry already exists",
        _ => "The directory refuses this",
    };
    let detail = match result.text.is_empty() {
        true => format!("{known} (code {})", result.rc),
        false => format!("{known} (code {}): {}", result.rc, result.text),
    };
    let (code, category, permanent) = match result.rc {
        49 => (Code::CredentialRejected, Category::Auth, true),
        50 => (Code::StepFailed, Category::Auth, true),
        51 | 52 => (Code::DialFailed, Category::Unavailable, false),
        _ => (Code::StepFailed, Category::BadData, true),
    };
    let context = json!({ "code": result.rc, "matched": result.matched });
    let made = NodeError::new(code, category, detail).with_context(context);
    CallFailure { error: if permanent { made.permanent() } else { made }, uncertain: false }
}
