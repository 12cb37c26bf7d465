//! What the node types with forms share: how n8n writes fields and endings, what may be set, and how what a visitor
//! has sent becomes an item.

use model::{Code, Item, Map, Problem, Value};
use part::door::{FieldKind, Form, FormField};
use part::n8n::{Lifted, Node};
use part::{Category, Ctx, NodeError, Origin, Origins, Outcome, PortOutput};
use serde_json::json;

use crate::lift::{Names, copy, is_expression, not_honoured, put};
use crate::{js, lenient};

/// Fields of a form that differ in name alone.
const FIELD: Names = &[
    ("label", "fieldLabel"),
    ("name", "fieldName"),
    ("placeholder", "placeholder"),
    ("accept", "acceptFileTypes"),
    ("html", "html"),
    ("format", "formatDate"),
    ("required", "requiredField"),
];

/// The fields of an n8n form. From version 2.4 on a field may have a name beside its label.
pub fn lift_fields(values: &Value, named: bool) -> Value {
    values.as_array().into_iter().flatten().map(|field| worked_out(lift_field(field, named))).collect()
}

/// n8n works out what is in braces in HTML, though no sign before it says so.
fn worked_out(mut field: Value) -> Value {
    if let Some(html) = field["html"].as_str().filter(|html| html.contains("{{") && !html.starts_with('=')) {
        field["html"] = format!("={html}").into();
    }
    field
}

fn lift_field(theirs: &Value, named: bool) -> Value {
    let mut field = Map::new();
    for (ours, name) in FIELD {
        put(&mut field, ours, theirs[name].clone());
    }
    let kind = theirs["fieldType"].as_str().unwrap_or("text");
    if kind != "text" {
        put(&mut field, "type", kind);
    }
    if !named && kind != "hiddenField" {
        field.shift_remove("name");
    }
    let text = |value: &Value| if value.is_null() { Value::Null } else { lenient::to_text(value.clone()).into() };
    match kind {
        "hiddenField" => put(&mut field, "value", text(&theirs["fieldValue"])),
        "html" => {
            field.shift_remove("name");
            put(&mut field, "name", theirs["elementName"].clone());
        }
        "file" if theirs["multipleFiles"] != false => put(&mut field, "multiple", true),
        "dropdown" if theirs["multiselect"] == true => put(&mut field, "multiple", true),
        "checkbox" => {
            let number = |name: &str, default: i64| match &theirs[name] {
                Value::Null => default.into(),
                number => number.clone(),
            };
            match theirs["limitSelection"].as_str() {
                Some("exact") => {
                    put(&mut field, "least", number("numberOfSelections", 1));
                    put(&mut field, "most", number("numberOfSelections", 1));
                }
                Some("range") => {
                    put(&mut field, "least", number("minSelections", 0));
                    put(&mut field, "most", number("maxSelections", 1));
                }
                _ => {}
            }
        }
        _ => {}
    }
    if kind != "hiddenField" && kind != "html" {
        put(&mut field, "value", text(&theirs["defaultValue"]));
    }
    // A form that is written as JSON may have its options without the list around them.
    let options = theirs["fieldOptions"]["values"].as_array().or(theirs["fieldOptions"].as_array());
    if let Some(options) = options {
        let options: Vec<Value> =
            options.iter().map(|option| option["option"].clone()).filter(|o| !o.is_null()).collect();
        put(&mut field, "options", options);
    }
    Value::Object(field)
}

/// n8n's fields for ours.
pub fn lower_fields(fields: &Value) -> Value {
    fields.as_array().into_iter().flatten().map(lower_field).collect()
}

fn lower_field(field: &Value) -> Value {
    let mut theirs = Map::new();
    for (ours, name) in FIELD {
        put(&mut theirs, name, field[ours].clone());
    }
    let kind = field["type"].as_str().unwrap_or("text");
    if kind != "text" {
        put(&mut theirs, "fieldType", kind);
    }
    match kind {
        "hiddenField" => put(&mut theirs, "fieldValue", field["value"].clone()),
        "html" => {
            theirs.shift_remove("fieldName");
            put(&mut theirs, "elementName", field["name"].clone());
            if let Some(html) = field["html"].as_str().and_then(|html| html.strip_prefix('=')) {
                put(&mut theirs, "html", html);
            }
        }
        _ => put(&mut theirs, "defaultValue", field["value"].clone()),
    }
    match kind {
        "file" if field["multiple"] != true => put(&mut theirs, "multipleFiles", false),
        "dropdown" if field["multiple"] == true => put(&mut theirs, "multiselect", true),
        "checkbox" => match (&field["least"], &field["most"]) {
            (Value::Null, Value::Null) => {}
            (least, most) if least == most => {
                put(&mut theirs, "limitSelection", "exact");
                put(&mut theirs, "numberOfSelections", most.clone());
            }
            (least, most) => {
                put(&mut theirs, "limitSelection", "range");
                put(&mut theirs, "minSelections", least.clone());
                put(&mut theirs, "maxSelections", most.clone());
            }
        },
        _ => {}
    }
    if let Some(options) = field["options"].as_array() {
        let options: Vec<Value> = options.iter().map(|option| json!({ "option": option })).collect();
        put(&mut theirs, "fieldOptions.values", options);
    }
    Value::Object(theirs)
}

