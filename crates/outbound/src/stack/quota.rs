//! What answers say about a service's quotas. Pure: headers and the time in, a [`Statement`] out.
//!
//! Read are `Retry-After`, the IETF draft in its three forms (fields apart, a dictionary, a list of named policies),
//! `X-RateLimit-*` and `X-Rate-Limit-*` with their dialects, HubSpot's, Anthropic's and Shopify's own fields.

use std::time::Duration;

use http::HeaderMap;

/// No service may hold its callers back for longer by one answer.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Quotas of one answer beyond this many are not looked at.
const MOST_QUOTAS: usize = 4;
/// Shopify's bucket leaks a twentieth of its size in each second, whatever the plan.
const SHOPIFY_BUCKET: Duration = Duration::from_secs(20);

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Statement {
    /// How long it asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// The quotas that the call counted towards.
    pub(super) quotas: Vec<Quota>,
    /// Which calls those quotas are for.
    pub(super) coverage: Coverage,
}

/// Which calls of an account a quota is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Coverage {
    /// All of them, as far as is said.
    #[default]
    Account,
    /// Those that are answered with this name.
    Named(String),
    /// Those of the same path: who writes `X-Rate-Limit` counts by endpoint.
    Path,
}

/// One quota as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Quota {
    /// Calls in each window.
    pub(super) limit: Option<u64>,
    /// Calls that are left until the reset.
    pub(super) remaining: Option<u64>,
    /// When it is whole again, from now.
    pub(super) reset: Option<Duration>,
    /// How long a window is.
    pub(super) window: Option<Duration>,
    /// It fills up steadily over its window, instead of all at once at the reset.
    pub(super) refills: bool,
}

impl Statement {
    /// Reads an answer's headers; `now` is the time since 1970.
    pub(super) fn read(headers: &HeaderMap, now: Duration) -> Statement {
        let mut statement = Statement::default();
        // Most answers say nothing, and must cost nothing.
        if !headers.keys().any(|name| speaks(name.as_str())) {
            return statement;
        }
        let words = Words { headers, now };
        statement.retry_after = words.moment("retry-after");
        for read in [standard, plain, by_unit, hubspot, anthropic, shopify] {
            if let Some((coverage, mut quotas)) = read(&words) {
                quotas.truncate(MOST_QUOTAS);
                (statement.coverage, statement.quotas) = (coverage, quotas);
                break;
            }
        }
        statement
    }

    /// Whether nothing is left until a reset that is known.
    pub(super) fn exhausted(&self) -> bool {
        self.quotas.iter().any(|quota| quota.remaining == Some(0) && (quota.reset.is_some() || quota.refills))
    }
}

fn speaks(name: &str) -> bool {
    name == "retry-after"
        || name.contains("ratelimit")
        || name.contains("rate-limit")
        || name.ends_with("shop-api-call-limit")
}

type Found = Option<(Coverage, Vec<Quota>)>;

struct Words<'a> {
    headers: &'a HeaderMap,
    now: Duration,
}

impl<'a> Words<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        Some(self.headers.get(name)?.to_str().ok()?.trim())
    }

    /// The first whole number of a field: older drafts write the policies behind it.
    fn number(&self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        text.split([',', ';']).next()?.trim().parse::<f64>().ok().and_then(whole)
    }

    fn moment(&self, name: &str) -> Option<Duration> {
        Some(from_now(self.text(name)?, self.now)?.min(LONGEST_PAUSE))
    }
}

