//! Who has which draft open, and what they look at.
//!
//! One is present for as long as one's stream is open; nothing is stored, and nothing has to be cleaned up. It is kept
//! by this process, so two people see each other when they are on the same server.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Name, ScopeId};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

/// People in one room at most; who comes later sees the others and is not seen.
const MOST: usize = 100;

/// Somebody who has a draft open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Present {
    /// The open page, by the name that it gave itself; one person may have several.
    pub client: String,
    /// Who.
    pub actor: String,
    /// The node that they look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// A write of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftNews {
    /// Its version; absent: it was dropped or published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Who wrote it.
    pub by: String,
}

/// What everybody in a room sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By the name of their page.
    pub people: BTreeMap<String, Present>,
    /// The stream that each of them is seen by: a page that opens another one is not gone when the first one ends.
    seats: BTreeMap<String, u64>,
    /// The last write since the room was opened.
    pub draft: Option<DraftNews>,
}

type Rooms = HashMap<(ScopeId, Name), watch::Sender<Seen>>;

/// All drafts that somebody has open. Cheap to clone.
#[derive(Clone, Default)]
pub struct Presence {
    rooms: Arc<Mutex<Rooms>>,
    /// Seats that were given so far.
    seats: Arc<AtomicU64>,
}

/// Somebody's place in a room; they leave when it is dropped.
pub struct Seat {
    presence: Presence,
    room: (ScopeId, Name),
    client: String,
    number: u64,
    /// What the room sees.
    pub seen: watch::Receiver<Seen>,
}

impl Presence {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes in.
    pub fn enter(&self, scope: ScopeId, workflow: Name, person: Present) -> Seat {
        let mut rooms = self.rooms();
        let room = rooms.entry((scope, workflow.clone())).or_insert_with(|| watch::Sender::new(Seen::default()));
        let client = person.client.clone();
        let seen = room.subscribe();
        let number = self.seats.fetch_add(1, Ordering::Relaxed);
        room.send_if_modified(|seen| {
            if seen.people.len() >= MOST && !seen.people.contains_key(&client) {
                return false;
            }
            seen.seats.insert(client.clone(), number);
            seen.people.insert(client.clone(), person.clone()).as_ref() != Some(&person)
        });
        Seat { presence: self.clone(), room: (scope, workflow), client, number, seen }
    }

    /// Looks at another node; false when no open page of that actor has this name.
    pub fn look(&self, scope: ScopeId, workflow: &Name, person: &Present) -> bool {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&(scope, workflow.clone())) else { return false };
        let known = room.borrow().people.get(&person.client).is_some_and(|known| known.actor == person.actor);
        if known {
            room.send_if_modified(|seen| {
                seen.people.insert(person.client.clone(), person.clone()).as_ref() != Some(person)
            });
        }
        known
    }

    /// Tells a room that its draft was written.
    pub fn tell(&self, scope: ScopeId, workflow: &Name, news: DraftNews) {
        if let Some(room) = self.rooms().get(&(scope, workflow.clone())) {
            room.send_modify(|seen| seen.draft = Some(news));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.presence.rooms();
        let Some(room) = rooms.get(&self.room) else { return };
        room.send_if_modified(|seen| {
            let ours = seen.seats.get(&self.client) == Some(&self.number);
            if ours {
                seen.seats.remove(&self.client);
                seen.people.remove(&self.client);
            }
            ours
        });
        // Ours is the last ear, and goes with us.
        if room.receiver_count() <= 1 {
            rooms.remove(&self.room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(client: &str, node: Option<&str>) -> Present {
        Present { client: client.into(), actor: "user:ada".into(), node: node.map(str::to_owned) }
    }

    fn clients(seat: &Seat) -> Vec<String> {
        seat.seen.borrow().people.keys().cloned().collect()
    }

    #[test]
    fn people_see_each_other_until_their_stream_ends() {
        let (presence, name) = (Presence::default(), "orders".parse::<Name>().unwrap());
        let first = presence.enter(ScopeId(1), name.clone(), person("a", None));
        let second = presence.enter(ScopeId(1), name.clone(), person("b", None));
        let elsewhere = presence.enter(ScopeId(2), name.clone(), person("c", None));
        assert_eq!(clients(&first), ["a", "b"]);
        assert_eq!(clients(&elsewhere), ["c"], "another scope is another room");
        assert!(presence.look(ScopeId(1), &name, &person("b", Some("Set"))));
        assert_eq!(first.seen.borrow().people["b"].node.as_deref(), Some("Set"));
        drop(second);
        assert_eq!(clients(&first), ["a"]);
        drop((first, elsewhere));
        assert!(presence.rooms().is_empty(), "an empty room is given back");
    }

    #[test]
    fn a_page_that_follows_anew_stays_when_its_first_stream_ends_late() {
        let (presence, name) = (Presence::default(), "orders".parse::<Name>().unwrap());
        let other = presence.enter(ScopeId(1), name.clone(), person("b", None));
        let first = presence.enter(ScopeId(1), name.clone(), person("a", None));
        let second = presence.enter(ScopeId(1), name.clone(), person("a", None));
        drop(first);
        assert_eq!(clients(&other), ["a", "b"]);
        drop(second);
        assert_eq!(clients(&other), ["b"]);
    }

    #[test]
    fn nobody_speaks_for_another_page() {
        let (presence, name) = (Presence::default(), "orders".parse::<Name>().unwrap());
        let _seat = presence.enter(ScopeId(1), name.clone(), person("a", None));
        let other = Present { actor: "user:eve".into(), ..person("a", Some("Set")) };
        assert!(!presence.look(ScopeId(1), &name, &other));
        assert!(!presence.look(ScopeId(1), &name, &person("gone", None)));
    }

    #[test]
    fn a_write_is_heard_in_its_room() {
        let (presence, name) = (Presence::default(), "orders".parse::<Name>().unwrap());
        let seat = presence.enter(ScopeId(1), name.clone(), person("a", None));
        presence.tell(ScopeId(1), &name, DraftNews { version: Some(3), by: "user:ada".into() });
        presence.tell(
            ScopeId(1),
            &"other".parse::<Name>().unwrap(),
            DraftNews { version: Some(9), by: "user:ada".into() },
        );
        assert_eq!(seat.seen.borrow().draft.as_ref().and_then(|news| news.version), Some(3));
    }
}
