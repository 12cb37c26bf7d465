//! What an exchange of a manifest sends, by place.

use indexmap::IndexMap;
use model::{Map, Value};

use crate::manifest::{Exchange, Manifest, Paging, Param, Place, Size};

/// Something that is sent.
pub struct Sent<'a> {
    /// Query, header or body.
    pub place: Place,
    /// Its name there, in steps.
    pub wire: Vec<String>,
    /// The parameter that it comes from.
    pub param: Option<(&'a str, &'a Param)>,
    /// What is always sent.
    pub fixed: Option<&'a Value>,
}

/// All that an exchange sends.
#[derive(Default)]
pub struct Sendings<'a> {
    /// In the order of the manifest.
    pub all: Vec<Sent<'a>>,
    /// Query parameters may be among them that nobody can name.
    pub open_query: bool,
    /// Fields of the body may be among them that nobody can name.
    pub open_body: bool,
}

/// What an exchange sends. `sends` are the parameters that it sends by themselves.
pub fn of<'a>(
    manifest: &'a Manifest,
    exchange: &'a Exchange,
    known: &'a IndexMap<String, Param>,
    sends: &[&str],
) -> Sendings<'a> {
    let mut found = Sendings::default();
    let request = exchange.request.as_deref().unwrap_or_default();
    let (method, address) = request.split_once(' ').unwrap_or(("POST", ""));
    let usual = if matches!(method, "GET" | "HEAD" | "DELETE") { Place::Query } else { Place::Body };
    // A parameter of the query that the address itself has.
    for name in query_of(address) {
        found.all.push(Sent { place: Place::Query, wire: vec![name], param: None, fixed: None });
    }
    found.fixed(Place::Query, &exchange.send.query);
    found.fixed(Place::Header, &exchange.send.headers);
    match &exchange.send.body {
        Value::Object(map) => found.fixed(Place::Body, map),
        Value::Null => {}
        _ => found.open_body = true,
    }
    for name in sends {
        let Some((name, param)) = known.get_key_value(*name) else { continue };
        if address.contains(&format!("{{{name}}}")) || address.contains(&format!("{{+{name}}}")) {
            continue;
        }
        let place = param.place.unwrap_or(usual);
        match (place, param.spread) {
            (Place::Whole, _) | (Place::Body, true) => found.open_body = true,
            (Place::Query, true) => found.open_query = true,
            (Place::Path | Place::None, _) => {}
            (place, false) => {
                let wire = wire(param.wire.as_deref().unwrap_or(name));
                found.all.push(Sent { place, wire, param: Some((name, param)), fixed: None });
            }
            (_, true) => {}
        }
    }
    if let Some(paging) = exchange.paging.as_ref().and_then(|name| manifest.paging.get(name)) {
        found.paging(paging);
    }
    found
}

impl<'a> Sendings<'a> {
    fn fixed(&mut self, place: Place, map: &'a Map) {
        for (name, value) in map {
            match value {
                Value::Object(inner) if place == Place::Body && !inner.is_empty() => {
                    let mut below = Sendings::default();
                    below.fixed(place, inner);
                    self.all.extend(below.all.into_iter().map(|mut sent| {
                        sent.wire.insert(0, name.clone());
                        sent
                    }));
                }
                // An expression gives what nobody knows.
                value => {
                    let expression = value.as_str().is_some_and(|text| text.starts_with('='));
                    let fixed = (!expression && (value.is_string() || value.is_boolean() || value.is_number()))
                        .then_some(value);
                    self.all.push(Sent { place, wire: vec![name.clone()], param: None, fixed });
                }
            }
        }
    }

    fn paging(&mut self, paging: &Paging) {
        let size = |size: &Option<Size>| size.as_ref().and_then(|size| size.param.clone());
        let (place, names) = match paging {
            Paging::Cursor { param, r#in, size: per, .. }
            | Paging::Page { param, r#in, size: per, .. }
            | Paging::Offset { param, r#in, size: per, .. } => (*r#in, vec![Some(param.clone()), size(per)]),
            Paging::Link { size: per } | Paging::Next { size: per, .. } => (Place::Query, vec![size(per)]),
            Paging::Window { from, to, .. } => (Place::Query, vec![Some(from.clone()), Some(to.clone())]),
            Paging::Graphql { .. } => return,
        };
        for name in names.into_iter().flatten() {
            self.all.push(Sent { place, wire: wire(&name), param: None, fixed: None });
        }
    }
}

/// A name in steps; a dot that belongs to it is written `\.`.
fn wire(name: &str) -> Vec<String> {
    name.replace("\\.", "\0").split('.').map(|step| step.replace('\0', ".")).collect()
}

/// Names in the query of an address. What stands in braces may have any letters.
fn query_of(address: &str) -> Vec<String> {
    let (mut depth, mut plain) = (0usize, String::new());
    for letter in address.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    let query = plain.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_braces_is_no_query() {
        assert_eq!(query_of("/a/{=/[?]p=/.test($params.a)}?b=1&c={d}&e"), ["b", "c", "e"]);
        assert!(query_of("/a/{=$params.a ? 1 : 2}").is_empty());
        assert_eq!(wire("a\\.b.c"), ["a.b", "c"]);
    }
}
