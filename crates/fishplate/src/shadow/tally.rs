//! The sums of a shadowing: how many events, how fast each side was, and what differed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::Difference;
use super::event::{Exchange, Took};

/// Most differences that the report shows whole.
const SHOWN: usize = 100;

/// The sums so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    lines: BTreeMap<String, Line>,
    differences: Vec<Told>,
    differing: usize,
}

#[derive(Clone, Debug, Default)]
struct Line {
    events: usize,
    same: usize,
    passed: usize,
    n8n: Vec<f64>,
    here: Vec<f64>,
}

/// A difference, and the event that showed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// Method and path, or workflow and execution.
    pub event: String,
    /// Number of the event.
    pub number: usize,
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
}

/// The sums of one address.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sum {
    /// Method and path.
    pub event: String,
    /// Events.
    pub events: usize,
    /// Events that both sides answered the same.
    pub same: usize,
    /// Events that they did not.
    pub different: usize,
    /// Events that only one side got.
    pub passed: usize,
    /// Milliseconds that n8n took.
    pub n8n: Latency,
    /// Milliseconds that we took.
    pub here: Latency,
}

/// How long answers took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them were faster.
    pub p50: f64,
    /// 19 of 20 were faster.
    pub p95: f64,
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sums of all.
    pub total: Sum,
    /// Sums by address.
    pub addresses: Vec<Sum>,
    /// The first differences.
    pub differences: Vec<Told>,
    /// How many more there are.
    pub more: usize,
}

impl Tally {
    /// Adds one. Gives back what is new to be told.
    pub fn add(&mut self, event: &str, exchange: &Exchange) -> Vec<Told> {
        let number = self.events() + 1;
        let line = self.lines.entry(event.to_owned()).or_default();
        line.events += 1;
        let answered = |took: &Option<Took>| took.as_ref().filter(|took| took.status.is_some()).map(|took| took.millis);
        line.n8n.extend(answered(&exchange.n8n));
        line.here.extend(answered(&exchange.here));
        match (exchange.n8n.is_some() && exchange.here.is_some(), exchange.same) {
            (false, _) => line.passed += 1,
            (true, true) => line.same += 1,
            (true, false) => {}
        }
        self.differing += exchange.differences.len();
        let told: Vec<Told> = exchange
            .differences
            .iter()
            .map(|difference| Told { event: event.to_owned(), number, difference: difference.clone() })
            .collect();
        let room = SHOWN.saturating_sub(self.differences.len());
        self.differences.extend(told.iter().take(room).cloned());
        told
    }

    /// Number of events.
    pub fn events(&self) -> usize {
        self.lines.values().map(|line| line.events).sum()
    }

    /// The report.
    pub fn report(&self) -> Report {
        let mut total = Line::default();
        for line in self.lines.values() {
            total.events += line.events;
            total.same += line.same;
            total.passed += line.passed;
            total.n8n.extend(&line.n8n);
            total.here.extend(&line.here);
        }
        Report {
            total: total.sum("all"),
            addresses: self.lines.iter().map(|(event, line)| line.sum(event)).collect(),
            differences: self.differences.clone(),
            more: self.differing - self.differences.len(),
        }
    }
}

impl Line {
    fn sum(&self, event: &str) -> Sum {
        Sum {
            event: event.to_owned(),
            events: self.events,
            same: self.same,
            different: self.events - self.same - self.passed,
            passed: self.passed,
            n8n: Latency::of(&self.n8n),
            here: Latency::of(&self.here),
        }
    }
}

impl Latency {
    fn of(millis: &[f64]) -> Latency {
        let mut sorted = millis.to_vec();
        sorted.sort_by(f64::total_cmp);
        // The nearest rank: the smallest one that so many are not above.
        let at = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Latency { p50: at(0.5), p95: at(0.95) }
    }
}

impl Report {
    /// Rows of a table: head and cells.
    pub fn table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let head =
            vec!["event", "events", "same", "different", "one side", "n8n p50", "n8n p95", "here p50", "here p95"];
        let millis = |value: f64| format!("{value:.1} ms");
        let row = |sum: &Sum| {
            vec![
                sum.event.clone(),
                sum.events.to_string(),
                sum.same.to_string(),
                sum.different.to_string(),
                sum.passed.to_string(),
                millis(sum.n8n.p50),
                millis(sum.n8n.p95),
                millis(sum.here.p50),
                millis(sum.here.p95),
            ]
        };
        let mut rows: Vec<Vec<String>> = self.addresses.iter().map(row).collect();
        if self.addresses.len() != 1 {
            rows.push(row(&self.total));
        }
        (head, rows)
    }

    /// How many of the differences are two times of day.
    pub fn clocks(&self) -> usize {
        self.differences.iter().filter(|told| told.difference.is_clock()).count()
    }
}

impl Told {
    /// A line for people.
    pub fn text(&self) -> String {
        let side =
            |value: &Option<model::Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), model::Value::to_string);
        let Difference { path, n8n, here } = &self.difference;
        format!("#{} {}  {path}: n8n {}, here {}", self.number, self.event, side(n8n), side(here))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(n8n: Option<f64>, here: Option<f64>, same: bool) -> Exchange {
        let took = |millis: Option<f64>| millis.map(|millis| Took { status: Some(200), millis, ..Took::default() });
        let difference = Difference { path: "$.a".into(), n8n: None, here: None };
        let both = n8n.is_some() && here.is_some();
        let differences = if both && !same { vec![difference] } else { Vec::new() };
        Exchange { n8n: took(n8n), here: took(here), same, differences, ..Exchange::default() }
    }

    #[test]
    fn events_are_summed_by_address_and_in_all() {
        let mut tally = Tally::default();
        for millis in 1..=20 {
            tally.add("POST /a", &exchange(Some(f64::from(millis) * 10.0), Some(f64::from(millis)), millis != 7));
        }
        tally.add("GET /b", &exchange(Some(1.0), None, false));
        let report = tally.report();
        let a = &report.addresses[1];
        assert_eq!((a.events, a.same, a.different, a.passed), (20, 19, 1, 0));
        assert_eq!((a.n8n, a.here), (Latency { p50: 100.0, p95: 190.0 }, Latency { p50: 10.0, p95: 19.0 }));
        assert_eq!((report.addresses[0].passed, report.total.events, report.total.different), (1, 21, 1));
        assert_eq!((report.differences.len(), report.differences[0].number, report.more), (1, 7, 0));
        assert_eq!(report.table().1.len(), 3);
        assert_eq!(Latency::of(&[]), Latency::default());
    }
}
