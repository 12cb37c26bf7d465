//! Which mails are meant: search criteria as n8n's users write them (`["UNSEEN", ["SINCE", "1-Jan-2026"]]`), in IMAP's
//! own words.

use model::Value;
use part::NodeError;

const FLAGS: [&str; 14] = [
    "ALL",
    "ANSWERED",
    "DELETED",
    "DRAFT",
    "FLAGGED",
    "NEW",
    "OLD",
    "RECENT",
    "SEEN",
    "UNANSWERED",
    "UNDELETED",
    "UNDRAFT",
    "UNFLAGGED",
    "UNSEEN",
];
const TEXTS: [&str; 8] = ["BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO", "X-GM-RAW"];
const DATES: [&str; 6] = ["BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"];
const NUMBERS: [&str; 5] = ["LARGER", "SMALLER", "MODSEQ", "X-GM-MSGID", "X-GM-THRID"];
/// Deepest nesting of `OR`.
const DEEPEST: u32 = 16;

/// The text after `SEARCH`.
pub(super) fn compile(criteria: &Value) -> Result<String, NodeError> {
    let list = match criteria {
        Value::Array(list) if !list.is_empty() => list,
        _ => return Err(refuse("search criteria are a list that is not empty, such as `[\"UNSEEN\"]`".into())),
    };
    let words = list.iter().map(|one| criterion(one, 0)).collect::<Result<Vec<_>, _>>()?.join(" ");
    // A server that is not told reads the words as ASCII.
    Ok(if words.is_ascii() { words } else { format!("CHARSET UTF-8 {words}") })
}

/// The same, from the JSON text that the parameter holds.
pub(super) fn parse(text: &str) -> Result<String, NodeError> {
    let value = serde_json::from_str(text).map_err(|_| refuse("custom email config is not valid JSON".into()))?;
    compile(&value)
}

fn refuse(detail: String) -> NodeError {
    NodeError::parameter("/params/criteria", detail)
        .hint("write them as `[\"UNSEEN\", [\"FROM\", \"ada@example.com\"]]`")
}

fn criterion(value: &Value, depth: u32) -> Result<String, NodeError> {
    let (key, given): (&str, &[Value]) = match value {
        Value::String(key) => (key, &[]),
        Value::Array(parts) => match parts.split_first() {
            Some((Value::String(key), given)) => (key, given),
            _ => return Err(refuse(format!("{value} is no search criterion"))),
        },
        _ => return Err(refuse(format!("{value} is no search criterion"))),
    };
    if depth > DEEPEST {
        return Err(refuse("the search criteria are nested too deeply".into()));
    }
    let (negated, key) = key.strip_prefix('!').map_or((false, key), |key| (true, key));
    let upper = key.to_ascii_uppercase();
    let count = |wanted: usize| match given.len() == wanted {
        true => Ok(()),
        false => Err(refuse(format!("`{upper}` takes {wanted} values, not {}", given.len()))),
    };
    let words = match upper.as_str() {
        flag if FLAGS.contains(&flag) => upper.clone(),
        text if TEXTS.contains(&text) => {
            count(1)?;
            format!("{text} {}", quoted(&upper, &given[0])?)
        }
        date if DATES.contains(&date) => {
            count(1)?;
            format!("{date} {}", day(&upper, &given[0])?)
        }
        number if NUMBERS.contains(&number) => {
            count(1)?;
            let found = plain(&given[0]).trim().parse::<u64>().ok().filter(|number| *number > 0);
            format!("{number} {}", found.ok_or_else(|| refuse(format!("`{upper}` needs a whole number above 0")))?)
        }
        "KEYWORD" | "UNKEYWORD" => {
            count(1)?;
            let word = plain(&given[0]);
            let atom = word.strip_prefix('\\').unwrap_or(&word);
            if atom.is_empty() || !atom.chars().all(|c| c.is_ascii_graphic() && !"(){%*\"\\]".contains(c)) {
                return Err(refuse(format!("`{word}` is no keyword")));
            }
            format!("{upper} {word}")
        }
        "HEADER" => {
            count(2)?;
            format!("HEADER {} {}", quoted(&upper, &given[0])?, quote(&plain(&given[1]))?)
        }
        "X-GM-LABELS" => {
            count(1)?;
            format!("X-GM-LABELS {}", quoted(&upper, &given[0])?)
        }
        "UID" => format!("UID {}", numbers(given).ok_or_else(|| refuse("`UID` needs numbers such as `42:*`".into()))?),
        "OR" => {
            count(2)?;
            format!("OR ({}) ({})", criterion(&given[0], depth + 1)?, criterion(&given[1], depth + 1)?)
        }
        _ => {
            let all: Vec<Value> = std::iter::once(Value::from(key)).chain(given.iter().cloned()).collect();
            numbers(&all).ok_or_else(|| refuse(format!("`{key}` is no search criterion")))?
        }
    };
    Ok(if negated { format!("NOT ({words})") } else { words })
}

