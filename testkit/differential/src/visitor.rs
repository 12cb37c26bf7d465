//! Somebody who goes through a form, page by page, on either side.
//!
//! n8n's pages work by a script, which this does by hand: it checks what is entered, sends it, and asks whether there is
//! another page. Ours need none.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::form_page::{Field, Reader, Shown, squeezed};
use crate::net::{self, Answer};
use crate::{FileSeen, flow, place};

/// Whose pages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// n8n's.
    N8n,
    /// Ours.
    Ours,
}

/// Somebody before a page.
pub(crate) struct Visitor {
    side: Side,
    server: String,
    /// Path of the page, with its query.
    at: String,
    page: Option<Shown>,
    /// The page, as long as it is one of n8n's.
    html: String,
}

/// What stands between the parts of what is sent.
const FENCE: &str = "----fence";
/// Most pages that somebody is led over.
const LED: usize = 200;

impl Visitor {
    pub fn new(side: Side, server: &str) -> Visitor {
        Visitor { side, server: server.to_owned(), at: String::new(), page: None, html: String::new() }
    }

    /// Opens a page, and tells what it shows.
    pub async fn open(&mut self, path: &str, headers: &[(String, String)]) -> Result<Value> {
        self.at = path.to_owned();
        let answer = self.ask("GET", headers, Bytes::new()).await?;
        match self.side {
            Side::N8n => self.see_theirs(answer).await,
            Side::Ours => self.see_ours(answer).await,
        }
    }

    /// Fills the page in by the labels of its fields, sends it, and tells what comes then.
    pub async fn send(&mut self, entered: &Map<String, Value>) -> Result<Value> {
        let page = self.page.take().context("nothing is shown that could be filled in")?;
        for label in entered.keys() {
            ensure!(page.fields.iter().any(|field| field.label == *label), "no field is called `{label}`");
        }
        let mut parts = Vec::new();
        for (name, value) in &page.hidden {
            part(&mut parts, name, &json!(value))?;
        }
        let mut wrong = Vec::new();
        for field in &page.fields {
            let given = match entered.get(&field.label) {
                Some(Value::Array(list)) => list.clone(),
                Some(value) => vec![value.clone()],
                None => field.values.iter().map(|value| json!(value)).collect(),
            };
            if self.side == Side::N8n && !fits(field, &given) {
                wrong.push(field.label.clone());
            }
            match self.side {
                Side::N8n if field.is_boxes() => {
                    part(&mut parts, &field.name, &json!(Value::Array(given).to_string()))?;
                }
                Side::N8n if given.is_empty() && field.kind != "file" => part(&mut parts, &field.name, &json!(""))?,
                Side::Ours if given.is_empty() && !field.is_boxes() && field.kind != "file" => {
                    part(&mut parts, &field.name, &json!(""))?;
                }
                _ => given.iter().try_for_each(|value| part(&mut parts, &field.name, value))?,
            }
        }
        if !wrong.is_empty() {
            self.page = Some(page);
            return Ok(json!({ "refused": wrong }));
        }
        parts.extend_from_slice(format!("--{FENCE}--\r\n").as_bytes());
        let headers = [("content-type".to_owned(), format!("multipart/form-data; boundary={FENCE}"))];
        let answer = self.ask("POST", &headers, parts.into()).await?;
        match self.side {
            Side::N8n => self.after_theirs(answer).await,
            Side::Ours => self.see_ours_after(answer, &page.title).await,
        }
    }

    async fn ask(&self, method: &str, headers: &[(String, String)], body: Bytes) -> Result<Answer> {
        let mut all = vec![("host".to_owned(), self.server.clone())];
        if !headers.iter().any(|(name, _)| name == "user-agent") {
            all.push(("user-agent".to_owned(), "test".to_owned()));
        }
        all.extend(headers.iter().cloned());
        net::ask(&self.server, method, &self.at, &all, body).await
    }

