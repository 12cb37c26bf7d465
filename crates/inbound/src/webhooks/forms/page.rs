//! The pages that a visitor sees. They work without scripts, ask nothing of other servers, and say in their headers
//! that nothing else may be done with them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use model::{Map, Value};
use part::door::{Ending, FieldKind, Form, FormField};

use super::fields::{first_values, page_name, texts};
use super::markup::{clean, escape, with_lines};

const STYLE: &str = include_str!("style.css");
/// What a page says whose form names no text of its own.
const RECORDED: &str = "Your response has been recorded";

/// A page and the policy that it is sent with.
pub struct Page {
    pub html: String,
    pub policy: String,
}

/// A form as it is shown to a visitor.
pub struct Shown<'a> {
    pub form: &'a Form,
    /// Heading; that of the form's first page where this one has none.
    pub title: &'a str,
    pub button: &'a str,
    /// What tells this showing of the page from others, so that it is sent once.
    pub nonce: &'a str,
    /// What was entered before.
    pub entered: &'a Map,
    /// Values that the address gives.
    pub query: &'a Map,
    /// What is wrong with what was entered, by field.
    pub problems: &'a BTreeMap<usize, String>,
    /// Somebody tries a draft.
    pub tried: bool,
    pub attribution: bool,
    /// Most bytes that can be sent at once.
    pub limit: u64,
}

/// The page of a form.
pub fn form(shown: &Shown<'_>) -> Page {
    let form = shown.form;
    let mut body = String::new();
    if shown.tried {
        body.push_str(
            "<p class=test>This is a test of a form that is not live yet: what you send goes to the draft.</p>",
        );
    }
    summary(&mut body, shown);
    heading(&mut body, shown.title);
    text(&mut body, &form.description);
    body.push_str("<form method=post enctype=multipart/form-data>");
    let _ = write!(body, "<input type=hidden name={} value=\"{}\">", super::NONCE, escape(shown.nonce));
    for (index, field) in form.fields.iter().enumerate() {
        let name = page_name(index);
        let values = match (shown.entered.get(&name), shown.entered.is_empty()) {
            (Some(value), _) => texts(value),
            (None, true) => first_values(field, shown.query),
            (None, false) => Vec::new(),
        };
        let problem = shown.problems.get(&index).map(String::as_str);
        Input { name, field, values, problem, limit: shown.limit }.write(&mut body);
    }
    let _ = write!(body, "<button>{}</button></form>", escape(shown.button));
    attribution(&mut body, shown.attribution);
    let title = if shown.title.is_empty() { "Form" } else { shown.title };
    let title = if shown.problems.is_empty() { title.to_owned() } else { format!("Error: {title}") };
    let pictures = form.fields.iter().any(|field| field.kind == FieldKind::Html) || form.description.contains('<');
    Document { title: &title, head: "", css: form.css.as_deref(), pictures }.page(&body)
}

/// The page after the last one, as the form says.
pub fn thanks(form: &Form, title: &str, attributed: bool) -> Page {
    let mut body = String::new();
    heading(&mut body, title);
    text(&mut body, form.completion.as_deref().unwrap_or(RECORDED));
    attribution(&mut body, attributed);
    let title = if title.is_empty() { "Form submitted" } else { title };
    let pictures = form.completion.as_deref().is_some_and(|text| text.contains('<'));
    Document { title, head: "", css: form.css.as_deref(), pictures }.page(&body)
}

/// The page that an ending asks for. `title` is the form's, `place` the address of this page.
pub fn ending(ending: &Ending, title: &str, attributed: bool, place: &str) -> Page {
    let title = if ending.page_title.is_empty() { title } else { &ending.page_title };
    let title = if title.is_empty() { "Form submitted" } else { title };
    if ending.bare && ending.text.contains('<') {
        // It is a page of its own: what is in it is shown in a room without doors, from which nothing can be reached.
        return Page { html: ending.text.clone(), policy: BARE.to_owned() };
    }
    let mut body = String::new();
    heading(&mut body, &ending.title);
    text(&mut body, &ending.text);
    if !ending.files.is_empty() {
        body.push_str("<ul>");
        for (index, file) in ending.files.iter().enumerate() {
            let name = file.file_name.as_deref().unwrap_or("file");
            let joined = if place.contains('?') { '&' } else { '?' };
            let address = format!("{place}{joined}{}={index}", super::FILE);
            let _ = write!(
                body,
                "<li><a href=\"{}\" download>{}</a> <span class=hint>{}</span></li>",
                escape(&address),
                escape(name),
                size(file.size)
            );
        }
        body.push_str("</ul>");
    }
    attribution(&mut body, attributed);
    Document { title, head: "", css: ending.css.as_deref(), pictures: ending.text.contains('<') }.page(&body)
}

