//! `feed.trigger`: new entries of a news feed start runs, each entry once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use outbound::{Clock, Request, SystemClock};
use part::listen::{Ear, Source};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Category, Descriptor, Effect, Group, Node, NodeError, NodeType, lenient};
use schemars::JsonSchema;
use serde::Deserialize;

use super::polls::{PollTime, Polls};
use crate::listens;

const SERVICE: &str = "feed";
/// Under which the entries that were heard are kept.
const HEARD: &str = "heard";
/// Under which those are kept that are about to be told.
const PENDING: &str = "pending";
/// How many entries are remembered. A feed shows far fewer.
const MOST: usize = 10_000;
/// Largest feed.
const LARGEST: u64 = 16 << 20;
/// How often a poll that went well is counted as a proof of life until the next.
const PROOF: Duration = Duration::from_secs(8);

/// What `feed.trigger` is set up with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Address of the feed, RSS or Atom.
    #[schemars(title = "Address of the feed", example = &"https://example.com/feed.xml")]
    #[serde(default, deserialize_with = "lenient::text")]
    url: String,
    /// When it is read; none is each minute.
    #[schemars(title = "Read it")]
    #[serde(default)]
    times: Vec<PollTime>,
}

/// Hears of news.
pub struct FeedTrigger;

const NAMES: n8n::Names = &[("url", "feedUrl"), ("times", "pollTimes.item")];

impl NodeType for FeedTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "feed.trigger",
            version: 1,
            title: "RSS feed trigger",
            summary: "Starts a run when a news feed, RSS or Atom, has new entries",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Params>,
            keywords: &["rss", "atom", "news", "blog", "podcast", "poll"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| {
            Polls::new(&params.times)?;
            let empty = Problem::new(Code::InvalidParameter, "the address of the feed is needed").at("/params/url");
            match params.url.trim() {
                "" => Ok(vec![empty]),
                url => url.parse::<url::Url>().map(|_| Vec::new()).map_err(|error| {
                    vec![
                        Problem::new(Code::InvalidParameter, format!("`{url}` is no address: {error}"))
                            .at("/params/url"),
                    ]
                }),
            }
        })
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.rssFeedReadTrigger", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(n8n::named(node, NAMES)))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

/// Listens to a feed.
pub(super) struct Feed;

impl Source for Feed {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(listens::until_stopped(ear, listen(ear)))
    }
}

async fn listen(ear: &Ear) -> Result<(), NodeError> {
    let params: Params = ear.settings()?;
    let polls = Polls::new(&params.times).map_err(|mut problems| NodeError::from(problems.remove(0)))?;
    loop {
        // Also when listening begins: what came while nobody listened is not for the next time.
        poll(ear, &params).await?;
        let now = SystemClock.unix_time().as_millis() as i64;
        let wait = polls.after(now, &ear.info().timezone).map(|next| Duration::from_millis((next - now).max(0) as u64));
        let mut left = wait.unwrap_or(Duration::MAX);
        while !left.is_zero() {
            ear.alive();
            let some = left.min(PROOF);
            tokio::time::sleep(some).await;
            left -= some;
        }
    }
}

async fn poll(ear: &Ear, params: &Params) -> Result<(), NodeError> {
    let entries = fetch(ear, &params.url).await?;
    let kept: Option<Vec<String>> = kept(ear, HEARD).await?;
    let first = kept.is_none();
    let mut heard = kept.unwrap_or_default();
    let known: HashSet<&str> = heard.iter().map(String::as_str).collect();
    let mut fresh: Vec<(String, Item)> = Vec::new();
    for (id, item) in entries {
        if !known.contains(id.as_str()) && fresh.iter().all(|(other, _)| *other != id) {
            fresh.push((id, item));
        }
    }
    drop(known);
    if fresh.is_empty() && first {
        return keep(ear, HEARD, &heard).await;
    }
    // Told together before the last stop and perhaps not noted as told: the same together again are the same event.
    let pending: Vec<String> = kept_or_default(ear, PENDING).await?;
    let (again, new): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|(id, _)| pending.contains(id));
    for batch in [again, new] {
        if batch.is_empty() {
            continue;
        }
        let ids: Vec<String> = batch.iter().map(|(id, _)| id.clone()).collect();
        if !first {
            let whole = if ids.iter().all(|id| pending.contains(id)) { &pending } else { &ids };
            let key = store::digest(whole.join("\n").as_bytes()).to_string();
            keep(ear, PENDING, whole).await?;
            ear.admit(batch.into_iter().map(|(_, item)| item).collect(), Some(key)).await?;
        }
        heard.extend(ids);
        let surplus = heard.len().saturating_sub(MOST);
        heard.drain(..surplus);
        // Before the next entries are pending, because those of this batch are not pending any more then.
        keep(ear, HEARD, &heard).await?;
    }
    Ok(())
}

async fn kept<T: serde::de::DeserializeOwned>(ear: &Ear, key: &str) -> Result<Option<T>, NodeError> {
    Ok(ear.recall(key).await?.and_then(|kept| serde_json::from_slice(&kept).ok()))
}

async fn kept_or_default(ear: &Ear, key: &str) -> Result<Vec<String>, NodeError> {
    Ok(kept(ear, key).await?.unwrap_or_default())
}

async fn keep(ear: &Ear, key: &str, ids: &[String]) -> Result<(), NodeError> {
    let value = serde_json::to_vec(ids).map_err(|error| NodeError::bug(error.to_string()))?;
    Ok(ear.remember(key, value).await?)
}

