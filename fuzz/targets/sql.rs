//! Names in statements: what is quoted is read back as the same name, by a reader of its own and by the one that looks
//! for the ends of statements. Values in filters of directories stay values.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::Value;

/// What a database reads of a quoted name that begins here: the name, and the bytes that it takes.
fn unquoted(text: &str, mark: char) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut signs = text.char_indices();
    signs.next().filter(|(_, first)| *first == mark)?;
    while let Some((at, sign)) = signs.next() {
        if sign != mark {
            name.push(sign);
        } else if text[at + mark.len_utf8()..].starts_with(mark) {
            name.push(mark);
            signs.next();
        } else {
            return Some((name, at + mark.len_utf8()));
        }
    }
    None
}

fuzz_target!(|text: &str| {
    for (mysql, mark) in [(false, '"'), (true, '`')] {
        let Some(quoted) = protocols::fuzzing::quoted(mysql, text) else { continue };
        assert_eq!(unquoted(&quoted, mark), Some((text.to_owned(), quoted.len())));
        let all = protocols::fuzzing::statements(mysql, &format!("SELECT {quoted}; SELECT 2"), &[Value::Null]);
        let all = all.expect("it is well made");
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].0.contains(&quoted) && all.iter().all(|(_, values)| values.is_empty()), "{all:?}");
        // As a statement of its own, anything ends somewhere.
        let _ = protocols::fuzzing::statements(mysql, text, &[text.into(), 1.into()]);
    }
    if let Some(filter) = protocols::fuzzing::filter("(&(a=$1)(b=c))", &[text.into()]) {
        let value = filter.strip_prefix("(&(a=").and_then(|rest| rest.strip_suffix(")(b=c))")).expect("it stays around");
        assert!(!value.contains(['(', ')', '*', '\0']), "{filter}");
    }
});
