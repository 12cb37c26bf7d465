//! How long lists are handed out, as names of parameters and answers tell: documents have no word for it.

use std::sync::LazyLock;

use model::{Map, Value};
use regex::Regex;
use serde_json::json;

use super::schema::merged;
use super::{Document, answer};

const SIZES: &[&str] = &[
    "limit",
    "perpage",
    "pagesize",
    "maxresults",
    "resultsperpage",
    "size",
    "pagelimit",
    "take",
    "top",
    "itemsperpage",
    "count",
];
const CURSORS: &[&str] = &[
    "cursor",
    "after",
    "startingafter",
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "startcursor",
    "nextcursor",
    "marker",
    "pagecursor",
    "pageafter",
    "paginationtoken",
    "continue",
    "nextpagetoken",
    "afterid",
    "startafter",
];
const PAGES: &[&str] = &["page", "pagenumber", "pagenum", "pageindex", "currentpage"];
const OFFSETS: &[&str] = &["offset", "skip", "start", "startat", "startindex", "pageoffset"];
/// Fields of answers that hold what asks for the next page.
const NEXT_CURSORS: &[&str] = &[
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "nextpagecursor",
    "endcursor",
    "continuationtoken",
    "nextcontinuationtoken",
    "nextmarker",
    "cursorsafter",
    "cursornext",
    "nextafter",
    "metadatacontinue",
    "nextkey",
    "nextpagetoken",
    "pagingnextafter",
];
/// Fields that hold the address of the next page.
const NEXT_ADDRESSES: &[&str] = &[
    "next",
    "nexturl",
    "nextpageuri",
    "nextpageurl",
    "nextlink",
    "odatanextlink",
    "linksnext",
    "linksnexthref",
    "pagingnext",
    "paginationnext",
];
const MORE: &[&str] = &["hasmore", "hasnext", "hasnextpage", "more", "ismore", "moreavailable"];
const TOTAL_PAGES: &[&str] = &["totalpages", "pagecount", "lastpage", "pagestotal", "numpages", "pagetotal"];
const TOTALS: &[&str] = &["total", "totalcount", "totalresults", "totalitems", "totalrecords"];

/// Where a description says the most elements of a page.
static SAID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:max(?:imum)?|up to|at most)\D{0,24}(\d[\d,]*)").expect("the pattern is fixed"));

/// A way to read on, and what it needs to know of the operation.
pub struct Recognised {
    /// In the words of the manifest.
    pub paging: Value,
    /// What is sent for the first page when one item is asked for.
    pub first: Map,
    /// Parameters of the form that the paging gives.
    pub gone: Vec<String>,
}