/// The entries with what each is known by, oldest last as feeds have them.
async fn fetch(ear: &Ear, url: &str) -> Result<Vec<(String, Item)>, NodeError> {
    let address = url
        .trim()
        .parse()
        .map_err(|error| NodeError::parameter("/params/url", format!("`{url}` is no address: {error}")).permanent())?;
    let mut request = Request::new(Method::GET, address);
    let accept = "application/rss+xml, application/rdf+xml;q=0.8, application/atom+xml;q=0.6, application/xml;q=0.4, text/xml;q=0.4";
    request.headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    let mut meta = ear.meta("auth");
    meta.deadline = Duration::from_secs(15);
    meta.stall = Duration::from_secs(10);
    meta.max_body = LARGEST;
    let response = ear.outbound().send(request, meta).await?;
    if !response.status.is_success() {
        let detail = format!("the feed's server answered {}", response.status);
        return Err(NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail));
    }
    let kind =
        response.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let body = response.bytes(LARGEST).await?;
    ear.alive();
    let read = tokio::task::spawn_blocking(move || formats::feed::read(&text(&kind, &body), &[], &iso)).await;
    let read = read.map_err(|_| NodeError::bad_data("the feed is broken in a way that its reader does not survive"))?;
    let entries = read.map_err(|error| NodeError::bad_data(error.to_string()))?;
    Ok(entries.into_iter().map(|entry| (known_by(&entry), Item::new(entry))).collect())
}

/// The text of a feed, in whatever it is written.
fn text(kind: &str, body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(200)]).to_ascii_lowercase();
    let after = |text: &str, word: &str| {
        let rest = text.split_once(word)?.1.trim_start_matches(['"', '\'']);
        Some(rest.split(['"', '\'', ';', ' ']).next().unwrap_or_default().to_owned())
    };
    let charset = after(&kind.to_ascii_lowercase(), "charset=").or_else(|| after(&head, "encoding="));
    let decoder = charset.and_then(|name| mail_parser::decoders::charsets::map::charset_decoder(name.as_bytes()));
    decoder.map_or_else(|| String::from_utf8_lossy(body).into_owned(), |decode| decode(body))
}

/// What an entry is known by: its id, or its address, or what it says.
fn known_by(entry: &Map) -> String {
    let word = |name: &str| entry.get(name).and_then(Value::as_str).filter(|word| !word.trim().is_empty());
    let known = word("guid").or_else(|| word("id")).or_else(|| word("link")).map(str::to_owned);
    let known = known.unwrap_or_else(|| format!("{:?} {:?} {:?}", word("title"), word("pubDate"), word("content")));
    let mut digest = store::digest(known.as_bytes()).to_string();
    digest.truncate(24);
    digest
}

fn iso(date: &str) -> Option<String> {
    let date = date.trim();
    let mail = || jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(date).ok();
    let day =
        || date.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    let at: Timestamp = date.parse().ok().or_else(mail).or_else(day)?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::daemon::comes_to_pass;
    use testkit::listen::{Heard, Listening};
    use testkit::recorder::{Recorder, Rule};

    use super::*;

    fn titles(heard: &[Heard]) -> Vec<Vec<String>> {
        let title = |item: &Item| item.json["title"].as_str().unwrap_or_default().to_owned();
        heard.iter().map(|heard| heard.items.iter().map(title).collect()).collect()
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&FeedTrigger);
        let times = json!({ "item": [{ "mode": "everyX", "value": 5, "unit": "minutes" }, { "mode": "everyHour" }] });
        testkit::lift::check_round_trip(
            &FeedTrigger,
            1.0,
            json!({ "feedUrl": "https://a.example/feed", "pollTimes": times }),
        );
        let refused = |params: Value| {
            let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
            FeedTrigger.prepare(&spec).err().unwrap()[0].pointer.clone().unwrap()
        };
        assert_eq!(refused(json!({ "url": "no address" })), "/params/url");
        assert_eq!(refused(json!({ "times": [{ "mode": "everyHour", "minute": 70 }] })), "/params/times/0");
    }

    fn feed(titles: &[&str]) -> String {
        let item = |title: &&str| {
            format!(
                "<item><guid>id-{title}</guid><title>{title}</title><pubDate>Mon, 06 May 2024 07:08:09 GMT</pubDate></item>"
            )
        };
        let items: String = titles.iter().map(item).collect();
        format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
    }

    fn shows(titles: &[&str]) -> Rule {
        Rule::Answer { status: 200, headers: Vec::new(), body: feed(titles) }
    }

    #[tokio::test]
    async fn each_entry_is_told_once_whatever_ends_in_between() {
        let recorder = Recorder::start().await.unwrap();
        let trigger = Listening::new("feed", json!({ "url": recorder.url("/feed") }), &[], None);
        recorder.on("/feed", shows(&["one"]));
        let known = async { assert!(comes_to_pass(|| trigger.kept(HEARD).is_some()).await) };
        tokio::select! {
            ended = trigger.until(&Feed, |_| false) => panic!("{ended:?}"),
            () = known => {}
        }
        recorder.on("/feed", shows(&["three", "two", "one"]));
        trigger.until(&Feed, |heard| !heard.is_empty()).await.unwrap();
        for _ in 0..10 {
            // The feed is read, and what is new in it is told before the second proof.
            trigger.proves(&Feed, 2).await.unwrap();
            assert_eq!(titles(&trigger.heard()), [["three", "two"]]);
        }
        assert_eq!(trigger.heard()[0].items[0].json["isoDate"], "2024-05-06T07:08:09.000Z");
    }

    #[test]
    fn letters_are_read_as_the_feed_says() {
        assert_eq!(text("text/xml; charset=ISO-8859-1", b"\xfc"), "ü");
        assert_eq!(
            text("", b"<?xml version='1.0' encoding='windows-1252'?>\x80"),
            "<?xml version='1.0' encoding='windows-1252'?>€"
        );
        assert_eq!(text("text/xml", "ü".as_bytes()), "ü");
    }
}
