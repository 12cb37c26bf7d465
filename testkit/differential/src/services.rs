//! What the server answers that both sides call.
//!
//! A path decides: `/echo` gives the request back, `/status/418` answers with that status, `/flaky/2` fails twice. The
//! others are what workflows meet: lists in pages, feeds, files, GraphQL.

use std::io;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use world::recorder::{Made, Recorded, Recorder, Rule};

/// Headers that say what a request is; the others say who sends it.
const TELLING: [&str; 8] =
    ["accept", "authorization", "content-type", "cookie", "x-api-key", "x-one", "x-two", "x-page-token"];

/// Starts the server.
pub async fn start() -> io::Result<Recorder> {
    let server = Recorder::start().await?;
    server.on("/", Rule::By(answer));
    Ok(server)
}

fn answer(asked: &Recorded, turn: usize) -> Made {
    let steps: Vec<&str> = asked.path.split('/').filter(|step| !step.is_empty()).collect();
    match steps.as_slice() {
        ["echo", ..] => as_json(200, &echo(asked)),
        ["status", status] => {
            let status = status.parse().unwrap_or(400);
            as_json(status, &json!({ "message": format!("answered with {status}"), "code": "E1" }))
        }
        ["flaky", times, ..] if turn <= times.parse().unwrap_or(0) => as_json(503, &json!({ "message": "not yet" })),
        ["flaky", ..] => as_json(200, &json!({ "turn": turn })),
        ["list"] => {
            as_json(200, &json!([{ "id": 1, "name": "one" }, { "id": 2, "name": "two" }, { "id": 3, "name": "three" }]))
        }
        ["numbers"] => as_json(200, &json!([1, 2, 3])),
        ["pages"] => pages(asked),
        ["links"] => links(asked),
        ["text"] => with_type(200, "text/plain; charset=utf-8", "a text\nof two lines"),
        ["page.html"] => {
            with_type(200, "text/html; charset=utf-8", "<html><body><h1>Title</h1><p>One</p></body></html>")
        }
        ["data.xml"] => with_type(200, "application/xml", "<a><b id=\"1\">x</b></a>"),
        ["broken.json"] => with_type(200, "application/json", "{ \"a\": "),
        ["empty"] => (204, Vec::new(), Bytes::new()),
        ["nothing"] => with_type(200, "application/json", ""),
        ["redirect"] => (302, vec![("location".into(), "/list".into())], Bytes::new()),
        ["cookie"] => {
            let (status, mut headers, body) = as_json(200, &json!({ "set": true }));
            headers.push(("set-cookie".into(), "session=abc; Path=/".into()));
            (status, headers, body)
        }
        ["feed.xml"] => with_type(200, "application/rss+xml", FEED),
        ["news", _] => with_type(200, "application/rss+xml", news(turn)),
        ["events", kind] => with_type(200, "text/event-stream", events(kind)),
        ["atom.xml"] => with_type(200, "application/atom+xml", ATOM),
        ["graphql"] => graphql(asked),
        ["files", name] => file(name),
        _ => as_json(200, &generic(turn)),
    }
}

fn with_type(status: u16, content_type: &str, body: impl Into<Bytes>) -> Made {
    (status, vec![("content-type".into(), content_type.into())], body.into())
}

fn as_json(status: u16, body: &Value) -> Made {
    with_type(status, "application/json; charset=utf-8", body.to_string())
}

/// The request, without what says who sent it.
fn echo(asked: &Recorded) -> Value {
    let told = asked.headers.iter().filter(|(name, _)| TELLING.contains(&name.as_str()));
    let mut headers: Map<String, Value> = told.map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let content_type = asked.header("content-type").unwrap_or_default();
    let body = match content_type.split_once("boundary=") {
        Some((_, boundary)) => {
            headers.insert("content-type".into(), "multipart/form-data".into());
            parts(&asked.body, boundary.trim_matches('"'))
        }
        None => serde_json::from_str(&asked.body).unwrap_or_else(|_| asked.body.clone().into()),
    };
    json!({ "method": asked.method, "path": asked.path, "query": asked.query, "headers": headers, "body": body })
}

/// The parts of a form.
fn parts(body: &str, boundary: &str) -> Value {
    let fence = format!("--{boundary}");
    let part = |text: &str| {
        let (head, content) = text.split_once("\r\n\r\n")?;
        let mut lines: Vec<String> = head.trim().lines().map(str::to_owned).collect();
        lines.sort_by_key(|line| line.to_ascii_lowercase());
        let content = content.strip_suffix("\r\n").unwrap_or(content);
        Some(json!({ "head": lines, "content": content }))
    };
    body.split(&fence).filter_map(part).collect()
}