/// Recognises it. The list must be known: the whole answer, or what `items` says.
pub fn recognise(document: &Document, spec: &Value, operation: &Value) -> Option<Recognised> {
    let request = operation["request"].as_str()?;
    let params = operation["params"].as_object()?;
    if !request.starts_with("GET ") || params.contains_key("all") {
        return None;
    }
    let (schema, response) = answer::good(document, spec)?;
    let whole = merged(document, schema, 0);
    if operation.get("items").is_none() && whole["type"] != "array" {
        return None;
    }
    let mut fields = Vec::new();
    leaves(document, &whole, "", 0, &mut fields);
    let query = |names: &[&str]| {
        let mut found = params.iter().filter(|(_, param)| param["in"] == "query");
        found.find(|(name, param)| {
            let wire = param["as"].as_str().unwrap_or(name);
            names.contains(&folded(wire).as_str()) && param["type"] != "array" && param["type"] != "object"
        })
    };
    let field = |names: &[&str]| {
        let found = fields.iter().find(|(path, _)| {
            let steps: Vec<&str> = path.rsplitn(2, '.').collect();
            names.contains(&folded(path).as_str()) || names.contains(&folded(steps[0]).as_str())
        });
        found.map(|(path, _)| path.clone())
    };
    let wire = |(name, param): (&String, &Value)| param["as"].as_str().unwrap_or(name).to_owned();
    let (mut gone, mut first) = (Vec::new(), Map::new());
    let size = query(SIZES).and_then(|(name, param)| {
        let most =
            most(param).filter(|_| param["minimum"].as_f64().unwrap_or(0.0) <= 1.0 && param.get("values").is_none())?;
        gone.push(name.clone());
        first.insert(wire((name, param)), 1.into());
        Some(json!({ "param": wire((name, param)), "most": most }))
    });
    let with_size = |mut paging: Value| {
        if let Some(size) = &size {
            paging["size"] = size.clone();
        }
        paging
    };
    let is_string = |path: &str| fields.iter().any(|(known, kind)| known == path && kind != "uri");
    let cursor = query(CURSORS).filter(|(_, param)| param["required"] != true);
    let by_cursor = cursor.and_then(|(name, param)| {
        // Where the next page begins after the last element, its id is what asks for it.
        let last = folded(name).ends_with("after") && field(MORE).is_some() && operation["items"].is_string();
        let path = field(NEXT_CURSORS).or_else(|| {
            let own = |path: &&str| is_string(path);
            ["next", "cursor", "after"].into_iter().find(own).map(str::to_owned)
        });
        let path =
            path.or_else(|| last.then(|| format!("{}.-1.id", operation["items"].as_str().unwrap_or_default())))?;
        let mut paging = json!({ "type": "cursor", "from": path, "param": wire((name, param)) });
        if let Some(more) = field(MORE) {
            paging["more"] = more.into();
        }
        Some((paging, name.clone()))
    });
    let has_link = response["headers"]
        .as_object()
        .is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("link")));
    let numbered = || {
        let (name, param) = query(PAGES)?;
        let from = param["minimum"].as_f64().or(param["example"].as_f64()).unwrap_or(1.0);
        let begin = if from == 0.0
            || param["about"].as_str().is_some_and(|about| about.contains("0-based") || about.contains("zero-based"))
        {
            0
        } else {
            1
        };
        if begin == 0 && param["required"] == true {
            return None;
        }
        let mut paging = json!({ "type": "page", "param": wire((name, param)), "first": begin });
        if let Some(path) = field(TOTAL_PAGES) {
            paging["pages"] = path.into();
        }
        Some((paging, name.clone(), begin))
    };
    let counted = || {
        let (name, param) =
            query(OFFSETS).filter(|(_, param)| param["required"] != true && param["type"] == "integer")?;
        let mut paging = json!({ "type": "offset", "param": wire((name, param)) });
        if let Some(path) = field(TOTALS) {
            paging["total"] = path.into();
        }
        Some((paging, name.clone()))
    };
    let paging = if let Some((paging, name)) = by_cursor {
        gone.push(name);
        with_size(paging)
    } else if has_link {
        gone.extend(
            query(PAGES).into_iter().filter(|(_, param)| param["required"] != true).map(|(name, _)| name.clone()),
        );
        with_size(json!({ "type": "link" }))
    } else if let Some(path) =
        field(NEXT_ADDRESSES).filter(|path| query(PAGES).is_some() || query(OFFSETS).is_some() || !is_string(path))
    {
        with_size(json!({ "type": "next", "from": path }))
    } else if let Some((paging, name, begin)) = numbered() {
        if begin > 0 {
            first.insert(wire((&name, &params[&name])), begin.into());
        }
        gone.push(name);
        with_size(paging)
    } else if let Some((paging, name)) = counted() {
        gone.push(name);
        with_size(paging)
    } else {
        return None;
    };
    // A parameter of this name that is left would be taken for the number of items.
    let clashes = params.contains_key("limit") && !gone.iter().any(|name| name == "limit");
    (!clashes).then_some(Recognised { paging, first, gone })
}

