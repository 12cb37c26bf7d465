//! How a long list is read on.

use model::{Map, Value};
use part::NodeError;
use part::exchange::{Content, Plan};
use part::lenient::to_text;
use url::Url;

use crate::manifest::{Paging, Place, Size};
use crate::operate::Reply;
use crate::path;

/// Pages that are fetched at most, whatever the answers say.
const MOST_PAGES: u64 = 100_000;

/// Where in a list one was, to go on from there another time.
#[derive(Clone, Debug)]
pub struct Position {
    plan: Plan,
    number: u64,
    last: Option<String>,
    end: Option<String>,
}

/// Where in a list one is.
pub struct Pages<'a> {
    paging: &'a Paging,
    plan: Plan,
    limit: Option<u64>,
    number: u64,
    /// What asks for the page after this one, the last time.
    last: Option<String>,
    /// Where the last window of time ends.
    end: Option<String>,
}

impl<'a> Pages<'a> {
    /// Before the first page.
    pub fn new(paging: &'a Paging, mut plan: Plan, limit: Option<u64>) -> Pages<'a> {
        let (place, first) = match paging {
            Paging::Page { param, r#in, first, .. } => (*r#in, Some((param, *first))),
            Paging::Offset { param, r#in, first, .. } => (*r#in, Some((param, *first))),
            Paging::Cursor { r#in, .. } => (*r#in, None),
            Paging::Graphql { .. } => (Place::Body, None),
            _ => (Place::Query, None),
        };
        // A parameter that a person gave counts.
        if let Some(param) = size(paging).and_then(|size| size.param.as_ref())
            && !is_set(&plan, place, param, paging)
        {
            let most = size(paging).map_or(100, |size| size.most);
            set(&mut plan, place, param, limit.map_or(most, |limit| limit.clamp(1, most)).into(), paging);
        }
        if let Some((param, first)) = first
            && !is_set(&plan, place, param, paging)
            && first > 0
        {
            set(&mut plan, place, param, first.into(), paging);
        }
        let mut end = None;
        if let Paging::Window { from, to, length } = paging
            && let (Some(begin), Some(whole)) = (plan.query.get(from).cloned(), plan.query.get(to).cloned())
        {
            let whole = to_text(whole);
            plan.query.insert(to.clone(), later(&to_text(begin), *length, &whole).into());
            end = Some(whole);
        }
        Pages { paging, plan, limit, number: 1, last: None, end }
    }

    /// At a position that an earlier reading came to.
    pub fn resume(paging: &'a Paging, limit: Option<u64>, position: Position) -> Pages<'a> {
        let Position { plan, number, last, end } = position;
        Pages { paging, plan, limit, number, last, end }
    }

    /// Where it is now.
    pub fn position(self) -> Position {
        Position { plan: self.plan, number: self.number, last: self.last, end: self.end }
    }

    /// Number of the page, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The request for the page.
    pub fn plan(&self) -> Plan {
        self.plan.clone()
    }

    /// Goes to the next page; `false` when that was the last one.
    ///
    /// # Errors
    /// The service asks for the same page again and again, or for one at another host.
    pub fn next(&mut self, reply: &Reply, count: usize) -> Result<bool, NodeError> {
        let body = &reply.body;
        let said = |place: &Option<String>| {
            place.as_ref().map(|place| match path::at(body, place) {
                Some(Value::Bool(more)) => more,
                Some(Value::Null) | None => false,
                Some(Value::String(text)) => !text.is_empty() && text != "false",
                Some(Value::Number(number)) => number.as_f64() != Some(0.0),
                Some(_) => true,
            })
        };
        let full = |size: &Option<Size>| {
            let asked = size.as_ref().map(|size| self.limit.map_or(size.most, |limit| limit.clamp(1, size.most)));
            count > 0 && asked.is_none_or(|asked| count as u64 >= asked)
        };
        let mark = match self.paging {
            Paging::Cursor { from, param, r#in, more, .. } => {
                let next =
                    path::at(body, from).filter(|next| !next.is_null()).filter(|next| next != "" && next != false);
                let Some(next) = next.filter(|_| said(more) != Some(false)) else { return Ok(false) };
                let mark = to_text(next.clone());
                set(&mut self.plan, *r#in, param, next, self.paging);
                mark
            }
            Paging::Page { param, r#in, first, more, pages, size } => {
                let all = pages
                    .as_ref()
                    .and_then(|place| path::at(body, place))
                    .and_then(|pages| to_text(pages).parse().ok());
                let more = match (said(more), all) {
                    (Some(more), _) => more,
                    (None, Some(all)) => self.number < all,
                    (None, None) => full(size),
                };
                if !more || count == 0 {
                    return Ok(false);
                }
                let page = first + self.number;
                set(&mut self.plan, *r#in, param, page.into(), self.paging);
                page.to_string()
            }
            Paging::Offset { param, r#in, first, more, total, size } => {
                let before = self.last.as_ref().and_then(|last| last.parse().ok()).unwrap_or(*first);
                let next = before + count as u64;
                let all =
                    total.as_ref().and_then(|place| path::at(body, place)).and_then(|all| to_text(all).parse().ok());
                let more = match (said(more), all) {
                    (Some(more), _) => more,
                    (None, Some(all)) => next - first < all,
                    (None, None) => full(size),
                };
                if !more || count == 0 {
                    return Ok(false);
                }
                set(&mut self.plan, *r#in, param, next.into(), self.paging);
                next.to_string()
            }
            Paging::Link { .. } => {
                let header = reply.headers.get("link").cloned().map(to_text).unwrap_or_default();
                match next_link(&header) {
                    Some(address) => self.go_to(&address)?,
                    None => return Ok(false),
                }
            }
            Paging::Next { from, .. } => {
                match path::at(body, from).filter(|next| !next.is_null()).map(to_text).filter(|text| !text.is_empty()) {
                    Some(address) => self.go_to(&address)?,
                    None => return Ok(false),
                }
            }
            Paging::Graphql { connection, variable, .. } => {
                let info = path::at(&body["data"], connection).map(|connection| connection["pageInfo"].clone());
                let info = info.unwrap_or_default();
                let cursor = info["endCursor"].clone();
                if info["hasNextPage"] != true || cursor.is_null() {
                    return Ok(false);
                }
                let mark = to_text(cursor.clone());
                set(&mut self.plan, Place::Body, variable, cursor, self.paging);
                mark
            }
            Paging::Window { from, to, length } => {
                let Some(end) = self.end.clone() else { return Ok(false) };
                let begin = to_text(self.plan.query.get(to).cloned().unwrap_or_default());
                if begin >= end {
                    return Ok(false);
                }
                self.plan.query.insert(from.clone(), begin.as_str().into());
                self.plan.query.insert(to.clone(), later(&begin, *length, &end).into());
                begin
            }
        };
        self.number += 1;
        if self.last.as_ref() == Some(&mark) || self.number > MOST_PAGES {
            let detail = format!("the service asks for the same page again and again (`{mark:.80}`)");
            return Err(NodeError::bad_data(detail).permanent());
        }
        self.last = Some(mark);
        Ok(true)
    }

    /// The next page has an address of its own. The account's secret goes with it, so it must be of the same host.
    fn go_to(&mut self, address: &str) -> Result<String, NodeError> {
        let next: Url = self
            .plan
            .url
            .join(address)
            .map_err(|error| NodeError::bad_data(format!("the next page `{address}` is no address: {error}")))?;
        if next.host() != self.plan.url.host() || next.scheme() != self.plan.url.scheme() {
            let detail = format!("the next page is at another host, `{}`", next.host_str().unwrap_or_default());
            return Err(NodeError::bad_data(detail).permanent());
        }
        self.plan.query = Map::new();
        self.plan.url = next.clone();
        Ok(next.into())
    }
}

/// A moment or day that is so much later, but not after the end.
fn later(begin: &str, length: model::HumanDuration, end: &str) -> String {
    let next = if let Ok(moment) = begin.parse::<jiff::Timestamp>() {
        moment.checked_add(length.0).map(|next| next.to_string()).ok()
    } else if let Ok(day) = begin.parse::<jiff::civil::Date>() {
        day.checked_add(length.0).map(|next| next.to_string()).ok()
    } else {
        None
    };
    next.filter(|next| next.as_str() < end).unwrap_or_else(|| end.to_owned())
}

fn size(paging: &Paging) -> Option<&Size> {
    match paging {
        Paging::Cursor { size, .. }
        | Paging::Page { size, .. }
        | Paging::Offset { size, .. }
        | Paging::Link { size }
        | Paging::Next { size, .. }
        | Paging::Graphql { size, .. } => size.as_ref(),
        Paging::Window { .. } => None,
    }
}

/// The map that a parameter of a place goes into.
fn target<'p>(plan: &'p mut Plan, place: Place, paging: &Paging) -> &'p mut Map {
    let Plan { query, headers, body, .. } = plan;
    match place {
        Place::Header => headers,
        Place::Body | Place::Whole => {
            if matches!(body, Content::None) {
                *body = Content::Json(Value::Object(Map::new()));
            }
            match body {
                Content::Json(Value::Object(map)) | Content::Form(map) => match paging {
                    Paging::Graphql { .. } => object_in(map, "variables"),
                    _ => map,
                },
                _ => query,
            }
        }
        _ => query,
    }
}

fn object_in<'m>(map: &'m mut Map, name: &str) -> &'m mut Map {
    let inner = map.entry(name).or_insert(Value::Null);
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    inner.as_object_mut().expect("it was just made an object")
}

fn set(plan: &mut Plan, place: Place, param: &str, value: Value, paging: &Paging) {
    path::put(target(plan, place, paging), param, value);
}

fn is_set(plan: &Plan, place: Place, param: &str, paging: &Paging) -> bool {
    let mut copy = plan.clone();
    let map = Value::Object(target(&mut copy, place, paging).clone());
    path::at(&map, param).is_some_and(|value| !value.is_null())
}

/// The address of `rel="next"` in a header `Link` (RFC 8288).
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, after) = after.split_once('>')?;
        let end = after.find(",<").or_else(|| after.find(", <")).unwrap_or(after.len());
        let is_next = after[..end].split(';').any(|param| {
            let param = param.trim().trim_end_matches(',').to_ascii_lowercase();
            param.strip_prefix("rel=").is_some_and(|rel| rel.trim_matches('"').split(' ').any(|word| word == "next"))
        });
        if is_next {
            return Some(address.to_owned());
        }
        rest = &after[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> Plan {
        Plan {
            method: http::Method::GET,
            url: "https://api.example/things?x=1".parse().unwrap(),
            query: Map::new(),
            headers: Map::new(),
            body: Content::None,
            arrays: part::exchange::QueryArrays::Repeat,
        }
    }

    /// The queries of the pages that answers lead to.
    fn walk(paging: Value, limit: Option<u64>, answers: &[(Value, usize)]) -> Vec<Value> {
        let paging: Paging = serde_json::from_value(paging).unwrap();
        let mut pages = Pages::new(&paging, plan(), limit);
        let mut asked = vec![Value::Object(pages.plan().query)];
        for (body, count) in answers {
            if !pages.next(&Reply { body: body.clone(), ..Reply::default() }, *count).unwrap() {
                break;
            }
            asked.push(Value::Object(pages.plan().query));
        }
        asked
    }

    #[test]
    fn each_way_of_paging_asks_for_the_next_page_and_ends() {
        let cursor =
            json!({ "type": "cursor", "from": "meta.next", "param": "after", "size": { "param": "limit", "most": 2 } });
        assert_eq!(
            walk(
                cursor.clone(),
                None,
                &[(json!({ "meta": { "next": "b" } }), 2), (json!({ "meta": { "next": "" } }), 1)]
            ),
            [json!({ "limit": 2 }), json!({ "limit": 2, "after": "b" })]
        );
        assert_eq!(walk(cursor, Some(1), &[]), [json!({ "limit": 1 })]);
        let page = json!({ "type": "page", "param": "p", "size": { "param": "n", "most": 2 } });
        assert_eq!(
            walk(page, None, &[(json!([]), 2), (json!([]), 1)]),
            [json!({ "n": 2, "p": 1 }), json!({ "n": 2, "p": 2 })]
        );
        let offset = json!({ "type": "offset", "param": "skip", "total": "total" });
        assert_eq!(
            walk(offset, None, &[(json!({ "total": 5 }), 2), (json!({ "total": 5 }), 2), (json!({ "total": 5 }), 1)]),
            [json!({}), json!({ "skip": 2 }), json!({ "skip": 4 })]
        );
    }

    #[test]
    fn time_is_asked_for_in_windows() {
        let paging: Paging =
            serde_json::from_value(json!({ "type": "window", "from": "a", "to": "b", "length": "2d" })).unwrap();
        let mut plan = plan();
        plan.query.insert("a".into(), "2026-01-01".into());
        plan.query.insert("b".into(), "2026-01-04".into());
        let mut pages = Pages::new(&paging, plan, None);
        assert_eq!(Value::Object(pages.plan().query), json!({ "a": "2026-01-01", "b": "2026-01-03" }));
        assert!(pages.next(&Reply::default(), 0).unwrap());
        assert_eq!(Value::Object(pages.plan().query), json!({ "a": "2026-01-03", "b": "2026-01-04" }));
        assert!(!pages.next(&Reply::default(), 0).unwrap());
    }

    #[test]
    fn links_are_followed_to_the_same_host_only() {
        assert_eq!(
            next_link("<https://a/1>; rel=\"prev\", <https://a/2>; rel=\"next\"").as_deref(),
            Some("https://a/2")
        );
        assert_eq!(next_link("<https://a/?x=1,2>; title=\"a, b\"; rel=next").as_deref(), Some("https://a/?x=1,2"));
        assert_eq!(next_link("<https://a/1>; rel=\"last\""), None);
        let paging: Paging = serde_json::from_value(json!({ "type": "next", "from": "next" })).unwrap();
        let reply = |next: &str| Reply { body: json!({ "next": next }), ..Reply::default() };
        let mut pages = Pages::new(&paging, plan(), None);
        assert!(pages.next(&reply("/things?page=2"), 1).unwrap());
        assert_eq!(pages.plan().url.as_str(), "https://api.example/things?page=2");
        assert!(pages.next(&reply("https://evil.example/things"), 1).unwrap_err().to_string().contains("another host"));
        assert!(pages.next(&reply("/things?page=2"), 1).unwrap_err().to_string().contains("again and again"));
    }

    #[test]
    fn graphql_s_cursors_are_variables() {
        let paging: Paging = serde_json::from_value(json!({ "type": "graphql", "connection": "products" })).unwrap();
        let mut plan = plan();
        plan.body = Content::Json(json!({ "query": "q", "variables": { "first": 2 } }));
        let mut pages = Pages::new(&paging, plan, None);
        let body = json!({ "data": { "products": { "pageInfo": { "hasNextPage": true, "endCursor": "c" } } } });
        assert!(pages.next(&Reply { body, ..Reply::default() }, 2).unwrap());
        let Content::Json(body) = pages.plan().body else { panic!("the body is JSON") };
        assert_eq!(body["variables"], json!({ "first": 2, "after": "c" }));
    }
}
