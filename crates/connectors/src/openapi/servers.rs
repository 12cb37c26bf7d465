//! Where a service is: the base address, and the settings that it has.

use std::collections::BTreeSet;

use model::{Map, Value};
use serde_json::json;

use super::names::identifier;
use super::{Document, Notes, sentence};

/// Where the service is.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// Address that paths are appended to; `{name}` is a setting.
    pub address: String,
    /// Settings by name.
    pub settings: Map,
    /// Hosts of operations that are elsewhere.
    pub hosts: BTreeSet<String>,
    /// Every connection says the address itself.
    pub own: bool,
}

impl Base {
    /// The base of a document: the first server on a host that others can reach, of those that most operations have.
    pub fn of(document: &Document, given: Option<&str>, notes: &mut Notes) -> Base {
        let mut base = Base::default();
        if let Some(given) = given {
            base.address = given.trim_end_matches('/').to_owned();
            base.open(None);
            return base;
        }
        let server = if document.old { swagger(&document.root) } else { most(document) };
        let said = server["url"].as_str().unwrap_or_default().trim().to_owned();
        base.address = base.whole(&said, &server);
        if base.own {
            let (address, what) = match said.as_str() {
                "" | "/" => (String::new(), "names no server".to_owned()),
                said => (
                    format!(" (`{said}`)"),
                    if is_local(said) { "names a server that only its author has" } else { "names no host" }.to_owned(),
                ),
            };
            notes.add(
                format!("the document {what}{address}, so each connection asks for the address; give it with `--base https://…` if there is only one"),
                None,
            );
        } else if base.address.starts_with("http:") {
            notes.add(
                format!("`{}` is not encrypted (`http`); give another address with `--base https://…`", base.address),
                None,
            );
        }
        base
    }

    /// The address of a server, whose variables become settings.
    fn whole(&mut self, said: &str, server: &Value) -> String {
        let mut address = said.split(['?', '#']).next().unwrap_or_default().trim().trim_end_matches('/').to_owned();
        for name in placeholders(&address) {
            address = address.replace(&format!("{{{name}}}"), &format!("{{{}}}", identifier(&name)));
        }
        let first = address.split('/').next().unwrap_or_default();
        let has_scheme = address.contains("://");
        if address.starts_with("//") {
            address.insert_str(0, "https:");
        } else if !has_scheme && !address.starts_with(['/', '{']) && first.contains('.') && !first.starts_with('.') {
            address.insert_str(0, "https://");
        }
        if is_local(&address) || (!address.contains("://") && !address.starts_with('{')) {
            self.own = true;
            let path = match address.split_once("://") {
                Some((_, rest)) => rest.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default(),
                None => address.trim_start_matches('.').to_owned(),
            };
            let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
            let example = match address.split_once("://") {
                Some((scheme, rest)) if !rest.contains('{') => {
                    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
                }
                _ => "https://api.example.com".to_owned(),
            };
            self.settings.insert("address".into(), json!({
                "title": "Address", "about": "Where the service is, without a path.", "required": true, "example": example,
            }));
            address = format!("{{address}}{slash}{path}");
        }
        self.take(&address, server);
        address
    }

    /// Takes the variables of an address over as settings.
    fn take(&mut self, address: &str, server: &Value) {
        for (name, variable) in server["variables"].as_object().into_iter().flatten() {
            let plain = identifier(name);
            if !address.contains(&format!("{{{plain}}}")) || self.settings.contains_key(&plain) {
                continue;
            }
            let mut setting = json!({ "title": crate::schema::title(&plain) });
            let about = sentence(variable["description"].as_str(), "");
            if !about.is_empty() {
                setting["about"] = about.into();
            }
            let text = |value: &Value| part::lenient::to_text(value.clone());
            let default = text(&variable["default"]);
            let values: Vec<String> = variable["enum"].as_array().into_iter().flatten().map(text).collect();
            if !values.is_empty() && (default.is_empty() || values.contains(&default)) {
                setting["values"] = json!(values);
            }
            // A default in braces is a blank that somebody has yet to fill in.
            match default.is_empty() || variable["default"].is_null() || default.contains('{') {
                false => setting["default"] = default.into(),
                true => setting["required"] = true.into(),
            }
            self.settings.insert(plain, setting);
        }
        self.open(Some(address));
    }

