//! What a page of a form shows, read from its HTML: n8n's as its template writes it, and ours.

use std::collections::BTreeSet;

use anyhow::Result;
use formats::page::{Id, Page, Selector};
use serde_json::{Value, json};

/// A page as a visitor sees it.
pub(crate) struct Shown {
    pub title: String,
    pub text: String,
    pub button: String,
    pub fields: Vec<Field>,
    /// What a form sends beside its fields.
    pub hidden: Vec<(String, String)>,
}

/// A field to fill in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    /// What it is sent as.
    pub name: String,
    pub label: String,
    pub kind: String,
    pub required: bool,
    pub multiple: bool,
    pub accept: String,
    pub placeholder: String,
    pub options: Vec<String>,
    /// What is filled in already.
    pub values: Vec<String>,
    /// Fewest and most choices.
    pub bounds: (Option<usize>, Option<usize>),
}

impl Field {
    /// Whether several boxes may be ticked, of which n8n sends a list.
    pub fn is_boxes(&self) -> bool {
        matches!(self.kind.as_str(), "checkbox" | "radio")
    }
}

impl Shown {
    /// What both sides must show.
    pub fn seen(&self) -> Value {
        let field = |field: &Field| {
            let mut seen = json!({ "label": field.label, "type": field.kind });
            let mut put = |name: &str, value: Value, there: bool| {
                if there {
                    seen[name] = value;
                }
            };
            put("required", true.into(), field.required);
            put("multiple", true.into(), field.multiple);
            put("accept", field.accept.clone().into(), !field.accept.is_empty());
            put("placeholder", field.placeholder.clone().into(), !field.placeholder.is_empty());
            put("options", json!(field.options), !field.options.is_empty());
            put("values", json!(field.values), !field.values.is_empty());
            seen
        };
        json!({
            "title": self.title, "text": self.text, "button": self.button,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(),
        })
    }
}

/// A page with what is asked of it.
pub(crate) struct Reader(Page);

impl Reader {
    pub fn new(html: &str) -> Result<Reader> {
        Ok(Reader(Page::read(html)?))
    }

    pub fn all(&self, selector: &str) -> Result<Vec<Id>> {
        Ok(self.0.select(&Selector::read(selector)?)?)
    }

    pub fn first(&self, selector: &str) -> Result<Option<Id>> {
        Ok(self.all(selector)?.first().copied())
    }

    /// The words of an element, without the spaces and line breaks between them.
    pub fn words(&self, selector: &str) -> Result<String> {
        Ok(self.first(selector)?.map(|id| squeezed(&self.0.text(id))).unwrap_or_default())
    }

    pub fn attribute(&self, selector: &str, name: &str) -> Result<Option<String>> {
        Ok(self.first(selector)?.and_then(|id| self.0.attribute(id, name)).map(str::to_owned))
    }

    /// Where elements lead.
    pub fn links(&self, selector: &str) -> Result<Vec<String>> {
        Ok(self.all(selector)?.into_iter().map(|id| self.of(id, "href")).collect())
    }

    fn of(&self, id: Id, name: &str) -> String {
        self.0.attribute(id, name).unwrap_or_default().to_owned()
    }

    /// The page of n8n's template; nothing when it is no form.
    pub fn n8n(&self) -> Result<Option<Shown>> {
        if self.first("form#n8n-form")?.is_none() {
            return Ok(None);
        }
        let mut shown = Shown {
            title: self.words("form .form-header h1")?,
            text: self.words("form .form-header p")?,
            button: self.words("#submit-btn")?,
            fields: Vec::new(),
            hidden: Vec::new(),
        };
        for id in self.all("form [id^=field-]")? {
            let name = self.of(id, "id");
            let class = self.of(id, "class");
            let label = format!("label[for={name}]");
            let mut field = Field {
                kind: self.0.name(id).unwrap_or_default().to_owned(),
                required: class.split(' ').any(|class| class == "form-required"),
                placeholder: self.of(id, "placeholder"),
                accept: self.of(id, "accept"),
                multiple: self.0.attribute(id, "multiple").is_some(),
                ..Field::default()
            };
            match (field.kind.as_str(), self.of(id, "type").as_str()) {
                ("input", "hidden") => {
                    shown.hidden.push((name, self.of(id, "value")));
                    continue;
                }
                ("div", _) => {
                    field.kind = if self.of(id, "data-radio-select").is_empty() { "checkbox" } else { "radio" }.into();
                    let number = |name: &str| self.of(id, name).parse().ok();
                    let exact = number("data-exact-select");
                    field.bounds = (exact.or(number("data-min-select")), exact.or(number("data-max-select")));
                    for option in self.all(&format!("#{name} input"))? {
                        field.options.push(self.of(option, "value"));
                        if self.0.attribute(option, "checked").is_some() {
                            field.values.push(self.of(option, "value"));
                        }
                    }
                    field.label = self.words(&format!("div:has(#{name}) > label.form-label"))?;
                }
                ("select", _) => {
                    field.kind = "dropdown".into();
                    self.options(&name, &mut field)?;
                }
                ("input", kind) => {
                    field.kind = if kind.is_empty() { "text" } else { kind }.to_owned();
                    field.values.extend(Some(self.of(id, "value")).filter(|value| !value.is_empty()));
                }
                _ => field.values.extend(self.0.value(id).filter(|value| !value.is_empty())),
            }
            if field.label.is_empty() {
                field.label = self.words(&label)?;
            }
            field.name = name;
            shown.fields.push(field);
        }
        Ok(Some(shown))
    }