/// A page of an ending that is markup. Nothing in it runs, sends or opens anything by itself.
const BARE: &str = "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; \
                    default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; media-src https:; font-src https: \
                    data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// Leads a visitor elsewhere, by a page of its own: browsers hold a redirect that answers a form against the policy of
/// the page that sent it.
pub fn redirect(target: &url::Url) -> Page {
    let address = escape(target.as_str()).into_owned();
    let head = format!("<meta http-equiv=refresh content=\"0;url={address}\">");
    let body = format!("<h1>You are led on</h1><p class=text>To <a href=\"{address}\">{address}</a></p>");
    Document { title: "You are led on", head: &head, css: None, pictures: false }.page(&body)
}

/// The page of a visitor who waits for the next one. It asks for itself again at once, and the server takes its time
/// with the answer, so that the next page comes as soon as it is there.
pub fn working(title: &str, css: Option<&str>, again: &str) -> Page {
    let address = escape(again);
    let head = format!("<meta http-equiv=refresh content=\"0;url={address}\">");
    let mut body = String::new();
    heading(&mut body, title);
    let _ = write!(
        body,
        "<p class=text role=status>We are working on it. This page goes on by itself.</p>\
         <progress class=busy aria-label=\"Working\"></progress>\
         <p class=hint>Does it not? <a href=\"{address}\">Look again</a></p>"
    );
    Document { title: "Working on it", head: &head, css, pictures: false }.page(&body)
}

/// A page that says one thing, and where to go from there.
pub fn notice(title: &str, said: &str, link: Option<(&str, &str)>) -> Page {
    let mut body = String::new();
    heading(&mut body, title);
    let _ = write!(body, "<p class=text>{}</p>", escape(said));
    if let Some((address, label)) = link {
        let _ = write!(body, "<p><a class=button href=\"{}\">{}</a></p>", escape(address), escape(label));
    }
    Document { title, head: "", css: None, pictures: false }.page(&body)
}

fn heading(body: &mut String, title: &str) {
    if !title.is_empty() {
        let _ = write!(body, "<h1>{}</h1>", escape(title));
    }
}

fn text(body: &mut String, markup: &str) {
    if !markup.is_empty() {
        let _ = write!(body, "<div class=text>{}</div>", clean(&with_lines(markup)));
    }
}

fn attribution(body: &mut String, wanted: bool) {
    if wanted {
        body.push_str("<p class=by>Form automated with Fishplate</p>");
    }
}

/// What is wrong, at the top, with ways to the fields. It has the focus, so that whoever hears the page hears it first.
fn summary(body: &mut String, shown: &Shown<'_>) {
    if shown.problems.is_empty() {
        return;
    }
    body.push_str("<div class=summary role=alert tabindex=-1 autofocus><h2>Please look at this again</h2><ul>");
    for (index, problem) in shown.problems {
        let field = shown.form.fields.get(*index);
        let label = field.map_or("", |field| if field.label.is_empty() { field.key() } else { &field.label });
        let _ = write!(body, "<li><a href=\"#{}\">{}: {}</a></li>", page_name(*index), escape(label), escape(problem));
    }
    body.push_str("</ul>");
    if shown.form.fields.iter().any(|field| field.kind == FieldKind::File) {
        body.push_str("<p class=hint>Files have to be chosen again: browsers do not keep them.</p>");
    }
    body.push_str("</div>");
}

struct Document<'a> {
    title: &'a str,
    /// More of its head.
    head: &'a str,
    /// Rules of style that people wrote.
    css: Option<&'a str>,
    /// Pictures and films of other servers may be shown, because markup that people wrote has a place for them.
    pictures: bool,
}

