//! A list of feeds and how many items each carries, run-length coded: the laps of a loop add one feed each, from
//! steps that lie evenly apart.

use serde::{Deserialize, Serialize};

use super::data::Place;
use crate::event::Feed;

/// Feeds in order. A hundred thousand laps of a loop take one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Feeds {
    runs: Vec<Run>,
}

/// `count` feeds of `len` items each, from the steps `step`, `step + stride`, …
#[derive(Clone, Debug, PartialEq)]
struct Run {
    feed: Feed,
    stride: u32,
    count: u32,
    len: u32,
}

impl Feeds {
    /// Adds a feed that carries `len` items.
    pub fn push(&mut self, feed: Feed, len: usize) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if let Some(run) = self.runs.last_mut()
            && run.feed.output == feed.output
            && run.len == len
            && feed.step != Feed::EMPTY_ITEM.step
            && run.feed.step != Feed::EMPTY_ITEM.step
        {
            let last = run.feed.step + run.stride * (run.count - 1);
            if feed.step > last && (run.count == 1 || feed.step - last == run.stride) {
                run.stride = feed.step - last;
                run.count += 1;
                return;
            }
        }
        self.runs.push(Run { feed, stride: 0, count: 1, len });
    }

    /// Where the item at a position of the whole list lies.
    pub fn place(&self, position: usize) -> Option<Place> {
        let mut rest = position;
        for run in &self.runs {
            let (len, count) = (run.len as usize, run.count as usize);
            if rest < len * count {
                let step = run.feed.step + run.stride * (rest / len) as u32;
                return Some(Place { feed: Feed { step, ..run.feed }, item: rest % len });
            }
            rest -= len * count;
        }
        None
    }

    /// Bytes that the list takes in memory.
    pub fn weight(&self) -> u64 {
        (self.runs.len() * size_of::<Run>()) as u64
    }
}

impl Serialize for Run {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.feed, self.stride, self.count, self.len).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (feed, stride, count, len) = <(Feed, u32, u32, u32)>::deserialize(deserializer)?;
        let last = count.checked_sub(1).and_then(|more| more.checked_mul(stride)?.checked_add(feed.step));
        if last.is_none() {
            return Err(serde::de::Error::custom("a run of feeds has one feed at least, and ends at a step"));
        }
        Ok(Run { feed, stride, count, len })
    }
}

/// Ascending step numbers, run-length coded in the same way, for snapshots.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps(Vec<(u32, u32, u32)>);

impl Steps {
    /// Codes a list.
    pub fn of(steps: &[u32]) -> Self {
        let mut runs: Vec<(u32, u32, u32)> = Vec::new();
        for step in steps {
            match runs.last_mut() {
                Some((first, stride, count)) if *count == 1 => {
                    *stride = step.wrapping_sub(*first);
                    *count = 2;
                }
                Some((first, stride, count)) if first.wrapping_add(stride.wrapping_mul(*count)) == *step => {
                    *count += 1;
                }
                _ => runs.push((*step, 0, 1)),
            }
        }
        Steps(runs)
    }

    /// The list again.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let numbers = |(first, stride, count): &(u32, u32, u32)| {
            let (first, stride) = (*first, *stride);
            (0..*count).map(move |at| first.wrapping_add(stride.wrapping_mul(at)))
        };
        self.0.iter().flat_map(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_laps_of_a_loop_are_one_run() {
        let mut feeds = Feeds::default();
        (0..100_000).for_each(|lap| feeds.push(Feed { step: 3 + 2 * lap, output: 1 }, 2));
        assert_eq!(feeds.runs.len(), 1);
        assert_eq!(feeds.place(5), Some(Place { feed: Feed { step: 7, output: 1 }, item: 1 }));
        assert_eq!(feeds.place(199_999).map(|place| place.feed.step), Some(200_001));
        assert_eq!(feeds.place(200_000), None);
    }

    #[test]
    fn uneven_feeds_are_found_again_after_a_snapshot() {
        let mut feeds = Feeds::default();
        let all =
            [(4, 0, 3), (9, 0, 3), (11, 0, 3), (11, 1, 0), (12, 1, 1), (u32::MAX, 0, 1), (u32::MAX, 0, 1), (2, 0, 1)];
        all.iter().for_each(|(step, output, len)| feeds.push(Feed { step: *step, output: *output }, *len));
        let feeds: Feeds = serde_json::from_str(&serde_json::to_string(&feeds).unwrap()).unwrap();
        let mut position = 0;
        for (step, output, len) in all {
            for item in 0..len {
                assert_eq!(feeds.place(position), Some(Place { feed: Feed { step, output }, item }));
                position += 1;
            }
        }
        assert_eq!(feeds.place(position), None);
        assert!(serde_json::from_str::<Feeds>("[[[1,0],1,0,1]]").is_err());
    }

    #[test]
    fn step_numbers_survive_coding() {
        for steps in [vec![], vec![0], vec![1, 3, 5, 7, 8, 9, 10, 40], vec![5, 2], (0..1000).map(|n| n * 3).collect()] {
            assert_eq!(Steps::of(&steps).iter().collect::<Vec<_>>(), steps);
        }
    }
}
