//! What places are counted with: a bucket that fills steadily, a window that a service states, and a pace that is
//! found out where a service only ever says "too many".
//!
//! Each tells when the place after `ahead` others is free, and is told when a place is taken. None of them waits.

use std::time::Duration;

use tokio::time::Instant;

use super::quota::Quota;
use crate::RateLimit;

/// Nothing is promised for later than this.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// So many calls in so long, by the generic cell rate algorithm: the whole allowance may be used at once.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) limit: RateLimit,
    /// When the allowance is whole again, if nobody calls.
    whole: Instant,
}

impl Bucket {
    pub(super) fn new(limit: RateLimit, now: Instant) -> Bucket {
        Bucket { limit, whole: now }
    }

    fn interval(&self) -> Duration {
        self.limit.per.0 / self.limit.calls.max(1)
    }

    pub(super) fn free_at(&self, now: Instant, ahead: u64) -> Instant {
        let whole = later(self.whole.max(now), self.interval(), ahead.saturating_add(1));
        whole.checked_sub(self.limit.per.0).unwrap_or(now).max(now)
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.whole = later(self.whole.max(now), self.interval(), 1);
    }

    pub(super) fn give_back(&mut self) {
        self.whole = self.whole.checked_sub(self.interval()).unwrap_or(self.whole);
    }

    /// How long until the whole allowance is there.
    pub(super) fn whole_in(&self, now: Instant) -> Duration {
        self.whole.saturating_duration_since(now)
    }

    /// Places that are taken.
    pub(super) fn taken(&self, now: Instant) -> u64 {
        (self.whole_in(now).as_secs_f64() / self.interval().as_secs_f64().max(1e-9)).ceil() as u64
    }

    /// The service says how many places are taken. Calls that are on their way count only here, so a lower number
    /// than ours is not taken for true.
    pub(super) fn stated(&mut self, taken: u64, now: Instant) {
        self.whole = self.whole.max(later(now, self.interval(), taken));
    }
}

/// A number of calls until a moment, as a service states it; all of them come back at that moment.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) limit: Option<u64>,
    pub(super) left: u64,
    pub(super) resets: Instant,
    /// How long a window is: stated, or the longest time to a reset that was seen.
    length: Duration,
}

impl Window {
    /// Shorter windows are not believed in: resets are told in whole seconds.
    const SHORTEST: Duration = Duration::from_secs(1);

    /// `None` for a quota that says no end: there is nothing to wait for.
    pub(super) fn new(quota: &Quota, now: Instant) -> Option<Window> {
        let (left, reset) = (quota.remaining?, quota.reset?);
        let length = quota.window.unwrap_or(reset).max(Window::SHORTEST);
        let reset = if left == 0 && reset.is_zero() { Window::SHORTEST } else { reset };
        Some(Window { limit: quota.limit, left, resets: now + reset.min(FOR_EVER), length })
    }

    pub(super) fn free_at(&self, now: Instant, ahead: u64) -> Instant {
        let (left, from) = match self.limit {
            None if now >= self.resets => return now,
            Some(limit) if now >= self.resets => (limit, now + self.length),
            _ => (self.left, self.resets),
        };
        match ahead.checked_sub(left) {
            None => now,
            // Spread over the window, although all of it is free at its beginning: who comes back comes in turn.
            Some(beyond) => {
                let limit = self.limit.unwrap_or(beyond + 1).max(1);
                let share = self.length.as_secs_f64() * (beyond as f64 / limit as f64);
                from + Duration::try_from_secs_f64(share).unwrap_or(FOR_EVER).min(FOR_EVER)
            }
        }
    }

    pub(super) fn take(&mut self, now: Instant) {
        if now >= self.resets {
            self.left = self.limit.unwrap_or(u64::MAX);
            self.resets = now + self.length;
        }
        self.left = self.left.saturating_sub(1);
    }

    pub(super) fn give_back(&mut self) {
        self.left = self.left.saturating_add(1).min(self.limit.unwrap_or(u64::MAX));
    }