impl Document<'_> {
    fn page(&self, body: &str) -> Page {
        static OWN: LazyLock<String> = LazyLock::new(|| source(STYLE));
        // An element of style ends with its end tag and nothing else, and no rule needs that sign.
        let css = self.css.map(|css| css.replace('<', "")).filter(|css| !css.trim().is_empty());
        let mut html = String::with_capacity(STYLE.len() + body.len() + 512);
        let _ = write!(
            html,
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport \
             content=\"width=device-width,initial-scale=1\"><meta name=robots content=noindex>\
             <meta name=color-scheme content=\"light dark\"><link rel=icon href=\"data:,\"><title>{}</title>{}\
             <style>{STYLE}</style>",
            escape(self.title),
            self.head
        );
        if let Some(css) = &css {
            let _ = write!(html, "<style>{css}</style>");
        }
        let _ = write!(html, "</head><body><main>{body}</main></body></html>");
        let mut policy = format!("default-src 'none'; style-src {}", *OWN);
        if let Some(css) = &css {
            let _ = write!(policy, " {}", source(css));
        }
        policy.push_str(if self.pictures { "; img-src https: data:; media-src https:" } else { "; img-src data:" });
        policy.push_str("; form-action 'self'; base-uri 'none'; frame-ancestors 'self'");
        Page { html, policy }
    }
}

/// A style as a policy names it: by what it says, so that no other one counts.
fn source(style: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    format!("'sha256-{}'", part::params::to_base64(digest.as_ref()))
}

/// A number of bytes as people say it.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{} GiB", bytes.div_ceil(1 << 30)),
    }
}

struct Input<'a> {
    name: String,
    field: &'a FormField,
    values: Vec<String>,
    problem: Option<&'a str>,
    limit: u64,
}

