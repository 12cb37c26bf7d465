//! Which known name somebody may have meant.

use std::cmp::Reverse;

/// The known name that is most like a name that is not known, if any is like it at all.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // A third of the letters may be others, and two always.
    let most = (name.chars().count() / 3).max(2);
    let far = |other: &str| distance(&name.to_ascii_lowercase(), &other.to_ascii_lowercase());
    let all = known.into_iter().map(|other| (far(other), other)).filter(|(far, _)| *far <= most);
    // Of those that are as far, the one that begins like it.
    let begins = |other: &str| name.chars().zip(other.chars()).take_while(|(one, two)| one == two).count();
    all.min_by_key(|(far, other)| (*far, Reverse(begins(other)))).map(|(_, other)| other)
}

/// The least number of letters that are put in, taken out or changed.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = before + usize::from(letter != *other);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_most_like_it_is_found_and_none_when_none_is() {
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(nearest(name, ["title", "id", "displayName", "countryCodeV2"]), expect, "{name}");
        };
        check("titel", Some("title"));
        check("display_name", Some("displayName"));
        check("countryCode", Some("countryCodeV2"));
        check("customer", None);
    }
}
