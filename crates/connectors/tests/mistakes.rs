//! A newcomer's mistakes: the connector of the guide with one thing wrong at a time, and what is said of it. What must
//! be said stands in `mistakes.md`; `FISHPLATE_WRITE_MISTAKES=1` writes it anew, for a person to read through.

use std::path::{Path, PathBuf};

use connectors::{check, fixture};
use sandbox::{Options, Sandbox};

/// A thing that somebody has done to the folder.
enum Slip {
    /// This text in the file became that.
    Text(&'static str, &'static str, &'static str),
    /// The file's content became this.
    File(&'static str, &'static str),
    /// The file is called otherwise.
    Named(&'static str, &'static str),
    /// The file is gone.
    Gone(&'static str),
}

use Slip::{File, Gone, Named, Text};

const M: &str = "connector.yaml";

/// The mistakes, each with what it is called.
fn mistakes() -> Vec<(&'static str, Slip)> {
    vec![
        ("a line is not indented enough", Text(M, "    title: Get the account\n", "   title: Get the account\n")),
        ("a line is indented by a tab", Text(M, "    title: Get the account\n", "\ttitle: Get the account\n")),
        ("a text with a colon has no quotes", Text(M, "summary: All customers", "summary: All: customers")),
        (
            "a map where a text is wanted",
            Text(M, "    output: \"={{ ({ success: true }) }}\"", "    output: { success: true }"),
        ),
        ("a number where a text is wanted", Text(M, "title: Ticketbox", "title: 42")),
        ("a text where a list is wanted", Text(M, "categories: [support]", "categories: support")),
        (
            "nothing where words are wanted",
            Text(
                M,
                "    params:\n      id: { required: true, about: The ticket's id., example: t1 }\n",
                "    params:\n",
            ),
        ),
        ("an unknown way to show an account", Text(M, "type: bearer", "type: oauth")),
        (
            "an account without its help",
            Text(M, "    help: In Ticketbox, open Settings, then API, and make a token.\n", ""),
        ),
        ("a misspelt word of the manifest", Text(M, "probe: me.get", "prob: me.get")),
        (
            "a misspelt word of an operation",
            Text(
                M,
                "    request: GET /customers\n    items: customers",
                "    request: GET /customers\n    itmes: customers",
            ),
        ),
        ("a misspelt word of paging", Text(M, "most: 100", "max: 100")),
        ("a misspelt word of a trigger", Text(M, "      key: id", "      keys: id")),
        (
            "a word at the wrong depth",
            Text(M, "    poll:\n      request: GET /tickets\n", "    request: GET /tickets\n    poll:\n"),
        ),
        ("a word that stands twice", Text(M, "probe: me.get", "probe: me.get\nsummary: Again.")),
        ("an operation that stands twice", Text(M, "  ticket.delete:", "  ticket.create:")),
        ("a setting of the base is missing", Text(M, "settings:\n  subdomain: {", "settings:\n  domain: {")),
        (
            "a name in the path that nobody fills in",
            Text(M, "request: DELETE /tickets/{id}", "request: DELETE /tickets/{ticket}"),
        ),
        ("a method that there is not", Text(M, "request: GET /me", "request: FETCH /me")),
        ("a method in small letters", Text(M, "request: GET /me", "request: get /me")),
        ("a request without its method", Text(M, "request: GET /me", "request: /me")),
        ("a path without its slash", Text(M, "request: GET /me", "request: GET me")),
        ("an operation without a request", Text(M, "    request: GET /me\n", "")),
        ("a base without its scheme", Text(M, "base: https://{subdomain}", "base: api.{subdomain}")),
        ("a base that ends in a slash", Text(M, ".example/api/v2", ".example/api/v2/")),
        ("an unknown type of a parameter", Text(M, "type: array, items", "type: list, items")),
        (
            "paging that is not there",
            Text(M, "    items: customers\n    paging: cursor", "    items: customers\n    paging: cursors"),
        ),
        (
            "paging written out in an operation",
            Text(M, "    items: customers\n    paging: cursor", "    items: customers\n    paging: { type: link }"),
        ),
        ("a path as JSONPath writes it", Text(M, "items: customers", "items: $.customers[*]")),
        (
            "a path that leads to nothing",
            Text(
                M,
                "    request: GET /customers\n    items: customers",
                "    request: GET /customers\n    items: data.customers",
            ),
        ),
        (
            "an expression without its braces",
            Text(M, "\"={{ ({ success: true }) }}\"", "\"{{ ({ success: true }) }}\""),
        ),
        (
            "an expression that is not closed",
            Text(M, "\"={{ ({ success: true }) }}\"", "\"={{ ({ success: true ) }}\""),
        ),
        ("an expression over a name that there is not", Text(M, "={{ $cursor }}", "={{ $curser }}")),
        ("an expression over a parameter that there is not", Text(M, "={{ $cursor }}", "={{ $params.state }}")),
        ("choices of an unknown operation", Text(M, "{ operation: customer.list,", "{ operation: customers.list,")),
        (
            "choices that nobody offers",
            Text(M, "about: The customer's id., choices: customers", "about: The customer's id."),
        ),
        ("a parameter with unknown choices", Text(M, "id., choices: customers", "id., choices: clients")),
        ("choices without a value in the fixtures", Text(M, "value: id, label: name", "value: key, label: name")),
        ("an unknown probe", Text(M, "probe: me.get", "probe: me.show")),
        ("a probe that writes", Text(M, "probe: me.get", "probe: ticket.create")),
        ("a trigger that neither asks nor is called", Text(M, "    poll:\n", "    pol:\n")),
        ("a trigger without a key", Text(M, "      key: id\n", "")),
        (
            "a trigger whose cursor nobody remembers",
            Text(M, "      cursor: \"={{ $response.tickets[0]?.openedAt ?? $cursor }}\"\n", ""),
        ),
        ("a pause that is no time", Text(M, "      key: id", "      every: 5 minutes\n      key: id")),
        ("a trigger without a fixture", Gone("fixtures/ticket.opened.yaml")),
        ("an operation without a fixture", Gone("fixtures/ticket.list.yaml")),
        ("an operation with capital letters", Text(M, "  me.get:", "  me.getAccount:")),
        ("a connector with a dot in its name", Text(M, "connector: ticketbox", "connector: ticketbox.io")),
        ("a connector with capital letters", Text(M, "connector: ticketbox", "connector: Ticketbox")),
        ("a connector called otherwise than its folder", Text(M, "connector: ticketbox", "connector: ticket-box")),
        ("a parameter with a hyphen", Text(M, "      subject: {", "      subject-line: {")),
        (
            "n8n's pattern that is none",
            Text(
                M,
                "    items: ticket\n",
                "    items: ticket\n    n8n: [{ type: ticketbox, params: { subject: { from: a, url: '/t/([^/+' } } }]\n",
            ),
        ),
        (
            "an error rule with an unknown kind",
            Text(M, "probe: me.get", "errors: [{ status: [429], kinds: { '*': ratelimit } }]\nprobe: me.get"),
        ),
        ("no picture", Gone("icon.svg")),
        ("a picture that is none", File("icon.svg", "GIF89a")),
        ("a picture with a script", File("icon.svg", "<svg viewBox=\"0 0 24 24\"><script>alert(1)</script></svg>")),
        ("a picture that does something", File("icon.svg", "<svg viewBox=\"0 0 24 24\" onload=\"alert(1)\"/>")),
        ("a manifest that ends in .yml", Named(M, "connector.yml")),
        ("an empty manifest", File(M, "")),
        ("a fixture of an unknown operation", Named("fixtures/ticket.create.yaml", "fixtures/ticket.creat.yaml")),
        ("a fixture that ends in .yml", Named("fixtures/ticket.create.yaml", "fixtures/ticket.create.yml")),
        ("a fixture that holds nothing", File("fixtures/me.get.yaml", "[]\n")),
        ("a fixture that is no list", Text("fixtures/me.get.yaml", "- name: the account\n  ", "name: the account\n  ")),
        ("a misspelt word of a fixture", Text("fixtures/me.get.yaml", "calls:", "call:")),
        ("a misspelt word of an answer", Text("fixtures/me.get.yaml", "answer: { body:", "answer: { boddy:")),
        (
            "a fixture with an unknown category",
            Text("fixtures/ticket.create.yaml", "category: badData", "category: bad_data"),
        ),
        ("a fixture with another category", Text("fixtures/ticket.create.yaml", "category: badData", "category: auth")),
        ("a fixture without its settings", Text("fixtures/me.get.yaml", "  settings: { subdomain: acme }\n", "")),
        ("a fixture whose request is another", Text("fixtures/me.get.yaml", "/api/v2/me", "/api/v2/users/me")),
        (
            "a fixture whose answer does not give its items",
            Text(
                "fixtures/me.get.yaml",
                "answer: { body: { id: u1, name: Ada } }",
                "answer: { body: { user: { id: u1 } } }",
            ),
        ),
        (
            "a fixture with too few calls",
            Text("fixtures/customer.list.yaml", "meta: { next: null }", "meta: { next: p3 }"),
        ),
        (
            "a fixture without a parameter that is required",
            Text("fixtures/ticket.delete.yaml", "  params: { id: t1 }\n", ""),
        ),
        (
            "two cases of one name",
            Text("fixtures/ticket.create.yaml", "a customer who is not there", "a ticket of a customer"),
        ),
    ]
}

/// The files of the guide's connector, as the guide shows them.
fn of_the_guide() -> Vec<(String, String)> {
    let guide = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/write-a-connector.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut last = "";
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```yaml") || line.starts_with("```xml") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            let name = match line {
                "```xml" => Some("icon.svg"),
                _ if last.ends_with(':') => last.split('`').find(|part| part.ends_with(".yaml")),
                // The account's is told in a sentence.
                _ => last.split('`').find(|part| *part == "fixtures/me.get.yaml"),
            };
            if let Some(name) =
                name.filter(|name| files.iter().all(|(known, _)| known != name) && *name != "fixtures/choices.yaml")
            {
                files.push((name.to_owned(), block.join("\n") + "\n"));
            }
        } else if !line.trim().is_empty() {
            last = line;
        }
    }
    files
}

