//! Every outside service that is in use: who uses it, through which connections, who is behind it, and how it is.

use std::collections::{BTreeMap, BTreeSet};

use auth::signature::presets;
use auth::{Connection, Health, Scheme};
use connectors::catalog;
use inbound::listeners::{Health as ListenerHealth, ListenerView};
use model::{Map, Name};
use outbound::{HostPattern, RateLimit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calls::CallHealth;
use super::inventory::{KnownConnection, users};
use super::uses::{Address, WorkflowUse, WorkflowUses};
use crate::kinds::Vendor;

/// Every outside service that is in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Integrations {
    /// The services, by title.
    pub items: Vec<Integration>,
    /// Nodes whose address is known only when they run.
    pub computed: Vec<ComputedAddress>,
}

/// A node whose address is known only when it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComputedAddress {
    /// Its workflow.
    pub workflow: String,
    /// Its name.
    pub node: String,
    /// Whether the workflow's triggers fire.
    pub active: bool,
}

/// An outside service. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its place in the list, such as `connector/stripe`.
    pub id: String,
    /// What it is known by.
    pub kind: ServiceKind,
    /// Its name for people.
    pub title: String,
    /// Its connector, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// What it is used for, such as `payments`.
    pub categories: Vec<String>,
    /// Hosts that connections or nodes name.
    pub hosts: Vec<String>,
    /// Accounts on it.
    pub connections: Vec<ConnectionUse>,
    /// Workflows that use it, the active ones first.
    pub used_by: Vec<WorkflowUse>,
    /// The vendor that stands for it in the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorMention>,
    /// What is wrong now.
    pub faults: Vec<Fault>,
    /// The last sign that is known that the service took an account: a consent, a renewed token, a listener that lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<i64>,
    /// The last time that is known at which it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<i64>,
    /// What calls with all of its connections have shown; absent: calls are not watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<CallHealth>,
}

/// What a service is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ServiceKind {
    /// There is a connector for it.
    Connector,
    /// A host that is called.
    Host,
    /// A login by another protocol than HTTP: a database, a broker, a mailbox.
    Login,
    /// It calls us.
    Sender,
}

/// An account on a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionUse {
    /// Name of the connection.
    pub name: String,
    /// Its title, empty when it has none.
    pub title: String,
    /// How it is.
    pub state: Health,
    /// Why, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When a person has to do something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
    /// Calls that it may make in a time, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// Workflows that use it, the active ones first.
    pub used_by: Vec<WorkflowUse>,
    /// What calls with it have shown; absent: calls are not watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<CallHealth>,
}

/// A vendor that stands for a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VendorMention {
    /// Name of the resource.
    pub name: String,
    /// The vendor's name.
    pub title: String,
}

/// Something that is wrong with a service now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// The connection that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The workflow that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// How often, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// In words, where somebody said why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// The service does not take a connection any more.
    Dead,
    /// Runs of workflows that use it are held.
    Held,
    /// Calls are held back for a while, because too many have failed.
    Paused,
    /// A trigger that listens to it does not hear.
    Deaf,
}

/// Tells what calls with a connection have shown.
pub type Watched<'a> = &'a dyn Fn(&Name) -> Option<CallHealth>;

/// What the list is made of.
#[derive(Default)]
pub struct Gathered<'a> {
    /// Connections of the scope.
    pub connections: Vec<KnownConnection>,
    /// Its workflows.
    pub workflows: Vec<WorkflowUses>,
    /// Its vendors.
    pub vendors: Vec<(Name, Vendor)>,
    /// Held runs by workflow.
    pub held: BTreeMap<String, u64>,
    /// What calls are held back from: `connection/crm`, or a host with its port.
    pub paused: BTreeSet<String>,
    /// Triggers that listen.
    pub listeners: Vec<ListenerView>,
    /// What calls with connections have shown.
    pub health: Option<Watched<'a>>,
}