/// What an n8n node says about the visitor's thanks and the footer.
pub fn lift_options(node: &Node, form: &mut Map) {
    let answer = node.param("options.respondWithOptions.values");
    if answer["respondWith"] == "redirect" {
        put(form, "redirect", answer["redirectUrl"].clone());
    } else {
        put(form, "completion", answer["formSubmittedText"].clone());
    }
    copy(node, "options.buttonLabel", form, "button");
    copy(node, "options.appendAttribution", form, "attribution");
    copy(node, "options.customCss", form, "css");
    copy(node, "options.showHeaders", form, "headers");
}

/// The way back from [`lift_options`].
pub fn lower_options(form: &Value, lowered: &mut Map) {
    if !form["redirect"].is_null() {
        put(lowered, "options.respondWithOptions.values.respondWith", "redirect");
        put(lowered, "options.respondWithOptions.values.redirectUrl", form["redirect"].clone());
    }
    put(lowered, "options.respondWithOptions.values.formSubmittedText", form["completion"].clone());
    put(lowered, "options.buttonLabel", form["button"].clone());
    put(lowered, "options.appendAttribution", form["attribution"].clone());
    put(lowered, "options.customCss", form["css"].clone());
    put(lowered, "options.showHeaders", form["headers"].clone());
}

/// A form that stands before any run has nothing that an expression could look at. A text that only looks like one is
/// kept as the text; the import report names the others.
pub fn settle_expressions(value: &mut Value, path: &str, lifted: &mut Lifted) {
    match value {
        Value::String(text) if is_expression(&Value::String(text.clone())) => {
            let plain = text.trim_start_matches('=').to_owned();
            if plain.contains("{{") {
                not_honoured(
                    lifted,
                    path,
                    "is an expression; a form that starts runs is fixed, so it is shown as text",
                );
            }
            *text = plain;
        }
        Value::Array(values) => values.iter_mut().for_each(|value| settle_expressions(value, path, lifted)),
        Value::Object(map) => map.values_mut().for_each(|value| settle_expressions(value, path, lifted)),
        _ => {}
    }
}

/// The fields of a form that is written as JSON, in n8n's words.
pub fn fields_of_json(value: &Value) -> Result<Vec<FormField>, NodeError> {
    let refuse = |detail: String| NodeError::parameter("/params/json", detail);
    let list = match value {
        Value::String(text) => js::relaxed_json(text).ok_or_else(|| refuse("the fields are not valid JSON".into()))?,
        other => other.clone(),
    };
    let Value::Array(list) = list else {
        return Err(refuse("the fields are no list; expected one such as `[{ \"fieldLabel\": \"Name\" }]`".into()));
    };
    let mut fields = Vec::with_capacity(list.len());
    for (at, theirs) in list.iter().enumerate() {
        let Value::Object(map) = theirs else { return Err(refuse(format!("field {at} is no object"))) };
        if let Some(key) = map.keys().find(|key| !JSON_KEYS.contains(&key.as_str())) {
            return Err(refuse(format!(
                "field {at} has `{key}`, which no field has; there are {}",
                JSON_KEYS.join(", ")
            )));
        }
        let mut theirs = theirs.clone();
        if theirs["fieldType"] == "file" && theirs["multipleFiles"].is_null() {
            // The switch is on in the editor, but off in a form that is written as JSON.
            theirs["multipleFiles"] = false.into();
        }
        let field = serde_json::from_value(lift_field(&theirs, true))
            .map_err(|error| refuse(format!("field {at} cannot be read: {error}")))?;
        fields.push(field);
    }
    Ok(fields)
}

const JSON_KEYS: &[&str] = &[
    "fieldLabel",
    "fieldType",
    "placeholder",
    "defaultValue",
    "fieldOptions",
    "multiselect",
    "multipleFiles",
    "acceptFileTypes",
    "formatDate",
    "requiredField",
    "fieldValue",
    "elementName",
    "html",
    "fieldName",
    "limitSelection",
    "numberOfSelections",
    "minSelections",
    "maxSelections",
];