    /// The service states it again. Within one window what is left only falls: answers overtake each other, and calls
    /// that are on their way are counted only here.
    pub(super) fn stated(&mut self, quota: &Quota, now: Instant) {
        let Some(stated) = Window::new(quota, now) else { return };
        let tolerance = (self.length / 10).max(Duration::from_millis(1500)).min(Duration::from_secs(60));
        let apart = stated
            .resets
            .saturating_duration_since(self.resets)
            .max(self.resets.saturating_duration_since(stated.resets));
        let length = quota.window.map_or(stated.length.max(self.length), |_| stated.length);
        let same = now < self.resets && apart <= tolerance;
        *self = if same {
            Window { left: self.left.min(stated.left), resets: self.resets.min(stated.resets), length, ..stated }
        } else {
            Window { length, ..stated }
        };
    }
}

/// The pace of a service that refuses without a word: it is cut to what was let through when the service refuses; it
/// doubles while nothing is known, comes back quickly to just below where it was refused, then feels its way up, the
/// faster the longer nothing happens. Single refusals amid good answers are noise, and change nothing: the first one
/// only begins to count.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Calls in a second; infinite while refusals are only counted.
    rate: f64,
    /// The rate at which it was refused last.
    ceiling: Option<f64>,
    /// When the next place is free.
    next: Instant,
    /// What was seen since the rate changed.
    epoch: Epoch,
    /// Refusals in a row.
    row: u32,
    /// Good answers since the last cut.
    good: u32,
    /// Epochs without a cut.
    calm: i32,
    /// When it was cut, and from when on calls were let through again; refusals of older calls are no news.
    cut: Instant,
    resumed: Instant,
    refused: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Epoch {
    began: Instant,
    good: u32,
    refused: u32,
}

impl Pace {
    /// Timers wake up late; so much is made up for.
    const SLACK: Duration = Duration::from_millis(10);
    /// One call in a minute is the slowest pace.
    const SLOWEST: f64 = 1.0 / 60.0;
    /// Nobody was refused for so long: there is no pace any more, and nothing to be counted.
    const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
    const WATCHED: Duration = Duration::from_secs(60);
    /// What stays of the rate that was let through.
    const CUT: f64 = 0.9;
    /// Up to this part of the ceiling it comes back in steps of a twentieth, beyond it in much smaller ones.
    const PLATEAU: f64 = 0.97;

    /// Before the first refusal.
    pub(super) fn new(now: Instant) -> Pace {
        Pace {
            rate: f64::INFINITY,
            ceiling: None,
            next: now,
            epoch: Epoch { began: now, good: 0, refused: 0 },
            row: 0,
            good: 0,
            calm: 0,
            cut: now,
            resumed: now,
            refused: now,
        }
    }

    fn watching(&self) -> bool {
        self.rate.is_infinite()
    }

    /// No ceiling was met yet, and the rate is a guess that doubles.
    pub(super) fn learning(&self) -> bool {
        self.ceiling.is_none() && !self.watching()
    }

    pub(super) fn forgotten(&self, now: Instant) -> bool {
        let longest = if self.watching() { Pace::WATCHED } else { Pace::FORGOTTEN };
        now.saturating_duration_since(self.refused) > longest
    }

    fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate.max(Pace::SLOWEST))
    }

    /// When the place after `ahead` others is free; `hopeful` counts with what a guess may still become.
    pub(super) fn free_at(&self, now: Instant, ahead: u64, hopeful: bool) -> Instant {
        let interval = match (hopeful, self.learning()) {
            (false, _) => self.interval(),
            (true, true) => self.interval() / 4,
            (true, false) => self.interval().mul_f64(0.95),
        };
        later(self.next.max(now), interval, ahead)
    }

    pub(super) fn take(&mut self, now: Instant) {
        let from = now.checked_sub(Pace::SLACK).unwrap_or(now);
        self.next = later(self.next.max(from), self.interval(), 1);
    }

    pub(super) fn give_back(&mut self) {
        self.next = self.next.checked_sub(self.interval()).unwrap_or(self.next);
    }

    /// Everybody waits until then; what was seen up to now says nothing about afterwards.
    pub(super) fn resumes(&mut self, at: Instant) {
        if at > self.resumed {
            self.resumed = at;
            self.epoch = Epoch { began: at, good: 0, refused: 0 };
        }
    }

    /// An answer that was no refusal.
    pub(super) fn good(&mut self, now: Instant) {
        self.epoch.good += 1;
        self.good = self.good.saturating_add(1);
        self.row = 0;
        self.grow(now);
    }

    /// A refusal of a call that was sent at that time; `worded` when it said how long to wait. `rate`: good answers in
    /// the last second.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant, worded: bool, rate: f64) {
        self.refused = now;
        if sent <= self.cut && !self.watching() {
            return;
        }
        self.epoch.refused += 1;
        self.row += 1;
        let (good, refused) = (self.epoch.good, self.epoch.refused);
        let seen = good + refused;
        let share = f64::from(refused) / f64::from(seen);
        let nothing_passes = self.good == 0 && self.row >= 2;
        if worded || nothing_passes || self.row >= 4 || (seen >= 20 && refused >= 4 && share > 0.15) {
            match self.watching() {
                true => self.begin(now, rate),
                false => self.cut(now, worded, share),
            }
        }
    }

    /// From watching to a first guess: what was good may have been a burst.
    fn begin(&mut self, now: Instant, rate: f64) {
        self.rate = (rate / 2.0).max(1.0);
        self.start_over(now);
        self.take(now);
    }

    fn start_over(&mut self, now: Instant) {
        (self.good, self.row, self.calm) = (0, 0, 0);
        (self.cut, self.resumed) = (now, now);
        self.epoch = Epoch { began: now, good: 0, refused: 0 };
    }

    fn cut(&mut self, now: Instant, worded: bool, share: f64) {
        let span = now.saturating_duration_since(self.epoch.began).as_secs_f64();
        let seen = self.epoch.good + self.epoch.refused;
        let mut passed = match seen {
            _ if self.good == 0 => self.rate / 2.0,
            0..10 => self.rate * 0.8,
            _ if span > 0.2 => f64::from(self.epoch.good) / span,
            _ => self.rate * (1.0 - share),
        };
        // Between two refusals a service lets through just what it allows; the longer, the truer.
        let since = now.saturating_duration_since(self.resumed).as_secs_f64();
        if since > 3.0 {
            passed = passed.max(f64::from(self.good) / since);
        }
        let passed = passed.min(self.rate).max(Pace::SLOWEST);
        self.ceiling = Some(match self.ceiling {
            _ if worded || share > 0.3 => passed,
            Some(ceiling) => passed.max(Pace::PLATEAU * ceiling),
            None => self.rate,
        });
        self.rate = (passed * Pace::CUT).max(Pace::SLOWEST);
        self.start_over(now);
    }

    /// At the end of an epoch of a second, or of some answers: more, if all of the pace was used.
    fn grow(&mut self, now: Instant) {
        let span = now.saturating_duration_since(self.epoch.began).as_secs_f64();
        let answers = if self.ceiling.is_none() { 4.0 } else { 20.0 };
        if span < (answers / self.rate).clamp(1.0, 20.0) {
            return;
        }
        let seen = f64::from(self.epoch.good + self.epoch.refused);
        self.epoch = Epoch { began: now, good: 0, refused: 0 };
        if self.watching() || seen < 0.7 * self.rate * span {
            return;
        }
        self.calm = self.calm.saturating_add(1);
        match self.ceiling {
            None => self.rate *= 2.0,
            Some(ceiling) if self.rate < Pace::PLATEAU * ceiling => {
                self.rate = (self.rate + 0.05 * ceiling).min(Pace::PLATEAU * ceiling);
            }
            Some(ceiling) => {
                self.rate += ceiling * (0.003 * 1.25f64.powi((self.calm - 15).max(0))).min(1.0);
                self.ceiling = Some(ceiling.max(self.rate));
            }
        }
        self.rate = self.rate.min(1e6);
    }

    #[cfg(test)]
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }
}