/// `RateLimit: "name";r=5;t=30` with `RateLimit-Policy: "name";q=10;w=60`, and `RateLimit: limit=10, remaining=5, reset=30`.
fn standard(words: &Words) -> Found {
    let stated = members(words.text("ratelimit")?);
    let policies = words.text("ratelimit-policy").map(members).unwrap_or_default();
    let dictionary = |name: &str| stated.iter().find_map(|member| member.value_of(name));
    if let Some(remaining) = dictionary("remaining") {
        let window = policies.iter().find_map(|policy| policy.parameter("w")).map(Duration::from_secs);
        let reset = dictionary("reset").map(Duration::from_secs).map(|reset| reset.min(LONGEST_PAUSE));
        let quota = Quota { limit: dictionary("limit"), remaining: Some(remaining), reset, window, refills: false };
        return Some((Coverage::Account, vec![quota]));
    }
    let mut quotas: Vec<(&str, Quota)> = Vec::new();
    for member in &stated {
        let policy = policies.iter().find(|policy| policy.name == member.name);
        // A quota of bytes or of calls at the same time cannot be kept by counting calls.
        let counts_calls = policy.and_then(|policy| policy.text("qu")).is_none_or(|unit| unit == "requests");
        let Some(remaining) = member.parameter("r").filter(|_| counts_calls) else { continue };
        let quota = Quota {
            limit: policy.and_then(|policy| policy.parameter("q")),
            remaining: Some(remaining),
            reset: member.parameter("t").map(Duration::from_secs).map(|reset| reset.min(LONGEST_PAUSE)),
            window: policy.and_then(|policy| policy.parameter("w")).map(Duration::from_secs),
            refills: false,
        };
        quotas.push((&member.name, quota));
    }
    // Their order may differ between answers, and each must be found again.
    quotas.sort_unstable_by_key(|(name, _)| *name);
    let names: Vec<&str> = quotas.iter().map(|(name, _)| *name).collect();
    (!quotas.is_empty()).then(|| (Coverage::Named(names.join(",")), quotas.iter().map(|(_, quota)| *quota).collect()))
}

/// `RateLimit-Limit`, `-Remaining` and `-Reset`, with or without `X-`; who counts only some calls names them.
fn plain(words: &Words) -> Found {
    for (prefix, own) in [("ratelimit", false), ("x-ratelimit", false), ("x-rate-limit", true)] {
        let field = |rest: &str| format!("{prefix}-{rest}");
        let (limit, remaining) = (words.number(&field("limit")), words.number(&field("remaining")));
        let reset = words.moment(&field("reset-after")).or_else(|| words.moment(&field("reset")));
        let mut quota = Quota { limit, remaining, reset, ..Quota::default() };
        if quota.remaining.is_none() {
            // OpenAI counts requests and tokens, and says both.
            quota.limit = words.number(&field("limit-requests"));
            quota.remaining = words.number(&field("remaining-requests"));
            quota.reset = words.moment(&field("reset-requests")).or(reset);
        }
        if quota.remaining.is_none() && quota.reset.is_none() {
            continue;
        }
        let policy = words.text("ratelimit-policy").or_else(|| words.text(&field("limit")));
        let policies = policy.map(members).unwrap_or_default();
        let same = policies.iter().find(|policy| policy.name.parse().ok() == quota.limit && policy.text("w").is_some());
        quota.window = same.or(policies.first()).and_then(|policy| policy.parameter("w")).map(Duration::from_secs);
        let name = ["resource", "bucket"].iter().find_map(|rest| words.text(&field(rest)));
        let coverage = match name {
            Some(name) => Coverage::Named(name.to_owned()),
            None if own => Coverage::Path,
            None => Coverage::Account,
        };
        return Some((coverage, vec![quota]));
    }
    None
}

/// `X-RateLimit-Remaining-Minute` and its like, which say no reset: it is no later than a window from now.
fn by_unit(words: &Words) -> Found {
    let mut quotas = Vec::new();
    for (unit, seconds) in [("second", 1), ("minute", 60)] {
        for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
            let Some(remaining) = words.number(&format!("{prefix}-remaining-{unit}")) else { continue };
            let window = Duration::from_secs(seconds);
            quotas.push(Quota {
                limit: words.number(&format!("{prefix}-limit-{unit}")),
                remaining: Some(remaining),
                reset: Some(words.moment(&format!("{prefix}-reset")).unwrap_or(window).min(window)),
                window: Some(window),
                refills: false,
            });
        }
    }
    (!quotas.is_empty()).then_some((Coverage::Account, quotas))
}

/// HubSpot: a rolling window of its own length. What is left of the day has no reset that is said.
fn hubspot(words: &Words) -> Found {
    let remaining = words.number("x-hubspot-ratelimit-remaining");
    let quota = match remaining {
        Some(remaining) => {
            let window = words.number("x-hubspot-ratelimit-interval-milliseconds").map(Duration::from_millis)?;
            let limit = words.number("x-hubspot-ratelimit-max");
            Quota { limit, remaining: Some(remaining), reset: Some(window), window: Some(window), refills: false }
        }
        None => {
            let (remaining, window) = (words.number("x-hubspot-ratelimit-secondly-remaining")?, Duration::from_secs(1));
            let limit = words.number("x-hubspot-ratelimit-secondly");
            Quota { limit, remaining: Some(remaining), reset: Some(window), window: Some(window), refills: false }
        }
    };
    Some((Coverage::Account, vec![quota]))
}