fn plain(value: &Value) -> String {
    part::lenient::to_text(value.clone())
}

fn quoted(key: &str, value: &Value) -> Result<String, NodeError> {
    match plain(value) {
        text if text.is_empty() => Err(refuse(format!("`{key}` needs a value"))),
        text => quote(&text),
    }
}

fn quote(text: &str) -> Result<String, NodeError> {
    // A line break would begin another command.
    if text.contains(|c: char| c.is_control()) {
        return Err(refuse("a search word holds a line break or another control character".into()));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn numbers(values: &[Value]) -> Option<String> {
    let parts: Vec<String> =
        values.iter().flat_map(|value| plain(value).split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    let number = |text: &str| text == "*" || text.parse::<u32>().is_ok_and(|number| number > 0);
    let good = |part: &String| match part.split_once(':') {
        Some((first, last)) => number(first) && number(last),
        None => number(part),
    };
    (!parts.is_empty() && parts.iter().all(good)).then(|| parts.join(","))
}

/// A day as IMAP writes it, from the ways in which people do.
fn day(key: &str, value: &Value) -> Result<String, NodeError> {
    let text = plain(value);
    let text = text.trim();
    let written = |date: jiff::civil::Date| date.strftime("%d-%b-%Y").to_string();
    let date = match value {
        Value::Number(_) => {
            let millis = value.as_f64().unwrap_or_default() as i64;
            jiff::Timestamp::from_millisecond(millis).ok().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
        }
        _ => ["%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%m/%d/%Y", "%Y/%m/%d"]
            .iter()
            .find_map(|format| jiff::civil::Date::strptime(format, text).ok())
            .or_else(|| text.parse::<jiff::Timestamp>().ok().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date()))
            .or_else(|| text.parse::<jiff::civil::DateTime>().ok().map(|at| at.date()))
            .or_else(|| text.parse::<jiff::civil::Date>().ok()),
    };
    date.map(written).ok_or_else(|| refuse(format!("`{key}` needs a date such as `19-Aug-2026`, not `{text}`")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn criteria_become_imaps_own_words() {
        for (criteria, expected) in [
            (json!(["UNSEEN"]), "UNSEEN"),
            (json!(["unseen", ["SINCE", "August 19, 2026"]]), "UNSEEN SINCE 19-Aug-2026"),
            (json!([["SINCE", "2026-08-19T10:00:00Z"]]), "SINCE 19-Aug-2026"),
            (json!([["FROM", "a \"b\" \\c"]]), r#"FROM "a \"b\" \\c""#),
            (json!([["!SEEN"], ["!FROM", "x"]]), "NOT (SEEN) NOT (FROM \"x\")"),
            (json!([["OR", "UNSEEN", ["LARGER", "10"]]]), "OR (UNSEEN) (LARGER 10)"),
            (json!([["UID", "42:*"]]), "UID 42:*"),
            (json!([["HEADER", "X-Spam", ""]]), "HEADER \"X-Spam\" \"\""),
            (json!(["1:3,7"]), "1:3,7"),
            (json!([["SUBJECT", "Grüße"]]), "CHARSET UTF-8 SUBJECT \"Grüße\""),
        ] {
            assert_eq!(compile(&criteria).unwrap_or_else(|error| panic!("{criteria}: {error}")), expected);
        }
    }

    #[test]
    fn what_is_no_criterion_is_refused_and_no_command_slips_in() {
        let mut deep = json!("UNSEEN");
        for _ in 0..40 {
            deep = json!(["OR", deep, "SEEN"]);
        }
        for criteria in [
            json!([]),
            json!("UNSEEN"),
            json!(["NONSENSE"]),
            json!([["FROM"]]),
            json!([["FROM", ""]]),
            json!([["SUBJECT", "x\r\nA1 DELETE INBOX"]]),
            json!([["KEYWORD", "a b"]]),
            json!([["SINCE", "whenever"]]),
            json!([["UID", "1 LOGOUT"]]),
            json!([["LARGER", 0]]),
            json!([deep]),
            json!([{ "a": 1 }]),
        ] {
            assert!(compile(&criteria).is_err(), "{criteria}");
        }
        assert!(parse("[UNSEEN]").unwrap_err().problem.detail.contains("not valid JSON"));
    }
}