    /// What a page of n8n's shows.
    async fn see_theirs(&mut self, answer: Answer) -> Result<Value> {
        if answer.status != 200 {
            return Ok(json!({ "status": answer.status }));
        }
        self.html = answer.text();
        let reader = Reader::new(&self.html)?;
        self.page = reader.n8n()?;
        if let Some(page) = &self.page {
            return Ok(page.seen());
        }
        // It is the last page, which goes on by itself.
        let done = self.ask("POST", &[], Bytes::new()).await?;
        let led = serde_json::from_str::<Value>(&done.text()).unwrap_or_default();
        if let Some(to) = led["redirectURL"].as_str() {
            return Ok(json!({ "leads": to }));
        }
        if let Some(to) = reader.attribute("#redirectUrl", "href")? {
            return Ok(json!({ "leads": to }));
        }
        let mut files = Vec::new();
        if let Some((_, rest)) = self.html.split_once("const binaries = \"")
            && let Some((text, _)) = rest.split_once('"')
        {
            files = binaries(text)?;
        }
        let end = match reader.first(".card .header")? {
            Some(_) => {
                let (title, text) = (reader.words(".card .header h1")?, reader.words(".card .header p")?);
                json!({ "title": title, "text": text })
            }
            None => {
                let body = self.html.split_once("<body>").map_or("", |(_, body)| body);
                let shown = body.split("<script>").next().unwrap_or_default();
                json!({ "text": Reader::new(shown)?.words("body")? })
            }
        };
        Ok(ended(end, files))
    }

    /// What the script of n8n's page does with an answer.
    async fn after_theirs(&mut self, answer: Answer) -> Result<Value> {
        let waiting = self.at.contains("form-waiting");
        let reader = Reader::new(&self.html)?;
        let thanks =
            || -> Result<Value> { Ok(ended(json!({ "text": reader.words("#submitted-content")? }), Vec::new())) };
        let text = answer.text();
        if reader.attribute("#useResponseData", "value")?.as_deref() == Some("true") {
            let said: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(address) = said["formWaitingUrl"].as_str() {
                let after_host = address.splitn(4, '/').nth(3).context("an address of n8n's has a path")?;
                self.at = format!("/{after_host}");
                return self.next_of_theirs().await;
            }
            if let Some(to) = said["redirectURL"].as_str() {
                return Ok(json!({ "leads": to }));
            }
            if let Some(text) = said["formSubmittedText"].as_str() {
                return Ok(ended(json!({ "text": squeezed(text) }), Vec::new()));
            }
            if !waiting && !text.is_empty() && answer.status < 400 {
                return Ok(ended(json!({ "text": Reader::new(&text)?.words("body")? }), Vec::new()));
            }
        }
        if waiting {
            return self.next_of_theirs().await;
        }
        if answer.status != 200 {
            return Ok(json!({ "failed": true }));
        }
        match reader.attribute("#redirectUrl", "href")? {
            Some(to) => Ok(json!({ "leads": to })),
            None => thanks(),
        }
    }

    /// Waits for n8n's next page as its script does.
    async fn next_of_theirs(&mut self) -> Result<Value> {
        let page = self.at.clone();
        let (path, query) = page.split_once('?').unwrap_or((&page, ""));
        for _ in 0..LED {
            // Its script waits for a second, too: the old page may still be the one that waits.
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            self.at = format!("{path}/n8n-execution-status?{query}");
            let answer = self.ask("GET", &[], Bytes::new()).await?;
            self.at.clone_from(&page);
            match answer.text().trim() {
                "form-waiting" => {
                    let answer = self.ask("GET", &[], Bytes::new()).await?;
                    return Box::pin(self.see_theirs(answer)).await;
                }
                "success" => {
                    let text = Reader::new(&self.html)?.words("#submitted-content")?;
                    return Ok(ended(json!({ "text": text }), Vec::new()));
                }
                "canceled" | "crashed" | "error" => return Ok(json!({ "failed": true })),
                _ => {}
            }
        }
        bail!("n8n says nothing more about {page}")
    }

    async fn see_ours_after(&mut self, answer: Answer, title: &str) -> Result<Value> {
        let mut seen = self.see_ours(answer).await?;
        // A heading that is the form's again says nothing new; n8n's says that the form was submitted.
        if seen["end"]["title"] == title
            && let Some(end) = seen["end"].as_object_mut()
        {
            end.remove("title");
        }
        Ok(seen)
    }

    /// What a page of ours shows, after all to which it leads by itself.
    async fn see_ours(&mut self, answer: Answer) -> Result<Value> {
        let mut answer = answer;
        for _ in 0..LED {
            let html = answer.text();
            let reader = Reader::new(&html)?;
            let refresh = reader.attribute("meta[http-equiv=refresh]", "content")?;
            let refresh =
                refresh.as_deref().and_then(|content| content.split_once("url=")).map(|(_, to)| to.to_owned());
            let led = answer.header("location").map(str::to_owned).or(refresh);
            if let Some(to) = led {
                let own = format!("http://{}", self.server);
                let to = to.strip_prefix(&own).unwrap_or(&to).to_owned();
                if !to.starts_with('/') {
                    return Ok(json!({ "leads": to }));
                }
                self.at = to;
                answer = self.ask("GET", &[], Bytes::new()).await?;
                continue;
            }
            return self.shown_by_ours(&answer, &reader).await;
        }
        bail!("led on for ever: {}", self.at)
    }