/// Every outside service that is in use.
pub fn integrations(gathered: &Gathered<'_>) -> Integrations {
    let mut table = Table::default();
    let users = users(&gathered.workflows);
    let of_nodes = connectors_of_nodes(&gathered.workflows);
    let mut places: BTreeMap<&Name, String> = BTreeMap::new();
    for one in &gathered.connections {
        let Some(service) = service_of(one, of_nodes.get(&one.name)) else { continue };
        let entry = table.entry(service);
        let health = gathered.health.and_then(|watched| watched(&one.name));
        entry.connections.push(connection_use(one, users.get(&one.name), health));
        let state = &one.state;
        entry.last_success_at = entry.last_success_at.max(state.refreshed_at).max(state.connected_at);
        if let Some((since, _)) = &state.dead {
            entry.last_failure_at = entry.last_failure_at.max(Some(*since));
        }
        places.insert(&one.name, entry.id.clone());
    }
    let mut computed = BTreeSet::new();
    // Which services a node is about, for what its listener says.
    let mut of_node: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for one in &gathered.workflows {
        for node in &one.nodes {
            let mut ids: BTreeSet<String> =
                node.connections.iter().filter_map(|name| places.get(name).cloned()).collect();
            // What a node does with an account counts for the account's service.
            match (&node.connector, &node.address) {
                (Some(connector), _) => drop(ids.insert(table.entry(Service::connector(connector)).id.clone())),
                (None, Some(Address::Host(host))) if ids.is_empty() => {
                    let entry = table.entry(Service::host(host));
                    if !entry.hosts.contains(host) {
                        entry.hosts.push(host.clone());
                    }
                    ids.insert(entry.id.clone());
                }
                (None, Some(Address::Computed)) if ids.is_empty() => {
                    let (workflow, active) = (one.workflow.name.clone(), one.workflow.active);
                    computed.insert(ComputedAddress { workflow, node: node.node.clone(), active });
                }
                _ => {}
            }
            for id in &ids {
                let Some(entry) = table.0.get_mut(id) else { continue };
                if !entry.used_by.contains(&one.workflow) {
                    entry.used_by.push(one.workflow.clone());
                }
            }
            of_node.insert((&one.workflow.name, &node.node), ids);
        }
    }
    for listener in &gathered.listeners {
        for id in of_node.get(&(listener.workflow.as_str(), listener.node.as_str())).into_iter().flatten() {
            let Some(entry) = table.0.get_mut(id) else { continue };
            entry.last_success_at = entry.last_success_at.max(listener.alive_at);
            if listener.health == ListenerHealth::Dead {
                let reason = listener.problem.as_ref().map(|problem| problem.detail.clone());
                let workflow = Some(listener.workflow.to_string());
                entry.faults.push(Fault { workflow, reason, ..Fault::of(FaultKind::Deaf) });
            }
        }
    }
    let mut items: Vec<Integration> = table.0.into_values().collect();
    for item in &mut items {
        item.hosts.sort();
        item.used_by.sort_by(|one, other| other.active.cmp(&one.active).then_with(|| one.name.cmp(&other.name)));
        item.vendor = vendor_of(item, &gathered.vendors);
        item.faults.splice(0..0, faults(item, gathered));
        item.health = CallHealth::together(item.connections.iter().filter_map(|one| one.health.clone()));
    }
    items.sort_by_cached_key(|item| (item.title.to_lowercase(), item.id.clone()));
    Integrations { items, computed: computed.into_iter().collect() }
}

/// A service that is not in the table yet.
struct Service {
    id: String,
    kind: ServiceKind,
    title: String,
    connector: Option<String>,
    hosts: Vec<String>,
}

impl Service {
    fn connector(name: &str) -> Service {
        let manifest = catalog::named(name).and_then(|shipped| shipped.connector().ok());
        Service {
            id: format!("connector/{name}"),
            kind: ServiceKind::Connector,
            title: manifest.map_or_else(|| name.to_owned(), |connector| connector.manifest.title.clone()),
            connector: Some(name.to_owned()),
            hosts: Vec::new(),
        }
    }

    /// The service at a host: the connector's whose host it is, else the host itself.
    fn host(host: &str) -> Service {
        match connector_at(host) {
            Some(connector) => Service::connector(&connector),
            None => Service {
                id: format!("host/{host}"),
                kind: ServiceKind::Host,
                title: host.to_owned(),
                connector: None,
                hosts: Vec::new(),
            },
        }
    }

    fn sender(name: &str, title: String) -> Service {
        match catalog::named(name) {
            Some(_) => Service::connector(name),
            None => {
                let id = format!("sender/{name}");
                Service { id, kind: ServiceKind::Sender, title, connector: None, hosts: Vec::new() }
            }
        }
    }
}