/// What is wrong with a form, before anybody is shown it.
pub fn check(form: &Form, at: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |place: String, detail: String, hint: &str| {
        problems.push(Problem::new(Code::InvalidParameter, detail).at(format!("/params{at}{place}")).hint(hint));
    };
    for (index, field) in form.fields.iter().enumerate() {
        let place = format!("/fields/{index}");
        if field.key().is_empty() && field.kind != FieldKind::Html {
            refuse(format!("{place}/label"), "a field needs a label".into(), "write what the visitor is asked for");
        }
        if field.has_options() && field.options.is_empty() {
            let detail = format!("`{}` has nothing to choose from", field.key());
            refuse(format!("{place}/options"), detail, "write the choices, or let it be a line of text");
        }
        if let (Some(least), Some(most)) = (field.least, field.most)
            && least > most
        {
            let detail = format!("`{}` asks for at least {least} and at most {most}", field.key());
            refuse(format!("{place}/least"), detail, "exchange the two");
        }
        let same = |other: &FormField| other.key() == field.key() && !field.key().is_empty();
        if form.fields[..index].iter().any(same) {
            let detail = format!("two fields are called `{}`, and the item can hold only one", field.key());
            refuse(format!("{place}/label"), detail, "give one of them another label or a name");
        }
    }
    problems
}

/// What a visitor has sent as a step's output: `formMode` says how the run was started, not the page.
pub fn sent(payload: Value, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut item = match payload {
        Value::Object(mut map) if map.contains_key("json") => {
            let binary = map.remove("binary").filter(|files| !files.is_null());
            let binary = binary.map(serde_json::from_value).transpose();
            let binary = binary.map_err(|error| NodeError::bug(format!("the files cannot be read: {error}")))?;
            Item { binary, ..Item::from_value(map.remove("json").unwrap_or_default()) }
        }
        other => Item::from_value(other),
    };
    item.json.shift_remove("method");
    if let Some(mode) = item.json.get_mut("formMode") {
        let tried = matches!(&*ctx.info().mode, "manual" | "cli" | "test");
        *mode = if tried { "test" } else { "production" }.into();
    }
    // n8n pairs it with the first item that waited.
    let origin = if ctx.input(0).is_empty() { Origin::None } else { Origin::item(0) };
    let origins: Origins = [origin].into_iter().collect();
    Ok(Outcome::Done(vec![PortOutput::Items { items: part::Items::from_vec(vec![item]), origins }]))
}

/// A page that nobody can be let in to.
pub fn no_connection() -> NodeError {
    NodeError::new(Code::ConnectionMissing, Category::Auth, "visitors cannot be checked without a connection")
        .hint("choose the connection that holds the secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_json_are_read_as_n8n_reads_them() {
        let text = "[{ fieldLabel: 'Name', requiredField: true, }, { \"fieldLabel\": \"Size\", \"fieldType\": \"dropdown\", \
                    \"fieldOptions\": [{ \"option\": \"S\" }], \"defaultValue\": 7 }, { \"fieldLabel\": \"CV\", \"fieldType\": \"file\" }]";
        let fields = fields_of_json(&json!(text)).unwrap();
        assert!(fields[0].required && fields[0].label == "Name");
        assert_eq!((fields[1].options.as_slice(), fields[1].value.as_str()), (&["S".to_owned()][..], "7"));
        assert!(!fields[2].multiple);
        for (wrong, said) in [
            (json!("{ oops"), "not valid JSON"),
            (json!({}), "no list"),
            (json!([1]), "field 0 is no object"),
            (json!([{ "label": "x" }]), "has `label`, which no field has"),
            (json!([{ "fieldLabel": "x", "fieldType": "time" }]), "field 0 cannot be read"),
        ] {
            let detail = fields_of_json(&wrong).unwrap_err().problem.detail;
            assert!(detail.contains(said), "{detail}");
        }
    }

    #[test]
    fn a_form_that_cannot_be_answered_is_refused() {
        let form: Form = serde_json::from_value(json!({ "fields": [
            {}, { "label": "A", "type": "radio" }, { "label": "A" }, { "type": "html" },
            { "label": "C", "type": "checkbox", "options": ["a"], "least": 2, "most": 1 },
        ] }))
        .unwrap();
        let found: Vec<String> = check(&form, "/form").into_iter().filter_map(|problem| problem.pointer).collect();
        let expected = ["0/label", "1/options", "2/label", "4/least"].map(|at| format!("/params/form/fields/{at}"));
        assert_eq!(found, expected);
    }
}
