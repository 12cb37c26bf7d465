//! Mail addresses as people write them: `a@b.example`, `Ada Lovelace <ada@b.example>`, several with commas.

use lettre::Address;
use lettre::message::Mailbox;
use part::NodeError;

/// Longest list that is read.
const LONGEST: usize = 256 << 10;
/// Most addresses in a list.
const MOST: usize = 2_000;

/// The addresses of a parameter. What is no address is refused by name.
pub(super) fn list(text: &str, parameter: &str) -> Result<Vec<Mailbox>, NodeError> {
    let refuse = |detail: String| NodeError::parameter(&format!("/params/{parameter}"), detail).permanent();
    if text.len() > LONGEST {
        return Err(refuse(format!("the list of addresses is longer than {LONGEST} bytes")));
    }
    // A line break in an address would begin another header, or another command of the conversation.
    if text.trim().contains(|c: char| c.is_control() && c != '\t') {
        return Err(refuse("an address holds a line break or another control character".into())
            .hint("put several addresses on one line, with commas between them"));
    }
    let mut found = Vec::new();
    for part in split(text) {
        found.push(one(part.trim()).map_err(|reason| {
            refuse(format!("`{}` is no mail address: {reason}", part.trim()))
                .hint("write `name@example.com` or `A Name <name@example.com>`; several with commas between them")
        })?);
        if found.len() > MOST {
            return Err(refuse(format!("a mail goes to {MOST} addresses at most")));
        }
    }
    Ok(found)
}

/// The one address of a parameter.
pub(super) fn single(text: &str, parameter: &str) -> Result<Mailbox, NodeError> {
    let mut found = list(text, parameter)?;
    match (found.pop(), found.is_empty()) {
        (Some(address), true) => Ok(address),
        (None, _) => Err(NodeError::parameter(&format!("/params/{parameter}"), "an address is needed")
            .hint("write `name@example.com`")
            .permanent()),
        _ => {
            Err(NodeError::parameter(&format!("/params/{parameter}"), "one address is needed, not several").permanent())
        }
    }
}

/// The parts between commas and semicolons that stand in no quotes, brackets or comments.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut quoted, mut angle, mut comment, mut escaped) = (false, false, 0_u32, false);
    for (at, c) in text.char_indices() {
        let plain = !quoted && !angle && comment == 0;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if comment == 0 => quoted = !quoted,
            '(' if !quoted => comment += 1,
            ')' if !quoted => comment = comment.saturating_sub(1),
            '<' if !quoted && comment == 0 => angle = true,
            '>' if !quoted && comment == 0 => angle = false,
            ',' | ';' if plain => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn one(text: &str) -> Result<Mailbox, String> {
    let (name, address) = match text.rsplit_once('<') {
        Some((name, rest)) => {
            let address = rest.strip_suffix('>').ok_or("its `<` has no `>` at the end")?;
            (unquoted(name.trim()), address.trim())
        }
        None => match text.split_once('(') {
            Some((address, comment)) => (comment.trim_end_matches(')').trim().to_owned(), address.trim()),
            None => (String::new(), text),
        },
    };
    let (user, domain) = address.rsplit_once('@').ok_or("it has no `@`")?;
    let host = url::Host::parse(domain).map_err(|error| format!("`{domain}` is no domain ({error})"))?;
    let domain = match host {
        url::Host::Domain(domain) => domain,
        url::Host::Ipv4(_) => format!("[{domain}]"),
        url::Host::Ipv6(address) => format!("[IPv6:{address}]"),
    };
    let address = Address::new(user, domain).map_err(|error| error.to_string())?;
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address))
}

fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return name.to_owned() };
    let (mut out, mut escaped) = (String::with_capacity(inner.len()), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let found = list(text, "to").unwrap_or_else(|error| panic!("{text}: {error}"));
        found.iter().map(|one| format!("{}|{}", one.name.as_deref().unwrap_or_default(), one.email)).collect()
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(read("a@b.example"), ["|a@b.example"]);
        assert_eq!(read(" Ada Lovelace <ada@b.example> "), ["Ada Lovelace|ada@b.example"]);
        assert_eq!(
            read("\"Byron, \\\"Ada\\\"\" <ada@b.example>, x@y.example; z@y.example,"),
            ["Byron, \"Ada\"|ada@b.example", "|x@y.example", "|z@y.example"]
        );
        assert_eq!(read("jürgen@bücher.example"), ["|jürgen@xn--bcher-kva.example"]);
        assert_eq!(read("Jürgen Müller <j@b.example>"), ["Jürgen Müller|j@b.example"]);
        assert_eq!(read("j@b.example (Jay)"), ["Jay|j@b.example"]);
        assert_eq!(read(""), [""; 0]);
    }

    #[test]
    fn what_is_no_address_is_named_and_no_second_header_gets_in() {
        for (text, expected) in [
            ("nobody", "`nobody` is no mail address: it has no `@`"),
            ("a@b.example, oops", "`oops` is no mail address"),
            ("Ada <a@b.example", "its `<` has no `>`"),
            ("a b@c.example", "is no mail address"),
            ("@c.example", "is no mail address"),
            ("a@", "is no domain"),
            ("a@b.example\r\nBcc: c@d.example", "line break"),
            ("a@b.example>\nRCPT TO:<c@d.example", "line break"),
        ] {
            let error = list(text, "toEmail").unwrap_err();
            assert!(error.problem.detail.contains(expected), "{text}: {error}");
            assert_eq!(error.problem.pointer.as_deref(), Some("/params/toEmail"));
        }
        assert!(single("a@b.example, c@d.example", "from").unwrap_err().to_string().contains("not several"));
        assert!(single("", "from").is_err());
    }
}
