//! Streams of events and feeds of news.

use std::ops::Range;

use serde_json::{Value, json};
use testkit::press::Press;

use super::{Outside, survives};

/// A press, heard as a stream of events.
struct Events(Press);

/// A press, read as a feed.
struct Feed(Press);

/// How many numbers a press has told is the number that it tells next.
fn tell(press: &Press, numbers: Range<u32>) {
    for _ in numbers {
        press.tell(1);
    }
}

impl Outside for Events {
    fn port(&self) -> u16 {
        self.0.port()
    }

    fn account(&self, _: u16) -> Option<(Value, Option<&'static str>)> {
        None
    }

    fn trigger(&self, port: u16) -> Value {
        json!({ "type": "events.trigger", "params": { "url": format!("http://127.0.0.1:{port}/events") } })
    }

    fn publish(&self, numbers: Range<u32>) {
        tell(&self.0, numbers);
    }

    fn restart(&mut self) {
        self.0.restart().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["number"].as_u64()?.try_into().ok()
    }
}

impl Outside for Feed {
    fn port(&self) -> u16 {
        self.0.port()
    }

    fn account(&self, _: u16) -> Option<(Value, Option<&'static str>)> {
        None
    }

    fn trigger(&self, port: u16) -> Value {
        let times = json!([{ "mode": "custom", "cronExpression": "* * * * * *" }]);
        json!({ "type": "feed.trigger", "params": { "url": format!("http://127.0.0.1:{port}/feed"), "times": times } })
    }

    fn publish(&self, numbers: Range<u32>) {
        tell(&self.0, numbers);
    }

    fn restart(&mut self) {
        self.0.restart().unwrap();
    }

    fn number(&self, item: &Value) -> Option<u32> {
        item["title"].as_str()?.parse().ok()
    }
}

#[tokio::test]
async fn events_of_a_stream_are_neither_lost_nor_doubled() {
    survives(Events(Press::start().unwrap())).await;
}

#[tokio::test]
async fn entries_of_a_feed_are_neither_lost_nor_doubled() {
    survives(Feed(Press::start().unwrap())).await;
}
