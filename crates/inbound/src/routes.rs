//! Which endpoint a path leads to: a table in memory, exchanged as a whole whenever an activation changes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::{Map, Name, Scope, ScopeId, Value};
use part::door::Form;
use part::net::AddressRange;
use part::trigger::Webhook;

use crate::endpoints::Routing;
use crate::rehearsal::Rehearsal;

/// A webhook of an active workflow (or of a draft that is being tried), or an address of its own.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where the workflow is.
    pub scope: Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// The workflow; the endpoint's own name where `routing` is there.
    pub workflow: Name,
    /// Name of the trigger node; empty where `routing` is there.
    pub node: String,
    /// It is an address of its own, and these routes say which workflows get what comes.
    pub routing: Option<Arc<Routing>>,
    /// What it listens for.
    pub webhook: Webhook,
    /// A node of the workflow should answer, and none that could comes after the trigger.
    pub unanswered: bool,
    /// The form that stands there, if it is one.
    pub form: Option<Face>,
    /// It runs the draft, with pinned data, under the test addresses, while somebody tries it.
    pub draft: Option<Rehearsal>,
}

/// A form as its visitors meet it.
#[derive(Clone, Debug)]
pub struct Face {
    /// What is filled in.
    pub form: Arc<Form>,
    /// Time zone of the workflow.
    pub timezone: String,
}

/// An endpoint as the receiver uses it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub endpoint: Endpoint,
    pub senders: Vec<AddressRange>,
    /// Who starts the runs: `webhook:<path>`, `endpoint:<name>`, or who tries the draft.
    pub started_by: String,
}

/// The endpoints of one path.
#[derive(Debug)]
pub(crate) struct Route {
    segments: Vec<Segment>,
    pub endpoints: Vec<Arc<Prepared>>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    Fixed(String),
    Named(String),
}

/// The endpoints of a scope (`workspace/environment`).
type Scopes = HashMap<String, Doors>;

/// Webhooks and forms have paths of their own, so that both may have the same.
#[derive(Default)]
struct Doors {
    hooks: Paths,
    forms: Paths,
}

#[derive(Default)]
struct Paths {
    exact: HashMap<String, Arc<Route>>,
    patterns: Vec<Arc<Route>>,
}

impl Paths {
    fn find(&self, path: &str) -> Option<Found> {
        let path = path.trim_matches('/');
        let path = match path.contains('%') || path.contains("//") {
            true => Cow::Owned(normal(&decode(path))),
            false => Cow::Borrowed(path),
        };
        if let Some(route) = self.exact.get(path.as_ref()) {
            return Some(Found { route: route.clone(), params: Map::new() });
        }
        let given: Vec<&str> = path.split('/').collect();
        let route = self.patterns.iter().find(|route| route.matches(&given))?;
        Some(Found { params: route.params(&given), route: route.clone() })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.exact.values().chain(&self.patterns)
    }
}

/// Active workflows and drafts that are being tried have addresses of their own, and come and go apart.
#[derive(Clone, Default)]
struct Table {
    live: Arc<Scopes>,
    drafts: Arc<Scopes>,
}

/// The table. Cheap to clone; all clones see an exchange at once.
#[derive(Clone, Default)]
pub struct Routes {
    table: Arc<RwLock<Table>>,
}

/// What a path led to.
pub(crate) struct Found {
    /// The route.
    pub route: Arc<Route>,
    /// Values of `:name` segments.
    pub params: Map,
}

impl Routes {
    /// Exchanges the endpoints of active workflows. Of two with the same path and method, the first one listens.
    pub fn set_routes(&self, endpoints: Vec<Endpoint>) {
        let live = Arc::new(drawn(endpoints));
        self.table.write().unwrap_or_else(PoisonError::into_inner).live = live;
    }

    /// Exchanges the endpoints of drafts that are being tried. Of two with the same path and method, the first one
    /// listens.
    pub fn set_drafts(&self, endpoints: Vec<Endpoint>) {
        let drafts = Arc::new(drawn(endpoints));
        self.table.write().unwrap_or_else(PoisonError::into_inner).drafts = drafts;
    }

    fn scopes(&self, draft: bool) -> Arc<Scopes> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        if draft { table.drafts.clone() } else { table.live.clone() }
    }

    /// The route of a webhook's path inside a scope (`workspace/environment`). The path is still percent-encoded.
    pub(crate) fn find(&self, scope: &str, path: &str, draft: bool) -> Option<Found> {
        self.scopes(draft).get(scope)?.hooks.find(path)
    }

    /// The same of a form's path.
    pub(crate) fn find_form(&self, scope: &str, path: &str, draft: bool) -> Option<Found> {
        self.scopes(draft).get(scope)?.forms.find(path)
    }

    /// Number of endpoints, drafts not counted.
    pub fn len(&self) -> usize {
        let count = |doors: &Doors| {
            doors.hooks.all().chain(doors.forms.all()).map(|route| route.endpoints.len()).sum::<usize>()
        };
        self.scopes(false).values().map(count).sum()
    }

    /// Whether nobody listens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The endpoints as paths: what says more decides first.