/// The services by their ids.
#[derive(Default)]
struct Table(BTreeMap<String, Integration>);

impl Table {
    fn entry(&mut self, service: Service) -> &mut Integration {
        let Service { id, kind, title, connector, hosts } = service;
        let entry = self.0.entry(id.clone()).or_insert_with(|| Integration {
            id,
            kind,
            title,
            categories: categories(connector.as_deref()),
            connector,
            hosts: Vec::new(),
            connections: Vec::new(),
            used_by: Vec::new(),
            vendor: None,
            faults: Vec::new(),
            last_success_at: None,
            last_failure_at: None,
            health: None,
        });
        for host in hosts {
            if !entry.hosts.contains(&host) {
                entry.hosts.push(host);
            }
        }
        entry
    }
}

impl Fault {
    fn of(kind: FaultKind) -> Fault {
        Fault { kind, connection: None, workflow: None, count: None, reason: None }
    }
}

fn categories(connector: Option<&str>) -> Vec<String> {
    let shipped = connector.and_then(catalog::named).and_then(|shipped| shipped.connector().ok());
    shipped.map(|connector| connector.manifest.categories.clone()).unwrap_or_default()
}

/// The only connector whose nodes use a connection.
fn connectors_of_nodes(workflows: &[WorkflowUses]) -> BTreeMap<Name, BTreeSet<String>> {
    let mut found: BTreeMap<Name, BTreeSet<String>> = BTreeMap::new();
    for node in workflows.iter().flat_map(|one| &one.nodes) {
        for connection in &node.connections {
            found.entry(connection.clone()).or_default().extend(node.connector.clone());
        }
    }
    found
}

/// The service that a connection is an account on; keys of our own are on none.
fn service_of(one: &KnownConnection, of_nodes: Option<&BTreeSet<String>>) -> Option<Service> {
    let spec = &one.spec;
    let hosts: Vec<String> = spec.hosts.iter().map(ToString::to_string).collect();
    let service = match (&spec.connector, &spec.auth, hosts.first()) {
        (Some(connector), ..) => Service::connector(connector.as_str()),
        (None, Scheme::Keys {}, _) => return None,
        (None, Scheme::Webhook { sender: Some(sender), .. }, _) => {
            let title = presets::named(sender).map_or_else(|| sender.clone(), |preset| preset.title.clone());
            Service::sender(sender, title)
        }
        (None, Scheme::Login { protocol, host, .. }, _) => {
            let id = format!("login/{}/{host}", protocol.name());
            let hosts = vec![host.clone()];
            Service { id, kind: ServiceKind::Login, title: host.clone(), connector: None, hosts }
        }
        // Without hosts it is sent nowhere: it tells who calls.
        (None, _, None) => {
            let title = if spec.title.is_empty() { one.name.to_string() } else { spec.title.clone() };
            let id = format!("sender/connection/{}", one.name);
            Service { id, kind: ServiceKind::Sender, title, connector: None, hosts: Vec::new() }
        }
        (None, _, Some(first)) => match of_nodes.and_then(only) {
            Some(connector) => Service::connector(connector),
            None => Service::host(first),
        },
    };
    let all = service.hosts.iter().chain(&hosts).cloned().collect::<BTreeSet<_>>();
    Some(Service { hosts: all.into_iter().collect(), ..service })
}

fn only(set: &BTreeSet<String>) -> Option<&str> {
    set.first().filter(|_| set.len() == 1).map(String::as_str)
}

/// The only connector that calls a host. Hosts that several share, such as those of large vendors, say nothing.
fn connector_at(host: &str) -> Option<String> {
    let mut found = catalog::shipped().filter(|connector| {
        let hosts = connectors::account::hosts(&connector.manifest, &Map::new());
        hosts.iter().any(|known| known == host)
    });
    let first = found.next()?;
    found.next().is_none().then(|| first.manifest.connector.to_string())
}

