//! How many starts lie within a sliding time.

use std::collections::VecDeque;

/// Entries kept at most: starts that are closer than the window's sixty-fourth part share one.
const ENTRIES: i64 = 64;

/// Starts of late. Of those that share an entry the last one's time counts, so that there are never more starts than
/// allowed within any stretch of the window's length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window(VecDeque<(i64, u32)>);

impl Window {
    /// A start.
    pub fn push(&mut self, now: i64, per: i64) {
        let many = self.0.len() as i64 >= ENTRIES / 2;
        match self.0.back_mut() {
            Some((at, count)) if many && now - *at < (per / ENTRIES).max(1) => {
                (*at, *count) = (now, *count + 1);
            }
            _ => self.0.push_back((now, 1)),
        }
    }

    /// How many starts are allowed now.
    pub fn left(&mut self, count: u32, per: i64, now: i64) -> usize {
        self.expire(per, now);
        let used: u32 = self.0.iter().map(|(_, starts)| starts).sum();
        count.saturating_sub(used) as usize
    }

    /// When the next start is allowed, if none is now.
    pub fn free_at(&mut self, count: u32, per: i64, now: i64) -> i64 {
        self.expire(per, now);
        let mut used: u32 = self.0.iter().map(|(_, starts)| starts).sum();
        for (at, starts) in &self.0 {
            if used < count {
                break;
            }
            used -= starts;
            if used < count {
                return at + per;
            }
        }
        now
    }

    /// Forgets what no longer counts.
    pub fn expire(&mut self, per: i64, now: i64) {
        // A clock that was set back must not hold starts for longer than the window.
        while self.0.front().is_some_and(|(at, _)| at + per <= now || *at > now + per) {
            self.0.pop_front();
        }
    }

    /// Nothing counts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stretch_of_the_windows_length_has_more_starts_than_allowed() {
        let mut seed = 7u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for (count, per) in [(1, 10), (5, 1_000), (500, 1_000), (100_000, 60_000)] {
            let (mut window, mut now, mut starts) = (Window::default(), 0, Vec::new());
            for _ in 0..20_000 {
                now += random(per as u64 / 20 + 2) as i64;
                for _ in 0..window.left(count, per, now).min(random(200) as usize) {
                    window.push(now, per);
                    starts.push(now);
                }
                if window.left(count, per, now) == 0 {
                    let free = window.free_at(count, per, now);
                    assert!(free > now && free <= now + per, "free at {free}, now {now}");
                }
            }
            for (index, start) in starts.iter().enumerate() {
                // Times rise: if the start that is one too many lies beyond, no stretch from here has too many.
                let beyond = starts.get(index + count as usize).is_none_or(|other| *other >= start + per);
                assert!(beyond, "more than {count} starts within {per} ms from {start}");
            }
            assert!(window.0.len() <= 2 * ENTRIES as usize, "{} entries", window.0.len());
        }
    }
}