    async fn shown_by_ours(&mut self, answer: &Answer, reader: &Reader) -> Result<Value> {
        self.page = reader.ours()?;
        if answer.status == 422 {
            let mut wrong = Vec::new();
            for field in self.page.iter().flat_map(|page| &page.fields) {
                if reader.first(&format!("#{}-problem", field.name))?.is_some() {
                    wrong.push(field.label.clone());
                }
            }
            return Ok(json!({ "refused": wrong }));
        }
        match &self.page {
            _ if answer.status >= 500 => Ok(json!({ "failed": true })),
            _ if answer.status != 200 => Ok(json!({ "status": answer.status })),
            Some(page) => Ok(page.seen()),
            None => {
                let mut files = Vec::new();
                for link in reader.links("main li a[download]")? {
                    let place = std::mem::replace(&mut self.at, link);
                    let file = self.ask("GET", &[], Bytes::new()).await?;
                    self.at = place;
                    let name = file.header("content-disposition").and_then(|said| said.split_once("''"));
                    let name = name.map(|(_, name)| name.to_owned());
                    files.push((name, file.body.to_vec()));
                }
                let end = match reader.first("main")? {
                    Some(_) => json!({ "title": reader.words("main > h1")?, "text": reader.words("main > .text")? }),
                    None => json!({ "text": reader.words("body")? }),
                };
                Ok(ended(end, files))
            }
        }
    }
}

/// The last page; a title that is empty is none.
fn ended(mut end: Value, files: Vec<(Option<String>, Vec<u8>)>) -> Value {
    if end["title"] == ""
        && let Some(end) = end.as_object_mut()
    {
        end.remove("title");
    }
    if !files.is_empty() {
        let seen = |(name, content): &(Option<String>, Vec<u8>)| {
            let file = FileSeen::new("", name.as_deref(), content);
            json!({ "name": file.file_name, "size": file.size, "sha256": file.sha256 })
        };
        end["files"] = files.iter().map(seen).collect();
    }
    json!({ "end": end })
}

/// The files that n8n's last page carries in itself.
fn binaries(encoded: &str) -> Result<Vec<(Option<String>, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits)?, 16)?);
            }
            other => bytes.push(other),
        }
    }
    let list: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    let file = |file: Value| {
        // A string stands for bytes, a letter for each.
        let content = match &file["data"] {
            Value::String(text) => text.chars().map(|letter| letter as u32 as u8).collect(),
            buffer => serde_json::from_value(buffer["data"].clone()).unwrap_or_default(),
        };
        (file["fileName"].as_str().map(str::to_owned), content)
    };
    Ok(list.into_iter().map(file).collect())
}

/// What n8n's script lets through.
fn fits(field: &Field, given: &[Value]) -> bool {
    let text = given.first().and_then(Value::as_str).unwrap_or_default().trim();
    if field.required && (given.is_empty() || (text.is_empty() && given[0].is_string())) {
        return false;
    }
    match field.kind.as_str() {
        "checkbox" => {
            let (least, most) = field.bounds;
            least.is_none_or(|least| given.len() >= least) && most.is_none_or(|most| given.len() <= most)
        }
        "email" => text.is_empty() || is_address(text),
        "number" => !field.required || text.is_empty() || text.parse::<f64>().is_ok(),
        _ => true,
    }
}

fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let all = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let top = host.rsplit_once('.');
    !user.is_empty()
        && all(user, "._%+-")
        && all(host, ".-")
        && top.is_some_and(|(name, top)| {
            !name.is_empty() && top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic())
        })
}

/// A part of what is sent: a text, or with `@` the name of a file.
fn part(out: &mut Vec<u8>, name: &str, value: &Value) -> Result<()> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut head = format!("--{FENCE}\r\nContent-Disposition: form-data; name=\"{name}\"");
    let content = match text.strip_prefix('@') {
        Some(file) => {
            let kind = flow::mime_of(file.rsplit_once('.').map_or("", |(_, extension)| extension));
            head.push_str(&format!("; filename=\"{file}\"\r\nContent-Type: {kind}"));
            std::fs::read(place::fixtures().join(file)).with_context(|| format!("there is no file `{file}`"))?
        }
        None => text.into_bytes(),
    };
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(&content);
    out.extend_from_slice(b"\r\n");
    Ok(())
}
