//! Random runs, folded twice: once wholly in memory, once with pages, spooling and snapshots in between. Every look-up
//! must find the same.

use std::collections::HashSet;

use model::Item;
use part::{Indices, Items, Origin, Origins, Source};
use serde_json::json;

use super::compact::restore_data;
use super::data::{Away, Lost, Place, RunData};
use super::page;
use crate::event::{Event, Feed, HeldChange, PortRecord, StepNumber};
use crate::record::ItemsRecord;

/// A small generator: proptest would shrink histories that cannot be shrunk.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn items(dice: &mut Dice, tag: u32) -> Items {
    Items::from_vec((0..dice.roll(4)).map(|n| Item::from_value(json!({ "t": tag, "n": n }))).collect())
}

/// A run in which each step reads a few of the newest outputs, now and then a very old one.
fn history(dice: &mut Dice, steps: u32) -> Vec<Event> {
    let start = items(dice, 0);
    let mut events = vec![Event::RunStarted {
        trigger: Some(0),
        at: 0,
        output: 0,
        out: ItemsRecord::fresh(start.clone()),
        moves: vec![],
        destination: None,
        reply_to: None,
        use_pins: false,
    }];
    let mut lens: Vec<usize> = vec![start.len()];
    let (mut held, mut open): (usize, Vec<Event>) = (0, Vec::new());
    for s in 1..steps {
        let count = 1 + dice.roll(2);
        let near = |dice: &mut Dice| s - 1 - dice.roll((s as usize).min(3)) as u32;
        let feeds: Vec<Feed> = (0..count).map(|_| Feed { step: near(dice), output: 0 }).collect();
        let len: usize = feeds.iter().map(|feed| lens[feed.step as usize]).sum();
        let n = 1 + dice.roll(4) as u32;
        let start = Event::StepStarted { s, n, run_index: 0, i: vec![feeds].into(), at: 1, seed: 1, variables: 0 };
        events.push(start);
        let mut changes = Vec::new();
        let all = |dice: &mut Dice, len: usize| -> Indices { (0..len as u32).filter(|_| dice.roll(3) > 0).collect() };
        let out = match dice.roll(5) {
            0 => {
                let new = items(dice, s);
                let origins: Origins = (0..new.len())
                    .map(|_| match dice.roll(3) {
                        0 => Origin::None,
                        1 if len > 0 => Origin::One(Source { input: 0, item: dice.roll(len) as u32 }),
                        _ => Origin::Unknown,
                    })
                    .collect();
                PortRecord::items(new, origins)
            }
            // Node 1 holds a list, as a loop does.
            1 if n == 1 => {
                changes.push(HeldChange::Add("list".into(), 0));
                held += len;
                PortRecord::Held { list: "list".into(), indices: all(dice, held) }
            }
            2 if n == 1 && held > 40 => {
                changes.push(HeldChange::Drop("list".into()));
                let indices = Indices::all(held);
                held = 0;
                PortRecord::Held { list: "list".into(), indices }
            }
            _ => PortRecord::Select { input: 0, indices: all(dice, len) },
        };
        lens.push(out.len());
        let end = Event::StepCompleted {
            s,
            out: vec![out],
            moves: vec![],
            micros: 0,
            state: None,
            held: changes,
            logs: vec![],
            error: None,
        };
        // Held lists are of one node, so its steps end in order; others may end late.
        if n != 1 && dice.roll(12) == 0 {
            open.push(end);
            lens[s as usize] = 0;
        } else {
            events.push(end);
        }
    }
    events.extend(open);
    events
}

/// Loads pages from what was written, as the store would give them.
fn find<T>(data: &mut RunData, mut look: impl FnMut(&RunData) -> Result<T, Away>) -> T {
    for _ in 0..10_000 {
        match look(data) {
            Ok(found) => return found,
            Err(Away(page)) => {
                let steps = page::decode(&data.pending_page(page).expect("the page was written")).unwrap();
                data.keep_page(page, steps);
            }
        }
    }
    panic!("a look-up never ended");
}

fn texts(items: &Items) -> Vec<String> {
    let all = items.segments().iter().flat_map(|segment| segment.in_memory().unwrap().to_vec());
    all.map(|item| serde_json::to_string(&*item).unwrap()).collect()
}

type Shown = Vec<(u32, Vec<Vec<String>>, Vec<Result<Place, Lost>>)>;

/// Everything that can be asked of the steps: items by port, and the ancestors of a few of them.
fn shown(data: &mut RunData, steps: u32) -> Shown {
    let mut shown = Vec::new();
    for step in 0..steps {
        let Some(done) = find(data, |data| Ok(data.find(step)?.cloned())) else { continue };
        let outputs = done.outputs.iter().map(|port| texts(&port.items)).collect();
        let mut ancestors = Vec::new();
        for (position, target) in [(0, 0), (0, 3), (1, 0), (2, 2)] {
            let mut walk = data.walk(&done.inputs, position, target);
            ancestors.push(find(data, |data| data.ancestor(&mut walk)));
        }
        shown.push((done.node, outputs, ancestors));
    }
    shown
}

#[test]
fn what_is_looked_up_does_not_depend_on_pages_and_snapshots() {
    for seed in 1..=5_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let steps = 600 + dice.roll(600) as u32;
        let events = history(&mut dice, steps);
        let (mut whole, mut paged) = (RunData::default(), RunData::default());
        let mut inputs: Vec<Vec<StepNumber>> = vec![Vec::new(); steps as usize];
        let mut live: HashSet<StepNumber> = HashSet::new();
        let mut newest = 0;
        for event in &events {
            match event {
                Event::StepStarted { s, i, .. } => {
                    inputs[*s as usize] = i.iter().flatten().map(|feed| feed.step).collect();
                    live.insert(*s);
                    newest = *s;
                }
                Event::StepCompleted { s, .. } => drop(live.remove(s)),
                _ => {}
            }
            whole.apply(event);
            paged.apply(event);
            // What the machine would name: the inputs of live steps, and of those that may start next.
            let mut in_use: HashSet<StepNumber> = live.iter().flat_map(|step| inputs[*step as usize].clone()).collect();
            in_use.extend(newest.saturating_sub(3)..=newest);
            if dice.roll(200) == 0 {
                let written = paged.all_pages();
                paged = restore_data(&paged).expect("a snapshot is read back");
                paged.give_pages(written);
                find_back(&mut paged, &in_use);
            }
            if paged.is_long() || dice.roll(150) == 0 {
                paged.write_pages(&in_use, newest + 1).unwrap();
            }
        }
        for node in 0..5 {
            assert_eq!(whole.runs_of(node), paged.runs_of(node), "seed {seed}");
        }
        assert_eq!(texts(&whole.held(1, "list", &[])), texts(&paged.held(1, "list", &[])), "seed {seed}");
        assert!(paged.all_pages().len() > 1, "seed {seed}: nothing was written");
        assert!(paged.bytes() < whole.bytes(), "seed {seed}: {} of {}", paged.bytes(), whole.bytes());
        assert_eq!(shown(&mut whole, steps), shown(&mut paged, steps), "seed {seed}");
    }
}

fn find_back(data: &mut RunData, in_use: &HashSet<StepNumber>) {
    while let Err(Away(page)) = data.bring_back(in_use.iter().copied()) {
        let steps = page::decode(&data.pending_page(page).expect("the page was written")).unwrap();
        data.keep_page(page, steps);
    }
}
