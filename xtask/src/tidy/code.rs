//! Rust text without its comments and literals, so that rules find code and nothing else.

/// The same text with comments, strings and characters blanked. Lines stay where they are.
pub fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = match literal_length(rest, before) {
            Some(length) => {
                out.extend(rest[..length].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
                before = ' ';
                length
            }
            None => {
                out.push(first);
                before = first;
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// The text in front of the unit tests that stand in the file: everything that is shipped.
pub fn shipped(code: &str) -> &str {
    let mut tests = code.match_indices("#[cfg(test)]\nmod ");
    let inline =
        tests.find(|(at, _)| code[*at..].lines().nth(1).is_some_and(|module| module.trim_end().ends_with('{')));
    inline.map_or(code, |(at, _)| &code[..at])
}

/// The file holds only tests, benches, examples or tools.
pub fn is_test_file(path: &str) -> bool {
    let folders = ["testkit/", "xtask/", "benches/", "fuzz/"];
    let file = path.rsplit('/').next().unwrap_or(path);
    folders.iter().any(|folder| path.starts_with(folder))
        || path.split('/').any(|part| matches!(part, "tests" | "examples" | "benches" | "conformance"))
        || file == "tests.rs"
}

/// Bytes of the comment or literal that the text begins with.
fn literal_length(text: &str, before: char) -> Option<usize> {
    let line_end = |text: &str| text.find('\n').unwrap_or(text.len());
    if text.starts_with("//") {
        return Some(line_end(text));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    if text.starts_with('"') {
        return Some(string(text, 1));
    }
    let in_word = before.is_alphanumeric() || before == '_';
    if !in_word {
        let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix));
        if let Some(raw) = prefix.and_then(|prefix| raw_string(text, prefix.len())) {
            return Some(raw);
        }
        if text.starts_with("b\"") || text.starts_with("c\"") {
            return Some(string(text, 2));
        }
    }
    text.starts_with('\'').then(|| character(text)).flatten()
}

/// Comments in comments count.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(next) = text[at..].find(['/', '*']) {
        at += next;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn string(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return start + at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str, start: usize) -> Option<usize> {
    let hashes = text[start..].bytes().take_while(|byte| *byte == b'#').count();
    let content = start + hashes;
    if !text[content..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let end = text[content + 1..].find(&close).map_or(text.len(), |end| content + 1 + end + close.len());
    Some(end)
}

/// A character, but no lifetime.
fn character(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    let (_, first) = letters.next()?;
    if first == '\\' {
        let escaped = text[3..].find('\'')?;
        return Some(3 + escaped + 1);
    }
    letters.next().filter(|(_, second)| *second == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        for (source, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"say("dbg!(\"x\")") end"#, "say(             ) end"),
            ("r#\"a\"b\"# c", "         c"),
            ("let c = '\"'; d", "let c =    ; d"),
            (r"let c = '\''; d", "let c =     ; d"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("bar\"x\" y", "bar    y"),
            ("\"a\nb\" c", "  \n   c"),
        ] {
            assert_eq!(code_only(source), expected, "{source}");
        }
    }

    #[test]
    fn unit_tests_are_not_shipped() {
        assert_eq!(shipped("a\n#[cfg(test)]\nmod tests {\n b }"), "a\n");
        let apart = "#[cfg(test)]\nmod tests;\na\n";
        assert_eq!(shipped(apart), apart, "tests in a file of their own");
        assert!(is_test_file("crates/x/tests/it/main.rs") && is_test_file("xtask/src/main.rs"));
        assert!(!is_test_file("crates/x/src/attests.rs"));
    }
}
