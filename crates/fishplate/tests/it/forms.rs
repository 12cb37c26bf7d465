//! People who go through a form, seen from their browsers: without scripts, page by page, on a real server.

use serde_json::{Value, json};

use crate::server::Server;

/// What a browser got.
struct Seen {
    status: u16,
    /// Where it is led, below the server.
    to: Option<String>,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A browser without scripts: it keeps an address, sends what the page has, and follows where it is led.
struct Visitor<'a> {
    server: &'a Server,
    path: String,
    page: String,
}

async fn ask(server: &Server, method: &str, path: &str, headers: &[(&'static str, &str)], body: &[u8]) -> Seen {
    let response = server.send_by_hand(method, path, headers, body).await;
    let to = response.headers.get("location").map(|to| to.to_str().unwrap().to_owned());
    let (status, headers) = (response.status.as_u16(), response.headers.clone());
    Seen { status, to, headers, body: response.bytes(64 << 20).await.unwrap().to_vec() }
}

fn attribute(page: &str, before: &str) -> Option<String> {
    let at = page.find(before)? + before.len();
    Some(page[at..].split('"').next()?.replace("&amp;", "&"))
}

/// A form as a browser sends it; a value that begins with a `/` is a file of that name.
fn multipart(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in fields {
        let (more, content) = match value.strip_prefix('/') {
            Some(file) => (format!("; filename=\"{file}\"\r\ncontent-type: text/plain"), format!("content of {file}")),
            None => (String::new(), (*value).to_owned()),
        };
        body.push_str(&format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n"));
    }
    (body + "--b--\r\n").into_bytes()
}

const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=b");

impl Visitor<'_> {
    async fn open<'a>(server: &'a Server, path: &str) -> Visitor<'a> {
        let mut visitor = Visitor { server, path: path.to_owned(), page: String::new() };
        let seen = ask(server, "GET", path, &[], b"").await;
        visitor.follow(seen).await;
        visitor
    }

    /// Goes where it is led until a page is shown that asks for no other one.
    async fn follow(&mut self, mut seen: Seen) {
        // A loop of pages is a mistake that a test must end at.
        for _ in 0..1_000 {
            let next = match &seen.to {
                Some(to) => Some(to.clone()),
                None => attribute(&seen.text(), "http-equiv=refresh content=\"0;url=").filter(|to| to.starts_with('/')),
            };
            let Some(next) = next else {
                self.page = seen.text();
                return;
            };
            self.path = next;
            seen = ask(self.server, "GET", &self.path, &[], b"").await;
        }
        panic!("led on for ever: {}", self.path);
    }

    fn fields<'f>(nonce: &'f str, fields: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        [("form-page", nonce)].into_iter().chain(fields.iter().copied()).collect()
    }

    fn nonce(&self) -> String {
        attribute(&self.page, "name=form-page value=\"").unwrap_or_else(|| panic!("no form: {}", self.page))
    }

    async fn post(&self, fields: &[(&str, &str)]) -> Seen {
        let nonce = self.nonce();
        ask(self.server, "POST", &self.path, &[MULTIPART], &multipart(&Self::fields(&nonce, fields))).await
    }

    async fn send(&mut self, fields: &[(&str, &str)]) {
        let seen = self.post(fields).await;
        assert!(seen.status == 303 || seen.status == 422, "{} {}", seen.status, seen.text());
        self.follow(seen).await;
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        assert!(self.page.contains(text), "{text} is not in {}", self.page);
    }
}

fn application() -> Value {
    json!({
        "title": "Application",
        "nodes": [
            { "name": "Start", "type": "form.trigger", "params": { "path": "apply", "form": { "title": "Apply", "fields": [
                { "label": "Name", "required": true }, { "label": "CV", "type": "file", "accept": ".txt" },
            ] } } },
            { "name": "More", "type": "form.page", "params": { "form": {
                "title": "={{ 'Hello ' + $json.Name }}", "fields": [{ "label": "Age", "type": "number", "required": true }] } } },
            { "name": "Last", "type": "form.page", "params": { "json": "=[{ \"fieldLabel\": \"Why at {{ $json.Age }}?\", \"fieldType\": \"textarea\" }]" } },
            { "name": "All", "type": "core.set", "params": { "include": "all", "fields": [
                { "name": "name", "value": "={{ $('Start').first().json.Name }}" }, { "name": "age", "value": "={{ $('More').first().json.Age }}" },
                { "name": "cv", "type": "binary", "value": "={{ $('Start').first().binary.CV }}" } ] } },
            { "name": "End", "type": "form.page", "params": { "show": "end", "end": {
                "with": "file", "title": "={{ 'Thank you, ' + $json.name }}", "message": "<b>We</b> read it.<script>alert(1)</script>", "files": "cv" } } },
        ],
        "edges": [
            { "from": "Start", "to": "More" }, { "from": "More", "to": "Last" }, { "from": "Last", "to": "All" }, { "from": "All", "to": "End" },
        ],
    })
}

