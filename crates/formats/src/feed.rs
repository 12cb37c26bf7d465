//! News feeds: RSS 0.9, 1 and 2, and Atom.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::page::Page;
use crate::xml::{self, Reading, Writing};
use crate::{Error, Result};

type Fields = Map<String, Value>;

/// What is copied of an RSS item: its name in the feed and here.
const FIELDS: &[(&str, &str)] = &[
    ("author", "creator"),
    ("dc:creator", "creator"),
    ("dc:date", "date"),
    ("dc:language", "language"),
    ("dc:rights", "rights"),
    ("dc:source", "source"),
    ("dc:title", "title"),
    ("title", "title"),
    ("link", "link"),
    ("pubDate", "pubDate"),
    ("author", "author"),
    ("summary", "summary"),
    ("content:encoded", "content:encoded"),
    ("enclosure", "enclosure"),
    ("dc:creator", "dc:creator"),
    ("dc:date", "dc:date"),
    ("comments", "comments"),
];

const PODCAST: &[&str] =
    &["author", "subtitle", "summary", "explicit", "duration", "image", "episode", "season", "keywords", "episodeType"];

/// The items of a feed. `more` names further fields to copy; `iso` writes a time as ISO 8601.
///
/// # Errors
/// It is no feed.
pub fn read(text: &str, more: &[String], iso: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Fields>> {
    let options = Reading { explicit_array: true, merge_attributes: false, ..Reading::default() };
    let root = xml::read(text, &options)?;
    if root.is_null() {
        return Err(Error::broken("Unable to parse XML."));
    }
    if let Some(feed) = root.get("feed") {
        return Ok(list(feed, "entry").iter().map(|entry| atom(entry, more, iso)).collect());
    }
    if let Some(rdf) = root.get("rdf:RDF") {
        return Ok(list(rdf, "item").iter().map(|item| rss(item, more, iso)).collect());
    }
    let rss_root = root.get("rss");
    let version = rss_root.and_then(|rss| rss["$"]["version"].as_str()).unwrap_or_default();
    let Some(rss_root) = rss_root.filter(|_| version.starts_with('2') || version.contains("0.9")) else {
        return Err(Error::broken("Feed not recognized as RSS 1 or 2."));
    };
    let podcast = version.starts_with('2') && rss_root["$"].get("xmlns:itunes").is_some();
    let channel = list(rss_root, "channel").first().cloned().unwrap_or_default();
    let made = list(&channel, "item").iter().map(|item| {
        let mut made = rss(item, more, iso);
        if podcast {
            made.insert("itunes".into(), itunes(item).into());
        }
        made
    });
    Ok(made.collect())
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The first value of a name, its text where it has one.
fn first(value: &Value, name: &str) -> Option<Value> {
    let value = list(value, name).first()?;
    Some(match value.get("_") {
        Some(Value::String(text)) => text.as_str().into(),
        _ => value.clone(),
    })
}

fn copy(from: &Value, to: &mut Fields, more: &[String]) {
    for name in more {
        if let Some(value) = first(from, name) {
            to.insert(name.clone(), value);
        }
    }
}

fn set_iso(made: &mut Fields, iso: &dyn Fn(&str) -> Option<String>) {
    let given = |made: &Fields, name: &str| {
        made.get(name).and_then(Value::as_str).filter(|date| !date.is_empty()).map(str::to_owned)
    };
    let date = given(made, "pubDate").or_else(|| given(made, "date"));
    if let Some(iso) = date.and_then(|date| iso(date.trim())) {
        made.insert("isoDate".into(), iso.into());
    }
}

fn rss(item: &Value, more: &[String], iso: &dyn Fn(&str) -> Option<String>) -> Fields {
    let mut made = Fields::new();
    for (from, to) in FIELDS {
        if let Some(value) = first(item, from) {
            made.insert((*to).to_owned(), value);
        }
        if *to == "content:encoded"
            && let Some(text) = made.get("content:encoded").and_then(Value::as_str)
        {
            let snippet = snippet(text);
            made.insert("content:encodedSnippet".into(), snippet.into());
        }
    }
    copy(item, &mut made, more);
    if let Some(enclosure) = list(item, "enclosure").first() {
        made.insert("enclosure".into(), enclosure.get("$").cloned().unwrap_or_default());
    }
    if let Some(description) = list(item, "description").first() {
        set_content(&mut made, description);
    }
    if let Some(guid) = first(item, "guid") {
        made.insert("guid".into(), guid);
    }
    if let Some(about) = item["$"].get("rdf:about") {
        made.insert("rdf:about".into(), about.clone());
    }
    if let Some(categories) = item.get("category") {
        made.insert("categories".into(), categories.clone());
    }
    set_iso(&mut made, iso);
    made
}

fn atom(entry: &Value, more: &[String], iso: &dyn Fn(&str) -> Option<String>) -> Fields {
    let mut made = Fields::new();
    copy(entry, &mut made, more);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| value.as_str() != Some("")) {
            made.insert(name.to_owned(), value);
        }
    };
    put("title", first(entry, "title"));
    let links = list(entry, "link");
    let link = links.iter().find(|link| link["$"]["rel"] == "alternate").or(links.first());
    put("link", link.and_then(|link| link["$"].get("href")).cloned());
    let date = |name: &str| first(entry, name).as_ref().and_then(Value::as_str).and_then(iso).map(Value::from);
    put("pubDate", date("published").or_else(|| date("updated")));
    put("author", list(entry, "author").first().and_then(|author| list(author, "name").first()).cloned());
    if let Some(content) = list(entry, "content").first() {
        set_content(&mut made, content);
    }
    if let Some(summary) = list(entry, "summary").first() {
        made.insert("summary".into(), content_of(summary).into());
    }
    if let Some(id) = list(entry, "id").first() {
        made.insert("id".into(), id.clone());
    }
    set_iso(&mut made, iso);
    made
}