/// `count` intervals after a moment.
fn later(from: Instant, interval: Duration, count: u64) -> Instant {
    let span = match u32::try_from(count) {
        Ok(count) => interval.checked_mul(count).unwrap_or(FOR_EVER),
        Err(_) => FOR_EVER,
    };
    from + span.min(FOR_EVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::HumanDuration;

    fn seconds(at: Instant, now: Instant) -> f64 {
        (at.saturating_duration_since(now).as_secs_f64() * 1000.0).round() / 1000.0
    }

    fn quota(limit: u64, remaining: u64, reset: u64) -> Quota {
        let reset = Some(Duration::from_secs(reset));
        Quota { limit: Some(limit), remaining: Some(remaining), reset, ..Quota::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_its_allowance_then_one_place_after_the_other() {
        let now = Instant::now();
        let limit = RateLimit { calls: 2, per: HumanDuration(Duration::from_secs(2)) };
        let mut bucket = Bucket::new(limit, now);
        let places: Vec<f64> = (0..5).map(|ahead| seconds(bucket.free_at(now, ahead), now)).collect();
        assert_eq!(places, [0.0, 0.0, 1.0, 2.0, 3.0]);
        bucket.take(now);
        bucket.take(now);
        assert_eq!(seconds(bucket.free_at(now, 0), now), 1.0);
        bucket.give_back();
        assert_eq!(seconds(bucket.free_at(now, 0), now), 0.0);
        bucket.stated(2, now);
        assert_eq!(seconds(bucket.free_at(now, 0), now), 1.0, "the service counts two");
        bucket.stated(0, now);
        assert_eq!(seconds(bucket.free_at(now, 0), now), 1.0, "calls under way are not counted there yet");
        assert!(bucket.free_at(now, u64::MAX) > now, "nothing overflows");
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_holds_until_its_reset_and_spreads_what_comes_after() {
        let now = Instant::now();
        let mut window = Window::new(&quota(10, 2, 30), now).unwrap();
        let places: Vec<f64> = [0, 1, 2, 7, 12, 22].map(|ahead| seconds(window.free_at(now, ahead), now)).into();
        assert_eq!(places, [0.0, 0.0, 30.0, 45.0, 60.0, 90.0]);
        window.stated(&quota(10, 5, 30), now);
        assert_eq!(window.left, 2, "an answer that was overtaken gives nothing back");
        window.take(now);
        window.stated(&quota(10, 0, 29), now);
        assert_eq!(seconds(window.free_at(now, 0), now), 29.0);
        tokio::time::advance(Duration::from_secs(29)).await;
        let now = Instant::now();
        assert_eq!(seconds(window.free_at(now, 9), now), 0.0, "all of it is back");
        window.take(now);
        assert_eq!((window.left, seconds(window.resets, now)), (9, 30.0));
        window.stated(&quota(10, 7, 1), now);
        assert_eq!((window.left, seconds(window.resets, now)), (7, 1.0), "another window than we thought");
        assert!(Window::new(&Quota { remaining: Some(0), ..Quota::default() }, now).is_none());
        assert_eq!(seconds(Window::new(&quota(10, 0, 0), now).unwrap().free_at(now, 0), now), 1.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_only_refuses_is_asked_less_and_less_often() {
        let mut pace = Pace::new(Instant::now());
        let mut rates = Vec::new();
        for _ in 0..20 {
            tokio::time::sleep_until(pace.free_at(Instant::now(), 0, false)).await;
            pace.take(Instant::now());
            pace.refused(Instant::now(), Instant::now(), false, 0.0);
            rates.push(pace.rate());
        }
        assert!(rates.is_sorted_by(|one, next| one >= next) && rates[19] == Pace::SLOWEST, "{rates:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn noise_changes_nothing_and_what_is_let_through_is_found() {
        // Lets one call through each 20 ms, and now and then refuses one for no reason.
        let mut pace = Pace::new(Instant::now());
        let (mut allowed, mut refused, mut calls) = (Instant::now(), 0, 0);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(120) {
            tokio::time::sleep_until(pace.free_at(Instant::now(), 0, false)).await;
            let now = Instant::now();
            pace.take(now);
            calls += 1;
            let burst = now.checked_sub(Duration::from_millis(500)).unwrap_or(now);
            if calls % 70 == 0 || allowed.max(burst) > now {
                refused += 1;
                pace.refused(now, now, false, 10.0);
            } else {
                allowed = allowed.max(burst) + Duration::from_millis(20);
                pace.good(now);
            }
        }
        let rate = f64::from(calls - refused) / began.elapsed().as_secs_f64();
        assert!((45.0..=51.0).contains(&rate), "{rate} good answers in a second");
        assert!(refused < calls / 8, "{refused} of {calls} refused");
    }
}