async fn live(server: &Server, name: &str, spec: Value) {
    server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": spec })).await.ok();
    let active = server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
    assert!(active.to_string().contains("/forms/") || name == "other", "{active}");
}

async fn runs(server: &Server) -> Vec<Value> {
    server.get("/runs").await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_form_of_several_pages_is_gone_through_without_scripts_and_over_a_restart() {
    let server = Server::start().await;
    live(&server, "apply", application()).await;
    let mut visitor = Visitor::open(&server, "/forms/main/prod/apply").await;
    visitor.sees("<h1>Apply</h1>");
    visitor.send(&[("field-0", "Ada"), ("field-1", "/cv.exe")]).await;
    visitor.sees("is not of a kind that is accepted");
    visitor.sees("value=\"Ada\"");
    assert!(runs(&server).await.is_empty(), "what is refused starts nothing");
    visitor.send(&[("field-0", "Ada"), ("field-1", "/cv.txt")]).await;
    visitor.sees("<h1>Hello Ada</h1>");
    let (path, page) = (visitor.path.clone(), visitor.page.clone());
    let server = Server::in_folder(server.stop()).await;
    let mut visitor = Visitor { server: &server, path, page };
    visitor.send(&[("field-0", "36")]).await;
    visitor.sees("Why at 36?");
    let seen = ask(&server, "GET", &visitor.path, &[], b"").await;
    assert!(seen.status == 200 && seen.text().contains("Why at 36?"), "a page can be asked for again");
    visitor.send(&[("field-0", "Because")]).await;
    visitor.sees("<h1>Thank you, Ada</h1>");
    visitor.sees("<b>We</b> read it.</div>");
    let file = attribute(&visitor.page, "<a href=\"").unwrap();
    let saved = ask(&server, "GET", &file, &[], b"").await;
    assert_eq!((saved.status, saved.text().as_str()), (200, "content of cv.txt"));
    assert_eq!(saved.headers["content-disposition"], "attachment; filename*=UTF-8''cv.txt");
    let all = runs(&server).await;
    assert_eq!((all.len(), all[0]["status"].as_str()), (1, Some("completed")), "{all:?}");
    let detail = server.get(&format!("/runs/{}?items=true", all[0]["id"].as_str().unwrap())).await;
    let item = detail["steps"].as_array().unwrap().last().unwrap()["outputs"][0][0].clone();
    let item = item.get("json").cloned().unwrap_or(item);
    assert_eq!((&item["name"], &item["age"], &item["Why at 36?"]), (&json!("Ada"), &json!("36"), &json!("Because")));
    assert_eq!(item["formMode"], "production");
    visitor
        .follow(Seen { status: 303, to: Some(visitor.path.clone()), headers: http::HeaderMap::new(), body: Vec::new() })
        .await;
    visitor.sees("Thank you, Ada");
    let replay = server.ask("POST", &format!("/runs/{}/replay", all[0]["id"].as_str().unwrap()), json!({})).await.ok();
    assert_eq!(replay["differences"], json!([]), "{replay}");
}

#[tokio::test]
async fn a_page_that_is_sent_twice_counts_once() {
    let server = Server::start().await;
    live(&server, "apply", application()).await;
    let mut visitor = Visitor::open(&server, "/forms/main/prod/apply").await;
    let fields = [("field-0", "Ada")];
    let (first, second) = tokio::join!(visitor.post(&fields), visitor.post(&fields));
    assert_eq!((first.status, second.status, &first.to), (303, 303, &second.to));
    assert_eq!(runs(&server).await.len(), 1);
    visitor.follow(first).await;
    visitor.sees("Hello Ada");
    let fields = [("field-0", "36")];
    let (first, second) = tokio::join!(visitor.post(&fields), visitor.post(&fields));
    assert_eq!((first.status, second.status, &first.to), (303, 303, &second.to));
    let answered = visitor.path.clone();
    visitor.follow(first).await;
    visitor.sees("Why at 36?");
    let back = ask(&server, "GET", &answered, &[], b"").await;
    assert!(back.status == 409 && back.text().contains("answered already"), "{}", back.text());
    let onward = attribute(&back.text(), "<a class=button href=\"").unwrap();
    let again = Visitor::open(&server, &onward).await;
    again.sees("Why at 36?");
}

#[tokio::test]
async fn what_is_too_large_is_told_on_a_page_by_a_server_that_reads_it_to_its_end() {
    let server = Server::start().await;
    let mut spec = application();
    spec["nodes"][0]["params"]["bodyLimit"] = json!(100_000);
    live(&server, "apply", spec).await;
    let large = "x".repeat(4 << 20);
    let body = multipart(&[("field-0", "Ada"), ("field-1", &large)]);
    let seen = ask(&server, "POST", "/forms/main/prod/apply", &[MULTIPART], &body).await;
    assert!(seen.status == 413 && seen.text().contains("may have up to 98 KiB"), "{} {}", seen.status, seen.text());
}

#[tokio::test]
async fn addresses_that_show_no_form_say_so_to_people() {
    let server = Server::start().await;
    let seen = ask(&server, "GET", "/forms/main/prod/apply", &[], b"").await;
    assert!(seen.status == 404 && seen.text().contains("There is no form here"), "{}", seen.text());
    live(&server, "apply", application()).await;
    server.ask("POST", "/workflows/apply/deactivate", json!({})).await.ok();
    assert_eq!(ask(&server, "GET", "/form/apply", &[], b"").await.status, 404);
}

#[tokio::test]
async fn a_draft_is_tried_at_an_address_of_its_own() {
    let server = Server::start().await;
    server.ask("PUT", "/workflows/apply/draft", json!({ "spec": application() })).await.ok();
    let listening = server.ask("POST", "/workflows/apply/draft/listen", json!({})).await.ok();
    let address = listening["addresses"][0].as_str().unwrap().to_owned();
    let path = address.split_once("/forms-test/").unwrap_or_else(|| panic!("{address}")).1;
    assert_eq!(listening["addresses"].as_array().unwrap().len(), 1, "{listening}");
    let mut visitor = Visitor::open(&server, &format!("/forms-test/{path}")).await;
    visitor.sees("This is a test");
    visitor.send(&[("field-0", "Ada"), ("field-1", "/cv.txt")]).await;
    visitor.sees("Hello Ada");
    visitor.send(&[("field-0", "7")]).await;
    visitor.sees("Why at 7?");
    assert_eq!(runs(&server).await[0]["mode"], "test");
}

#[tokio::test]
async fn a_visitor_is_shown_what_the_run_answers() {
    let server = Server::start().await;
    let spec = |respond: &str, json: Value| {
        json!({
            "nodes": [
                { "name": "Start", "type": "form.trigger", "params": { "path": "apply", "respond": respond,
                  "form": { "completion": "All done", "fields": [{ "label": "Name" }] } } },
                { "name": "Answer", "type": "http.respond", "params": { "with": "json", "json": json } },
            ],
            "edges": [{ "from": "Start", "to": "Answer" }],
        })
    };
    for (respond, json, expect) in [
        ("respondNode", json!({ "formSubmittedText": "={{ 'Number of ' + $json.Name }}" }), "Number of Ada"),
        ("respondNode", json!({ "redirectURL": "https://a.example/" }), "content=\"0;url=https://a.example/\""),
        ("lastNode", json!({ "secret": true }), "All done"),
        ("submitted", json!({ "secret": true }), "All done"),
    ] {
        live(&server, "apply", spec(respond, json)).await;
        let mut visitor = Visitor::open(&server, "/form/apply").await;
        visitor.send(&[("field-0", "Ada")]).await;
        visitor.sees(expect);
    }
}
