//! Kind `vendor`: who is behind outside services, and what was agreed with them.

use std::collections::BTreeSet;

use model::{Code, Name, Problem, Problems};
use outbound::HostPattern;
use part::Kind;
use part::kind::UniqueKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::registers::day::day;
use crate::registers::money::{Amount, is_currency};

/// Highest score of a criterion.
pub const BEST: u8 = 5;
/// Highest weight of a criterion.
pub const HEAVIEST: u32 = 100;
/// Most days of a notice or of a reminder.
const MOST_DAYS: u32 = 3_650;
/// Most months of a term.
const MOST_MONTHS: u32 = 240;

/// Who is behind outside services, and what was agreed with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vendor {
    /// The vendor's name as it writes it itself.
    pub title: String,
    /// Address of its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// What it is bought for, such as `payments`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Who of us answers for it: a person or a team.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Connectors whose service it provides, such as `stripe`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub connectors: BTreeSet<Name>,
    /// Hosts that it answers at and that no connector stands for, such as `api.example.com` or `*.example.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostPattern>,
    /// People and desks to turn to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// The contract with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// What it promises of its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Service level")]
    pub sla: Option<Sla>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// What it has of our data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataHandling>,
    /// How good it is, criterion by criterion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scorecard: Vec<Judgement>,
    /// How to get away from it: what to take along, what stands in, who does it. Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exit_plan: String,
    /// Whatever else is to be known, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// Somebody to turn to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// A person or a desk.
    pub name: String,
    /// What for, such as `support` or `account manager`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Address for mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Address of a page, such as a support portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(title = "Page")]
    pub url: Option<String>,
}

/// The contract with a vendor. Days are written as `2027-03-01`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// Number or name by which both sides know it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub starts_on: Option<String>,
    /// Last day of the term; absent: it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub ends_on: Option<String>,
    /// Days before the end by which notice must be given.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub notice_days: u32,
    /// It goes on by itself unless notice is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renews_automatically: bool,
    /// Months by which it goes on each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews_for_months: Option<u32>,
    /// Days before the last day for notice on which somebody is reminded.
    #[serde(default = "remind_days", skip_serializing_if = "is_usual_reminder")]
    pub remind_days: u32,
    /// What was decided about the end of a term; it silences the reminder for this term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<TermDecision>,
    /// Address of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// What was decided about the end of a term.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TermDecision {
    /// Last day of the term that it is about.
    #[schemars(extend("format" = "date"))]
    pub term_ends_on: String,
    /// What follows.
    pub outcome: Outcome,
    /// Who decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// On which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub on: Option<String>,
}

/// What follows the end of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The contract goes on.
    Keep,
    /// Notice was given: it ends.
    End,
}

/// What a vendor promises of its service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sla {
    /// Promised availability in percent, such as 99.9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
    /// How fast it answers, such as `4 h for severity 1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_time: String,
    /// When somebody is there, such as `Mon–Fri 9–17 CET`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub support_hours: String,
    /// Page on which it tells of disruptions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_page: Option<String>,
}

/// What a vendor costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cost {
    /// Decimal amount, such as `1200.50`.
    pub amount: String,
    /// Three letters of ISO 4217, such as `EUR`.
    pub currency: String,
    /// For what the amount is paid.
    pub per: Per,
    /// Calls that are expected in a year, where each call is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_a_year: Option<u64>,
}

/// For what an amount is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Per {
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
    /// Each call.
    Call,
    /// Once, and never again.
    Once,
}

/// What a vendor has of our data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataHandling {
    /// Where it keeps them, such as `EU`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Data of persons are among them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal_data: bool,
    /// The agreement on their processing: where it is kept, or its number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub processing_agreement: String,
    /// Day on which it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub agreed_on: Option<String>,
}

/// How good a vendor is by one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Judgement {
    /// What is judged, such as `reliability`.
    pub criterion: String,
    /// How much it counts beside the others, 1 to 100.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// 0 (useless) to 5 (could not be better); absent: not judged yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who judged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// On which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub on: Option<String>,
}

fn is_zero(days: &u32) -> bool {
    *days == 0
}

fn remind_days() -> u32 {
    30
}

fn is_usual_reminder(days: &u32) -> bool {
    *days == remind_days()
}

/// The weight of a criterion that nobody has weighed.
pub fn one() -> u32 {
    1
}

/// Whether it is that weight.
pub fn is_one(weight: &u32) -> bool {
    *weight == one()
}

/// Kind `vendor`.
pub struct VendorKind;