fn number(asked: &Recorded, name: &str) -> Option<i64> {
    let value = |pair: &str| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
    asked.query.split('&').find_map(value)
}

/// Three pages of two, by number or by offset.
fn pages(asked: &Recorded) -> Made {
    let page = number(asked, "page").or_else(|| Some(number(asked, "offset")? / 2 + 1)).unwrap_or(1);
    let items: Vec<Value> = match page {
        1..=3 => vec![json!({ "id": page * 2 - 1 }), json!({ "id": page * 2 })],
        _ => Vec::new(),
    };
    as_json(200, &json!({ "page": page, "items": items, "more": page < 3, "next": (page < 3).then_some(page + 1) }))
}

/// Three pages, each of which names the address of the next.
fn links(asked: &Recorded) -> Made {
    let page = number(asked, "page").unwrap_or(1);
    let host = asked.header("host").unwrap_or_default();
    let next = (page < 3).then(|| format!("http://{host}/links?page={}", page + 1));
    as_json(200, &json!({ "page": page, "next": next }))
}

/// A feed that has one more entry each time that it is read, the newest first.
fn news(turn: usize) -> String {
    let entry = |number: usize| {
        format!(
            "<item><title>News {number}</title><link>https://news.test.example/{number}</link><guid>n{number}</guid>\
             <pubDate>{} Mar 2026 08:00:00 GMT</pubDate><description>About {number}</description></item>",
            number.min(31)
        )
    };
    let entries: String = (1..=turn.min(31)).rev().map(entry).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>News</title>{entries}</channel></rss>")
}

/// What a server tells before it hangs up.
fn events(kind: &str) -> String {
    match kind {
        "one" => "data: {\"n\":1}\n\n",
        "several" => "id: 1\ndata: {\"n\":1}\n\nid: 2\ndata: {\"n\":2,\"list\":[1]}\n\n",
        "lines" => ": a note\ndata: {\"a\":\ndata: 1}\n\n",
        "named" => "event: other\ndata: {\"n\":1}\n\ndata: {\"n\":2}\n\n",
        _ => "data: \"text\"\n\n",
    }
    .to_owned()
}

fn graphql(asked: &Recorded) -> Made {
    let text = if asked.method == "GET" { &asked.query } else { &asked.body };
    if text.contains("wrong") {
        return as_json(200, &json!({ "errors": [{ "message": "no such field" }], "data": null }));
    }
    let (query, body) = (&asked.query, asked.json());
    let content_type = asked.header("content-type");
    as_json(200, &json!({ "data": { "method": asked.method, "query": query, "type": content_type, "body": body } }))
}

fn file(name: &str) -> Made {
    let fixture = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
    match std::fs::read(crate::place::fixtures().join(name)) {
        Ok(content) if fixture => {
            let kind = match name.rsplit_once('.') {
                Some((_, "png")) => "image/png",
                Some((_, "csv")) => "text/csv",
                Some((_, "zip")) => "application/zip",
                _ => "application/octet-stream",
            };
            with_type(200, kind, content)
        }
        _ => as_json(404, &json!({ "message": "no such file" })),
    }
}

/// An object of typical fields.
fn generic(turn: usize) -> Value {
    json!({
        "id": "obj_1", "status": "completed", "turn": turn, "name": "Sample", "title": "A title", "text": "Some text",
        "count": 3, "data": [{ "id": 1, "name": "First" }, { "id": 2, "name": "Second" }],
        "items": [{ "id": 1, "name": "First" }, { "id": 2, "name": "Second" }],
    })
}

const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><link>https://news.test.example</link><description>All</description>
<item><title>First &amp; best</title><link>https://news.test.example/1</link><guid isPermaLink="false">n1</guid>
<pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate><dc:creator>Ada</dc:creator><description>&lt;p&gt;Short&lt;/p&gt;</description>
<content:encoded><![CDATA[<p>Long <b>text</b></p>]]></content:encoded><category>a</category><category>b</category>
<author>ada@test.example</author><enclosure url="https://news.test.example/1.mp3" length="10" type="audio/mpeg"/></item>
<item><title>Second</title><link>https://news.test.example/2</link><pubDate>Sun, 01 Mar 2026 23:30:00 +0200</pubDate></item>
</channel></rss>"#;

const ATOM: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><link href="https://blog.test.example/"/>
<updated>2026-03-02T08:00:00Z</updated><id>urn:blog</id>
<entry><title>Entry</title><link href="https://blog.test.example/e"/><id>urn:e</id><updated>2026-03-01T10:00:00Z</updated>
<published>2026-03-01T09:00:00Z</published><author><name>Bob</name></author><summary>Sum</summary>
<content type="html">&lt;p&gt;All&lt;/p&gt;</content></entry></feed>"#;
