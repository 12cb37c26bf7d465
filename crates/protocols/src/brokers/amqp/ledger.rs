//! Which deliveries a trigger has taken that the broker may not know to be taken, over restarts.
//!
//! A message with a `message-id` has an identity: its key is made of that. Others have none: the broker only says of a
//! delivery that it may have been made before. For those a key is made up here and kept, with a digest of the message,
//! before the event is admitted; a repetition finds it by the digest. An entry goes when the broker has shown that it
//! has read the acknowledgement: it has answered something that was sent behind it.
//!
//! A message that was handed back because its run failed is meant to come again, as an event of its own: so many times
//! count in its key.

use std::collections::BTreeMap;

use bytes::Bytes;
use lapin::message::Delivery;
use model::Digest;
use serde::{Deserialize, Serialize};

/// Where it is kept.
pub(super) const PLACE: &str = "deliveries";

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ledger {
    /// How often listening was begun: keys of one listening are none of another's.
    begun: u64,
    /// Deliveries that may come again.
    open: Vec<Taken>,
    /// How often messages with an id were handed back.
    returned: BTreeMap<Digest, u32>,
    #[serde(skip)]
    count: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    digest: Digest,
    key: String,
    /// It is this listening's: a repetition that comes now is another message's.
    #[serde(skip)]
    claimed: bool,
}

/// What tells a message from others.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Identity {
    id: Option<String>,
    digest: Digest,
    redelivered: bool,
}

impl Identity {
    pub(super) fn of(delivery: &Delivery) -> Identity {
        let properties = &delivery.properties;
        let id = properties.message_id().as_ref().map(|id| id.to_string()).filter(|id| !id.is_empty());
        let text =
            |text: &Option<lapin::types::ShortString>| text.as_ref().map(ToString::to_string).unwrap_or_default();
        let stamp = properties.timestamp().map(|stamp| stamp.to_string()).unwrap_or_default();
        let parts = [
            delivery.exchange.as_str().to_owned(),
            delivery.routing_key.as_str().to_owned(),
            id.clone().unwrap_or_default(),
            text(properties.correlation_id()),
            text(properties.kind()),
            stamp,
        ];
        let mut bytes: Vec<u8> = parts.join("\0").into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(&delivery.data);
        Identity { id, digest: store::digest(&bytes), redelivered: delivery.redelivered }
    }
}

impl Ledger {
    /// As it was kept, for another listening.
    pub(super) fn read(kept: Option<&Bytes>) -> Ledger {
        // What cannot be read was not written by us, and is as good as nothing.
        let mut ledger: Ledger = kept.and_then(|kept| serde_json::from_slice(kept).ok()).unwrap_or_default();
        ledger.begun += 1;
        ledger
    }

    /// What to keep.
    pub(super) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// The key of a delivery, the same when it comes again. Says whether the ledger must be kept before it is used.
    pub(super) fn key(&mut self, identity: &Identity) -> (String, bool) {
        let short = &identity.digest.to_string()[..16];
        if let Some(id) = &identity.id {
            let returned = self.returned.get(&identity.digest).copied().unwrap_or_default();
            return (format!("id.{id}.{short}.{returned}"), false);
        }
        if identity.redelivered
            && let Some(taken) = self.open.iter_mut().find(|taken| !taken.claimed && taken.digest == identity.digest)
        {
            taken.claimed = true;
            return (taken.key.clone(), false);
        }
        self.count += 1;
        // The content is in it in case that a ledger was lost and its numbers begin again.
        let key = format!("{}.{}.{short}", self.begun, self.count);
        self.open.push(Taken { digest: identity.digest, key: key.clone(), claimed: true });
        (key, true)
    }

    /// The broker knows that the delivery with that key has been taken. Says whether anything changed.
    pub(super) fn settle(&mut self, identity: &Identity, key: &str) -> bool {
        if identity.id.is_some() {
            return self.returned.remove(&identity.digest).is_some();
        }
        let before = self.open.len();
        self.open.retain(|taken| taken.key != key);
        self.open.len() != before
    }

    /// The delivery is handed back to the broker, to come again as an event of its own. Keep the ledger before that.
    pub(super) fn hand_back(&mut self, identity: &Identity, key: &str) {
        match &identity.id {
            Some(_) => *self.returned.entry(identity.digest).or_default() += 1,
            None => drop(self.settle(identity, key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: Option<&str>, content: &str, redelivered: bool) -> Identity {
        Identity { id: id.map(str::to_owned), digest: store::digest(content.as_bytes()), redelivered }
    }

    fn reopened(ledger: &Ledger) -> Ledger {
        Ledger::read(Some(&ledger.bytes()))
    }

    #[test]
    fn a_repetition_has_the_key_of_the_first_delivery_also_after_a_restart() {
        let mut ledger = Ledger::read(None);
        let (first, keep) = ledger.key(&message(None, "on", false));
        let (second, _) = ledger.key(&message(None, "on", false));
        assert!(keep && first != second, "the same content twice is two messages");
        let mut again = reopened(&ledger);
        let repeated = [again.key(&message(None, "on", true)).0, again.key(&message(None, "on", true)).0];
        assert_eq!(repeated, [first.clone(), second], "each comes again once");
        let (third, keep) = again.key(&message(None, "on", true));
        assert!(keep && !repeated.contains(&third), "one that was delivered and never taken");
        assert!(again.settle(&message(None, "on", true), &first) && !again.settle(&message(None, "on", true), &first));
    }

    #[test]
    fn a_message_id_is_the_key_whoever_delivers_it_and_each_return_is_another_event() {
        let mut ledger = Ledger::read(None);
        let identity = message(Some("m1"), "on", false);
        let (first, keep) = ledger.key(&identity);
        assert!(!keep && Ledger::read(None).key(&identity).0 == first);
        ledger.hand_back(&identity, &first);
        let mut again = reopened(&ledger);
        let (second, _) = again.key(&message(Some("m1"), "on", true));
        assert_ne!(first, second);
        assert!(again.settle(&identity, &second));
    }

    #[test]
    fn what_was_handed_back_without_an_id_is_a_new_event() {
        let mut ledger = Ledger::read(None);
        let (first, _) = ledger.key(&message(None, "on", false));
        ledger.hand_back(&message(None, "on", false), &first);
        assert_ne!(reopened(&ledger).key(&message(None, "on", true)).0, first);
    }
}
