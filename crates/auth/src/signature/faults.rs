//! What is wrong with a description, so that it is refused when it is written and not when an event comes.

use http::HeaderName;

use super::place::{Place, Template};
use super::{Algorithm, Signature};

/// Names in braces that are no places.
const WORDS: [&str; 12] =
    ["body", "timestamp", "id", "url", "method", "path", "query", "target", "form", "phpForm", "sortedUrl", "secret"];
/// Where something may be in any request.
const ANYWHERE: [&str; 6] = ["header", "query", "body", "form", "raw", "headers"];

impl Signature {
    /// Each fault with the JSON pointer of its place in the description.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        faults.extend(self.stray("/place".into(), &self.place, &[]));
        for (at, place) in self.also_at.iter().enumerate() {
            faults.extend(self.stray(format!("/alsoAt/{at}"), place, &[]));
        }
        let array = self.each.as_ref().filter(|each| each.split().0 != "body" || !each.split().1.starts_with('/'));
        faults.extend(array.map(|each| ("/each".into(), format!("`{}` is no array; expected `body:/…`", each.0))));
        faults.extend(self.id.as_ref().and_then(|id| stray("/id".into(), id, &["header", "body"])));
        let of_type = self.event_type.as_ref();
        faults.extend(of_type.and_then(|of| stray("/eventType".into(), of, &["header", "query", "body"])));
        if let Some(timestamp) = &self.timestamp {
            faults.extend(self.stray("/timestamp/place".into(), &timestamp.place, &["part"]));
        }
        if self.algorithm == Algorithm::Jwt && self.token.is_none() {
            faults.push(("/token".into(), "a token needs to be told how it is signed".into()));
        }
        let own = std::iter::once(("/signed".to_owned(), &self.signed));
        let more = self.also_signed.iter().enumerate().map(|(at, text)| (format!("/alsoSigned/{at}"), text));
        for (pointer, text) in own.chain(more) {
            faults.extend(self.unfit(&pointer, text, false));
            faults.extend(self.unsigned(text).map(|detail| (pointer, detail.to_owned())));
        }
        for (at, challenge) in self.challenges.iter().enumerate() {
            let pointer = |field: &str| format!("/challenges/{at}/{field}");
            if challenge.has.is_none() && challenge.method.is_none() {
                faults.push((pointer("has"), "a question is told by its `method`, by what it `has`, or both".into()));
            }
            if !(200..300).contains(&challenge.status) {
                faults.push((pointer("status"), "a question is answered with a status from 200 to 299".into()));
            }
            faults.extend(challenge.has.as_ref().and_then(|has| stray(pointer("has"), has, &ANYWHERE)));
            faults.extend(challenge.token.as_ref().and_then(|token| stray(pointer("token"), token, &ANYWHERE)));
            faults.extend(self.unfit(&pointer("answer"), &challenge.answer, true));
        }
        faults
    }

    /// Why a text cannot be what is signed.
    fn unsigned(&self, text: &Template) -> Option<&'static str> {
        let slots = text.slots();
        let has_secret = slots.iter().any(|slot| slot.name == "secret");
        if !self.algorithm.signs_text() {
            return None;
        }
        if slots.iter().all(|slot| slot.name == "secret") {
            return Some("nothing of the request is signed; expected at least `{body}`");
        }
        match (self.algorithm.is_digest(), has_secret) {
            (true, false) => Some("anybody can make a digest; expected `{secret}` in the text"),
            (false, true) => Some("`{secret}` is for digests; a signature has its key"),
            _ => None,
        }
    }

    /// The first name in braces that says nothing here.
    fn unfit(&self, pointer: &str, template: &Template, is_answer: bool) -> Option<(String, String)> {
        template.slots().into_iter().find_map(|slot| {
            if let Some(filter) = slot.stray_filter() {
                return Some((pointer.to_owned(), format!("`|{filter}` makes nothing of a text")));
            }
            let name = slot.name;
            let place = match name.strip_prefix("sign:").filter(|_| is_answer) {
                Some(_) if !self.algorithm.is_hmac() => {
                    return Some((pointer.to_owned(), "only an HMAC can be made by who checks it".to_owned()));
                }
                Some(rest) => rest.split_once(':').map_or("", |(_, place)| place),
                None => name,
            };
            let detail = match place {
                "timestamp" if self.timestamp.is_none() => {
                    "`{timestamp}` is signed, and `timestamp` says not where it is"
                }
                "id" if self.id.is_none() => "`{id}` is signed, and `id` says not where it is",
                "verifyToken" if is_answer => return None,
                word if WORDS.contains(&word) && !is_answer => return None,
                place if is_answer => return stray(pointer.into(), &Place(place.into()), &ANYWHERE),
                place => return self.stray(pointer.into(), &Place(place.into()), &["part"]),
            };
            Some((pointer.to_owned(), detail.to_owned()))
        })
    }

    /// A place that is none, of those that lie anywhere, in an item, or of these kinds.
    fn stray(&self, pointer: String, place: &Place, more: &[&str]) -> Option<(String, String)> {
        let item = self.each.as_ref().map(|_| "item");
        let kinds: Vec<&str> = ANYWHERE.into_iter().chain(more.iter().copied()).chain(item).collect();
        stray(pointer, place, &kinds)
    }
}

/// A place that is none of these kinds.
fn stray(pointer: String, place: &Place, kinds: &[&str]) -> Option<(String, String)> {
    let (kind, name) = place.split();
    let is_right = match kind {
        "" => name == "body" && kinds.contains(&"form"),
        _ if !kinds.contains(&kind) => false,
        "header" | "headers" => HeaderName::try_from(name).is_ok(),
        "body" | "raw" | "item" => name.starts_with('/'),
        _ => !name.is_empty(),
    };
    (!is_right).then(|| (pointer, format!("`{}` is no place; expected one of `{}:…`", place.0, kinds.join(":…`, `"))))
}