fn anthropic(words: &Words) -> Found {
    let quota = Quota {
        limit: words.number("anthropic-ratelimit-requests-limit"),
        remaining: Some(words.number("anthropic-ratelimit-requests-remaining")?),
        reset: words.moment("anthropic-ratelimit-requests-reset"),
        ..Quota::default()
    };
    Some((Coverage::Account, vec![quota]))
}

/// Shopify: `32/40`, how full the bucket is and how large.
fn shopify(words: &Words) -> Found {
    let (used, limit) = words.text("x-shopify-shop-api-call-limit")?.split_once('/')?;
    let (used, limit) =
        (used.trim().parse::<u64>().ok()?, limit.trim().parse::<u64>().ok().filter(|limit| *limit > 0)?);
    let quota = Quota {
        limit: Some(limit),
        remaining: Some(limit.saturating_sub(used)),
        reset: None,
        window: Some(SHOPIFY_BUCKET),
        refills: true,
    };
    Some((Coverage::Account, vec![quota]))
}

/// A member of a structured list or dictionary: its value or key, and what follows it.
#[derive(Debug, Default)]
struct Member {
    name: String,
    parameters: Vec<(String, String)>,
}

impl Member {
    fn text(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn parameter(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The number of a dictionary's member.
    fn value_of(&self, key: &str) -> Option<u64> {
        let (own, value) = self.name.split_once('=')?;
        (own.trim() == key).then(|| value.trim().parse().ok()).flatten()
    }
}

/// Reads `"a b";q=1;w="x", c;q=2`. What is malformed is read as far as it goes; nobody's calls depend on the rest.
fn members(text: &str) -> Vec<Member> {
    parts(text, ',')
        .into_iter()
        .map(|member| {
            let mut pieces = parts(member, ';').into_iter();
            let name = unquoted(pieces.next().unwrap_or_default());
            let parameters = pieces
                .filter_map(|piece| piece.split_once('='))
                .map(|(name, value)| (name.trim().to_ascii_lowercase(), unquoted(value)))
                .collect();
            Member { name, parameters }
        })
        .collect()
}

/// Splits outside of quotes.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let pieces = text.split(|letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    });
    pieces.map(str::trim).filter(|piece| !piece.is_empty()).collect()
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && (0.0..1e15).contains(&number)).then_some(number as u64)
}

/// When a text means, from now: seconds, a date since 1970 in seconds or milliseconds, `6m0s`, or a written date.
pub(super) fn from_now(text: &str, now: Duration) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        if !number.is_finite() || number < 0.0 {
            return None;
        }
        // No service asks for a pause of thirty years; it means a date.
        return Some(match number {
            number if number > 1e11 => Duration::from_secs_f64(number.min(1e15) / 1e3).saturating_sub(now),
            number if number > 1e9 => Duration::from_secs_f64(number).saturating_sub(now),
            number => Duration::from_secs_f64(number),
        });
    }
    span(text).or_else(|| Some(http_date(text).or_else(|| iso_date(text))?.saturating_sub(now)))
}

/// `1s`, `6m0s`, `120ms`.
fn span(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let after = &rest[end..];
        let unit = &after[..after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len())];
        total += number
            * match unit {
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = &after[unit.len()..];
    }
    Duration::try_from_secs_f64(total).ok()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as time since 1970; other spellings are obsolete and read as nothing.
fn http_date(text: &str) -> Option<Duration> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let clock = words.next()?;
    if words.next() != Some("GMT") {
        return None;
    }
    since_1970((year, month, day), clock)
}

/// `1994-11-06T08:49:37Z` as time since 1970.
fn iso_date(text: &str) -> Option<Duration> {
    let (date, clock) = text.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let date = (date.next()??, date.next()??, date.next()??);
    let clock = clock.strip_suffix('Z').or_else(|| clock.strip_suffix("+00:00"))?;
    since_1970(date, clock.split('.').next()?).filter(|_| (1..=12).contains(&date.1))
}

fn since_1970((year, month, day): (i64, i64, i64), clock: &str) -> Option<Duration> {
    let mut clock = clock.split(':').map(|part| part.parse::<i64>().ok().filter(|part| (0..=60).contains(part)));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
    let shifted = year - i64::from(month <= 2);
    let (era, in_era) = (shifted / 400, shifted % 400);
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