/// A name as all of its spellings: `page[size]`, `page_size` and `pageSize` are one.
fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The most elements of a page, as the parameter says it.
fn most(param: &Value) -> Option<u64> {
    if let Some(most) = param["maximum"].as_f64().filter(|most| *most >= 1.0) {
        return Some((most as u64).min(1_000));
    }
    let about = param["about"].as_str().unwrap_or_default().to_lowercase();
    let most: u64 = SAID.captures(&about)?.get(1)?.as_str().replace(',', "").parse().ok()?;
    Some(most.min(1_000)).filter(|most| *most >= 1)
}

/// Texts, numbers and switches of an answer outside of its list, by path, with their kind or format.
fn leaves(document: &Document, whole: &Value, before: &str, depth: usize, found: &mut Vec<(String, String)>) {
    for (name, property) in whole["properties"].as_object().into_iter().flatten() {
        let path = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        let property = merged(document, property, 0);
        match super::schema::kind(&property) {
            Some("object") if depth < 2 => leaves(document, &property, &path, depth + 1, found),
            Some("string") => {
                let format = property["format"].as_str().filter(|format| matches!(*format, "uri" | "url"));
                found.push((path, format.map_or("string", |_| "uri").to_owned()));
            }
            Some("array" | "object") => {}
            Some(other) => found.push((path, other.to_owned())),
            None => found.push((path, "any".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: Value, answer: Value, items: Option<&str>, expect: Value) {
        let document = Document { root: json!({ "openapi": "3.0.0" }), old: false, lost: Vec::new() };
        let spec = json!({ "responses": { "200": { "headers": answer["headers"], "content": { "application/json": { "schema": answer["schema"] } } } } });
        let mut operation = json!({ "request": "GET /orders", "params": params });
        if let Some(items) = items {
            operation["items"] = items.into();
        }
        let paging = recognise(&document, &spec, &operation).map_or(Value::Null, |found| found.paging);
        assert_eq!(paging, expect);
    }

    #[test]
    fn each_way_is_recognised() {
        let number = |maximum: u64| json!({ "type": "integer", "in": "query", "maximum": maximum });
        let text = json!({ "in": "query" });
        let list = json!({ "schema": { "type": "array" } });
        check(
            json!({ "limit": number(50), "cursor": text }),
            json!({ "schema": { "properties": { "orders": {}, "meta": { "properties": { "next_cursor": { "type": "string" } } } } } }),
            Some("orders"),
            json!({ "type": "cursor", "from": "meta.next_cursor", "param": "cursor", "size": { "param": "limit", "most": 50 } }),
        );
        check(
            json!({ "starting_after": text }),
            json!({ "schema": { "properties": { "data": {}, "has_more": { "type": "boolean" } } } }),
            Some("data"),
            json!({ "type": "cursor", "from": "data.-1.id", "param": "starting_after", "more": "has_more" }),
        );
        check(
            json!({ "page": number(9), "per_page": number(100) }),
            json!({ "headers": { "Link": {} }, "schema": { "type": "array" } }),
            None,
            json!({ "type": "link", "size": { "param": "per_page", "most": 100 } }),
        );
        check(
            json!({ "page": { "type": "integer", "in": "query" } }),
            list.clone(),
            None,
            json!({ "type": "page", "param": "page", "first": 1 }),
        );
        check(
            json!({ "offset": { "type": "integer", "in": "query" } }),
            json!({ "schema": { "properties": { "items": {}, "total": { "type": "integer" } } } }),
            Some("items"),
            json!({ "type": "offset", "param": "offset", "total": "total" }),
        );
        check(
            json!({ "page": { "type": "integer", "in": "query" } }),
            json!({ "schema": { "properties": { "results": {}, "next": { "type": "string", "format": "uri" } } } }),
            Some("results"),
            json!({ "type": "next", "from": "next" }),
        );
        // What is no list is not read on, nor is a list of which nothing is known.
        check(json!({ "page": number(9) }), json!({ "schema": { "type": "object" } }), None, Value::Null);
        check(json!({ "state": text }), list, None, Value::Null);
    }
}
