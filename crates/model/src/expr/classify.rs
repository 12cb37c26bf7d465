//! What code looks at, told from its text, so that it holds for code that is not native too.

use super::Reads;
use super::lexer::Lexer;

/// Notes what code reads and which nodes it names. It errs on the side of reading: a name in a string counts.
pub(super) fn scan(code: &str, reads: &mut Reads, nodes: &mut Vec<String>) {
    for (start, end) in words(code) {
        let rest = &code[end..];
        match &code[start..end] {
            "$json" | "$binary" | "$data" | "$thisItem" | "$fromAI" | "$fromAi" | "$fromai" => reads.item = true,
            "$input" => {
                reads.item = true;
                let after = rest.trim_start().strip_prefix('.').map(str::trim_start);
                reads.input |= !after.is_some_and(|after| after.starts_with("item"));
            }
            "$" => node(rest, '(', reads, nodes),
            "$items" => {
                reads.input = true;
                if !is_empty_call(rest) {
                    node(rest, '(', reads, nodes);
                }
            }
            "$node" => node(rest, '[', reads, nodes),
            "$item" => {
                reads.input = true;
                reads.item = true;
            }
            "$vars" => reads.vars = true,
            "$env" => reads.env = true,
            "$now" | "$today" | "Date" | "DateTime" | "Interval" | "Duration" => reads.clock = true,
            "random" | "randomItem" | "randomInt" | "randomUUID" | "getRandomValues" => reads.random = true,
            "$getWorkflowStaticData" => reads.static_data = true,
            "resumeUrl" | "resumeFormUrl" | "$resumeWebhookUrl" => reads.resume_url = true,
            "$getPairedItem" | "$evaluateExpression" => {
                reads.item = true;
                reads.input = true;
                reads.dynamic_nodes = true;
            }
            _ => {}
        }
    }
    reads.nodes |= reads.dynamic_nodes || !nodes.is_empty();
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// Start and end of each word.
fn words(code: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        let length = code[start..].find(|letter| !is_word(letter)).unwrap_or(code.len() - start);
        at = start + length;
        Some((start, at))
    })
}

fn is_empty_call(rest: &str) -> bool {
    rest.trim_start().strip_prefix('(').is_some_and(|inner| inner.trim_start().starts_with(')'))
}

/// Reads the name behind `$(`, `$items(` or `$node[`; a name that is computed may be any.
fn node(rest: &str, bracket: char, reads: &mut Reads, nodes: &mut Vec<String>) {
    let rest = rest.trim_start();
    let name = match rest.strip_prefix(bracket) {
        Some(inner) => Lexer::new(inner).literal(),
        None => rest.strip_prefix('.').filter(|_| bracket == '[').and_then(|member| {
            let member = member.trim_start();
            let length = member.find(|letter| !is_word(letter)).unwrap_or(member.len());
            (length > 0).then(|| member[..length].to_owned())
        }),
    };
    match name {
        Some(name) if !nodes.contains(&name) => nodes.push(name),
        Some(_) => {}
        // `$` alone is money, a call or an index is a name that is not known before.
        None => reads.dynamic_nodes |= rest.starts_with(bracket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, nodes: &[&str], set: impl FnOnce(&mut Reads)) {
        let (mut reads, mut found) = (Reads::default(), Vec::new());
        scan(code, &mut reads, &mut found);
        let mut expect = Reads::default();
        set(&mut expect);
        assert_eq!((found, reads), (nodes.iter().map(|name| (*name).to_owned()).collect(), expect), "{code}");
    }

    #[test]
    fn reads_and_nodes_are_told_from_the_text() {
        check("$json.a + $vars.x", &[], |reads| (reads.item, reads.vars) = (true, true));
        check("$('A b').item.json.x", &["A b"], |reads| reads.nodes = true);
        check("$node[\"It's\"].json", &["It's"], |reads| reads.nodes = true);
        check("$node.Set.json", &["Set"], |reads| reads.nodes = true);
        check("$( `X` ).all()", &["X"], |reads| reads.nodes = true);
        check("$($json.which).first()", &[], |reads| {
            (reads.item, reads.nodes, reads.dynamic_nodes) = (true, true, true);
        });
        check("$input.item.json.x", &[], |reads| reads.item = true);
        check("$input.all().length", &[], |reads| (reads.item, reads.input) = (true, true));
        check("$now.format('x')", &[], |reads| reads.clock = true);
        check("$items('A')", &["A"], |reads| (reads.input, reads.nodes) = (true, true));
        check("Math.random()", &[], |reads| reads.random = true);
        check("$env.KEY + $execution.resumeUrl", &[], |reads| (reads.env, reads.resume_url) = (true, true));
        check("'costs $5'", &[], |_| {});
    }
}