    /// Settings for what stands in braces and nobody describes.
    fn open(&mut self, address: Option<&str>) {
        let address = address.unwrap_or(&self.address).to_owned();
        for name in placeholders(&address) {
            let open = json!({ "title": crate::schema::title(&name), "required": true });
            self.settings.entry(name).or_insert(open);
        }
    }

    /// The address that an operation has instead of the base, if its own servers are elsewhere.
    pub fn elsewhere(&mut self, methods: &Value, spec: &Value, given: bool) -> Option<String> {
        let server = if given { None } else { chosen(&spec["servers"]).or_else(|| chosen(&methods["servers"])) }?;
        let said = server["url"].as_str()?.trim();
        if !said.contains("://") {
            return None;
        }
        let mut probe = self.clone();
        let whole = probe.whole(said, server);
        if whole == self.address || probe.own {
            return None;
        }
        *self = probe;
        let host = whole.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
        let own = self.address.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
        if host != own && !host.is_empty() {
            self.hosts.insert(host.to_owned());
        }
        Some(whole)
    }

    /// The values of settings in a fixture.
    pub fn sample(&self, name: &str) -> String {
        let setting = &self.settings[name];
        let said = setting["default"].as_str().or(setting["example"].as_str()).or(setting["values"][0].as_str());
        said.unwrap_or("acme").to_owned()
    }
}