impl Input<'_> {
    fn write(&self, body: &mut String) {
        let (name, field) = (&self.name, self.field);
        let one = self.values.first().map_or("", String::as_str);
        match field.kind {
            FieldKind::Html => {
                let _ = write!(body, "<div class=field>{}</div>", clean(&field.html));
            }
            // Its value is the form's or the address's; nothing that a visitor could change is sent.
            FieldKind::Hidden => {}
            FieldKind::Radio | FieldKind::Checkbox => self.choices(body),
            FieldKind::Textarea => {
                self.begin(body);
                // The first line break inside a text area is not its content.
                let _ =
                    write!(body, "<textarea id={name} name={name} rows=4{}>\n{}</textarea>", self.more(), escape(one));
                self.end(body);
            }
            FieldKind::Dropdown => {
                self.begin(body);
                let multiple = if field.multiple { " multiple" } else { "" };
                let _ = write!(body, "<select id={name} name={name}{multiple}{}>", self.more());
                if !field.multiple {
                    body.push_str("<option value=\"\">Select an option …</option>");
                }
                for option in &field.options {
                    let chosen = if self.values.contains(option) { " selected" } else { "" };
                    let option = escape(option);
                    let _ = write!(body, "<option value=\"{option}\"{chosen}>{option}</option>");
                }
                body.push_str("</select>");
                self.end(body);
            }
            FieldKind::File => {
                self.begin(body);
                let multiple = if field.multiple { " multiple" } else { "" };
                let accept = match field.accept.trim() {
                    "" => String::new(),
                    accept => format!(" accept=\"{}\"", escape(accept)),
                };
                let _ = write!(body, "<input id={name} name={name} type=file{accept}{multiple}{}>", self.more());
                self.end(body);
            }
            FieldKind::Text | FieldKind::Number | FieldKind::Email | FieldKind::Password | FieldKind::Date => {
                self.begin(body);
                let kind = match field.kind {
                    FieldKind::Number => "number step=any",
                    FieldKind::Email => "email",
                    FieldKind::Password => "password",
                    FieldKind::Date => "date",
                    _ => "text",
                };
                // What a visitor typed in secret is not written back.
                let shown = if field.kind == FieldKind::Password { "" } else { one };
                let _ = write!(
                    body,
                    "<input id={name} name={name} type={kind} value=\"{}\"{}{}>",
                    escape(shown),
                    completes(field),
                    self.more()
                );
                self.end(body);
            }
        }
    }

    fn label(&self) -> String {
        let need = if self.field.required { " <span class=need>(required)</span>" } else { "" };
        let label = if self.field.label.is_empty() { self.field.key() } else { &self.field.label };
        format!("{}{need}", escape(label))
    }

    fn begin(&self, body: &mut String) {
        let _ = write!(body, "<div class=field><label for={}>{}</label>", self.name, self.label());
        self.notes(body);
    }

    fn end(&self, body: &mut String) {
        body.push_str("</div>");
    }

    fn choices(&self, body: &mut String) {
        let (name, field) = (&self.name, self.field);
        let radio = field.kind == FieldKind::Radio;
        let kind = if radio { "radio" } else { "checkbox" };
        // A browser would ask for each required checkbox, where one of them is enough.
        let required = if radio && field.required { " required" } else { "" };
        let _ = write!(body, "<fieldset class=field{}><legend>{}</legend>", self.described(), self.label());
        self.notes(body);
        for (index, option) in field.options.iter().enumerate() {
            let chosen = if self.values.contains(option) { " checked" } else { "" };
            // The summary of problems leads to the first of them.
            let id = if index == 0 { name.clone() } else { format!("{name}-{index}") };
            let option = escape(option);
            let _ = write!(
                body,
                "<label class=choice><input id={id} type={kind} name={name} value=\"{option}\"{chosen}{required}> \
                 <span>{option}</span></label>"
            );
        }
        body.push_str("</fieldset>");
    }

    /// What helps to fill it in, in words.
    fn hint(&self) -> Option<String> {
        let field = self.field;
        match field.kind {
            FieldKind::File => {
                let kinds = match field.accept.trim() {
                    "" => String::new(),
                    accept => format!("Accepted: {accept}. "),
                };
                Some(format!("{kinds}All that is sent together may have up to {}.", size(self.limit)))
            }
            _ if !field.is_list() => None,
            _ => match (field.least, field.most) {
                (Some(least), Some(most)) if least == most => Some(format!("Choose {least}.")),
                (Some(least), Some(most)) => Some(format!("Choose {least} to {most}.")),
                (Some(least), None) => Some(format!("Choose at least {least}.")),
                (None, Some(most)) => Some(format!("Choose at most {most}.")),
                (None, None) => None,
            },
        }
    }

    fn notes(&self, body: &mut String) {
        if let Some(hint) = self.hint() {
            let _ = write!(body, "<p class=hint id={}-hint>{}</p>", self.name, escape(&hint));
        }
        if let Some(problem) = self.problem {
            let _ = write!(body, "<p class=wrong id={}-problem>{}</p>", self.name, escape(problem));
        }
    }

    fn described(&self) -> String {
        let hint = self.hint().map(|_| format!("{}-hint", self.name));
        let problem = self.problem.map(|_| format!("{}-problem", self.name));
        let ids: Vec<String> = [hint, problem].into_iter().flatten().collect();
        if ids.is_empty() { String::new() } else { format!(" aria-describedby=\"{}\"", ids.join(" ")) }
    }

    fn more(&self) -> String {
        let mut more = self.described();
        if self.field.required {
            more.push_str(" required");
        }
        if !self.field.placeholder.is_empty() {
            let _ = write!(more, " placeholder=\"{}\"", escape(&self.field.placeholder));
        }
        if self.problem.is_some() {
            more.push_str(" aria-invalid=true");
        }
        more
    }
}

/// What a browser may offer to fill in, told from the kind of a field and from what it is called.
fn completes(field: &FormField) -> &'static str {
    match field.kind {
        FieldKind::Email => return " autocomplete=email",
        FieldKind::Password => return " autocomplete=off",
        FieldKind::Text | FieldKind::Number => {}
        _ => return "",
    }
    let label = field.label.trim().trim_end_matches([':', '*', '?']).trim().to_lowercase();
    match label.as_str() {
        "name" | "your name" | "full name" => " autocomplete=name",
        "first name" | "given name" => " autocomplete=given-name",
        "last name" | "family name" | "surname" => " autocomplete=family-name",
        "phone" | "telephone" | "phone number" | "mobile" => " autocomplete=tel",
        "company" | "organization" | "organisation" => " autocomplete=organization",
        "address" | "street" | "street address" => " autocomplete=street-address",
        "zip" | "zip code" | "postcode" | "postal code" => " autocomplete=postal-code",
        "city" | "town" => " autocomplete=address-level2",
        "country" => " autocomplete=country-name",
        _ => "",
    }
}

/// A text of a query that comes once.
pub fn of_query<'a>(query: &'a Map, name: &str) -> Option<&'a str> {
    query.get(name).and_then(Value::as_str)
}
