//! The page of a form, and what a visitor has entered. It works without scripts: the browser checks what HTML lets it
//! check, and the server checks everything.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::{Binary, Item, Map, Value};
use part::door::{FieldKind, Form, FormField};
use serde_json::json;

/// Nothing but pictures is loaded and nothing runs: markup in a form comes from whoever wrote the workflow or its data.
pub fn policy(form: &Form) -> String {
    // Browsers hold a redirect after the form was sent against this list, too.
    let target = if form.redirect.is_some() { "" } else { " form-action 'self';" };
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:;{target} base-uri 'none'; frame-ancestors 'self'"
    )
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;\
color:#1c1c28;background:#fff}label,legend{display:block;font-weight:600;margin-top:1rem}fieldset{border:0;padding:0;\
margin:0}fieldset label{font-weight:400;margin-top:.25rem}input:not([type=checkbox]):not([type=radio]),select,\
textarea{box-sizing:border-box;width:100%;padding:.5rem;border:1px solid #8a8a9a;border-radius:.3rem;font:inherit}\
button{margin-top:1.5rem;padding:.6rem 1.4rem;border:0;border-radius:.3rem;background:#2b4ccb;color:#fff;font:inherit}\
.text{white-space:pre-wrap}.problem{color:#a40000}";

/// The name of a field in the page.
fn page_name(index: usize) -> String {
    format!("field-{index}")
}

/// The page, with what was entered before and what is wrong with it, by field.
pub fn page(form: &Form, entered: &Map, problems: &BTreeMap<usize, String>) -> String {
    let mut body = String::new();
    heading(&mut body, &form.title);
    if !form.description.is_empty() {
        let _ = write!(body, "<p class=text>{}</p>", escape(&form.description));
    }
    body.push_str("<form method=post enctype=multipart/form-data>");
    for (index, field) in form.fields.iter().enumerate() {
        let name = page_name(index);
        let values = match entered.get(&name) {
            Some(value) => texts(value),
            None if entered.is_empty() => first_values(field),
            None => Vec::new(),
        };
        let at = problems.contains_key(&index);
        if let Some(problem) = problems.get(&index) {
            let _ = write!(body, "<p class=problem role=alert id={name}-problem>{}</p>", escape(problem));
        }
        input(&mut body, &name, field, &values, at);
    }
    let button = form.button.as_deref().filter(|text| !text.is_empty()).unwrap_or("Submit");
    let _ = write!(body, "<button>{}</button></form>", escape(button));
    whole(&form.title, &body)
}

/// The page that says that the form was sent.
pub fn completed(form: &Form) -> String {
    let mut body = String::new();
    heading(&mut body, &form.title);
    let said = form.completion.as_deref().filter(|text| !text.is_empty());
    let _ = write!(body, "<p class=text>{}</p>", escape(said.unwrap_or("Your response has been recorded")));
    whole(&form.title, &body)
}

fn heading(body: &mut String, title: &str) {
    if !title.is_empty() {
        let _ = write!(body, "<h1>{}</h1>", escape(title));
    }
}

fn whole(title: &str, body: &str) -> String {
    let title = if title.is_empty() { "Form" } else { title };
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width,initial-scale=1\"><meta name=robots content=noindex>\
         <title>{}</title><style>{STYLE}</style><main>{body}</main></html>",
        escape(title)
    )
}

fn first_values(field: &FormField) -> Vec<String> {
    match field.is_list() {
        true => field.value.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect(),
        false if field.value.is_empty() => Vec::new(),
        false => vec![field.value.clone()],
    }
}

fn input(body: &mut String, name: &str, field: &FormField, values: &[String], wrong: bool) {
    let one = values.first().map_or("", String::as_str);
    let mut more = String::new();
    if field.required {
        more.push_str(" required");
    }
    if !field.placeholder.is_empty() {
        let _ = write!(more, " placeholder=\"{}\"", escape(&field.placeholder));
    }
    if wrong {
        let _ = write!(more, " aria-invalid=true aria-describedby={name}-problem");
    }
    let label = escape(&field.label);
    match field.kind {
        FieldKind::Html => body.push_str(&field.html),
        FieldKind::Hidden => {
            let _ = write!(body, "<input type=hidden name={name} value=\"{}\">", escape(one));
        }
        FieldKind::Textarea => {
            // The first line break inside a text area is not its content.
            let text = escape(one);
            let _ =
                write!(body, "<label for={name}>{label}</label><textarea id={name} name={name} rows=4{more}>\n{text}");
            body.push_str("</textarea>");
        }
        FieldKind::Dropdown => {
            let multiple = if field.multiple { " multiple" } else { "" };
            let _ = write!(body, "<label for={name}>{label}</label><select id={name} name={name}{multiple}{more}>");
            if !field.multiple {
                body.push_str("<option value=\"\"></option>");
            }
            for option in &field.options {
                let chosen = if values.contains(option) { " selected" } else { "" };
                let option = escape(option);
                let _ = write!(body, "<option value=\"{option}\"{chosen}>{option}</option>");
            }
            body.push_str("</select>");
        }
        FieldKind::Radio | FieldKind::Checkbox => {
            let radio = field.kind == FieldKind::Radio;
            let kind = if radio { "radio" } else { "checkbox" };
            // A browser would ask for each required checkbox, where one of them is enough.
            let required = if radio && field.required { " required" } else { "" };
            let _ = write!(body, "<fieldset><legend>{label}</legend>");
            for option in &field.options {
                let chosen = if values.contains(option) { " checked" } else { "" };
                let option = escape(option);
                let _ = write!(
                    body,
                    "<label><input type={kind} name={name} value=\"{option}\"{chosen}{required}> {option}</label>"
                );
            }
            body.push_str("</fieldset>");
        }
        FieldKind::File => {
            let multiple = if field.multiple { " multiple" } else { "" };
            let accept = escape(&field.accept);
            let _ = write!(
                body,
                "<label for={name}>{label}</label><input id={name} name={name} type=file accept=\"{accept}\"{multiple}{more}>"
            );
        }
        FieldKind::Text | FieldKind::Number | FieldKind::Email | FieldKind::Password | FieldKind::Date => {
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
                "<label for={name}>{label}</label><input id={name} name={name} type={kind} value=\"{}\"{more}>",
                escape(shown)
            );
        }
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// The item that a sent form makes, in the shape of n8n's forms; or what is wrong, by field.
pub fn read(
    form: &Form,
    entered: &Map,
    files: Option<&BTreeMap<String, Binary>>,
    submitted_at: &str,
) -> Result<Item, BTreeMap<usize, String>> {
    let mut item = Item::default();
    let mut problems = BTreeMap::new();
    for (index, field) in form.fields.iter().enumerate() {
        let name = page_name(index);
        let found = match field.kind {
            FieldKind::Html if field.name.is_empty() => continue,
            FieldKind::Html => Ok(Value::String(field.html.clone())),
            FieldKind::File => file(field, &name, files, &mut item),
            // A visitor could send anything for it; what the workflow says counts.
            FieldKind::Hidden => Ok(Value::String(field.value.clone())),
            _ => entered_value(field, &entered.get(&name).map(texts).unwrap_or_default()),
        };
        match found {
            Ok(value) => drop(item.json.insert(field.key().to_owned(), value)),
            Err(problem) => drop(problems.insert(index, problem)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    item.json.insert("submittedAt".into(), submitted_at.into());
    item.json.insert("formMode".into(), "production".into());
    Ok(item)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

fn entered_value(field: &FormField, values: &[String]) -> Result<Value, String> {
    let values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
    if values.is_empty() && field.required {
        return Err("This field is needed".into());
    }
    if let Some(other) = values.iter().find(|value| field.has_options() && !field.options.iter().any(|o| o == *value)) {
        return Err(format!("“{other}” is none of the choices"));
    }
    if field.is_list() {
        let count = values.len() as u32;
        // Nothing at all is an answer to a field that is not needed.
        let few = field.least.filter(|least| count < *least && (count > 0 || field.required));
        let many = field.most.filter(|most| count > *most);
        return match (few, many) {
            (Some(least), _) => Err(format!("Choose at least {least}")),
            (_, Some(most)) => Err(format!("Choose at most {most}")),
            _ => Ok(json!(values)),
        };
    }
    let Some(value) = values.first() else {
        return Ok(if field.kind == FieldKind::Number { Value::Null } else { Value::String(String::new()) });
    };
    match field.kind {
        FieldKind::Number => {
            let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| format!("“{value}” is no number"))?;
            let whole = number as i64;
            Ok(if whole as f64 == number && whole.unsigned_abs() < 1 << 53 { json!(whole) } else { json!(number) })
        }
        FieldKind::Email => {
            let fine = value.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && !host.is_empty() && !host.contains('@') && !value.contains(char::is_whitespace)
            });
            if fine { Ok(json!(value)) } else { Err(format!("“{value}” is no mail address")) }
        }
        FieldKind::Date => match value.parse::<jiff::civil::Date>() {
            Ok(_) => Ok(json!(value)),
            Err(_) => Err(format!("“{value}” is no day; write it as 2026-01-31")),
        },
        FieldKind::Textarea | FieldKind::Text => Ok(json!(value.trim())),
        _ => Ok(json!(value)),
    }
}

/// Puts the files of a field into the item, and describes them.
fn file(
    field: &FormField,
    name: &str,
    files: Option<&BTreeMap<String, Binary>>,
    item: &mut Item,
) -> Result<Value, String> {
    // Several files of one field come with a number behind its name.
    let of_field = |key: &str| {
        key.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('_').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    let found: Vec<&Binary> =
        files.into_iter().flatten().filter(|(key, _)| of_field(key)).map(|(_, file)| file).collect();
    if found.is_empty() {
        return if field.required { Err("A file is needed".into()) } else { Ok(Value::Null) };
    }
    if found.len() > 1 && !field.multiple {
        return Err("Choose one file".into());
    }
    if let Some(other) = found.iter().find(|file| !accepts(&field.accept, file)) {
        let name = other.file_name.as_deref().unwrap_or("the file");
        return Err(format!("“{name}” is not of a kind that is accepted ({})", field.accept));
    }
    let describe = |file: &Binary| json!({ "filename": file.file_name, "mimetype": file.mime_type, "size": file.size });
    let plain: String = field.key().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    for (at, file) in found.iter().enumerate() {
        let key = if field.multiple { format!("{plain}_{at}") } else { plain.clone() };
        item.set_file(key, (*file).clone());
    }
    Ok(match field.multiple {
        true => found.iter().map(|file| describe(file)).collect(),
        false => describe(found[0]),
    })
}

/// Whether a file is of one of the kinds: an ending (`.pdf`), a media type (`image/png`) or a family (`image/*`).
fn accepts(accept: &str, file: &Binary) -> bool {
    let mut kinds = accept.split(',').map(str::trim).filter(|kind| !kind.is_empty()).peekable();
    let name = file.file_name.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mime = file.mime_type.to_ascii_lowercase();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = kind.to_ascii_lowercase();
            match kind.strip_suffix("/*") {
                _ if kind.starts_with('.') => name.ends_with(&kind),
                Some(family) => mime.split('/').next() == Some(family),
                None => mime == kind,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: Value) -> Form {
        serde_json::from_value(json!({ "title": "Ask <b>", "description": "Two\nlines", "fields": fields })).unwrap()
    }

    fn sent(fields: Value, entered: Value) -> Result<Value, Vec<(usize, String)>> {
        let read = read(&form(fields), entered.as_object().unwrap(), None, "2026-01-31T09:00:00.000+00:00");
        read.map(|item| Value::Object(item.json)).map_err(|problems| problems.into_iter().collect())
    }

    #[test]
    fn the_page_shows_each_kind_of_field_and_escapes_what_people_wrote() {
        let fields = json!([
            { "label": "Name\">", "required": true, "placeholder": "Ada" }, { "label": "Age", "type": "number", "value": "7" },
            { "label": "Why", "type": "textarea" }, { "label": "Size", "type": "dropdown", "options": ["S", "L"], "value": "L" },
            { "label": "Extras", "type": "checkbox", "options": ["a", "b"], "value": "a, b" },
            { "label": "One", "type": "radio", "options": ["x"], "required": true },
            { "label": "CV", "type": "file", "accept": ".pdf", "multiple": true },
            { "name": "ref", "type": "hiddenField", "value": "r1" }, { "type": "html", "html": "<hr>" },
        ]);
        let page = page(&form(fields), &Map::new(), &BTreeMap::new());
        for part in [
            "<h1>Ask &lt;b&gt;</h1>",
            "Two\nlines",
            "Name&quot;&gt;",
            "type=text value=\"\" required placeholder=\"Ada\"",
            "type=number step=any value=\"7\"",
            "<option value=\"L\" selected>",
            "value=\"a\" checked",
            "value=\"b\" checked",
            "type=radio name=field-5 value=\"x\" required",
            "type=file accept=\".pdf\" multiple",
            "<hr>",
            "type=hidden name=field-7 value=\"r1\"",
            "<button>Submit</button>",
            "enctype=multipart/form-data",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains("<script"));
    }

    #[test]
    fn values_become_what_their_fields_are() {
        let fields = json!([
            { "label": "Name" }, { "label": "Age", "type": "number" }, { "label": "Extras", "type": "checkbox", "options": ["a", "b"] },
            { "label": "Day", "type": "date" }, { "name": "ref", "type": "hiddenField", "value": "r1" }, { "type": "html" },
            { "label": "Sizes", "type": "dropdown", "multiple": true, "options": ["S"] },
        ]);
        let entered = json!({ "field-0": "Ada", "field-1": "36.5", "field-2": ["a", "b"], "field-3": "2026-01-31", "field-4": "forged" });
        assert_eq!(
            sent(fields, entered),
            Ok(json!({
                "Name": "Ada", "Age": 36.5, "Extras": ["a", "b"], "Day": "2026-01-31", "ref": "r1", "Sizes": [],
                "submittedAt": "2026-01-31T09:00:00.000+00:00", "formMode": "production",
            }))
        );
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let fields = json!([
            { "label": "Name", "required": true }, { "label": "Age", "type": "number" }, { "label": "Mail", "type": "email" },
            { "label": "Size", "type": "dropdown", "options": ["S"] }, { "label": "Day", "type": "date" },
            { "label": "Extras", "type": "checkbox", "options": ["a", "b"], "least": 2, "most": 2 },
            { "label": "CV", "type": "file", "required": true },
        ]);
        let entered = json!({
            "field-1": "old", "field-2": "x", "field-3": "XL", "field-4": "soon", "field-5": "a",
        });
        let problems = sent(fields.clone(), entered.clone()).unwrap_err();
        assert_eq!(problems.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(problems[5].1, "Choose at least 2");
        let again = page(&form(fields), entered.as_object().unwrap(), &problems.into_iter().collect());
        assert!(again.contains("“old” is no number") && again.contains("value=\"old\""), "{again}");
        assert!(again.contains("aria-describedby=field-0-problem"), "{again}");
    }

    #[test]
    fn files_are_named_after_their_fields() {
        let file = |name: &str, mime: &str| Binary {
            file_name: Some(name.into()),
            mime_type: mime.into(),
            size: 3,
            ..Binary::default()
        };
        let fields = json!([
            { "label": "My CV", "type": "file", "accept": ".pdf, image/*" }, { "label": "More", "type": "file", "multiple": true },
        ]);
        let files = |first: Binary| {
            BTreeMap::from([
                ("field-0".to_owned(), first),
                ("field-1_0".to_owned(), file("a", "x/a")),
                ("field-1_1".to_owned(), file("b", "x/b")),
            ])
        };
        let item =
            read(&form(fields.clone()), &Map::new(), Some(&files(file("cv.PDF", "application/pdf"))), "t").unwrap();
        assert_eq!(item.binary.unwrap().into_keys().collect::<Vec<_>>(), ["More_0", "More_1", "My_CV"]);
        assert_eq!(item.json["My CV"], json!({ "filename": "cv.PDF", "mimetype": "application/pdf", "size": 3 }));
        assert_eq!(item.json["More"].as_array().unwrap().len(), 2);
        let refused = read(&form(fields), &Map::new(), Some(&files(file("cv.exe", "x/y"))), "t").unwrap_err();
        assert!(refused[&0].contains("cv.exe"));
    }
}
