//! What steps have put out, as numbers.

use std::collections::HashMap;

use engine::event::{Event, Feed, Inputs, PortRecord};
use model::RunId;
use part::Items;

/// A fold over the journal, beside the machine.
#[derive(Default)]
pub struct Data {
    steps: HashMap<u32, Vec<Vec<i64>>>,
    inputs: HashMap<u32, Inputs>,
    children: HashMap<RunId, i64>,
}

/// The numbers in items; an item without one counts as 0.
pub fn numbers(items: &Items) -> Vec<i64> {
    let all = items.segments().iter().flat_map(|segment| segment.in_memory().unwrap_or_default().to_vec());
    all.map(|item| item.json.get("n").and_then(model::Value::as_i64).unwrap_or_default()).collect()
}

impl Data {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { out, .. } => {
                self.steps.insert(0, vec![numbers(&out.items)]);
            }
            Event::StepStarted { s, i, .. } => {
                self.inputs.insert(*s, i.clone());
            }
            Event::StepCompleted { s, out, .. } => {
                let first = self.inputs.get(s).and_then(|inputs| inputs.get(0)).unwrap_or_default();
                let port = |port: &PortRecord| match port {
                    PortRecord::Items(record) => numbers(&record.items),
                    PortRecord::Select { .. } => self.gather(first),
                    PortRecord::Held { .. } | PortRecord::Nothing => Vec::new(),
                };
                let ports = out.iter().map(port).collect();
                self.steps.insert(*s, ports);
            }
            Event::ChildEnded { run, items: Some(record), .. } => {
                self.children.insert(*run, numbers(&record.items).iter().sum());
            }
            _ => {}
        }
    }

    pub fn gather(&self, feeds: &[Feed]) -> Vec<i64> {
        feeds.iter().flat_map(|feed| self.items(*feed)).collect()
    }

    fn items(&self, feed: Feed) -> Vec<i64> {
        if feed == Feed::EMPTY_ITEM {
            return vec![0];
        }
        self.steps.get(&feed.step).and_then(|ports| ports.get(feed.output as usize)).cloned().unwrap_or_default()
    }

    pub fn outputs(&self, step: u32) -> Option<&Vec<Vec<i64>>> {
        self.steps.get(&step)
    }

    /// The sum of what a step put out at its first port.
    pub fn output(&self, step: u32) -> Option<i64> {
        self.steps.get(&step).map(|ports| ports.first().into_iter().flatten().sum())
    }

    pub fn first_full(&self, step: u32) -> Vec<i64> {
        let ports = self.steps.get(&step).map(Vec::as_slice).unwrap_or_default();
        ports.iter().find(|items| !items.is_empty()).cloned().unwrap_or_default()
    }

    pub fn child(&self, run: RunId) -> i64 {
        self.children.get(&run).copied().unwrap_or_default()
    }
}