impl Kind for VendorKind {
    const NAME: &'static str = "vendor";
    const PLURAL: &'static str = "vendors";
    const SUMMARY: &'static str =
        "Who is behind an outside service: contacts, contract, service level, cost, scorecard and exit plan.";
    type Spec = Vendor;

    fn check(spec: &Vendor) -> Problems {
        let mut found = Faults::default();
        found.title("/title", &spec.title);
        found.web("/website", spec.website.as_deref());
        for (at, contact) in spec.contacts.iter().enumerate() {
            found.title(&format!("/contacts/{at}/name"), &contact.name);
            found.web(&format!("/contacts/{at}/url"), contact.url.as_deref());
            found.mail(&format!("/contacts/{at}/email"), contact.email.as_deref());
        }
        if let Some(contract) = &spec.contract {
            check_contract(contract, &mut found);
        }
        if let Some(sla) = &spec.sla {
            if sla.availability.is_some_and(|percent| !(percent > 0.0 && percent <= 100.0)) {
                found.refuse("/sla/availability", "an availability is more than 0 and at most 100 percent");
            }
            found.web("/sla/statusPage", sla.status_page.as_deref());
        }
        if let Some(cost) = &spec.cost {
            check_cost(cost, &mut found);
        }
        if let Some(data) = &spec.data {
            found.day("/data/agreedOn", data.agreed_on.as_deref());
        }
        let mut seen = BTreeSet::new();
        for (at, judgement) in spec.scorecard.iter().enumerate() {
            let place = format!("/scorecard/{at}");
            found.title(&format!("{place}/criterion"), &judgement.criterion);
            if !seen.insert(judgement.criterion.trim()) {
                found.refuse(&format!("{place}/criterion"), format!("`{}` is judged twice", judgement.criterion));
            }
            found.weight(&format!("{place}/weight"), judgement.weight);
            found.score(&format!("{place}/score"), judgement.score);
            found.day(&format!("{place}/on"), judgement.on.as_deref());
        }
        found.0
    }

    /// A service has one vendor, so that everything agreed about it stands in one place.
    fn unique_keys(spec: &Vendor) -> Vec<UniqueKey> {
        let connectors = spec.connectors.iter().map(ToString::to_string);
        let hosts = spec.hosts.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let key = |space: &'static str| move |key| UniqueKey { space: space.into(), key };
        connectors.map(key("vendors by connector")).chain(hosts.into_iter().map(key("vendors by host"))).collect()
    }
}

fn check_contract(contract: &Contract, found: &mut Faults) {
    found.day("/contract/startsOn", contract.starts_on.as_deref());
    found.day("/contract/endsOn", contract.ends_on.as_deref());
    found.web("/contract/document", contract.document.as_deref());
    let (starts, ends) = (contract.starts_on.as_deref().and_then(day), contract.ends_on.as_deref().and_then(day));
    if starts.zip(ends).is_some_and(|(starts, ends)| ends < starts) {
        found.refuse("/contract/endsOn", "a contract does not end before it begins");
    }
    for (place, days) in [("noticeDays", contract.notice_days), ("remindDays", contract.remind_days)] {
        if days > MOST_DAYS {
            found.refuse(&format!("/contract/{place}"), format!("at most {MOST_DAYS} days"));
        }
    }
    if contract.renews_for_months.is_some_and(|months| months == 0 || months > MOST_MONTHS) {
        found.refuse("/contract/renewsForMonths", format!("a contract goes on for 1 to {MOST_MONTHS} months"));
    }
    if let Some(decision) = &contract.decision {
        found.day("/contract/decision/termEndsOn", Some(&decision.term_ends_on));
        found.day("/contract/decision/on", decision.on.as_deref());
    }
}

fn check_cost(cost: &Cost, found: &mut Faults) {
    if Amount::parse(&cost.amount).is_none() {
        let detail = format!("`{}` is no amount; write it as `1200.50`, with at most six decimals", cost.amount);
        found.refuse("/cost/amount", detail);
    }
    if !is_currency(&cost.currency) {
        let detail = format!("`{}` is no currency; write its three letters, such as `EUR`", cost.currency);
        found.refuse("/cost/currency", detail);
    }
    if cost.calls_a_year.is_some() && cost.per != Per::Call {
        found.refuse("/cost/callsAYear", "calls are counted only where each call is paid");
    }
}

/// What is wrong with a spec of a register.
#[derive(Default)]
pub struct Faults(pub Problems);

impl Faults {
    /// Notes something that is wrong.
    pub fn refuse(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0.push(Problem::new(Code::InvalidSpec, detail).at(pointer));
    }

