//! The vendor register: what follows, on a certain day, from what was written down of vendors.

use jiff::Span;
use jiff::civil::Date;
use model::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::day::{day, days_between};
use super::money::{self, Money};
use crate::kinds::{Contract, Judgement, Outcome, Vendor};

/// The register of vendors on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VendorRegister {
    /// The day.
    pub on: String,
    /// All vendors, by name.
    pub items: Vec<VendorEntry>,
    /// Number of vendors whose contract somebody has to look after.
    pub due_count: usize,
    /// What all of them cost in a year, by currency, as far as it is known.
    pub yearly_costs: Vec<Money>,
}

/// A vendor in the register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VendorEntry {
    /// Name of the resource.
    pub name: String,
    /// The vendor's name.
    pub title: String,
    /// What it is bought for.
    pub category: String,
    /// Who answers for it.
    pub owner: String,
    /// Connectors that it stands for.
    pub connectors: Vec<String>,
    /// Hosts that it stands for.
    pub hosts: Vec<String>,
    /// How its contract stands.
    pub renewal: Renewal,
    /// Weighted mean of its scorecard, 0 to 5; absent: nothing is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What it costs in a year, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yearly_cost: Option<Money>,
    /// What a register should say of it and does not.
    pub gaps: Vec<Gap>,
}

/// How a contract stands on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    /// In a word.
    pub state: RenewalState,
    /// Last day of the term that runs; it moves on where the contract goes on by itself for a time that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<String>,
    /// Days until then; less than 0 when it has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_in_days: Option<i64>,
    /// Last day for notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_by: Option<String>,
    /// Days until then; less than 0 when it has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_in_days: Option<i64>,
    /// What was decided about this term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Outcome>,
}

/// How a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RenewalState {
    /// No end is written down.
    Open,
    /// There is time.
    Running,
    /// The last day for notice is near, and nothing is decided.
    Due,
    /// The last day for notice has passed, and nothing is decided.
    Overdue,
    /// The term has ended, and nobody has written down what followed.
    Over,
    /// It was decided what follows.
    Decided,
}

impl RenewalState {
    /// Whether somebody has to do something.
    pub fn is_due(self) -> bool {
        matches!(self, RenewalState::Due | RenewalState::Overdue | RenewalState::Over)
    }
}

/// What a register should say of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Gap {
    /// Nobody answers for it.
    Owner,
    /// Nobody is named to turn to.
    Contact,
    /// There is no contract.
    Contract,
    /// It has data of persons, and no agreement on their processing.
    Agreement,
    /// Nothing is judged.
    Scorecard,
    /// There is no way out.
    ExitPlan,
}

/// The register of vendors on a day.
pub fn register(vendors: &[(Name, Vendor)], today: Date) -> VendorRegister {
    let items: Vec<VendorEntry> = vendors.iter().map(|(name, vendor)| entry(name, vendor, today)).collect();
    let costs = vendors.iter().filter_map(|(_, vendor)| money::yearly(vendor.cost.as_ref()?));
    VendorRegister {
        on: today.to_string(),
        due_count: items.iter().filter(|entry| entry.renewal.state.is_due()).count(),
        yearly_costs: money::sums(costs),
        items,
    }
}

fn entry(name: &Name, vendor: &Vendor, today: Date) -> VendorEntry {
    let yearly = vendor.cost.as_ref().and_then(money::yearly);
    VendorEntry {
        name: name.to_string(),
        title: vendor.title.clone(),
        category: vendor.category.clone(),
        owner: vendor.owner.clone(),
        connectors: vendor.connectors.iter().map(ToString::to_string).collect(),
        hosts: vendor.hosts.iter().map(ToString::to_string).collect(),
        renewal: renewal(vendor.contract.as_ref(), today),
        score: score(&vendor.scorecard),
        yearly_cost: yearly.map(|(amount, currency)| money::money(amount, currency)),
        gaps: gaps(vendor),
    }
}

