//! The word that somebody may have meant.

/// What is called otherwise elsewhere.
const ELSEWHERE: [(&str, &str); 24] = [
    ("list", "array"),
    ("map", "object"),
    ("dict", "object"),
    ("text", "string"),
    ("float", "number"),
    ("double", "number"),
    ("timestamp", "dateTime"),
    ("max", "most"),
    ("maximum", "most"),
    ("description", "about"),
    ("description", "summary"),
    ("label", "title"),
    ("name", "title"),
    ("enum", "values"),
    ("options", "values"),
    ("parameters", "params"),
    ("properties", "fields"),
    ("fields", "params"),
    ("endpoint", "request"),
    ("method", "request"),
    ("url", "request"),
    ("path", "request"),
    ("pagination", "paging"),
    ("interval", "every"),
];

/// The nearest of the known words, if one is near enough, or is what is meant by it elsewhere.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.into_iter().collect();
    let mut elsewhere = ELSEWHERE.iter().filter(|(theirs, _)| theirs.eq_ignore_ascii_case(word));
    let meant = elsewhere.find_map(|(_, ours)| known.iter().copied().find(|known| known == ours));
    meant.or_else(|| close(word, known))
}

/// The one with the fewest slips.
fn close<'k>(word: &str, known: Vec<&'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', '_', ' '], "");
    let meant = plain(word);
    let most = (meant.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|known| {
            let candidate = plain(known);
            let shared = meant.chars().zip(candidate.chars()).take_while(|(one, other)| one == other).count();
            let part = shared > 2 && shared + 1 >= meant.chars().count().min(candidate.chars().count());
            (known, if part { distance(&meant, &candidate).min(most) } else { distance(&meant, &candidate) })
        })
        .filter(|(_, far)| *far <= most)
        .min_by_key(|(_, far)| *far)
        .map(|(known, _)| known)
}

/// Letters that are to be added, taken away, changed, or exchanged with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for at in 1..=one.len() {
        let mut row = vec![at];
        for to in 1..=other.len() {
            let same = one[at - 1] == other[to - 1];
            let mut least = (rows[at - 1][to - 1] + usize::from(!same)).min(rows[at - 1][to] + 1).min(row[to - 1] + 1);
            if at > 1 && to > 1 && one[at - 1] == other[to - 2] && one[at - 2] == other[to - 1] {
                least = least.min(rows[at - 2][to - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let known = ["paging", "params", "items", "request", "idempotencyHeader", "in", "as"];
        let check = |word: &str, expect: Option<&str>| assert_eq!(nearest(word, known), expect, "{word}");
        check("pagging", Some("paging"));
        check("pagin", Some("paging"));
        check("itmes", Some("items"));
        check("idempotency_header", Some("idempotencyHeader"));
        check("parameters", Some("params"));
        check("Request", Some("request"));
        check("colour", None);
        check("path", Some("request"));
        check("verse", None);
    }
}