/// What stands in braces.
pub fn placeholders(address: &str) -> Vec<String> {
    address.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// The server of Swagger's older words.
fn swagger(root: &Value) -> Value {
    let scheme = root["schemes"].as_array().and_then(|schemes| {
        let https = schemes.iter().any(|scheme| scheme == "https");
        if https { Some("https") } else { schemes.first()?.as_str() }
    });
    let path = root["basePath"].as_str().unwrap_or_default().trim();
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    match root["host"].as_str().map(str::trim).filter(|host| !host.is_empty()) {
        Some(host) => {
            let host = host.split_once("://").map_or(host, |(_, host)| host).trim_end_matches('/');
            json!({ "url": format!("{}://{host}{slash}{path}", scheme.unwrap_or("https")) })
        }
        None => json!({ "url": format!("{slash}{path}") }),
    }
}

/// The best server of those that most operations have.
fn most(document: &Document) -> Value {
    let root = &document.root;
    let mut counts: Vec<(&Value, usize)> = Vec::new();
    for (_, methods) in root["paths"].as_object().into_iter().flatten() {
        let methods = document.resolve(methods);
        for (_, spec) in super::methods(methods) {
            let servers = chosen(&spec["servers"]).or_else(|| chosen(&methods["servers"]));
            let Some(server) = servers.or_else(|| chosen(&root["servers"])) else { continue };
            match counts.iter_mut().find(|(known, _)| known["url"] == server["url"]) {
                Some((_, count)) => *count += 1,
                None => counts.push((server, 1)),
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max();
    let usual = chosen(&root["servers"]).filter(|usual| {
        // A minority of operations that is elsewhere says nothing about the rest.
        counts.iter().any(|(known, count)| known["url"] == usual["url"] && Some(*count) == most)
    });
    let first = counts.iter().find(|(_, count)| Some(*count) == most).map(|(server, _)| *server);
    usual.or(first).or_else(|| chosen(&root["servers"])).cloned().unwrap_or_default()
}

/// The first server that others can reach: encrypted, then not, then any.
fn chosen(servers: &Value) -> Option<&Value> {
    let servers = servers.as_array()?;
    let url = |server: &Value| server["url"].as_str().unwrap_or_default().trim().to_owned();
    let reachable = |server: &&Value| !is_local(&url(server));
    let good = |scheme: &'static str| move |server: &&Value| url(server).starts_with(scheme);
    servers
        .iter()
        .filter(reachable)
        .find(good("https://"))
        .or_else(|| {
            servers.iter().filter(reachable).find(|server| url(server).contains("://") || url(server).starts_with("//"))
        })
        .or_else(|| servers.first())
}

/// An address that only its author's computer has.
fn is_local(address: &str) -> bool {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[" | "host.docker.internal")
        || host.ends_with(".localhost")
        || host.ends_with(".local")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(root: Value) -> (Base, Vec<String>) {
        let old = root.get("swagger").is_some();
        let mut notes = Notes::default();
        let base = Base::of(&Document { root, old, lost: Vec::new() }, None, &mut notes);
        (base, notes.lines())
    }

    #[test]
    fn the_server_that_others_can_reach_is_the_base() {
        for (servers, address) in [
            (
                json!([{ "url": "http://localhost:3000" }, { "url": "https://api.shop.example/v1/" }]),
                "https://api.shop.example/v1",
            ),
            (json!([{ "url": "//api.shop.example" }]), "https://api.shop.example"),
            (json!([{ "url": "api.shop.example/v1" }]), "https://api.shop.example/v1"),
            (json!([{ "url": "/v1" }]), "{address}/v1"),
            (json!([{ "url": "http://localhost:3000/v1" }]), "{address}/v1"),
            (json!([]), "{address}"),
            (json!([{ "url": "https://{tenant-name}.shop.example" }]), "https://{tenantName}.shop.example"),
        ] {
            let (base, notes) = base(json!({ "openapi": "3.0.0", "servers": servers }));
            assert_eq!(base.address, address);
            assert_eq!(base.own, !notes.is_empty(), "{notes:?}");
        }
        let (base, notes) = base(json!({ "openapi": "3.0.0", "servers": [{ "url": "http://localhost:3000/v1" }] }));
        assert_eq!(base.settings["address"]["example"], "http://localhost:3000");
        assert!(notes[0].contains("--base"), "{notes:?}");
    }

    #[test]
    fn variables_are_settings() {
        let (base, _) = base(
            json!({ "openapi": "3.0.0", "servers": [{ "url": "https://{region-id}.shop.example:{port}", "variables": {
            "region-id": { "default": "eu", "enum": ["eu", "us"], "description": "Where *it* is." }, "port": { "default": 443 } } }] }),
        );
        assert_eq!(base.address, "https://{regionId}.shop.example:{port}");
        assert_eq!(
            base.settings["regionId"],
            json!({ "title": "Region id", "about": "Where it is.", "values": ["eu", "us"], "default": "eu" })
        );
        assert_eq!(base.settings["port"]["default"], "443");
    }

    #[test]
    fn older_documents_have_a_host() {
        let (shop, _) =
            base(json!({ "swagger": "2.0", "host": "shop.example", "basePath": "v1/", "schemes": ["http", "https"] }));
        assert_eq!(shop.address, "https://shop.example/v1");
        assert_eq!(base(json!({ "swagger": "2.0", "basePath": "/v1" })).0.address, "{address}/v1");
    }

    #[test]
    fn operations_that_are_elsewhere_have_a_whole_address() {
        let elsewhere = json!({ "servers": [{ "url": "https://files.shop.example" }] });
        let root = json!({ "openapi": "3.0.0", "servers": [{ "url": "https://api.shop.example" }], "paths": {
            "/a": { "get": {} }, "/b": { "get": {} }, "/c": { "get": elsewhere } } });
        let (mut base, _) = base(root);
        assert_eq!(base.elsewhere(&json!({}), &elsewhere, false).as_deref(), Some("https://files.shop.example"));
        assert_eq!(base.elsewhere(&json!({}), &json!({}), false), None);
        assert!(base.hosts.contains("files.shop.example"));
    }
}