fn connection_use(
    one: &KnownConnection,
    users: Option<&Vec<WorkflowUse>>,
    health: Option<CallHealth>,
) -> ConnectionUse {
    let status = one.ailing.as_ref();
    let (state, reason) = match status {
        Some(status) => (status.state, status.reason.clone()),
        None => match missing(&one.spec, one.state.connected_at.is_some()) {
            Some(what) => (Health::Incomplete, Some(what)),
            None => (Health::Good, None),
        },
    };
    ConnectionUse {
        name: one.name.to_string(),
        title: one.spec.title.clone(),
        state,
        reason,
        ends_at: status.and_then(|status| status.ends_at),
        limit: one.spec.limit,
        used_by: users.cloned().unwrap_or_default(),
        health,
    }
}

/// What a connection lacks before it can be used.
fn missing(spec: &Connection, is_connected: bool) -> Option<String> {
    if let Some(field) = spec.missing_secrets().first() {
        return Some(format!("the secret `{field}` has no value"));
    }
    let needs_consent = spec.oauth().is_some_and(|oauth| oauth.flow.needs_consent());
    (needs_consent && !is_connected).then(|| "nobody has consented yet".to_owned())
}

fn vendor_of(item: &Integration, vendors: &[(Name, Vendor)]) -> Option<VendorMention> {
    let stands_for = |vendor: &Vendor| {
        let by_name = vendor.connectors.iter().any(|name| item.connector.as_deref() == Some(name.as_str()));
        by_name || vendor.hosts.iter().any(|pattern| item.hosts.iter().any(|host| is_meant(pattern, host)))
    };
    let (name, vendor) = vendors.iter().find(|(_, vendor)| stands_for(vendor))?;
    Some(VendorMention { name: name.to_string(), title: vendor.title.clone() })
}

/// Whether a host, or a pattern of hosts, is among those of a pattern.
fn is_meant(pattern: &HostPattern, host: &str) -> bool {
    let (bare, port) = match host.rsplit_once(':').map(|(bare, port)| (bare, port.parse())) {
        Some((bare, Ok(port))) if !bare.contains(':') => (bare, port),
        _ => (host, 443),
    };
    let one = bare.strip_prefix("*.").map_or_else(|| bare.to_owned(), |rest| format!("any.{rest}"));
    let by_name = url::Host::parse(&one).is_ok_and(|parsed| {
        let parsed = match &parsed {
            url::Host::Domain(name) => url::Host::Domain(name.as_str()),
            url::Host::Ipv4(address) => url::Host::Ipv4(*address),
            url::Host::Ipv6(address) => url::Host::Ipv6(*address),
        };
        pattern.matches_host(&parsed, port)
    });
    by_name || pattern.to_string() == host
}

