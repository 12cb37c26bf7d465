//! Names: of the connector, of operations, and of parameters that an expression can use.

use std::collections::BTreeSet;

use model::{Name, Value};

/// Words of titles that say nothing about the service.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "an",
    "and",
    "api",
    "apis",
    "definition",
    "docs",
    "documentation",
    "endpoints",
    "for",
    "official",
    "of",
    "open-api",
    "openapi",
    "public",
    "reference",
    "rest",
    "restful",
    "schema",
    "service",
    "spec",
    "specification",
    "swagger",
    "the",
    "v",
    "version",
    "web",
];
/// Longest name that an operation's id gives.
const LONGEST_ID: usize = 60;

/// The name of a connector, by the document's title; where that says nothing, by the host.
pub fn connector(title: &str, base: &str) -> Name {
    let lower = title.to_lowercase().replace("'s ", " ").replace("’s ", " ");
    let words = lower.split(|letter: char| letter.is_whitespace() || ",;:/()[]|~+&–—".contains(letter));
    let words = words.map(without_ending).filter(|word| {
        let is_version = word.trim_start_matches('v').chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        !is_version
            && !EMPTY_WORDS.contains(&word.as_str())
            && word.chars().any(|letter| letter.is_ascii_alphanumeric())
    });
    let words: Vec<String> = words.take(3).collect();
    let name = Name::from_title(&words.join(" ").replace('.', " "));
    if words.is_empty() || name.as_str() == "untitled" {
        return by_host(base).unwrap_or_else(|| Name::from_title(&title.replace('.', " ")));
    }
    name
}

/// `ticketbox` of `ticketbox.io`: names have no dots, because one stands between connector and operation.
fn without_ending(word: &str) -> String {
    match word.split_once('.') {
        Some((first, ending))
            if first.len() > 1 && ending.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '.') =>
        {
            first.to_owned()
        }
        _ => word.trim_matches('.').to_owned(),
    }
}

fn by_host(base: &str) -> Option<Name> {
    let host = base.split_once("://").map_or(base, |(_, rest)| rest).split(['/', ':']).next()?;
    let parts: Vec<&str> = host.split('.').filter(|part| !part.is_empty() && !part.contains('{')).collect();
    let part = parts.iter().rev().nth(1).or(parts.first())?;
    part.parse().ok()
}

/// The title of the service, without what every title of a document has.
pub fn service(title: &str) -> String {
    let mut title = title.trim();
    loop {
        let before = title;
        for ending in [
            "API",
            "Api",
            "REST",
            "Documentation",
            "documentation",
            "Reference",
            "OpenAPI",
            "Specification",
            "-",
            "–",
            "|",
            "~",
            ":",
        ] {
            title = title.strip_suffix(ending).filter(|rest| rest.ends_with(' ')).unwrap_or(title).trim_end();
        }
        if title == before {
            break;
        }
    }
    let plain: String = title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    if plain.is_empty() { "Service".into() } else { plain }
}

/// `order.list`, of the path and the method; what is taken is told apart by what stands before it in the path, by the
/// operation's id, then by a number.
pub fn operation(path: &str, method: &str, spec: &Value, taken: &mut BTreeSet<String>) -> String {
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let steps = steps(plain);
    let fixed: Vec<String> = steps.iter().filter(|step| !step.contains('{')).map(|step| kebab(step)).collect();
    let ends_in_param = steps.last().is_some_and(|step| step.contains('{'));
    let after_param = steps.len() >= 2 && steps[steps.len() - 2].contains('{') && !ends_in_param;
    let last = fixed.last().cloned().unwrap_or_else(|| "service".into());
    let before = fixed.len().checked_sub(2).map(|at| fixed[at].clone());
    let plural = last.ends_with('s') && !last.ends_with("ss");
    let verb = match (method, ends_in_param) {
        ("get", true) => "get",
        ("get", false) if plural => "list",
        ("get", false) => "get",
        ("head", _) => "exists",
        ("post", true) => "update",
        ("post", false) => "create",
        ("put", _) => "update",
        ("patch", _) => "change",
        ("delete", _) => "delete",
        ("options", _) => "options",
        _ => "call",
    };
    let mut names = Vec::new();
    match before {
        // What is done with one thing: `POST /orders/{id}/cancel`.
        Some(noun) if after_param && method == "post" && !plural => names.push(format!("{}.{last}", singular(&noun))),
        _ => names.push(format!("{}.{verb}", singular(&last))),
    }
    if let Some(parent) = fixed.len().checked_sub(2).map(|at| singular(&fixed[at])) {
        names.push(format!("{parent}-{}.{verb}", singular(&last)));
    }
    let id = spec["operationId"].as_str().map(kebab).filter(|id| id != "thing" && id.len() <= LONGEST_ID);
    names.extend(id.map(|id| format!("{}.{id}", singular(&last))));
    if fixed.len() > 2 {
        let whole: Vec<String> = fixed.iter().map(|step| singular(step)).collect();
        names.push(format!("{}.{verb}", whole.join("-")));
    }
    let first = names[0].clone();
    let numbered = (2..).map(|number| format!("{first}-{number}"));
    let short = names.into_iter().filter(|name| name.len() <= 2 * LONGEST_ID);
    let free = short.chain(numbered).find(|name| !taken.contains(name)).unwrap_or(first);
    taken.insert(free.clone());
    free
}