fn set_content(made: &mut Fields, value: &Value) {
    let content = content_of(value);
    let snippet = snippet(&content);
    made.insert("content".into(), content.into());
    made.insert("contentSnippet".into(), snippet.into());
}

fn content_of(value: &Value) -> String {
    match (value, value.get("_")) {
        (Value::String(text), _) | (_, Some(Value::String(text))) => text.clone(),
        (value, _) => {
            let options = Writing { headless: true, root: "div".into(), ..Writing::default() };
            xml::write(value, &options).unwrap_or_default()
        }
    }
}

/// The text of HTML, roughly: tags are cut out, and those of blocks leave a line break.
fn snippet(html: &str) -> String {
    static BLOCKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"([^\n])</?(?:h|br|p|ul|ol|li|blockquote|section|table|tr|div)[^>]*>([^\n])").ok()
    });
    static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<[^>]*>").ok());
    let (Some(blocks), Some(tags)) = (&*BLOCKS, &*TAGS) else { return String::new() };
    let text = blocks.replace_all(html, "$1\n$2");
    let text = tags.replace_all(&text, "");
    // What is left is text with references to signs.
    Page::read(&text.replace('<', "&lt;")).map(|page| page.text(0)).unwrap_or_default().trim().to_owned()
}

fn itunes(item: &Value) -> Fields {
    let mut made = Fields::new();
    for name in PODCAST {
        if let Some(value) = first(item, &format!("itunes:{name}")) {
            made.insert((*name).to_owned(), value);
        }
    }
    if let Some(image) = list(item, "itunes:image").first().and_then(|image| image["$"].get("href")) {
        made.insert("image".into(), image.clone());
    }
    made
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(text: &str, more: &[String]) -> Value {
        json!(read(text, more, &|date| Some(format!("iso {date}"))).unwrap())
    }

    #[test]
    fn rss_items_are_read() {
        let feed = "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:itunes=\"x\"><channel><title>F</title><item>\
                    <title>One &amp; two</title><link>http://a/1</link><guid isPermaLink=\"false\">g1</guid>\
                    <pubDate>Mon, 06 May 2024 07:08:09 GMT</pubDate><description>&lt;p&gt;Hi &amp;amp; bye&lt;/p&gt;x\
                    </description><category>c1</category><category>c2</category><dc:creator>me</dc:creator>\
                    <enclosure url=\"http://a/x.mp3\" type=\"audio/mpeg\"/><media:x>m</media:x>\
                    <itunes:duration>5:00</itunes:duration></item><item/></channel></rss>";
        assert_eq!(
            items(feed, &["media:x".to_owned()]),
            json!([
                {
                    "creator": "me", "title": "One & two", "link": "http://a/1",
                    "pubDate": "Mon, 06 May 2024 07:08:09 GMT",
                    "enclosure": { "url": "http://a/x.mp3", "type": "audio/mpeg" }, "dc:creator": "me", "media:x": "m",
                    "content": "<p>Hi &amp; bye</p>x", "contentSnippet": "Hi & bye\nx", "guid": "g1",
                    "categories": ["c1", "c2"], "isoDate": "iso Mon, 06 May 2024 07:08:09 GMT",
                    "itunes": { "duration": "5:00" },
                },
                { "itunes": {} },
            ])
        );
        let old = "<rdf:RDF><channel/><item rdf:about=\"u\"><title>t</title></item></rdf:RDF>";
        assert_eq!(items(old, &[]), json!([{ "title": "t", "rdf:about": "u" }]));
    }

    #[test]
    fn atom_entries_are_read() {
        let feed = "<feed><entry><title type=\"text\">T</title><link rel=\"self\" href=\"s\"/><link rel=\"alternate\" \
                    href=\"http://a\"/><updated>2024-05-06</updated><author><name>N</name></author><content \
                    type=\"html\">&lt;b&gt;c&lt;/b&gt;</content><summary>s</summary><id>i</id></entry></feed>";
        assert_eq!(
            items(feed, &[]),
            json!([{
                "title": "T", "link": "http://a", "pubDate": "iso 2024-05-06", "author": "N", "content": "<b>c</b>",
                "contentSnippet": "c", "summary": "s", "id": "i", "isoDate": "iso iso 2024-05-06",
            }])
        );
    }

    #[test]
    fn what_is_no_feed_is_refused() {
        for text in ["", "<a/>", "<rss version=\"1.0\"/>", "x", "<rss version=\"2.0\">"] {
            assert!(read(text, &[], &|_| None).is_err(), "{text}");
        }
    }
}
