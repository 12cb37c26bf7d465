//! Regular expressions of JavaScript: natively where the meaning is the same, else in the sandbox.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Compiled patterns of a node, by source and flags. Patterns that come from items may differ each time.
#[derive(Default)]
pub struct Patterns {
    known: Mutex<HashMap<(String, bool), Native>>,
}

/// `None`: only JavaScript can tell.
type Native = Option<Arc<regex::Regex>>;

/// Most patterns that a node remembers.
const REMEMBERED: usize = 64;

impl Patterns {
    /// Whether the pattern is found in the text; `None` when only JavaScript can tell.
    pub fn test(&self, pattern: &str, ignore_case: bool, text: &str) -> Option<bool> {
        // Without its `u` flag JavaScript matches halves of characters outside the basic plane.
        if text.chars().any(|c| c > '\u{ffff}') {
            return None;
        }
        let (source, flags) = literal(pattern);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let ignore_case = ignore_case || flags.contains('i');
        let key = (pattern.to_owned(), ignore_case);
        if known.len() >= REMEMBERED && !known.contains_key(&key) {
            known.clear();
        }
        let compiled = known.entry(key).or_insert_with(|| compile(source, flags, ignore_case).map(Arc::new)).clone();
        drop(known);
        compiled.map(|regex| regex.is_match(text))
    }
}

/// JavaScript that answers the same question.
pub fn script(pattern: &str, ignore_case: bool, text: &str) -> String {
    let (source, flags) = literal(pattern);
    let flags = if ignore_case && !flags.contains('i') { Cow::from(format!("{flags}i")) } else { Cow::from(flags) };
    format!("new RegExp({}, {}).test({})", quoted(source), quoted(&flags), quoted(text))
}

/// A JavaScript string literal without brackets, which would end the `{{ }}` around it.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('{', "\\u007b").replace('}', "\\u007d")
}

/// `/source/flags`, or the whole text without flags.
fn literal(pattern: &str) -> (&str, &str) {
    let inner = pattern.strip_prefix('/').and_then(|rest| rest.find('/').map(|_| rest));
    // The first slash after which only flags follow closes, as in n8n's own pattern.
    let close = |rest: &str| {
        rest.char_indices()
            .filter(|(_, c)| *c == '/')
            .map(|(at, _)| at)
            .find(|at| rest[at + 1..].chars().all(|c| "gimusy".contains(c)))
    };
    match inner.and_then(|rest| close(rest).map(|at| (&rest[..at], &rest[at + 1..]))) {
        Some((source, flags)) if !source.contains('\n') => (source, flags),
        _ => (pattern, ""),
    }
}

fn compile(source: &str, flags: &str, ignore_case: bool) -> Option<regex::Regex> {
    if flags.contains(['u', 'y']) || (ignore_case && !source.is_ascii()) {
        return None;
    }
    let translated = translate(source, flags.contains('s'))?;
    regex::RegexBuilder::new(&translated)
        .case_insensitive(ignore_case)
        .multi_line(flags.contains('m'))
        .size_limit(1 << 20)
        .build()
        .ok()
}

/// JavaScript's source as Rust's, or `None` when it uses anything whose meaning may differ.
fn translate(source: &str, dot_all: bool) -> Option<String> {
    const DOT: &str = "[^\\n\\r\\u{2028}\\u{2029}]";
    const SPACE: &str =
        "\\t\\n\\x0B\\x0C\\r \\u{a0}\\u{feff}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}";
    let mut out = String::with_capacity(source.len() + 16);
    let mut chars = source.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                'd' => out.push_str(if class { "0-9" } else { "[0-9]" }),
                'w' => out.push_str(if class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                's' if class => out.push_str(SPACE),
                's' => out.push_str(&format!("[{SPACE}]")),
                'D' if !class => out.push_str("[^0-9]"),
                'W' if !class => out.push_str("[^0-9A-Za-z_]"),
                'S' if !class => out.push_str(&format!("[^{SPACE}]")),
                'b' if !class => out.push_str("(?-u:\\b)"),
                'n' => out.push_str("\\n"),
                'r' => out.push_str("\\r"),
                't' => out.push_str("\\t"),
                escaped if escaped.is_ascii_punctuation() => out.push_str(&regex::escape(&escaped.to_string())),
                // Back references, `\B`, `\u`, `\x`, `\k`, `\p` and the like.
                _ => return None,
            },
            '[' if class => out.push_str("\\["),
            '[' => {
                // `[]` and `[^]` mean nothing and anything.
                let negated = chars.peek() == Some(&'^');
                let mut ahead = chars.clone();
                if negated {
                    ahead.next();
                }
                if ahead.peek() == Some(&']') {
                    return None;
                }
                class = true;
                out.push('[');
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // Operators of sets in Rust, plain characters in JavaScript.
            '&' | '~' if class => out.extend(['\\', c]),
            '-' if class && chars.peek() == Some(&'-') => return None,
            '.' if !class && !dot_all => out.push_str(DOT),
            '.' if !class => out.push_str("(?s:.)"),
            '(' if !class && chars.peek() == Some(&'?') => {
                let ahead: String = chars.clone().skip(1).take(2).collect();
                let group = ahead.starts_with(':') || (ahead.starts_with('<') && !ahead.ends_with(['=', '!']));
                if !group {
                    return None;
                }
                out.push('(');
            }
            // A bracket that opens no count is a plain character in JavaScript.
            '{' if !class => {
                let count: String = chars.clone().take_while(|c| *c != '}').collect();
                let counts = count.starts_with(|c: char| c.is_ascii_digit());
                let counts = counts && count.chars().all(|c| c.is_ascii_digit() || c == ',');
                out.push_str(if counts { "{" } else { "\\{" });
            }
            // Multi-line `$` and `^` know more line ends in JavaScript only where those ends occur.
            other => out.push(other),
        }
    }
    (!class).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_patterns_are_answered_natively() {
        let patterns = Patterns::default();
        for (pattern, text, expect) in [
            ("^a.c$", "abc", true),
            ("^a.c$", "a\nc", false),
            ("/ABC/i", "xabcx", true),
            ("\\d{3}", "a123", true),
            ("\\d", "٣", false),
            ("[\\w.+-]+@[\\w-]+\\.[a-z]{2,}", "jo.do@example.com", true),
            ("a/b", "a/b", true),
            ("{{x}}", "a {{x}} b", true),
            ("[[]", "[", true),
            ("", "anything", true),
            ("(?:a|b)+$", "abab", true),
            ("https?:\\/\\/", "http://x", true),
        ] {
            assert_eq!(patterns.test(pattern, false, text), Some(expect), "{pattern} on {text}");
        }
        assert_eq!(patterns.test("abc", true, "ABC"), Some(true));
    }

    #[test]
    fn what_rust_reads_otherwise_is_left_to_javascript() {
        let patterns = Patterns::default();
        for pattern in ["(?=a)", "(a)\\1", "[^]", "\\u0041", "(?<!a)b", "\\p{L}", "[a--b]", "[", "(", "/a/u"] {
            assert_eq!(patterns.test(pattern, false, "a"), None, "{pattern}");
        }
        assert_eq!(patterns.test(".", false, "😀"), None);
        assert_eq!(patterns.test("é", true, "É"), None);
    }

    #[test]
    fn the_script_carries_no_brackets() {
        assert_eq!(script("/a{2}/g", true, "}}"), r#"new RegExp("a\u007b2\u007d", "gi").test("\u007d\u007d")"#);
    }
}
