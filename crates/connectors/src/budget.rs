//! Budgets that calls use up by different amounts: what answers say of them (`limits.cost`), and who is told.

use std::sync::Arc;
use std::time::Duration;

use model::{Map, Value};
use outbound::{Budget, Outbound};
use part::exchange::{Judge, Plan};
use part::lenient::to_text;

use crate::manifest::{Manifest, ResetUnit, Told};
use crate::path;

/// What an answer says of the budget; `now` is the time since 1970.
pub(crate) fn budget(manifest: &Manifest, headers: &Map, body: &Value, now: Duration) -> Option<Budget> {
    let cost = manifest.limits.cost.as_ref()?;
    let text = |told: &Told| match told {
        Told::Fixed(number) => Some(number.to_string()),
        Told::Body(place) => path::at(body, place).filter(|value| !value.is_null()).map(to_text),
        Told::Header(of) => headers.get(&of.header.to_ascii_lowercase()).cloned().map(to_text),
    };
    let number = |told: &Told| text(told)?.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let optional = |told: &Option<Told>| number(told.as_ref()?);
    let reset = cost.reset.as_ref().and_then(text).and_then(|text| from_now(&text, manifest.limits.reset_unit, now));
    Some(Budget {
        left: number(&cost.left)?.max(0.0),
        most: optional(&cost.most),
        per_second: optional(&cost.restore),
        resets: reset,
        cost: optional(&cost.cost),
    })
}

fn from_now(text: &str, unit: ResetUnit, now: Duration) -> Option<Duration> {
    let number = || text.trim().parse::<f64>().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
    Some(match unit {
        ResetUnit::Seconds => number()?,
        ResetUnit::Millis => number()? / 1000,
        ResetUnit::Epoch => number()?.saturating_sub(now),
        ResetUnit::EpochMillis => (number()? / 1000).saturating_sub(now),
        ResetUnit::Moment => {
            let at: jiff::Timestamp = text.trim().parse().ok()?;
            Duration::try_from(at.duration_since(jiff::Timestamp::UNIX_EPOCH)).ok()?.saturating_sub(now)
        }
    })
}

/// A judge that tells the way out what each answer says of the budget, before it judges.
pub(crate) fn learning(
    manifest: &Arc<Manifest>,
    judge: &Judge,
    outbound: &Outbound,
    meta: outbound::Meta,
    plan: &Plan,
) -> Judge {
    if manifest.limits.cost.is_none() {
        return judge.clone();
    }
    let (manifest, judge, outbound, url) = (manifest.clone(), judge.clone(), outbound.clone(), plan.url.clone());
    Arc::new(move |status, headers, body| {
        let now = outbound::Clock::unix_time(&outbound::SystemClock);
        if let Some(budget) = budget(&manifest, headers, body, now) {
            outbound.spent(&meta, &url, &budget);
        }
        judge(status, headers, body)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(cost: Value, unit: &str, headers: Value, body: &Value) -> Option<Budget> {
        let manifest = json!({ "connector": "x", "title": "X", "summary": "x", "docs": "https://x.example",
            "base": "https://x.example", "limits": { "cost": cost, "resetUnit": unit } });
        let manifest: Manifest = serde_json::from_value(manifest).unwrap();
        budget(&manifest, headers.as_object().unwrap(), body, Duration::from_secs(1_700_000_000))
    }

    #[test]
    fn budgets_are_read_from_bodies_and_headers() {
        let body = json!({ "extensions": { "cost": { "requestedQueryCost": 70, "actualQueryCost": null, "throttleStatus": {
            "maximumAvailable": 1000.0, "currentlyAvailable": 66, "restoreRate": 50.0 } } } });
        let shop = json!({ "left": "extensions.cost.throttleStatus.currentlyAvailable",
            "most": "extensions.cost.throttleStatus.maximumAvailable", "restore": "extensions.cost.throttleStatus.restoreRate",
            "cost": "extensions.cost.requestedQueryCost" });
        let read_of = read(shop.clone(), "seconds", json!({}), &body).unwrap();
        let expect = Budget { left: 66.0, most: Some(1000.0), per_second: Some(50.0), resets: None, cost: Some(70.0) };
        assert_eq!(read_of, expect);
        assert_eq!(read_of.wait(), Duration::from_millis(80));
        assert_eq!(read(shop, "seconds", json!({}), &json!({ "data": {} })), None, "it says nothing");
        let headers = json!({ "left": { "header": "X-RateLimit-Complexity-Remaining" }, "most": 250_000,
            "reset": { "header": "X-RateLimit-Complexity-Reset" }, "cost": { "header": "X-Complexity" } });
        let said = json!({ "x-ratelimit-complexity-remaining": "12.5", "x-complexity": "40",
            "x-ratelimit-complexity-reset": "1700000030000" });
        let read_of = read(headers, "epochMillis", said, &Value::Null).unwrap();
        assert_eq!((read_of.left, read_of.most, read_of.cost), (12.5, Some(250_000.0), Some(40.0)));
        assert_eq!(read_of.resets, Some(Duration::from_secs(30)));
    }
}
