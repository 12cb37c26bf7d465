//! Filters of a search: what the author wrote is syntax, what is put into it never is.

use model::Value;
use part::{NodeError, lenient};

/// A filter with `$1`, `$2` … replaced by values that cannot change what it asks.
pub fn bind(text: &str, values: &[Value]) -> Result<String, NodeError> {
    let mut filter = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filter.push_str(&rest[..at]);
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let (mark, after) = rest[at..].split_at(1 + digits);
        rest = after;
        let Ok(number) = mark[1..].parse::<usize>() else {
            filter.push_str(mark);
            continue;
        };
        let value = number.checked_sub(1).and_then(|at| values.get(at)).ok_or_else(|| {
            let detail = format!("the filter asks for `{mark}`, and there are {} filter values", values.len());
            NodeError::parameter("/params/filterValues", detail).permanent()
        })?;
        filter.push_str(&ldap3::ldap_escape(lenient::to_text(value.clone())));
    }
    filter.push_str(rest);
    // n8n's users write these four with a backslash before them.
    for (written, escaped) in [("\\\\", "\\5c"), ("\\*", "\\2a"), ("\\(", "\\28"), ("\\)", "\\29")] {
        filter = filter.replace(written, escaped);
    }
    if ldap3::parse_filter(&filter).is_err() {
        let error = NodeError::parameter("/params/customFilter", format!("`{filter}` is no filter"));
        return Err(error.hint("for example `(&(objectclass=person)(uid=ann*))`").permanent());
    }
    Ok(filter)
}

/// The two parts of a new name: the entry's own, and where it stands.
pub fn split_name(name: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in name.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            ',' if !escaped => return (name[..at].trim(), Some(name[at + 1..].trim())),
            _ => escaped = false,
        }
    }
    (name.trim(), None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_cannot_change_a_filter() {
        let bound = |text: &str, values: Value| bind(text, values.as_array().unwrap()).unwrap();
        assert_eq!(bound("(&(cn=$1*)(sn=$2))", json!(["a*)(b", 5])), "(&(cn=a\\2a\\29\\28b*)(sn=5))");
        assert_eq!(bound("(cn=a\\*b$)", json!([])), "(cn=a\\2ab$)");
        assert!(bind("(cn=$1)", &[]).is_err() && bind("(cn=", &[]).is_err());
    }

    #[test]
    fn a_name_is_split_at_its_first_comma_that_is_none_of_the_name() {
        assert_eq!(split_name("cn=a\\,b, ou=x,dc=y"), ("cn=a\\,b", Some("ou=x,dc=y")));
        assert_eq!(split_name("cn=a"), ("cn=a", None));
    }
}
