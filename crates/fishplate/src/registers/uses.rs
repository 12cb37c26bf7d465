//! Which outside services the nodes of a workflow use.

use std::collections::BTreeSet;

use connectors::catalog;
use model::{Name, NodeSpec, WorkflowSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A workflow as registers name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowUse {
    /// Its name.
    pub name: String,
    /// Its title, empty when it has none.
    pub title: String,
    /// Whether its triggers fire.
    pub active: bool,
}

/// A workflow and what its nodes use.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowUses {
    /// Which one.
    pub workflow: WorkflowUse,
    /// Its nodes that use something outside.
    pub nodes: Vec<NodeUse>,
}

/// What a node uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeUse {
    /// Name of the node.
    pub node: String,
    /// Its connections.
    pub connections: BTreeSet<Name>,
    /// The connector that it belongs to.
    pub connector: Option<String>,
    /// Where it calls without a connector.
    pub address: Option<Address>,
}

/// The host of an address that is written in a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// This one.
    Host(String),
    /// It is known only when the node runs.
    Computed,
}

/// What the nodes of a text use that are not disabled.
pub fn nodes(spec: &WorkflowSpec) -> Vec<NodeUse> {
    let enabled = spec.nodes.iter().filter(|node| !node.disabled);
    let uses = enabled.map(|node| {
        let connector = connector_of(node);
        NodeUse {
            node: node.name.clone(),
            connections: node.connections.values().cloned().chain(checking(node)).collect(),
            address: if connector.is_none() { address(node) } else { None },
            connector,
        }
    });
    uses.filter(|node| !node.connections.is_empty() || node.connector.is_some() || node.address.is_some()).collect()
}

/// The connection that a webhook checks its callers with, where its parameters name it and no slot does.
fn checking(node: &NodeSpec) -> Option<Name> {
    node.params.get("auth")?.get("connection")?.as_str()?.parse().ok()
}

/// A connector's name is the first part of the names of its node types.
fn connector_of(node: &NodeSpec) -> Option<String> {
    let (first, _) = node.node_type.split_once('.')?;
    catalog::named(first).map(|_| first.to_owned())
}

/// Where a node calls that takes an address.
fn address(node: &NodeSpec) -> Option<Address> {
    let text = node.params.get("url")?.as_str()?.trim();
    (!text.is_empty()).then(|| host_of(text))
}

/// The host of an address that may be an expression: what stands before the first computed part is known.
fn host_of(text: &str) -> Address {
    let (is_expression, text) = text.strip_prefix('=').map_or((false, text), |rest| (true, rest.trim_start()));
    let known = if is_expression { text.split("{{").next().unwrap_or_default() } else { text };
    let is_whole = known.len() == text.len();
    let Some((_, rest)) = known.split_once("://") else { return Address::Computed };
    let end = rest.find(['/', '?', '#']);
    if end.is_none() && !is_whole {
        return Address::Computed;
    }
    let parsed = url::Url::parse(&known[..known.len() - rest.len() + end.unwrap_or(rest.len())]);
    match parsed.ok().and_then(|url| url.host_str().map(str::to_owned)) {
        Some(host) => Address::Host(host),
        None => Address::Computed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_host_of_an_address_is_known_as_far_as_it_is_written() {
        let check = |text: &str, expect: Option<&str>| {
            let expect = expect.map_or(Address::Computed, |host| Address::Host(host.to_owned()));
            assert_eq!(host_of(text), expect, "{text}");
        };
        check("https://API.example.com/v1", Some("api.example.com"));
        check("https://user:word@api.example.com:8443", Some("api.example.com"));
        check("=https://api.example.com/orders/{{ $json.id }}", Some("api.example.com"));
        check("=https://api.example.com?x={{ $json.id }}", Some("api.example.com"));
        check("=https://{{ $json.shop }}.example.com/orders", None);
        check("=https://api.example.com{{ $json.path }}", None);
        check("={{ $json.url }}", None);
        check("=$json.url", None);
        check("nowhere", None);
    }

    #[test]
    fn nodes_use_connections_connectors_and_addresses() {
        let spec: WorkflowSpec = serde_json::from_value(json!({
            "nodes": [
                { "name": "Pay", "type": "stripe.charge.create", "connections": { "account": "shop-stripe" } },
                { "name": "Off", "type": "stripe.charge.create", "disabled": true },
                { "name": "Call", "type": "http.request", "params": { "url": "https://api.example.com/x" } },
                { "name": "Set", "type": "core.set", "params": { "url": 5 } },
                { "name": "Free", "type": "stripe.balance.get" },
                { "name": "Hook", "type": "http.webhook", "params": { "auth": { "kind": "signed", "connection": "door" } } }
            ]
        }))
        .unwrap();
        let found = nodes(&spec);
        let stripe = || Some("stripe".to_owned());
        assert_eq!(
            found,
            [
                NodeUse {
                    node: "Pay".into(),
                    connections: ["shop-stripe".parse().unwrap()].into(),
                    connector: stripe(),
                    address: None
                },
                NodeUse {
                    node: "Call".into(),
                    address: Some(Address::Host("api.example.com".into())),
                    ..NodeUse::default()
                },
                NodeUse { node: "Free".into(), connector: stripe(), ..NodeUse::default() },
                NodeUse { node: "Hook".into(), connections: ["door".parse().unwrap()].into(), ..NodeUse::default() },
            ]
        );
    }
}