    /// Something is called so.
    pub fn title(&mut self, pointer: &str, text: &str) {
        if text.trim().is_empty() {
            self.refuse(pointer, "it needs a name");
        }
    }

    /// A day of the calendar.
    pub fn day(&mut self, pointer: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| day(text).is_none()) {
            self.refuse(pointer, format!("`{text}` is no day; write it as `2027-03-01`"));
        }
    }

    /// A weight.
    pub fn weight(&mut self, pointer: &str, weight: u32) {
        if weight == 0 || weight > HEAVIEST {
            self.refuse(pointer, format!("a weight is 1 to {HEAVIEST}"));
        }
    }

    /// A score, where one is given.
    pub fn score(&mut self, pointer: &str, score: Option<u8>) {
        if score.is_some_and(|score| score > BEST) {
            self.refuse(pointer, format!("a score is 0 to {BEST}"));
        }
    }

    /// An address that a browser may be sent to: it becomes a link.
    fn web(&mut self, pointer: &str, text: Option<&str>) {
        let is_web = |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if let Some(text) = text.filter(|text| !is_web(text)) {
            self.refuse(pointer, format!("`{text}` is no address of the web; write it as `https://example.com`"));
        }
    }

    fn mail(&mut self, pointer: &str, text: Option<&str>) {
        let is_mail = |text: &str| {
            let parts = text.split_once('@');
            parts.is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'))
                && !text.contains(char::is_whitespace)
        };
        if let Some(text) = text.filter(|text| !is_mail(text)) {
            self.refuse(pointer, format!("`{text}` is no address for mail"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(spec: Value, expect: &[&str]) {
        let spec: Vendor = serde_json::from_value(spec).unwrap();
        let found = VendorKind::check(&spec).0;
        let places: Vec<&str> = found.iter().map(|problem| problem.pointer.as_deref().unwrap_or_default()).collect();
        assert_eq!(places, expect, "{found:?}");
    }

    #[test]
    fn everything_that_is_wrong_with_a_vendor_is_told_at_once() {
        check(json!({ "title": "Acme" }), &[]);
        check(
            json!({
                "title": " ", "website": "javascript:alert(1)",
                "contacts": [{ "name": "", "email": "ada@", "url": "acme" }],
                "contract": {
                    "startsOn": "2027-02-30", "endsOn": "soon", "noticeDays": 5000, "renewsForMonths": 0,
                    "decision": { "termEndsOn": "2027-1-1", "outcome": "keep" }
                },
                "sla": { "availability": 100.1 },
                "cost": { "amount": "-1", "currency": "euro", "per": "month", "callsAYear": 5 },
                "data": { "agreedOn": "2027" },
                "scorecard": [
                    { "criterion": "price", "weight": 0, "score": 6 },
                    { "criterion": "price ", "on": "today" }
                ]
            }),
            &[
                "/title",
                "/website",
                "/contacts/0/name",
                "/contacts/0/url",
                "/contacts/0/email",
                "/contract/startsOn",
                "/contract/endsOn",
                "/contract/noticeDays",
                "/contract/renewsForMonths",
                "/contract/decision/termEndsOn",
                "/sla/availability",
                "/cost/amount",
                "/cost/currency",
                "/cost/callsAYear",
                "/data/agreedOn",
                "/scorecard/0/weight",
                "/scorecard/0/score",
                "/scorecard/1/criterion",
                "/scorecard/1/on",
            ],
        );
        let backwards = json!({ "startsOn": "2027-03-01", "endsOn": "2027-02-28" });
        check(json!({ "title": "Acme", "contract": backwards }), &["/contract/endsOn"]);
    }

    #[test]
    fn a_service_has_one_vendor() {
        let spec =
            json!({ "title": "Acme", "connectors": ["stripe"], "hosts": ["api.acme.example", "api.acme.example"] });
        let spec: Vendor = serde_json::from_value(spec).unwrap();
        let keys: Vec<String> = VendorKind::unique_keys(&spec).into_iter().map(|key| key.key).collect();
        assert_eq!(keys, ["stripe", "api.acme.example"]);
    }

    #[test]
    fn what_is_usual_is_not_written_down() {
        let written =
            json!({ "title": "Acme", "contract": { "endsOn": "2027-03-01" }, "scorecard": [{ "criterion": "a" }] });
        let spec: Vendor = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(spec.contract.as_ref().unwrap().remind_days, 30);
        assert_eq!(serde_json::to_value(&spec).unwrap(), written);
    }
}