fn faults(item: &Integration, gathered: &Gathered<'_>) -> Vec<Fault> {
    let dead: Vec<&ConnectionUse> = item.connections.iter().filter(|one| one.state == Health::Dead).collect();
    let mut faults: Vec<Fault> = dead
        .iter()
        .map(|one| Fault {
            connection: Some(one.name.clone()),
            reason: one.reason.clone(),
            ..Fault::of(FaultKind::Dead)
        })
        .collect();
    // Runs are held for their connections: those of a service that takes all of its accounts wait for another one.
    let waiting: BTreeSet<&str> = dead.iter().flat_map(|one| &one.used_by).map(|one| one.name.as_str()).collect();
    let held: u64 = waiting.iter().filter_map(|workflow| gathered.held.get(*workflow)).sum();
    if held > 0 {
        faults.push(Fault { count: Some(held), ..Fault::of(FaultKind::Held) });
    }
    for one in item.connections.iter().filter(|one| gathered.paused.contains(&format!("connection/{}", one.name))) {
        faults.push(Fault { connection: Some(one.name.clone()), ..Fault::of(FaultKind::Paused) });
    }
    let paused = gathered.paused.iter().filter_map(|key| key.rsplit_once(':')).map(|(host, _)| host);
    for host in paused.filter(|host| item.hosts.iter().any(|known| known == host)).collect::<BTreeSet<_>>() {
        faults.push(Fault { reason: Some(host.to_owned()), ..Fault::of(FaultKind::Paused) });
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::uses::NodeUse;
    use serde_json::{Value, json};
    use store::ConnectionState;

    fn connection(name: &str, spec: Value) -> KnownConnection {
        let spec = serde_json::from_value(spec).unwrap();
        KnownConnection { name: name.parse().unwrap(), spec, state: ConnectionState::default(), ailing: None }
    }

    fn workflow(name: &str, active: bool, nodes: Vec<NodeUse>) -> WorkflowUses {
        WorkflowUses { workflow: WorkflowUse { name: name.into(), title: String::new(), active }, nodes }
    }

    fn node(name: &str, connection: Option<&str>, connector: Option<&str>, host: Option<&str>) -> NodeUse {
        NodeUse {
            node: name.into(),
            connections: connection.into_iter().map(|name| name.parse().unwrap()).collect(),
            connector: connector.map(str::to_owned),
            address: host.map(|host| Address::Host(host.into())),
        }
    }

    fn bearer(host: &str) -> Value {
        json!({ "auth": { "type": "bearer" }, "hosts": [host], "secrets": ["token"] })
    }

    fn ids(found: &Integrations) -> Vec<&str> {
        found.items.iter().map(|item| item.id.as_str()).collect()
    }

    #[test]
    fn a_service_is_one_however_it_is_reached() {
        let webhook = json!({ "auth": { "type": "webhook", "sender": "stripe" }, "secrets": ["secret"] });
        let named = json!({ "auth": { "type": "bearer" }, "connector": "stripe", "hosts": ["api.stripe.com"] });
        let found = integrations(&Gathered {
            connections: vec![
                connection("by-host", bearer("api.stripe.com")),
                connection("by-name", named),
                connection("of-sender", webhook),
            ],
            workflows: vec![
                workflow("calls", false, vec![node("Call", None, None, Some("api.stripe.com"))]),
                workflow("hears", true, vec![node("Hook", Some("of-sender"), None, None)]),
                workflow("pays", true, vec![node("Pay", None, Some("stripe"), None)]),
            ],
            ..Gathered::default()
        });
        assert_eq!(ids(&found), ["connector/stripe"]);
        let stripe = &found.items[0];
        assert_eq!((stripe.title.as_str(), &stripe.hosts[..]), ("Stripe", &["api.stripe.com".to_owned()][..]));
        let users: Vec<&str> = stripe.used_by.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(users, ["hears", "pays", "calls"]);
        let states: Vec<(&str, Health)> = stripe.connections.iter().map(|one| (one.name.as_str(), one.state)).collect();
        assert_eq!(states, [("by-host", Health::Good), ("by-name", Health::Incomplete), ("of-sender", Health::Good)]);
        assert_eq!(stripe.health, None);
    }

    #[test]
    fn hosts_logins_and_senders_without_a_connector_stand_for_themselves() {
        let login = json!({ "auth": { "type": "login", "protocol": "postgres", "host": "db.acme.example" } });
        let found = integrations(&Gathered {
            connections: vec![
                connection("crm", bearer("*.crm.example")),
                connection("db", login),
                connection("door", json!({ "auth": { "type": "basic", "username": "u" }, "title": "Our shop" })),
                connection("keys", json!({ "auth": { "type": "keys" } })),
            ],
            workflows: vec![workflow(
                "w",
                true,
                vec![
                    node("A", None, None, Some("api.other.example")),
                    // The account says where it goes.
                    node("B", Some("crm"), None, Some("eu.crm.example")),
                    NodeUse { node: "C".into(), address: Some(Address::Computed), ..NodeUse::default() },
                    NodeUse { address: Some(Address::Computed), ..node("D", Some("crm"), None, None) },
                ],
            )],
            ..Gathered::default()
        });
        assert_eq!(
            ids(&found),
            [
                "host/*.crm.example",
                "host/api.other.example",
                "login/postgres/db.acme.example",
                "sender/connection/door"
            ]
        );
        assert_eq!(found.items[3].title, "Our shop");
        assert_eq!(found.items[2].kind, ServiceKind::Login);
        let computed = ComputedAddress { workflow: "w".into(), node: "C".into(), active: true };
        assert_eq!(found.computed, [computed]);
    }

    #[test]
    fn an_account_belongs_to_the_connector_whose_nodes_use_it() {
        let nodes = vec![node("A", Some("shop"), Some("shopify"), None)];
        let found = integrations(&Gathered {
            connections: vec![connection("shop", bearer("acme.myshopify.com"))],
            workflows: vec![workflow("w", true, nodes)],
            ..Gathered::default()
        });
        assert_eq!(ids(&found), ["connector/shopify"]);
        assert_eq!(found.items[0].connections[0].name, "shop");
    }

    #[test]
    fn what_is_wrong_stands_with_the_service() {
        let mut dead = connection("crm", bearer("api.crm.example"));
        dead.state.dead = Some((1_000, "revoked".into()));
        dead.state.refreshed_at = Some(500);
        let status =
            json!({ "name": "crm", "state": "dead", "needsConsent": false, "scopes": [], "reason": "revoked" });
        dead.ailing = Some(serde_json::from_value(status).unwrap());
        let listener = json!({
            "workflow": "mails", "node": "Mail", "service": "imap", "health": "dead", "begunAt": 1, "aliveAt": 700,
            "events": 0, "failures": 3
        });
        let login = json!({ "auth": { "type": "login", "protocol": "imap", "host": "mail.example" } });
        let health = |name: &Name| {
            let calls = CallHealth { calls: 7, success_at: Some(900), ..CallHealth::default() };
            (name.as_str() == "box").then_some(calls)
        };
        let found = integrations(&Gathered {
            connections: vec![dead, connection("box", login)],
            workflows: vec![
                workflow("orders", true, vec![node("A", Some("crm"), None, None)]),
                workflow("mails", true, vec![node("Mail", Some("box"), None, None)]),
                workflow("calls", true, vec![node("C", None, None, Some("slow.example"))]),
            ],
            held: [("orders".to_owned(), 3), ("calls".to_owned(), 5)].into(),
            paused: ["slow.example:443".to_owned(), "connection/crm".to_owned()].into(),
            listeners: vec![serde_json::from_value(listener).unwrap()],
            health: Some(&health),
            ..Gathered::default()
        });
        let faults = |id: &str| {
            let item = found.items.iter().find(|item| item.id == id).unwrap();
            item.faults.iter().map(|fault| (fault.kind, fault.count)).collect::<Vec<_>>()
        };
        let crm = [(FaultKind::Dead, None), (FaultKind::Held, Some(3)), (FaultKind::Paused, None)];
        assert_eq!(faults("host/api.crm.example"), crm);
        assert_eq!(faults("host/slow.example"), [(FaultKind::Paused, None)]);
        assert_eq!(faults("login/imap/mail.example"), [(FaultKind::Deaf, None)]);
        let of = |id: &str| found.items.iter().find(|item| item.id == id).unwrap();
        let crm = of("host/api.crm.example");
        assert_eq!((crm.last_success_at, crm.last_failure_at), (Some(500), Some(1_000)));
        assert_eq!(of("login/imap/mail.example").last_success_at, Some(700));
        assert_eq!(of("login/imap/mail.example").health.as_ref().map(|calls| calls.calls), Some(7));
        assert_eq!((&crm.health, &crm.connections[0].health), (&None, &None), "nothing is made up");
    }

    #[test]
    fn a_vendor_is_found_by_connector_and_by_host() {
        let check = |vendor: Value, host: &str, expect: bool| {
            let vendor: Vendor = serde_json::from_value(vendor).unwrap();
            let found = integrations(&Gathered {
                connections: vec![connection("one", bearer(host))],
                vendors: vec![("acme".parse().unwrap(), vendor.clone())],
                ..Gathered::default()
            });
            let is_found = found.items[0].vendor.as_ref().is_some_and(|vendor| vendor.name == "acme");
            assert_eq!(is_found, expect, "{host} by {vendor:?}");
        };
        let hosts = |host: &str| json!({ "title": "Acme", "hosts": [host] });
        check(json!({ "title": "Acme", "connectors": ["stripe"] }), "api.stripe.com", true);
        check(json!({ "title": "Acme", "connectors": ["stripe"] }), "api.acme.example", false);
        check(hosts("*.acme.example"), "api.acme.example", true);
        check(hosts("*.acme.example"), "*.acme.example", true);
        check(hosts("api.acme.example"), "*.acme.example", false);
        check(hosts("*.acme.example"), "api.acme.example:8443", true);
        check(hosts("*.acme.example:8443"), "api.acme.example", false);
        check(hosts("10.0.0.0/8"), "10.1.2.3", true);
    }
}
