//! From bytes to the workflows in them, whatever they are wrapped in.

use model::{Code, Map, Problem, Value};

use super::{MAX_BYTES, MAX_DEPTH};

/// A workflow as it stands in a file.
pub(super) struct Document {
    pub workflow: Map,
    /// Its title, where the wrapping says it and the workflow itself does not.
    pub title: Option<String>,
}

/// The workflows of a file, and problems for elements of a list that are none. A file without any is refused.
pub(super) fn documents(bytes: &[u8]) -> Result<Vec<Result<Document, Problem>>, Problem> {
    if bytes.len() > MAX_BYTES {
        let problem = Problem::new(Code::TooLarge, format!("the file has {} bytes", bytes.len()));
        return Err(problem.hint(format!("a file may have {MAX_BYTES} bytes; split it by workflow")));
    }
    let mut found = Vec::new();
    unwrap(json(bytes, MAX_DEPTH)?, "", None, &mut found);
    if found.iter().any(Result::is_ok) {
        return Ok(found);
    }
    Err(Problem::from_many(found.into_iter().filter_map(Result::err).collect())
        .unwrap_or_else(|| no_workflow("", "the list is empty")))
}

/// Reads JSON that is nested no deeper than that. A byte order mark is no part of it.
pub(crate) fn json(bytes: &[u8], depth: usize) -> Result<Value, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if nested_deeper(bytes, depth) {
        return Err(Problem::new(Code::TooDeep, format!("the file is nested more than {depth} levels deep")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::UnreadableFile, format!("the file is no UTF-8 text: {error}"))
            .hint("save it as UTF-8 without a password or compression")
    })?;
    let mended = mend_surrogates(text);
    serde_json::from_str(mended.as_deref().unwrap_or(text)).map_err(|error| {
        Problem::new(Code::UnreadableFile, format!("the file is no JSON: {error}"))
            .hint("export the workflow from n8n again")
    })
}

/// Depth by counting brackets outside texts, before anything is built.
fn nested_deeper(bytes: &[u8], most: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in bytes {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// JavaScript writes half of a surrogate pair as `\ud83d`, which is no character; each becomes U+FFFD. `None` when
/// there is none, as almost always.
fn mend_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut mended: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += offset;
        match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                let out = mended.get_or_insert_with(String::new);
                out.push_str(&text[copied..at]);
                out.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            _ => at += 2,
        }
    }
    if let Some(out) = &mut mended {
        out.push_str(&text[copied..]);
    }
    mended
}

fn unwrap(value: Value, pointer: &str, title: Option<String>, found: &mut Vec<Result<Document, Problem>>) {
    match value {
        Value::Array(values) => {
            for (index, value) in values.into_iter().enumerate() {
                unwrap(value, &format!("{pointer}/{index}"), None, found);
            }
        }
        Value::Object(map) => unwrap_object(map, pointer, title, found),
        _ => found.push(Err(no_workflow(pointer, "a workflow is a JSON object with a list of `nodes`"))),
    }
}

/// A workflow has a list of nodes. n8n's API wraps it in `data`, lists in `data` or `workflows`, templates in
/// `workflow`, with the title outside.
fn unwrap_object(mut map: Map, pointer: &str, title: Option<String>, found: &mut Vec<Result<Document, Problem>>) {
    if map.get("nodes").is_some_and(Value::is_array) {
        found.push(Ok(Document { workflow: map, title }));
        return;
    }
    for key in ["workflows", "data", "workflow"] {
        if map.get(key).is_some_and(|inner| inner.is_array() || inner.is_object()) {
            let title = map.get("name").and_then(Value::as_str).map(str::to_owned).or(title);
            unwrap(map.remove(key).unwrap_or_default(), &format!("{pointer}/{key}"), title, found);
            return;
        }
    }
    found.push(Err(no_workflow(pointer, "it has no list of `nodes`")));
}

fn no_workflow(pointer: &str, why: &str) -> Problem {
    Problem::new(Code::UnreadableFile, format!("this is no workflow of n8n: {why}"))
        .at(pointer)
        .hint("export the workflow in n8n with Download, or with `n8n export:workflow`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Result<usize, Code> {
        documents(text.as_bytes()).map(|found| found.len()).map_err(|problem| problem.code)
    }

    #[test]
    fn workflows_are_found_in_every_wrapping() {
        for (text, expected) in [
            (r#"{"nodes":[]}"#, Ok(1)),
            ("\u{feff}[{\"nodes\":[]},{\"nodes\":[]}]", Ok(2)),
            (r#"{"workflows":[{"nodes":[]},{}]}"#, Ok(2)),
            (r#"{"data":[{"nodes":[]}],"nextCursor":null}"#, Ok(1)),
            (r#"{"data":{"nodes":[]}}"#, Ok(1)),
            (r#"{"workflow":{"id":1,"name":"x","workflow":{"nodes":[]}}}"#, Ok(1)),
            ("[]", Err(Code::UnreadableFile)),
            ("{}", Err(Code::UnreadableFile)),
            ("3", Err(Code::UnreadableFile)),
            ("{", Err(Code::UnreadableFile)),
            (r#"{"nodes":{}}"#, Err(Code::UnreadableFile)),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
        assert_eq!(documents(b"\xff\xfe{").err().unwrap().code, Code::UnreadableFile);
    }

    #[test]
    fn deep_and_large_files_are_refused() {
        assert_eq!(count(&"[".repeat(10_000_000)), Err(Code::TooDeep));
        assert_eq!(count(&"{\"a\":".repeat(MAX_DEPTH + 1)), Err(Code::TooDeep));
        let deepest = format!(r#"{{"nodes":[],"x":{}{}}}"#, "[".repeat(MAX_DEPTH - 1), "]".repeat(MAX_DEPTH - 1));
        assert_eq!(count(&deepest), Ok(1));
        assert_eq!(count(r#"{"nodes":[],"text":"[[\"[[\\"}"#), Ok(1));
        assert_eq!(documents(&vec![b' '; MAX_BYTES + 1]).err().unwrap().code, Code::TooLarge);
    }

    #[test]
    fn half_characters_are_mended_and_whole_ones_kept() {
        let check = |text: &str, expected: &str| {
            assert_eq!(json(text.as_bytes(), 1).unwrap(), Value::String(expected.into()), "{text}");
        };
        check(r#""\ud83d\ude00""#, "\u{1F600}");
        check(r#""a\ud83d""#, "a\u{fffd}");
        check(r#""\ude00\ud83dx\ud83d\ude00""#, "\u{fffd}\u{fffd}x\u{1F600}");
        check(r#""\\ud83d""#, "\\ud83d");
    }
}
