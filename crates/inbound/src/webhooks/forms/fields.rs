//! What a visitor has entered, held against the form and put into an item in the shape of n8n's forms.

use std::collections::BTreeMap;

use model::{Binary, Item, Map, Value};
use part::door::{FieldKind, Form, FormField};
use serde_json::json;

/// The name of a field in the page.
pub fn page_name(index: usize) -> String {
    format!("field-{index}")
}

/// What is entered at first: what the address gives, or the form.
pub fn first_values(field: &FormField, query: &Map) -> Vec<String> {
    let given = query.get(field.key()).map(texts).filter(|texts| !texts.is_empty());
    let mut values =
        given.unwrap_or_else(|| if field.value.is_empty() { Vec::new() } else { vec![field.value.clone()] });
    if field.is_list() {
        let parts = |value: &String| -> Vec<String> { value.split(',').map(|part| part.trim().to_owned()).collect() };
        values = values.iter().flat_map(parts).filter(|value| !value.is_empty()).collect();
    }
    values
}

/// The item that a sent form makes, in the shape of n8n's forms; or what is wrong, by field.
pub fn read(
    form: &Form,
    entered: &Map,
    files: Option<&BTreeMap<String, Binary>>,
    query: &Map,
    sent: &Sent<'_>,
) -> Result<Item, BTreeMap<usize, String>> {
    let mut item = Item::default();
    let mut problems = BTreeMap::new();
    for (index, field) in form.fields.iter().enumerate() {
        let name = page_name(index);
        let found = match field.kind {
            FieldKind::Html if field.name.is_empty() => continue,
            FieldKind::Html => Ok(Value::String(field.html.clone())),
            FieldKind::File => file(field, &name, files, &mut item),
            // A visitor could send anything for it; what the workflow or the address says counts.
            FieldKind::Hidden => Ok(Value::String(first_values(field, query).into_iter().next().unwrap_or_default())),
            _ => entered_value(field, &entered.get(&name).map(texts).unwrap_or_default()),
        };
        match found {
            // Of radio buttons that nobody has chosen, n8n's items know nothing.
            Ok(Value::Null) if field.kind == FieldKind::Radio => {}
            Ok(value) => drop(item.json.insert(field.key().to_owned(), value)),
            Err(problem) => drop(problems.insert(index, problem)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    item.json.insert("submittedAt".into(), sent.at.clone().into());
    item.json.insert("formMode".into(), sent.mode.into());
    if form.headers {
        item.json.insert("headers".into(), Value::Object(sent.headers.clone()));
    }
    Ok(item)
}

/// When and how a form was sent.
pub struct Sent<'a> {
    /// With the offset of the time zone.
    pub at: String,
    /// `test` or `production`.
    pub mode: &'a str,
    pub headers: &'a Map,
}

/// A time as n8n writes it: in UTC, or in a time zone with its offset.
pub fn time_text(millis: i64, timezone: Option<&str>) -> String {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    match timezone.filter(|zone| *zone != "UTC").and_then(|zone| jiff::tz::TimeZone::get(zone).ok()) {
        Some(zone) => time.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string(),
        None => time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    }
}

/// The texts of a value that may have come several times.
pub fn texts(value: &Value) -> Vec<String> {
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
        // Who asks for a number of choices is not content with none, whether the field is needed or not; so it is in n8n.
        let few = field.least.filter(|least| count < *least);
        let many = field.most.filter(|most| count > *most);
        return match (few, many) {
            (Some(least), _) => Err(format!("Choose at least {least}")),
            (_, Some(most)) => Err(format!("Choose at most {most}")),
            _ => Ok(json!(values)),
        };
    }
    let Some(value) = values.first() else {
        return Ok(match field.kind {
            // n8n's number of nothing.
            FieldKind::Number => json!(0),
            FieldKind::Radio => Value::Null,
            _ => Value::String(String::new()),
        });
    };
    match field.kind {
        FieldKind::Number => {
            let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| format!("“{value}” is no number"))?;
            let whole = number as i64;
            Ok(if whole as f64 == number && whole.unsigned_abs() < 1 << 53 { json!(whole) } else { json!(number) })
        }
        FieldKind::Email => {
            let fine = value.trim().split_once('@').is_some_and(|(user, host)| {
                !user.is_empty()
                    && !host.is_empty()
                    && !host.contains('@')
                    && !value.trim().contains(char::is_whitespace)
            });
            if fine { Ok(json!(value.trim())) } else { Err(format!("“{value}” is no mail address")) }
        }
        FieldKind::Date => match value.parse::<jiff::civil::Date>() {
            Ok(day) if !field.format.is_empty() => Ok(json!(day_text(day, &field.format))),
            Ok(_) => Ok(json!(value)),
            Err(_) => Err(format!("“{value}” is no day; write it as 2026-01-31")),
        },
        FieldKind::Text => Ok(json!(value.trim())),
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
    let mut found: Vec<(usize, &Binary)> = files
        .into_iter()
        .flatten()
        .filter(|(key, _)| of_field(key))
        .map(|(key, file)| (key[name.len()..].trim_start_matches('_').parse().unwrap_or_default(), file))
        .collect();
    found.sort_by_key(|(number, _)| *number);
    let found: Vec<&Binary> = found.into_iter().map(|(_, file)| file).collect();
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
        let key = if found.len() > 1 { format!("{plain}_{at}") } else { plain.clone() };
        item.set_file(key, (*file).clone());
    }
    Ok(match field.multiple {
        true => found.iter().map(|file| describe(file)).collect(),
        false => describe(found[0]),
    })
}