/// How a contract stands on a day.
pub fn renewal(contract: Option<&Contract>, today: Date) -> Renewal {
    let end = contract.and_then(|contract| Some((contract, term_end(contract, today)?)));
    let Some((contract, ends)) = end else {
        return Renewal {
            state: RenewalState::Open,
            ends_on: None,
            ends_in_days: None,
            notice_by: None,
            notice_in_days: None,
            decided: None,
        };
    };
    let notice = Span::new().try_days(i64::from(contract.notice_days)).unwrap_or_default();
    let notice_by = ends.saturating_sub(notice);
    let (ends_in, notice_in) = (days_between(today, ends), days_between(today, notice_by));
    let decision = contract.decision.as_ref().filter(|decision| day(&decision.term_ends_on) == Some(ends));
    let state = match decision {
        Some(_) => RenewalState::Decided,
        None if ends_in < 0 => RenewalState::Over,
        None if notice_in < 0 => RenewalState::Overdue,
        None if notice_in <= i64::from(contract.remind_days) => RenewalState::Due,
        None => RenewalState::Running,
    };
    Renewal {
        state,
        ends_on: Some(ends.to_string()),
        ends_in_days: Some(ends_in),
        notice_by: Some(notice_by.to_string()),
        notice_in_days: Some(notice_in),
        decided: decision.map(|decision| decision.outcome),
    }
}

/// Last day of the term that runs. A contract that was ended does not go on.
fn term_end(contract: &Contract, today: Date) -> Option<Date> {
    let first = day(contract.ends_on.as_deref()?)?;
    let goes_on = contract.renews_for_months.filter(|months| contract.renews_automatically && *months > 0);
    let Some(months) = goes_on else { return Some(first) };
    let ended = contract.decision.as_ref().filter(|decision| decision.outcome == Outcome::End);
    let ended = ended.and_then(|decision| day(&decision.term_ends_on));
    let mut ends = first;
    let mut terms = 0_i64;
    while ends < today && Some(ends) != ended {
        terms += 1;
        // Counted from the first end, so that a contract that ends with its month goes on doing so.
        let span = Span::new().try_months(terms * i64::from(months));
        let Ok(next) = span.and_then(|span| first.checked_add(span)) else { break };
        ends = next;
    }
    Some(ends)
}

/// Weighted mean of what is judged, with two decimals.
pub fn score(scorecard: &[Judgement]) -> Option<f64> {
    mean(scorecard.iter().filter_map(|judgement| Some((judgement.weight, judgement.score?))))
}

/// Weighted mean of scores, with two decimals; nothing of none.
pub fn mean(scores: impl Iterator<Item = (u32, u8)>) -> Option<f64> {
    let (mut sum, mut weights) = (0_u64, 0_u64);
    for (weight, score) in scores {
        sum += u64::from(weight) * u64::from(score);
        weights += u64::from(weight);
    }
    (weights > 0).then(|| (sum as f64 / weights as f64 * 100.0).round() / 100.0)
}