fn drawn(endpoints: Vec<Endpoint>) -> Scopes {
    let mut drawn: Vec<(String, Route)> = Vec::new();
    let mut places: HashMap<(String, bool, String), usize> = HashMap::new();
    for endpoint in endpoints {
        let (scope, path) = (endpoint.scope.to_string(), normal(&endpoint.webhook.path));
        let senders = endpoint.webhook.senders.iter().filter_map(|sender| sender.parse().ok()).collect();
        let started_by = match &endpoint.draft {
            Some(rehearsal) => rehearsal.by().to_owned(),
            None if endpoint.routing.is_some() => format!("endpoint:{}", endpoint.workflow),
            None if endpoint.form.is_some() => format!("form:{}", endpoint.webhook.path),
            None => format!("webhook:{}", endpoint.webhook.path),
        };
        let is_form = endpoint.form.is_some();
        let prepared = Arc::new(Prepared { endpoint, senders, started_by });
        let segments = segments(&path);
        let place = *places.entry((scope.clone(), is_form, path)).or_insert(drawn.len());
        match drawn.get_mut(place) {
            Some((_, route)) => route.endpoints.push(prepared),
            None => drawn.push((scope, Route { segments, endpoints: vec![prepared] })),
        }
    }
    let mut scopes = Scopes::new();
    for (scope, route) in drawn {
        let doors = scopes.entry(scope).or_default();
        let is_form = route.endpoints.iter().any(|prepared| prepared.endpoint.form.is_some());
        let paths = if is_form { &mut doors.forms } else { &mut doors.hooks };
        match route.fixed() {
            Some(path) => drop(paths.exact.insert(path, Arc::new(route))),
            None => paths.patterns.push(Arc::new(route)),
        }
    }
    for paths in scopes.values_mut().flat_map(|doors| [&mut doors.hooks, &mut doors.forms]) {
        // Fixed segments before named ones, from left to right.
        paths.patterns.sort_by_key(|route| {
            let named = |segment: &Segment| matches!(segment, Segment::Named(_));
            (route.segments.len(), route.segments.iter().map(named).collect::<Vec<bool>>())
        });
    }
    scopes
}

impl Route {
    /// The path, when no segment of it is named.
    fn fixed(&self) -> Option<String> {
        let text = |segment: &Segment| match segment {
            Segment::Fixed(text) => Some(text.clone()),
            Segment::Named(_) => None,
        };
        Some(self.segments.iter().map(text).collect::<Option<Vec<String>>>()?.join("/"))
    }

    fn matches(&self, given: &[&str]) -> bool {
        self.segments.len() == given.len()
            && self.segments.iter().zip(given).all(|(segment, given)| match segment {
                Segment::Fixed(text) => text == given,
                Segment::Named(_) => !given.is_empty(),
            })
    }

    fn params(&self, given: &[&str]) -> Map {
        let named = self.segments.iter().zip(given).filter_map(|(segment, given)| match segment {
            Segment::Named(name) => Some((name.clone(), Value::from(*given))),
            Segment::Fixed(_) => None,
        });
        named.collect()
    }

    /// The endpoint that answers a method.
    pub fn for_method(&self, method: &str) -> Option<(&Arc<Prepared>, u16)> {
        self.endpoints.iter().find_map(|prepared| {
            let at = prepared.endpoint.webhook.methods.iter().position(|own| own == method)?;
            Some((prepared, at as u16))
        })
    }

    /// The methods that somebody answers, as an `Allow` header.
    pub fn methods(&self) -> String {
        let all = self.endpoints.iter().flat_map(|prepared| &prepared.endpoint.webhook.methods);
        let mut methods: Vec<&str> = all.map(String::as_str).collect();
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }
}

fn normal(path: &str) -> String {
    path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/")
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) if !name.is_empty() => Segment::Named(name.to_owned()),
            _ => Segment::Fixed(segment.to_owned()),
        })
        .collect()
}

/// Decodes percent signs; what is no UTF-8 is replaced.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub fn endpoint(spec: Value) -> Endpoint {
        Endpoint {
            scope: Scope::default(),
            scope_id: ScopeId(1),
            workflow: "flow".parse().unwrap(),
            node: "Webhook".into(),
            routing: None,
            webhook: serde_json::from_value(spec).unwrap(),
            unanswered: false,
            form: None,
            draft: None,
        }
    }

    fn routes(paths: &[(&str, &str)]) -> Routes {
        let routes = Routes::default();
        let endpoint = |(method, path): &(&str, &str)| endpoint(json!({ "methods": [method], "path": path }));
        routes.set_routes(paths.iter().map(endpoint).collect());
        routes
    }

    #[test]
    fn exact_paths_come_before_patterns_and_fixed_segments_before_named() {
        let routes = routes(&[
            ("GET", "a/:id"),
            ("GET", "a/b"),
            ("POST", "/a/b/"),
            ("GET", ":x/:y/c"),
            ("GET", "q/:y/c"),
            ("GET", "Request a Quote"),
        ]);
        let check = |path: &str, method: &str| {
            let found = routes.find("main/prod", path, false)?;
            let (prepared, _) = found.route.for_method(method)?;
            Some((prepared.endpoint.webhook.path.clone(), Value::Object(found.params.clone())))
        };
        assert_eq!(check("a/b", "GET"), Some(("a/b".into(), json!({}))));
        assert_eq!(check("/a/b/", "POST"), Some(("/a/b/".into(), json!({}))));
        assert_eq!(check("a/42", "GET"), Some(("a/:id".into(), json!({ "id": "42" }))));
        assert_eq!(check("a/%C3%A9", "GET"), Some(("a/:id".into(), json!({ "id": "é" }))));
        assert_eq!(check("q/1/c", "GET"), Some(("q/:y/c".into(), json!({ "y": "1" }))));
        assert_eq!(check("Request%20a%20Quote", "GET"), Some(("Request a Quote".into(), json!({}))));
        assert_eq!(check("a", "GET"), None);
        assert_eq!(routes.find("main/prod", "a/b", false).unwrap().route.methods(), "GET, POST");
        assert!(routes.find("main/dev", "a/b", false).is_none() && routes.find("main/prod", "a/b", true).is_none());
        assert_eq!(routes.len(), 6);
    }
}
