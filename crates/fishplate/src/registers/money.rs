//! Amounts of money, exact.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::{Cost, Per};

/// Decimals that an amount has at most: calls are cheap.
const DECIMALS: usize = 6;
const UNIT: u128 = 10_u128.pow(DECIMALS as u32);
/// Digits before the point.
const DIGITS: usize = 15;

/// An amount in millionths, never less than nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u128);

/// An amount and its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// Decimal amount, such as `1200.50`.
    pub amount: String,
    /// Three letters of ISO 4217.
    pub currency: String,
}

impl Amount {
    /// The amount of a text such as `1200.50`.
    pub fn parse(text: &str) -> Option<Amount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(part) || whole.len() > DIGITS || part.len() > DECIMALS {
            return None;
        }
        let part: u128 = format!("{part:0<DECIMALS$}").parse().ok()?;
        Some(Amount(whole.parse::<u128>().ok()? * UNIT + part))
    }

    fn times(self, count: u64) -> Amount {
        Amount(self.0.saturating_mul(u128::from(count)))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / UNIT, self.0 % UNIT);
        if part == 0 {
            return write!(out, "{whole}");
        }
        let part = format!("{part:0>DECIMALS$}");
        write!(out, "{whole}.{:0<2}", part.trim_end_matches('0'))
    }
}

/// Whether a text has the form of a currency's code.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// What something costs in a year, where that is known.
pub fn yearly(cost: &Cost) -> Option<(Amount, &str)> {
    let times = match cost.per {
        Per::Month => 12,
        Per::Quarter => 4,
        Per::Year => 1,
        Per::Call => cost.calls_a_year?,
        Per::Once => return None,
    };
    Some((Amount::parse(&cost.amount)?.times(times), &cost.currency))
}

/// Sums by currency, in the order of the currencies.
pub fn sums<'a>(amounts: impl Iterator<Item = (Amount, &'a str)>) -> Vec<Money> {
    let mut sums: BTreeMap<&str, Amount> = BTreeMap::new();
    for (amount, currency) in amounts {
        let sum = sums.entry(currency).or_default();
        *sum = Amount(sum.0.saturating_add(amount.0));
    }
    sums.into_iter().map(|(currency, amount)| money(amount, currency)).collect()
}

/// An amount with its currency.
pub fn money(amount: Amount, currency: &str) -> Money {
    Money { amount: amount.to_string(), currency: currency.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_have_one_form() {
        let check = |text: &str, expect: Option<&str>| {
            let shown = Amount::parse(text).map(|amount| amount.to_string());
            assert_eq!(shown.as_deref(), expect, "{text}");
        };
        check("1200.5", Some("1200.50"));
        check("0.000001", Some("0.000001"));
        check("007", Some("7"));
        check("999999999999999.999999", Some("999999999999999.999999"));
        for wrong in ["", ".5", "5.", "-1", "1,5", "1e3", "0.0000001", "1000000000000000", "1.2.3", " 1"] {
            check(wrong, None);
        }
        assert!(is_currency("EUR") && !is_currency("eur") && !is_currency("EURO"));
    }

    #[test]
    fn a_year_costs_what_its_parts_cost() {
        let check = |amount: &str, per: Per, calls_a_year: Option<u64>, expect: Option<&str>| {
            let cost = Cost { amount: amount.into(), currency: "EUR".into(), per, calls_a_year };
            assert_eq!(yearly(&cost).map(|(amount, _)| amount.to_string()).as_deref(), expect, "{cost:?}");
        };
        check("99.99", Per::Month, None, Some("1199.88"));
        check("25", Per::Quarter, None, Some("100"));
        check("1200", Per::Year, None, Some("1200"));
        check("0.002", Per::Call, Some(1_500_000), Some("3000"));
        check("0.002", Per::Call, None, None);
        check("500", Per::Once, None, None);
    }

    #[test]
    fn sums_are_made_for_each_currency() {
        let amount = |text| Amount::parse(text).unwrap();
        let sums = sums([(amount("0.1"), "USD"), (amount("5"), "EUR"), (amount("0.2"), "USD")].into_iter());
        assert_eq!(sums, [money(amount("5"), "EUR"), money(amount("0.30"), "USD")]);
    }
}
