//! Splits a template into literal text and the code between `{{` and `}}`, as n8n does.

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Literal text.
    Text(String),
    /// JavaScript, with the byte offset of its first character in the template.
    Code { text: String, offset: usize },
}

/// Splits in one pass. An odd number of backslashes escapes a bracket pair; in text before code, two backslashes
/// stand for one. A `}}` inside a quoted string does not close; a code part that is never closed runs to the end.
pub(super) fn split(text: &str) -> Vec<Part> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    let mut index = 0;
    let mut backslashes = 0usize;
    let mut in_code = false;
    let mut quote = None;
    let mut escaped = false;
    while index < bytes.len() {
        let byte = bytes[index];
        let pair = bytes.get(index + 1) == Some(&byte);
        if !in_code {
            if byte == b'{' && pair {
                if backslashes % 2 == 0 {
                    let literal = text[start..index].replace("\\\\", "\\");
                    parts.push(Part::Text(literal));
                    in_code = true;
                    quote = None;
                    escaped = false;
                    start = index + 2;
                }
                index += 2;
                backslashes = 0;
                continue;
            }
        } else if byte == b'}' && pair && quote.is_none() {
            if backslashes % 2 == 0 {
                parts.push(code(&text[start..index], start));
                in_code = false;
                start = index + 2;
            }
            index += 2;
            backslashes = 0;
            escaped = false;
            continue;
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
        if in_code {
            (quote, escaped) = step_quote(byte, quote, escaped);
        }
        index += 1;
    }
    if in_code {
        parts.push(code(&text[start..], start));
    } else if start < bytes.len() || parts.is_empty() {
        parts.push(Part::Text(text[start..].to_owned()));
    }
    parts
}

fn code(text: &str, offset: usize) -> Part {
    Part::Code { text: text.replacen("\\}}", "}}", 1), offset }
}

fn step_quote(byte: u8, quote: Option<u8>, escaped: bool) -> (Option<u8>, bool) {
    if escaped {
        return (quote, false);
    }
    match (byte, quote) {
        (b'\\', _) => (quote, true),
        (b'\'' | b'"' | b'`', None) => (Some(byte), false),
        (_, Some(open)) if open == byte => (None, false),
        _ => (quote, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &[(bool, &str)]) {
        let parts: Vec<(bool, String)> = split(input)
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => (false, text),
                Part::Code { text, .. } => (true, text),
            })
            .collect();
        let expect: Vec<(bool, String)> = expect.iter().map(|(code, text)| (*code, (*text).to_owned())).collect();
        assert_eq!(parts, expect, "{input}");
    }

    #[test]
    fn text_and_code_alternate_and_text_comes_first() {
        check("", &[(false, "")]);
        check("plain", &[(false, "plain")]);
        check("{{ 1 }}", &[(false, ""), (true, " 1 ")]);
        check("{{ 1 }} ", &[(false, ""), (true, " 1 "), (false, " ")]);
        check("a{{1}}b{{2}}", &[(false, "a"), (true, "1"), (false, "b"), (true, "2")]);
        check("{{1}}{{2}}", &[(false, ""), (true, "1"), (false, ""), (true, "2")]);
    }

    #[test]
    fn brackets_in_strings_do_not_close_and_open_code_runs_to_the_end() {
        check("{{ '}}' }}", &[(false, ""), (true, " '}}' ")]);
        check("{{ \"it's }}\" }}x", &[(false, ""), (true, " \"it's }}\" "), (false, "x")]);
        check("{{ 1", &[(false, ""), (true, " 1")]);
    }

    #[test]
    fn backslashes_escape_brackets() {
        check("a\\{{b}}", &[(false, "a\\{{b}}")]);
        check("a\\\\{{b}}", &[(false, "a\\"), (true, "b")]);
    }
}