fn gaps(vendor: &Vendor) -> Vec<Gap> {
    let data = vendor.data.as_ref();
    let unagreed = data.is_some_and(|data| data.personal_data && data.processing_agreement.trim().is_empty());
    let all = [
        (Gap::Owner, vendor.owner.trim().is_empty()),
        (Gap::Contact, vendor.contacts.is_empty()),
        (Gap::Contract, vendor.contract.is_none()),
        (Gap::Agreement, unagreed),
        (Gap::Scorecard, vendor.scorecard.iter().all(|judgement| judgement.score.is_none())),
        (Gap::ExitPlan, vendor.exit_plan.trim().is_empty()),
    ];
    all.into_iter().filter_map(|(gap, is_there)| is_there.then_some(gap)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn stands(contract: &Value, today: &str) -> Renewal {
        let contract: Contract = serde_json::from_value(contract.clone()).unwrap();
        renewal(Some(&contract), day(today).unwrap())
    }

    #[test]
    fn a_reminder_comes_before_the_last_day_for_notice() {
        let contract =
            json!({ "endsOn": "2027-12-31", "noticeDays": 90, "remindDays": 14, "renewsAutomatically": true });
        let check = |today: &str, state: RenewalState, notice_in: i64| {
            let found = stands(&contract, today);
            assert_eq!((found.state, found.notice_in_days), (state, Some(notice_in)), "{today}");
            assert_eq!(found.notice_by.as_deref(), Some("2027-10-02"));
        };
        check("2027-09-17", RenewalState::Running, 15);
        check("2027-09-18", RenewalState::Due, 14);
        check("2027-10-02", RenewalState::Due, 0);
        check("2027-10-03", RenewalState::Overdue, -1);
        check("2027-12-31", RenewalState::Overdue, -90);
        check("2028-01-01", RenewalState::Over, -91);
        assert_eq!(renewal(None, day("2027-01-01").unwrap()).state, RenewalState::Open);
        assert_eq!(stands(&json!({ "startsOn": "2020-01-01" }), "2027-01-01").state, RenewalState::Open);
    }

    #[test]
    fn a_contract_that_goes_on_by_itself_has_a_new_end_each_time() {
        let contract = json!({ "endsOn": "2025-01-31", "renewsAutomatically": true, "renewsForMonths": 1 });
        let check = |today: &str, ends: &str| {
            assert_eq!(stands(&contract, today).ends_on.as_deref(), Some(ends), "{today}");
        };
        check("2025-01-31", "2025-01-31");
        check("2025-02-01", "2025-02-28");
        check("2025-03-01", "2025-03-31");
        check("2027-11-29", "2027-11-30");
    }

    #[test]
    fn what_was_decided_of_a_term_is_silent_for_that_term() {
        let contract = |outcome: &str| {
            json!({
                "endsOn": "2027-06-30", "renewsAutomatically": true, "renewsForMonths": 12,
                "decision": { "termEndsOn": "2027-06-30", "outcome": outcome }
            })
        };
        let kept = stands(&contract("keep"), "2027-06-15");
        assert_eq!((kept.state, kept.decided), (RenewalState::Decided, Some(Outcome::Keep)));
        let next = stands(&contract("keep"), "2028-06-15");
        assert_eq!((next.state, next.ends_on.as_deref()), (RenewalState::Due, Some("2028-06-30")));
        let ended = stands(&contract("end"), "2028-06-15");
        assert_eq!((ended.state, ended.ends_on.as_deref()), (RenewalState::Decided, Some("2027-06-30")));
    }

    #[test]
    fn days_at_the_end_of_the_calendar_stay_in_it() {
        let contract = json!({ "endsOn": "-001-01-01" });
        assert_eq!(stands(&contract, "2027-01-01").state, RenewalState::Open);
        let contract = json!({ "endsOn": "9999-12-31", "renewsAutomatically": true, "renewsForMonths": 240 });
        assert_eq!(stands(&contract, "9999-12-31").ends_in_days, Some(0));
    }

    #[test]
    fn a_register_counts_what_is_due_and_what_it_costs() {
        let vendor = |spec: Value| -> Vendor { serde_json::from_value(spec).unwrap() };
        let name = |text: &str| -> Name { text.parse().unwrap() };
        let full = json!({
            "title": "Acme", "owner": "Ada", "contacts": [{ "name": "Desk" }], "exitPlan": "Take the export along.",
            "contract": { "endsOn": "2027-01-10" }, "cost": { "amount": "10", "currency": "EUR", "per": "month" },
            "data": { "personalData": true, "processingAgreement": "DPA 7" },
            "scorecard": [
                { "criterion": "price", "score": 2 }, { "criterion": "support", "weight": 2, "score": 5 },
                { "criterion": "speed", "weight": 50 }
            ]
        });
        let bare = json!({
            "title": "Other", "cost": { "amount": "5.50", "currency": "EUR", "per": "year" },
            "data": { "personalData": true }
        });
        let vendors = [(name("acme"), vendor(full)), (name("other"), vendor(bare))];
        let found = register(&vendors, day("2027-01-01").unwrap());
        assert_eq!((found.on.as_str(), found.due_count), ("2027-01-01", 1));
        assert_eq!(found.yearly_costs, [Money { amount: "125.50".into(), currency: "EUR".into() }]);
        assert_eq!((found.items[0].score, &found.items[0].gaps[..]), (Some(4.0), &[][..]));
        let gaps = [Gap::Owner, Gap::Contact, Gap::Contract, Gap::Agreement, Gap::Scorecard, Gap::ExitPlan];
        assert_eq!((found.items[1].score, &found.items[1].gaps[..]), (None, &gaps[..]));
    }
}