/// A day in a pattern of n8n's forms. Both `mm` and `MM` are the month: who writes a day means no minutes.
fn day_text(day: jiff::civil::Date, pattern: &str) -> String {
    let mut text = String::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut count = 1;
        while letters.next_if_eq(&letter).is_some() {
            count += 1;
        }
        match (letter, count) {
            ('y', 2) => text.push_str(&day.strftime("%y").to_string()),
            ('y', _) => text.push_str(&day.strftime("%Y").to_string()),
            ('M' | 'm' | 'L', 1) => text.push_str(&day.month().to_string()),
            ('M' | 'm' | 'L', 2) => text.push_str(&day.strftime("%m").to_string()),
            ('M' | 'L', 3) => text.push_str(&day.strftime("%b").to_string()),
            ('M' | 'L', 4) => text.push_str(&day.strftime("%B").to_string()),
            ('d', 1) => text.push_str(&day.day().to_string()),
            ('d', 2) => text.push_str(&day.strftime("%d").to_string()),
            ('E' | 'c', 3) => text.push_str(&day.strftime("%a").to_string()),
            ('E' | 'c', 4) => text.push_str(&day.strftime("%A").to_string()),
            _ => text.extend(std::iter::repeat_n(letter, count)),
        }
    }
    text
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
        serde_json::from_value(json!({ "title": "Ask", "fields": fields })).unwrap()
    }

    fn sent_to(form: &Form, entered: Value, query: Value) -> Result<Value, Vec<(usize, String)>> {
        let sent = Sent { at: "t".into(), mode: "production", headers: &Map::new() };
        let read = read(form, entered.as_object().unwrap(), None, query.as_object().unwrap(), &sent);
        read.map(|item| Value::Object(item.json)).map_err(|problems| problems.into_iter().collect())
    }

    fn sent(fields: Value, entered: Value) -> Result<Value, Vec<(usize, String)>> {
        sent_to(&form(fields), entered, json!({}))
    }

    #[test]
    fn values_become_what_their_fields_are() {
        let fields = json!([
            { "label": "Name" }, { "label": "Age", "type": "number" }, { "label": "Extras", "type": "checkbox", "options": ["a", "b"] },
            { "label": "Day", "type": "date", "format": "d.mm.yyyy" }, { "name": "ref", "type": "hiddenField", "value": "r1" }, { "type": "html" },
            { "label": "Sizes", "type": "dropdown", "multiple": true, "options": ["S"] }, { "label": "Why", "type": "textarea" },
            { "label": "None", "type": "number" }, { "label": "One", "type": "radio", "options": ["x"] },
        ]);
        let entered = json!({ "field-0": " Ada ", "field-1": "36.5", "field-2": ["a", "b"], "field-3": "2026-01-31", "field-4": "forged",
                              "field-7": " a\r\nb ", "field-8": "" });
        assert_eq!(
            sent(fields, entered),
            Ok(json!({
                "Name": "Ada", "Age": 36.5, "Extras": ["a", "b"], "Day": "31.01.2026", "ref": "r1", "Sizes": [], "Why": " a\r\nb ",
                "None": 0, "submittedAt": "t", "formMode": "production",
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
        let problems = sent(fields, entered).unwrap_err();
        assert_eq!(problems.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(problems[5].1, "Choose at least 2");
        let some = json!([{ "label": "Extras", "type": "checkbox", "options": ["a", "b"], "least": 1 }]);
        assert_eq!(sent(some, json!({})).unwrap_err()[0].1, "Choose at least 1");
    }

    #[test]
    fn the_address_may_give_values() {
        let form = form(json!([
            { "label": "ref", "type": "hiddenField", "value": "r1" }, { "label": "Extras", "type": "checkbox", "options": ["a", "b"], "value": "a" },
        ]));
        let query = json!({ "ref": "r2", "Extras": "b, a" });
        assert_eq!(sent_to(&form, json!({}), query.clone()).unwrap()["ref"], "r2");
        assert_eq!(first_values(&form.fields[1], query.as_object().unwrap()), ["b", "a"]);
        assert_eq!(first_values(&form.fields[1], &Map::new()), ["a"]);
    }

    #[test]
    fn times_have_the_offset_of_their_zone() {
        let at = 1_767_250_000_000;
        assert_eq!(time_text(at, None), "2026-01-01T06:46:40.000Z");
        assert_eq!(time_text(at, Some("Europe/Vienna")), "2026-01-01T07:46:40.000+01:00");
        assert_eq!(time_text(at, Some("Europe/London")), "2026-01-01T06:46:40.000+00:00");
    }

    #[test]
    fn files_are_named_after_their_fields() {
        let file = |name: &str, mime: &str| Binary {
            file_name: Some(name.into()),
            mime_type: mime.into(),
            size: 3,
            ..Binary::default()
        };
        let form = form(json!([
            { "label": "My CV", "type": "file", "accept": ".pdf, image/*" }, { "label": "More", "type": "file", "multiple": true },
            { "label": "Also", "type": "file", "multiple": true },
        ]));
        let files = |first: Binary| {
            let mut all = BTreeMap::from([("field-0".to_owned(), first), ("field-2".to_owned(), file("c", "x/c"))]);
            all.extend((0..11).map(|at| (format!("field-1_{at}"), file(&at.to_string(), "x/a"))));
            all
        };
        let sent = Sent { at: "t".into(), mode: "test", headers: &Map::new() };
        let item =
            read(&form, &Map::new(), Some(&files(file("cv.PDF", "application/pdf"))), &Map::new(), &sent).unwrap();
        let binary = item.binary.unwrap();
        assert!(
            ["My_CV", "More_0", "More_10", "Also"].iter().all(|key| binary.contains_key(*key)),
            "{:?}",
            binary.keys()
        );
        assert_eq!(item.json["My CV"], json!({ "filename": "cv.PDF", "mimetype": "application/pdf", "size": 3 }));
        let names: Vec<&str> =
            item.json["More"].as_array().unwrap().iter().map(|file| file["filename"].as_str().unwrap()).collect();
        assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
        assert_eq!(item.json["Also"].as_array().unwrap().len(), 1);
        let refused = read(&form, &Map::new(), Some(&files(file("cv.exe", "x/y"))), &Map::new(), &sent).unwrap_err();
        assert!(refused[&0].contains("cv.exe"));
    }
}
