//! Splits a template into literal text and the code between `{{` and `}}`, as n8n does.

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Literal text, with doubled backslashes already read as one where n8n does so.
    Text(String),
    /// The JavaScript between `{{` and `}}`.
    Code {
        /// The code, white space included.
        text: String,
        /// Byte offset of its first character in the template.
        offset: usize,
    },
}

/// Splits in one pass. An odd number of backslashes escapes a bracket pair; in text before code, two backslashes
/// stand for one. As in n8n the first free `}}` closes, even inside a string; code that is never closed runs to the
/// end.
pub(super) fn split(text: &str) -> Vec<Part> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut index, mut backslashes) = (0, 0, 0usize);
    let mut in_code = false;
    while index < bytes.len() {
        let byte = bytes[index];
        let bracket = if in_code { b'}' } else { b'{' };
        if byte != bracket || bytes.get(index + 1) != Some(&byte) {
            backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
            index += 1;
            continue;
        }
        if backslashes % 2 == 0 {
            let chunk = &text[start..index];
            parts.push(if in_code { code(chunk, start) } else { Part::Text(chunk.replace("\\\\", "\\")) });
            in_code = !in_code;
            start = index + 2;
        }
        backslashes = 0;
        index += 2;
    }
    if in_code && start < bytes.len() {
        parts.push(code(&text[start..], start));
    } else if !in_code && (start < bytes.len() || parts.is_empty()) {
        parts.push(Part::Text(text[start..].to_owned()));
    }
    parts
}

fn code(text: &str, offset: usize) -> Part {
    Part::Code { text: text.replacen("\\}}", "}}", 1), offset }
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
    fn the_first_free_bracket_closes_and_open_code_runs_to_the_end() {
        check("{{ '}}' }}", &[(false, ""), (true, " '"), (false, "' }}")]);
        check("{{ 1", &[(false, ""), (true, " 1")]);
        check("a{{", &[(false, "a")]);
        check("{{ '\\}}' }}", &[(false, ""), (true, " '}}' ")]);
    }

    #[test]
    fn backslashes_escape_brackets() {
        check("a\\{{b}}", &[(false, "a\\{{b}}")]);
        check("a\\\\{{b}}", &[(false, "a\\"), (true, "b")]);
    }
}