/// The steps of a path, without versions and endings that all paths have. `things:merge` is two.
fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let step = step.strip_suffix(".json").or(step.strip_suffix(".xml")).unwrap_or(step);
        match step.rsplit_once(':').filter(|(noun, verb)| !noun.is_empty() && !verb.contains('}')) {
            Some((noun, verb)) => steps.extend([noun.to_owned(), verb.to_owned()]),
            None => steps.push(step.to_owned()),
        }
    }
    let is_version = |step: &str| {
        let number = step.strip_prefix('v').unwrap_or_default();
        !number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
    };
    let nouns: Vec<String> = steps.iter().filter(|step| !is_version(step) && *step != "api").cloned().collect();
    if nouns.iter().all(|step| step.contains('{')) { steps } else { nouns }
}

/// `listOrders` as `list-orders`.
pub fn kebab(text: &str) -> String {
    let mut kebab = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            letter if letter.is_ascii_uppercase() => {
                if before.is_ascii_lowercase() || before.is_ascii_digit() {
                    kebab.push('-');
                }
                kebab.push(letter.to_ascii_lowercase());
            }
            letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => kebab.push(letter),
            _ if !kebab.ends_with('-') && !kebab.is_empty() => kebab.push('-'),
            _ => {}
        }
        before = letter;
    }
    let kebab = kebab.trim_matches('-').to_owned();
    if kebab.is_empty() { "thing".into() } else { kebab }
}

fn singular(noun: &str) -> String {
    if let Some(stem) = noun.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for (plural, single) in [("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")] {
        if let Some(stem) = noun.strip_suffix(plural) {
            return format!("{stem}{single}");
        }
    }
    match noun.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) && stem.len() > 1 => stem.to_owned(),
        _ => noun.to_owned(),
    }
}

/// What people read in the palette: the summary where it is short, else the operation's id in words.
pub fn title(method: &str, path: &str, spec: &Value, summary: &str) -> String {
    let short = summary.trim_end_matches(['.', ' ']);
    if !short.is_empty() && short.chars().count() <= 60 {
        return short.to_owned();
    }
    let id = spec["operationId"].as_str().map(kebab).filter(|id| id != "thing");
    match id {
        Some(id) => {
            let words = id.replace('-', " ");
            let mut letters = words.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or(words)
        }
        None => format!("{} {path}", method.to_ascii_uppercase()),
    }
}

/// A name that an expression can use.
pub fn identifier(name: &str) -> String {
    let mut plain = String::new();
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '_' => {
                if upper && !plain.is_empty() {
                    plain.extend(letter.to_uppercase());
                } else {
                    plain.push(letter);
                }
                upper = false;
            }
            _ => upper = true,
        }
    }
    match plain.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{plain}"),
        Some(_) => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn connectors_are_named_by_what_their_title_says() {
        for (title, base, name) in [
            ("Ticketbox.io ~ API Documentation", "", "ticketbox"),
            ("Ticketbox's official OpenAPI spec v1.2", "", "ticketbox"),
            ("The REST API", "https://api.ticketbox.example/v1", "ticketbox"),
            ("售票处", "https://eu.ticketbox.example", "ticketbox"),
            ("API", "{address}/v1", "api"),
            ("Box Platform API", "", "box-platform"),
        ] {
            assert_eq!(connector(title, base).as_str(), name, "{title}");
        }
        assert_eq!(service("Ticketbox REST API - Documentation"), "Ticketbox");
    }

    #[test]
    fn operations_are_named_by_their_path() {
        let mut taken = BTreeSet::new();
        let mut name =
            |path: &str, method: &str, id: &str| operation(path, method, &json!({ "operationId": id }), &mut taken);
        assert_eq!(name("/api/v2/orders", "get", ""), "order.list");
        assert_eq!(name("/orders/{id}.json", "get", ""), "order.get");
        assert_eq!(name("/orders/{id}:cancel", "post", ""), "order.cancel");
        assert_eq!(name("/shops/{id}/orders", "get", ""), "shop-order.list");
        assert_eq!(name("/users/{id}/orders", "get", "x.listOf"), "user-order.list");
        assert_eq!(name("/old/users/{id}/orders", "get", ""), "old-user-order.list");
        assert_eq!(name("/orders?old=true", "get", "oldOrders"), "order.old-orders");
        assert_eq!(name("/{id}", "get", ""), "service.get");
        assert_eq!(name("/日本", "get", ""), "thing.get");
        assert_eq!(name("/日本", "get", ""), "thing.get-2");
    }
}
