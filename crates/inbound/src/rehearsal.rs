//! A draft that somebody tries out: its webhooks listen under the test addresses for a while, or for one event.
//!
//! It lives in memory. A restart ends it, and nothing is lost by that: whoever tries a draft sees it and listens again.

use std::sync::Arc;

use model::RunId;
use tokio::sync::watch;

/// A trial of a draft. Clones are the same trial.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    by: String,
    until: i64,
    once: bool,
    heard: watch::Sender<Heard>,
}

/// What a trial has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Runs that events have begun, in order.
    pub runs: Vec<RunId>,
    /// Nobody listens any more.
    pub over: bool,
    /// Events that are being admitted.
    under_way: u32,
}

impl Heard {
    /// No further run will come.
    pub fn is_complete(&self) -> bool {
        self.over && self.under_way == 0
    }
}

impl Rehearsal {
    /// A trial by somebody until a time (milliseconds since 1970), or until one event when `once`.
    pub fn new(by: impl Into<String>, until: i64, once: bool) -> Rehearsal {
        Rehearsal { inner: Arc::new(Inner { by: by.into(), until, once, heard: watch::Sender::default() }) }
    }

    /// Who tries: the runs act for them.
    pub fn by(&self) -> &str {
        &self.inner.by
    }

    /// When it ends, milliseconds since 1970.
    pub fn until(&self) -> i64 {
        self.inner.until
    }

    /// Whether somebody still listens.
    pub fn is_listening(&self, now: i64) -> bool {
        now < self.inner.until && !self.inner.heard.borrow().over
    }

    /// Nobody listens from now on.
    pub fn end(&self) {
        self.inner.heard.send_modify(|heard| heard.over = true);
    }

    /// Whether both are the same trial.
    pub(crate) fn is(&self, other: &Rehearsal) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Resolves when nobody listens any more and what was heard has its run.
    pub(crate) async fn is_over(&self, clock: &dyn crate::Clock) {
        let mut heard = self.heard();
        while clock.now() < self.inner.until {
            let left = (self.inner.until - clock.now()).max(0) as u64;
            tokio::select! {
                over = heard.wait_for(Heard::is_complete) => if over.is_ok() { return },
                () = tokio::time::sleep(std::time::Duration::from_millis(left)) => {}
            }
        }
        self.end();
        // An event that came in time may still be on its way to being a run.
        let _ = heard.wait_for(Heard::is_complete).await;
    }

    /// What comes of it.
    pub fn heard(&self) -> watch::Receiver<Heard> {
        self.inner.heard.subscribe()
    }

    /// Takes the place of one event. Of two that come at once, a trial of one event takes one; which one is given back
    /// by dropping the place without a run.
    pub(crate) fn claim(&self, now: i64) -> Option<Place> {
        let claimed = self.inner.heard.send_if_modified(|heard| {
            let open = !heard.over && now < self.inner.until;
            if open {
                heard.under_way += 1;
                heard.over = self.inner.once;
            }
            open
        });
        claimed.then(|| Place { rehearsal: self.clone(), run: None })
    }
}

/// The place of an event in a trial.
pub(crate) struct Place {
    rehearsal: Rehearsal,
    run: Option<RunId>,
}

impl Place {
    /// The event has begun a run.
    pub fn began(mut self, run: RunId) {
        self.run = Some(run);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (run, once) = (self.run, self.rehearsal.inner.once);
        self.rehearsal.inner.heard.send_modify(|heard| {
            heard.under_way -= 1;
            match run {
                Some(run) => heard.runs.push(run),
                None if once => heard.over = false,
                None => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run_id;

    #[test]
    fn a_trial_of_one_event_takes_one() {
        let trial = Rehearsal::new("token:a", 1_000, true);
        let heard = trial.heard();
        let place = trial.claim(1).unwrap();
        assert!(trial.claim(1).is_none() && !heard.borrow().is_complete());
        drop(place);
        assert!(trial.is_listening(1), "an event that was refused does not count");
        trial.claim(1).unwrap().began(run_id(1));
        assert!(heard.borrow().is_complete() && !trial.is_listening(1));
        assert_eq!(heard.borrow().runs, [run_id(1)]);
    }

    #[test]
    fn a_trial_ends_at_its_time_or_when_it_is_told_to() {
        let trial = Rehearsal::new("token:a", 1_000, false);
        trial.claim(998).unwrap().began(run_id(1));
        let place = trial.claim(999).unwrap();
        assert!(trial.claim(1_000).is_none() && !trial.is_listening(1_000));
        trial.end();
        assert!(trial.claim(1).is_none());
        assert!(!trial.heard().borrow().is_complete(), "an event that came in time is still being admitted");
        place.began(run_id(2));
        assert_eq!(trial.heard().borrow().runs.len(), 2);
        assert!(trial.heard().borrow().is_complete());
    }
}
