//! What is wrong with a description, so that it is refused when it is written and not when an event comes.

use http::HeaderName;

use super::place::{Place, Template};
use super::{Algorithm, Signature};

/// Names in braces that are no places.
const WORDS: [&str; 8] = ["body", "timestamp", "id", "url", "method", "path", "query", "form"];

impl Signature {
    /// Each fault with the JSON pointer of its place in the description.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let anywhere = &["header", "query", "body", "form"][..];
        faults.extend(stray("/place".into(), &self.place, anywhere));
        faults.extend(self.id.as_ref().and_then(|id| stray("/id".into(), id, &["header", "body"])));
        if let Some(timestamp) = &self.timestamp {
            let kinds = &["header", "query", "body", "form", "part"];
            faults.extend(stray("/timestamp/place".into(), &timestamp.place, kinds));
        }
        faults.extend(self.unfit("/signed", &self.signed, false));
        if self.algorithm != Algorithm::Token && self.signed.names().is_empty() {
            faults.push(("/signed".into(), "nothing of the request is signed; expected at least `{body}`".into()));
        }
        for (at, challenge) in self.challenges.iter().enumerate() {
            let pointer = |field: &str| format!("/challenges/{at}/{field}");
            if challenge.has.is_none() && challenge.method.is_none() {
                faults.push((pointer("has"), "a question is told by its `method`, by what it `has`, or both".into()));
            }
            faults.extend(challenge.has.as_ref().and_then(|has| stray(pointer("has"), has, anywhere)));
            faults.extend(challenge.token.as_ref().and_then(|token| stray(pointer("token"), token, anywhere)));
            faults.extend(self.unfit(&pointer("answer"), &challenge.answer, true));
        }
        faults
    }

    /// The first name in braces that says nothing here.
    fn unfit(&self, pointer: &str, template: &Template, is_answer: bool) -> Option<(String, String)> {
        template.names().into_iter().find_map(|name| {
            let place = match name.strip_prefix("sign:").filter(|_| is_answer) {
                Some(_) if !self.algorithm.is_hmac() => {
                    return Some((pointer.to_owned(), "only an HMAC can be made by who checks it".to_owned()));
                }
                Some(rest) => rest.split_once(':').map_or("", |(_, place)| place),
                None => &name,
            };
            let detail = match place {
                "timestamp" if self.timestamp.is_none() => {
                    "`{timestamp}` is signed, and `timestamp` says not where it is"
                }
                "id" if self.id.is_none() => "`{id}` is signed, and `id` says not where it is",
                word if WORDS.contains(&word) && !is_answer => return None,
                place => return stray(pointer.into(), &Place(place.into()), &["header", "query", "body", "form"]),
            };
            Some((pointer.to_owned(), detail.to_owned()))
        })
    }
}

/// A place that is none of these kinds.
fn stray(pointer: String, place: &Place, kinds: &[&str]) -> Option<(String, String)> {
    let (kind, name) = place.split();
    let is_right = match kind {
        "header" => HeaderName::try_from(name).is_ok(),
        "body" => name.starts_with('/'),
        _ => !name.is_empty(),
    };
    let known = kinds.contains(&kind) && is_right;
    (!known).then(|| (pointer, format!("`{}` is no place; expected one of `{}:…`", place.0, kinds.join(":…`, `"))))
}
