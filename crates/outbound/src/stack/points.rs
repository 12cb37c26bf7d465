//! A budget that calls use up by different amounts, as the bodies of answers state it: Shopify's cost of queries, the
//! complexity of others. What the next call costs nobody knows before, so it is taken to cost what the dear ones of the
//! last few did.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::Budget;

/// How much a dear call counts less with each answer after it.
const FADES: f64 = 0.8;
/// A call that has not been answered for so long is not waited for.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// Nothing is promised for later than this.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A budget as it stands.
#[derive(Clone, Debug)]
pub(super) struct Points {
    most: Option<f64>,
    per_second: f64,
    left: f64,
    /// When that was left.
    at: Instant,
    resets: Option<Instant>,
    /// What a call is taken to cost.
    cost: f64,
    /// When the calls began that have not said what they cost.
    under_way: VecDeque<Instant>,
}

impl Points {
    pub(super) fn new(budget: &Budget, now: Instant) -> Points {
        let mut points = Points {
            most: None,
            per_second: 0.0,
            left: 0.0,
            at: now,
            resets: None,
            cost: 0.0,
            under_way: VecDeque::new(),
        };
        points.stated(budget, now);
        points
    }

    /// What an answer says. Calls that are on their way are not in it, and are counted here.
    pub(super) fn stated(&mut self, budget: &Budget, now: Instant) {
        self.under_way.pop_front();
        while self.under_way.front().is_some_and(|began| now.saturating_duration_since(*began) > UNDER_WAY) {
            self.under_way.pop_front();
        }
        self.cost = budget.cost.unwrap_or(1.0).max(self.cost * FADES).max(f64::MIN_POSITIVE);
        (self.most, self.per_second) = (budget.most, budget.per_second.unwrap_or(0.0));
        self.resets = budget.resets.map(|resets| now + resets.min(LONGEST));
        self.left = budget.left - self.cost * self.under_way.len() as f64;
        self.at = now;
    }

    fn level(&self, now: Instant) -> f64 {
        let most = self.most.unwrap_or(f64::INFINITY);
        if self.resets.is_some_and(|resets| resets <= now) {
            return most;
        }
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * self.per_second).min(most)
    }

    /// When there is enough for the call after `ahead` others.
    pub(super) fn free_at(&self, now: Instant, ahead: u64) -> Instant {
        // One that costs more than there ever is, is refused by the service, and not held back for ever by us.
        let own = self.most.map_or(self.cost, |most| self.cost.min(most));
        let lacks = own + self.cost * ahead as f64 - self.level(now);
        if lacks <= 0.0 {
            return now;
        }
        let filled =
            (self.per_second > 0.0).then(|| Duration::try_from_secs_f64(lacks / self.per_second).ok()).flatten();
        let filled = filled.map(|time| now + time.min(LONGEST));
        match (filled, self.resets.filter(|resets| *resets > now)) {
            (Some(filled), Some(resets)) => filled.min(resets),
            (Some(at), None) | (None, Some(at)) => at,
            // Nothing says that it ever comes back.
            (None, None) => now,
        }
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.left = self.level(now).min(f64::MAX) - self.cost;
        self.at = now;
        self.resets = self.resets.filter(|resets| *resets > now);
        self.under_way.push_back(now);
    }

    pub(super) fn give_back(&mut self) {
        if self.under_way.pop_back().is_some() {
            self.left += self.cost;
        }
    }

    /// Whether there is nothing to hold anybody back for.
    pub(super) fn is_whole(&self, now: Instant) -> bool {
        match self.most {
            Some(most) => self.level(now) >= most,
            None => self.resets.is_none_or(|resets| resets <= now),
        }
    }

    /// What is left, of how much, and when it is whole.
    pub(super) fn look(&self, now: Instant) -> (u64, Option<u64>, Duration) {
        let level = self.level(now);
        let whole = match (self.most, self.resets) {
            (_, Some(resets)) => resets.saturating_duration_since(now),
            (Some(most), None) if self.per_second > 0.0 => {
                Duration::try_from_secs_f64((most - level).max(0.0) / self.per_second).unwrap_or(LONGEST)
            }
            _ => Duration::ZERO,
        };
        (level.max(0.0) as u64, self.most.map(|most| most as u64), whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(left: f64, cost: f64) -> Budget {
        Budget { left, most: Some(1000.0), per_second: Some(50.0), resets: None, cost: Some(cost) }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_until_there_is_enough_for_what_the_last_ones_cost() {
        let now = Instant::now();
        let mut points = Points::new(&shop(66.0, 70.0), now);
        assert_eq!(points.free_at(now, 0), now + Duration::from_millis(80), "4 points lack at 50 a second");
        assert_eq!(points.free_at(now, 1), now + Duration::from_millis(1480));
        points.stated(&shop(500.0, 10.0), now);
        assert_eq!(points.free_at(now, 7), now, "a call is taken to cost 56");
        assert!(points.free_at(now, 8) > now);
        points.take(now);
        assert!(points.free_at(now, 7) > now);
        points.give_back();
        assert_eq!(points.free_at(now, 7), now);
        assert!(points.is_whole(now + Duration::from_secs(10)) && !points.is_whole(now + Duration::from_secs(9)));
        assert_eq!(points.look(now), (500, Some(1000), Duration::from_secs(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_on_its_way_is_counted_until_it_is_answered() {
        let now = Instant::now();
        let mut points = Points::new(&shop(1000.0, 400.0), now);
        points.take(now);
        points.take(now);
        assert!(points.free_at(now, 0) > now);
        points.stated(&shop(600.0, 400.0), now);
        assert!(points.free_at(now, 0) > now, "the other call has not been counted by the service");
        points.stated(&shop(200.0, 400.0), now);
        assert_eq!(points.free_at(now, 0), now + Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_with_an_end_comes_back_at_once() {
        let now = Instant::now();
        let budget =
            Budget { left: 5.0, most: None, per_second: None, resets: Some(Duration::from_secs(30)), cost: Some(10.0) };
        let points = Points::new(&budget, now);
        assert_eq!(points.free_at(now, 5), now + Duration::from_secs(30));
        let after = now + Duration::from_secs(30);
        assert!(points.free_at(after, 5) == after && points.is_whole(after));
        let dear = Points::new(&shop(1000.0, 4000.0), now);
        assert_eq!(dear.free_at(now, 0), now, "nobody waits for what never comes");
    }
}
