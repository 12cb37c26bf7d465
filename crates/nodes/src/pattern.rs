//! Regular expressions of JavaScript: natively where the meaning is the same, else in the sandbox.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::template::Params;
use model::{Item, Map, Value};
use part::{Ctx, NodeError};

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

/// Asks the sandbox what a piece of JavaScript gives, beside the item at a position of the first input.
pub async fn ask(ctx: &Ctx, item: &Arc<Item>, position: usize, script: &str) -> Result<Value, NodeError> {
    let map = Map::from_iter([("answer".to_owned(), Value::String(format!("={{{{ {script} }}}}")))]);
    let params = Params::compile(&map).map_err(|_| NodeError::bug("a script of a node cannot be read"))?;
    let mut rows = ctx.host().resolve(&params, std::slice::from_ref(item), position).await?;
    let row = rows.pop().unwrap_or_else(|| Ok(Map::new()))?;
    Ok(row.get("answer").cloned().unwrap_or_default())
}

/// `text.replace(new RegExp(source, …), replacement)` for many texts.
pub struct Replacer {
    source: String,
    ignore_case: bool,
    replacement: String,
    native: Native,
}

impl Replacer {
    /// Replaces the first match of a pattern; `$1`, `$&`, `$<name>` and the like in the replacement are what was found.
    pub fn new(source: &str, ignore_case: bool, replacement: &str) -> Replacer {
        Replacer {
            source: source.to_owned(),
            ignore_case,
            replacement: replacement.to_owned(),
            native: compile(source, "", ignore_case).map(Arc::new),
        }
    }

    /// The text after it; `None` when only JavaScript can tell.
    pub fn replace(&self, text: &str) -> Option<String> {
        let regex = self.native.as_deref().filter(|_| text.chars().all(|c| c <= '\u{ffff}'))?;
        let Some(found) = regex.captures(text) else { return Some(text.to_owned()) };
        let whole = found.get(0)?;
        let mut out = text[..whole.start()].to_owned();
        expand(&self.replacement, text, &found, regex, &mut out);
        out.push_str(&text[whole.end()..]);
        Some(out)
    }

    /// JavaScript that gives a list: what [`Self::replace`] makes of each of the texts.
    pub fn script(&self, texts: &[&str]) -> String {
        let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        let (source, flags) = (quoted(&self.source), if self.ignore_case { "\"i\"" } else { "\"\"" });
        let replacement = quoted(&self.replacement);
        format!("[{}].map(text => text.replace(new RegExp({source}, {flags}), {replacement}))", texts.join(", "))
    }
}

/// JavaScript's `GetSubstitution`.
fn expand(replacement: &str, text: &str, found: &regex::Captures<'_>, regex: &regex::Regex, out: &mut String) {
    let (whole, groups) = (found.get(0).map_or(0..0, |whole| whole.range()), found.len());
    let named = regex.capture_names().flatten().next().is_some();
    let group = |number: usize| found.get(number).map_or("", |group| group.as_str());
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = (1..=digits).rev().find_map(|count| {
            let number: usize = rest[..count].parse().ok()?;
            (1..groups).contains(&number).then_some((number, count))
        });
        let used = match (rest.chars().next(), number) {
            (Some('$'), _) => {
                out.push('$');
                1
            }
            (Some('&'), _) => {
                out.push_str(&text[whole.clone()]);
                1
            }
            (Some('`'), _) => {
                out.push_str(&text[..whole.start]);
                1
            }
            (Some('\''), _) => {
                out.push_str(&text[whole.end..]);
                1
            }
            (Some('<'), _) if named && rest.contains('>') => {
                let end = rest.find('>').unwrap_or(0);
                out.push_str(found.name(&rest[1..end]).map_or("", |group| group.as_str()));
                end + 1
            }
            (_, Some((number, count))) => {
                out.push_str(group(number));
                count
            }
            _ => {
                out.push('$');
                0
            }
        };
        rest = &rest[used..];
    }
    out.push_str(rest);
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
    fn replacements_are_those_of_javascript() {
        for (source, replacement, text, expect) in [
            ("(\\w+)_(\\w+)", "$2-$1$&$$x$3", "a_b", "b-aa_b$x$3"),
            ("b", "[$`|$']", "abc", "a[a|c]c"),
            ("(?<n>x)", "$<n>y$<m>", "xx", "xyx"),
            ("(x)", "$<n>$01$10$", "x", "$<n>xx0$"),
            ("x", "y", "axx", "ayx"),
            ("", "b", "a", "ba"),
            ("z", "y", "a", "a"),
        ] {
            let replacer = Replacer::new(source, false, replacement);
            assert_eq!(replacer.replace(text).as_deref(), Some(expect), "{source} on {text}");
        }
        assert_eq!(Replacer::new("(?=a)", false, "b").replace("a"), None);
        assert_eq!(Replacer::new("A", true, "b").replace("xa").as_deref(), Some("xb"));
    }

    #[test]
    fn the_script_carries_no_brackets() {
        assert_eq!(script("/a{2}/g", true, "}}"), r#"new RegExp("a\u007b2\u007d", "gi").test("\u007d\u007d")"#);
    }
}
