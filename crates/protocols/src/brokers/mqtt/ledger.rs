//! What a trigger knows of its session at the broker, over restarts: its client id, what it has subscribed to, and which
//! deliveries it has taken that the broker may not know to be taken.
//!
//! MQTT gives messages no identity. A delivery has a packet id, which the broker uses again once the delivery is
//! acknowledged, and a flag that says that it may be a repetition. So the key of a delivery is made up here and kept,
//! with the packet id, before the event is admitted; a repetition finds it there. An entry goes when the broker has
//! shown that it has read the acknowledgement: it has answered something that was sent behind it.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::Digest;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::Publish;
use serde::{Deserialize, Serialize};

/// Where it is kept.
pub(super) const PLACE: &str = "session";

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ledger {
    /// Ours at the broker, made when the trigger first listened.
    pub client_id: String,
    /// Topics that the broker keeps for the session, with their quality of service.
    pub topics: BTreeMap<String, u8>,
    /// How often listening was begun: keys of one listening are none of another's.
    begun: u64,
    /// Deliveries that may come again, by packet id.
    open: BTreeMap<u16, Taken>,
    #[serde(skip)]
    count: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    /// Of topic and content.
    digest: Digest,
    key: String,
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

    /// The broker has no session of ours: nothing of the old one will come again.
    pub(super) fn forget_session(&mut self) {
        self.topics.clear();
        self.open.clear();
    }

    /// The key of a delivery, the same when it comes again; none where the protocol promises nothing. Keep the ledger
    /// before the key is used.
    pub(super) fn key(&mut self, delivery: &Publish) -> Option<String> {
        if delivery.qos == QoS::AtMostOnce {
            return None;
        }
        let content = [delivery.topic.as_bytes(), b"\0", &delivery.payload].concat();
        let digest = store::digest(&content);
        if delivery.dup
            && let Some(taken) = self.open.get(&delivery.pkid)
            && taken.digest == digest
        {
            return Some(taken.key.clone());
        }
        self.count += 1;
        // The content is in it in case that a ledger was lost and its numbers begin again.
        let key = format!("{}.{}.{}", self.begun, self.count, &digest.to_string()[..16]);
        self.open.insert(delivery.pkid, Taken { digest, key: key.clone() });
        Some(key)
    }

    /// The broker knows that the delivery with that key has been taken; its packet id may be another's by now. Says
    /// whether anything changed.
    pub(super) fn settle(&mut self, packet: u16, key: &str) -> bool {
        self.open.get(&packet).is_some_and(|taken| taken.key == key) && self.release(packet)
    }

    /// The broker has let go of a packet id.
    pub(super) fn release(&mut self, packet: u16) -> bool {
        self.open.remove(&packet).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(pkid: u16, content: &str, dup: bool) -> Publish {
        Publish { pkid, dup, ..Publish::new("t", QoS::AtLeastOnce, content) }
    }

    fn reopened(ledger: &Ledger) -> Ledger {
        Ledger::read(Some(&ledger.bytes()))
    }

    #[test]
    fn a_repetition_has_the_key_of_the_first_delivery_also_after_a_restart() {
        let mut ledger = Ledger::read(None);
        let first = ledger.key(&delivery(7, "on", false));
        assert!(first.is_some());
        assert_eq!(ledger.key(&delivery(7, "on", true)), first);
        let mut again = reopened(&ledger);
        assert_eq!(again.key(&delivery(7, "on", true)), first);
        assert_ne!(again.key(&delivery(8, "on", true)), first, "another delivery");
        assert_ne!(again.key(&delivery(7, "off", true)), first, "another message");
    }

    #[test]
    fn a_packet_id_that_is_used_again_is_another_message_although_it_says_the_same() {
        let mut ledger = Ledger::read(None);
        let first = ledger.key(&delivery(1, "on", false)).unwrap();
        let second = ledger.key(&delivery(1, "on", false)).unwrap();
        assert_ne!(first, second);
        assert!(!ledger.settle(1, &first), "the packet id is the second's by now");
        assert!(ledger.settle(1, &second) && !ledger.release(1));
        // The broker knew that the second was taken, so this is a third that was lost on its first way.
        let third = ledger.key(&delivery(1, "on", true)).unwrap();
        assert!(third != first && third != second);
        let mut again = reopened(&ledger);
        assert_ne!(again.key(&delivery(1, "on", false)), Some(third), "keys of another listening are others");
    }

    #[test]
    fn nothing_comes_again_when_the_broker_has_forgotten_us_and_at_most_once_has_no_key() {
        let mut ledger = Ledger::read(None);
        let first = ledger.key(&delivery(1, "on", false));
        ledger.topics.insert("t".into(), 1);
        ledger.forget_session();
        assert!(ledger.topics.is_empty());
        assert_ne!(ledger.key(&delivery(1, "on", true)), first);
        assert_eq!(ledger.key(&Publish::new("t", QoS::AtMostOnce, "on")), None);
        assert!(Ledger::read(Some(&Bytes::from_static(b"{"))).topics.is_empty());
    }
}