fn written(files: &[(String, String)], place: &Path) -> PathBuf {
    let folder = place.join("ticketbox");
    std::fs::create_dir_all(folder.join("fixtures")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

/// What `fishplate connector test` says.
async fn said(folder: &Path, sandbox: &Sandbox) -> Vec<String> {
    let checked = check::folder(folder);
    let mut said: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
    if let Some(connector) = checked.connector {
        let outcomes = fixture::run_readable(folder, &connector, sandbox).await;
        said.extend(outcomes.iter().filter_map(fixture::Outcome::told));
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_connector_is_good_and_each_mistake_is_told_in_plain_words() {
    let sandbox = Sandbox::new(Options::with_worker(testkit::step::worker().unwrap()));
    let files = of_the_guide();
    let place = tempfile::tempdir().unwrap();
    let good = written(&files, place.path());
    assert_eq!(said(&good, &sandbox).await, Vec::<String>::new(), "the guide's connector is not good");
    let mut page = String::from("# What is said of mistakes\n");
    for (name, slip) in mistakes() {
        let place = tempfile::tempdir().unwrap();
        let folder = written(&files, place.path());
        match slip {
            Text(file, from, to) => {
                let text = std::fs::read_to_string(folder.join(file)).unwrap();
                assert!(text.contains(from), "{name}: the guide's {file} does not have {from:?}");
                std::fs::write(folder.join(file), text.replacen(from, to, 1)).unwrap();
            }
            File(file, text) => std::fs::write(folder.join(file), text).unwrap(),
            Named(from, to) => std::fs::rename(folder.join(from), folder.join(to)).unwrap(),
            Gone(file) => std::fs::remove_file(folder.join(file)).unwrap(),
        }
        let said = said(&folder, &sandbox).await.join("\n").replace(&*place.path().to_string_lossy(), "…");
        assert!(!said.is_empty(), "{name}: nothing is said");
        for word in ["struct ", "variant", "untagged", "invalid type", "sequence", "Option<", "Some(", "Error(", "::"] {
            assert!(!said.contains(word), "{name}: `{word}` is a word of the program: {said}");
        }
        page.push_str(&format!("\n## {}\n\n```\n{said}\n```\n", capital(name)));
    }
    sandbox.shutdown().await;
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes.md");
    if std::env::var_os("FISHPLATE_WRITE_MISTAKES").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    for (there, now) in there.split("\n## ").zip(page.split("\n## ")) {
        assert_eq!(now, there, "`FISHPLATE_WRITE_MISTAKES=1` writes what is said now");
    }
    assert_eq!(there.matches("\n## ").count(), page.matches("\n## ").count());
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
