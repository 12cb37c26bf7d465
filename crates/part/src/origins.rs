//! Where items came from, kept apart from them and run-length coded.

use serde::{Deserialize, Serialize};

/// One source of an item: a position on an input port of the step that made it. Which step and run fed that port
/// is in the step's `StepScheduled` record, so that (input port, run index, item index) can be read from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Input port.
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    pub input: u16,
    /// Position on it.
    #[serde(rename = "i")]
    pub item: u32,
}

fn is_zero(value: &u16) -> bool {
    *value == 0
}

/// The origin of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It came from no item (a trigger, a generated record).
    None,
    /// The node cannot tell (an aggregate of code).
    Unknown,
    /// It came from one item.
    One(Source),
    /// It came from several.
    Many(Vec<Source>),
}

impl Origin {
    /// From the item at `position` of the first input.
    pub fn item(position: usize) -> Origin {
        Origin::One(Source { input: 0, item: position as u32 })
    }
}

/// The origins of a sequence of items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins {
    runs: Vec<OriginRun>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k")]
enum OriginRun {
    /// `n` items that came from nothing.
    #[serde(rename = "-")]
    None { n: u32 },
    /// `n` items whose origin is not known.
    #[serde(rename = "?")]
    Unknown { n: u32 },
    /// `n` items, the j-th of which came from item `i + j` of port `p`.
    #[serde(rename = "=")]
    Straight {
        n: u32,
        #[serde(default, skip_serializing_if = "is_zero")]
        p: u16,
        i: u32,
    },
    /// `n` items that all came from item `i` of port `p`.
    #[serde(rename = "*")]
    Same {
        n: u32,
        #[serde(default, skip_serializing_if = "is_zero")]
        p: u16,
        i: u32,
    },
    /// One item that came from several.
    #[serde(rename = "m")]
    Many { s: Vec<Source> },
}

impl OriginRun {
    fn len(&self) -> usize {
        match self {
            OriginRun::None { n }
            | OriginRun::Unknown { n }
            | OriginRun::Straight { n, .. }
            | OriginRun::Same { n, .. } => *n as usize,
            OriginRun::Many { .. } => 1,
        }
    }
}

impl Origins {
    /// `len` items, each from the item of its own position on the first input.
    pub fn straight(len: usize) -> Self {
        Origins { runs: if len == 0 { Vec::new() } else { vec![OriginRun::Straight { n: len as u32, p: 0, i: 0 }] } }
    }

    /// `len` items that all came from the item at `position` of the first input.
    pub fn same(len: usize, position: usize) -> Self {
        let (n, i) = (len as u32, position as u32);
        Origins {
            runs: match len {
                0 => Vec::new(),
                1 => vec![OriginRun::Straight { n, p: 0, i }],
                _ => vec![OriginRun::Same { n, p: 0, i }],
            },
        }
    }

    /// `len` items that came from nothing.
    pub fn none(len: usize) -> Self {
        Origins { runs: if len == 0 { Vec::new() } else { vec![OriginRun::None { n: len as u32 }] } }
    }

    /// `len` items whose origin is not known.
    pub fn unknown(len: usize) -> Self {
        Origins { runs: if len == 0 { Vec::new() } else { vec![OriginRun::Unknown { n: len as u32 }] } }
    }

    /// Each item came from the item of its own position on the first input; gives their number.
    pub fn as_straight(&self) -> Option<u32> {
        match self.runs.as_slice() {
            [OriginRun::Straight { n, p: 0, i: 0 }] => Some(*n),
            _ => None,
        }
    }

    /// All items came from nothing.
    pub fn is_none(&self) -> bool {
        self.runs.iter().all(|run| matches!(run, OriginRun::None { .. }))
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.runs.iter().map(OriginRun::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds the origin of the next item.
    pub fn push(&mut self, origin: Origin) {
        match (origin, self.runs.last_mut()) {
            (Origin::None, Some(OriginRun::None { n })) | (Origin::Unknown, Some(OriginRun::Unknown { n })) => *n += 1,
            (Origin::None, _) => self.runs.push(OriginRun::None { n: 1 }),
            (Origin::Unknown, _) => self.runs.push(OriginRun::Unknown { n: 1 }),
            (Origin::One(source), last) => match last {
                Some(OriginRun::Straight { n, p, i }) if *p == source.input && *i + *n == source.item => *n += 1,
                Some(OriginRun::Same { n, p, i }) if *p == source.input && *i == source.item => *n += 1,
                Some(run) if *run == (OriginRun::Straight { n: 1, p: source.input, i: source.item }) => {
                    *run = OriginRun::Same { n: 2, p: source.input, i: source.item };
                }
                _ => self.runs.push(OriginRun::Straight { n: 1, p: source.input, i: source.item }),
            },
            (Origin::Many(sources), _) => self.runs.push(OriginRun::Many { s: sources }),
        }
    }

    /// The origin of the item at a position.
    pub fn get(&self, position: usize) -> Option<Origin> {
        let mut rest = position;
        for run in &self.runs {
            if rest < run.len() {
                return Some(match run {
                    OriginRun::None { .. } => Origin::None,
                    OriginRun::Unknown { .. } => Origin::Unknown,
                    OriginRun::Straight { p, i, .. } => Origin::One(Source { input: *p, item: i + rest as u32 }),
                    OriginRun::Same { p, i, .. } => Origin::One(Source { input: *p, item: *i }),
                    OriginRun::Many { s } => Origin::Many(s.clone()),
                });
            }
            rest -= run.len();
        }
        None
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<T: IntoIterator<Item = Origin>>(origins: T) -> Self {
        let mut all = Origins::default();
        origins.into_iter().for_each(|origin| all.push(origin));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_at_once_is_what_is_made_one_by_one() {
        for len in 0..4 {
            assert_eq!(Origins::same(len, 7), (0..len).map(|_| Origin::item(7)).collect());
            assert_eq!(Origins::straight(len), (0..len).map(Origin::item).collect());
        }
    }

    #[test]
    fn runs_are_coded_and_read_back() {
        let list = vec![
            Origin::item(0),
            Origin::item(1),
            Origin::item(2),
            Origin::item(7),
            Origin::item(7),
            Origin::item(7),
            Origin::None,
            Origin::Unknown,
            Origin::Unknown,
            Origin::Many(vec![Source { input: 0, item: 1 }, Source { input: 1, item: 4 }]),
        ];
        let origins: Origins = list.iter().cloned().collect();
        assert_eq!(origins.runs.len(), 5);
        assert_eq!(origins.len(), list.len());
        for (position, origin) in list.iter().enumerate() {
            assert_eq!(origins.get(position).as_ref(), Some(origin));
        }
        assert_eq!(origins.get(list.len()), None);
        let text = serde_json::to_string(&origins).unwrap();
        assert_eq!(serde_json::from_str::<Origins>(&text).unwrap(), origins);
    }
}