    /// A page of ours; nothing when it is no form.
    pub fn ours(&self) -> Result<Option<Shown>> {
        let Some(nonce) = self.attribute("input[name=form-page]", "value")? else { return Ok(None) };
        let mut shown = Shown {
            title: self.words("main > h1")?,
            text: self.words("main > .text")?,
            button: self.words("form > button")?,
            fields: Vec::new(),
            hidden: vec![("form-page".to_owned(), nonce)],
        };
        let mut known = BTreeSet::new();
        for id in self.all("form [name^=field-]")? {
            let name = self.of(id, "name");
            if !known.insert(name.clone()) {
                continue;
            }
            let of_type = self.of(id, "type");
            let boxes = matches!(of_type.as_str(), "checkbox" | "radio");
            let place =
                if boxes { format!("fieldset:has([name={name}]) legend") } else { format!("label[for={name}]") };
            let required = self.first(&format!("{place} .need"))?.is_some();
            let label = self.words(&place)?;
            let mut field = Field {
                label: label.strip_suffix("(required)").map_or(label.as_str(), str::trim_end).to_owned(),
                required,
                kind: if of_type.is_empty() { self.0.name(id).unwrap_or_default().to_owned() } else { of_type },
                placeholder: self.of(id, "placeholder"),
                accept: self.of(id, "accept"),
                multiple: self.0.attribute(id, "multiple").is_some(),
                ..Field::default()
            };
            match field.kind.as_str() {
                "checkbox" | "radio" => {
                    for option in self.all(&format!("form [name={name}]"))? {
                        field.options.push(self.of(option, "value"));
                        if self.0.attribute(option, "checked").is_some() {
                            field.values.push(self.of(option, "value"));
                        }
                    }
                }
                "select" => {
                    // n8n shows boxes where several may be chosen from a list.
                    let several = std::mem::take(&mut field.multiple);
                    field.kind = if several { "checkbox" } else { "dropdown" }.into();
                    self.options(&name, &mut field)?;
                }
                _ => field.values.extend(self.0.value(id).filter(|value| !value.is_empty())),
            }
            field.name = name;
            shown.fields.push(field);
        }
        Ok(Some(shown))
    }

    fn options(&self, name: &str, field: &mut Field) -> Result<()> {
        for option in self.all(&format!("#{name} option"))? {
            let value = self.of(option, "value");
            // The first one only says that one is to be chosen.
            if value.is_empty() {
                continue;
            }
            if self.0.attribute(option, "selected").is_some() {
                field.values.push(value.clone());
            }
            field.options.push(value);
        }
        Ok(())
    }
}

/// Words with one space between them.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_form_is_seen_in_both_ways_of_writing_it() {
        let theirs = "<form id='n8n-form'><div class='form-header'><h1>Apply</h1><p>For\n you </p></div>\
            <label class='form-label form-required' for='field-0'>Name</label><input class='form-input form-required' type='text' \
            id='field-0' name='field-0' value=\"Ada\" placeholder=\"\" /><div><label class='form-label '>Kind</label>\
            <div class='multiselect ' id='field-1' data-radio-select='radio'><input type='checkbox' id='option0_field-1' value='a' checked />\
            <input type='checkbox' id='option1_field-1' value='b' /></div></div><input type=\"hidden\" id=\"field-2\" name=\"field-2\" value=\"x\" />\
            <select id='field-3' name='field-3' class=''><option value='' disabled selected>Select</option><option value='S'>S</option></select>\
            <label for='field-3'>Size</label><button id='submit-btn'><span><svg></svg></span> Go </button></form>";
        let ours = "<main><h1>Apply</h1><div class=text>For<br> you</div><form method=post><input type=hidden name=form-page value=\"n\">\
            <div class=field><label for=field-0>Name <span class=need>(required)</span></label><input id=field-0 name=field-0 type=text value=\"Ada\" required></div>\
            <fieldset class=field><legend>Kind</legend><label class=choice><input id=field-1 type=radio name=field-1 value=\"a\" checked> <span>a</span></label>\
            <label class=choice><input id=field-1-1 type=radio name=field-1 value=\"b\"> <span>b</span></label></fieldset>\
            <label for=field-3>Size</label><select id=field-3 name=field-3><option value=\"\">Select</option><option value=\"S\">S</option></select>\
            <button>Go</button></form></main>";
        let theirs = Reader::new(theirs).unwrap().n8n().unwrap().unwrap();
        let ours = Reader::new(ours).unwrap().ours().unwrap().unwrap();
        assert_eq!(theirs.seen(), ours.seen());
        assert_eq!(theirs.fields.len(), 3);
        assert_eq!((&theirs.fields[1].values, ours.hidden[0].1.as_str()), (&vec!["a".to_owned()], "n"));
    }
}
