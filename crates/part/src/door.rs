//! What stands at the resume address of a step that waits: who may come in, how a call is read and answered, and the
//! form that is shown. `nodes` writes it when a step begins to wait, `inbound` keeps it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trigger::Webhook;
use crate::{Answer, AnswerBody};

/// What stands at the resume address of a step. It travels in the wait itself, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Door {
    /// Methods, senders, credentials, body and answer; the path says nothing.
    pub webhook: Webhook,
    /// The form that a visitor fills in; absent: any call of the right method resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// Time zone that the form was sent in; absent: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// What a visitor sees who has gone through the last page of a form. A step gives it as the run's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Heading.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Markup below it; line breaks are kept, and what could do harm is taken out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Title of the page; the form's where it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub page_title: String,
    /// Address that a visitor is led to instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// The text is a page of its own, without our heading and style.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare: bool,
    /// Files that a visitor can save.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<model::Binary>,
    /// Rules of style (CSS) that follow our own ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<String>,
    /// Whether a line below says what serves it; absent: as the form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<bool>,
}

/// The content type of an answer that is an [`Ending`].
pub const ENDING: &str = "application/vnd.fishplate.form-ending+json";

impl Ending {
    /// The ending as a run's answer.
    pub fn answer(&self) -> Answer {
        // A struct of texts always has a JSON form.
        let text = serde_json::to_string(self).unwrap_or_default();
        Answer { status: 200, headers: vec![("content-type".into(), ENDING.into())], body: AnswerBody::Text(text) }
    }

    /// The ending that an answer is, if it is one.
    pub fn of(answer: &Answer) -> Option<Ending> {
        let is = answer.headers.iter().any(|(name, value)| name == "content-type" && value == ENDING);
        match &answer.body {
            AnswerBody::Text(text) if is => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}

/// A form for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Form {
    /// Heading.
    #[serde(default)]
    pub title: String,
    /// Text below the heading; lines are kept, and simple markup (links, lists, emphasis, pictures) is shown.
    #[serde(default)]
    pub description: String,
    /// The fields, from top to bottom.
    #[serde(default)]
    pub fields: Vec<FormField>,
    /// Text on the button; `Submit` when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// Text that is shown when the form was sent; a sentence of ours when it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<String>,
    /// Address that a visitor is led to instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Rules of style (CSS) that follow our own ones. They can load nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<String>,
    /// Whether a line below the form says what serves it; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<bool>,
    /// `submittedAt` is in UTC rather than in the workflow's time zone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub utc: bool,
    /// The headers of the request come along, as `headers`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headers: bool,
}

/// A field of a form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormField {
    /// What the visitor reads, and the name that the value has in the item.
    #[serde(default)]
    pub label: String,
    /// Name that the value has in the item and in a query, where it is not the label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What can be entered.
    #[serde(default, rename = "type")]
    pub kind: FieldKind,
    /// Example that is shown while nothing is entered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub placeholder: String,
    /// What is entered at first, and the value of a hidden field. Several choices are separated by commas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Choices of a dropdown, of radio buttons and of checkboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Several choices of a dropdown, or several files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multiple: bool,
    /// Fewest checkboxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u32>,
    /// Most checkboxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
    /// Endings and media types of files, separated by commas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accept: String,
    /// Markup that is shown (`type: html`): scripts, styles, frames and fields in it are taken out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
    /// Pattern that a day is written in (`type: date`), such as `dd.mm.yyyy`; absent: `2026-01-31`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// The form cannot be sent without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// What can be entered in a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// A line of text.
    #[default]
    Text,
    /// Several lines.
    Textarea,
    /// A number.
    Number,
    /// A mail address.
    Email,
    /// A line that nobody looking on can read.
    Password,
    /// A day.
    Date,
    /// One or several of the options, in a list.
    Dropdown,
    /// One of the options.
    Radio,
    /// Several of the options.
    Checkbox,
    /// Files.
    File,
    /// Nothing: the value goes along.
    #[serde(rename = "hiddenField")]
    Hidden,
    /// Nothing: markup is shown.
    Html,
}

impl FormField {
    /// The name that the value has in the item.
    pub fn key(&self) -> &str {
        if self.name.is_empty() { &self.label } else { &self.name }
    }

    /// Whether only its options can be entered.
    pub fn has_options(&self) -> bool {
        matches!(self.kind, FieldKind::Dropdown | FieldKind::Radio | FieldKind::Checkbox)
    }

    /// Whether its value is a list.
    pub fn is_list(&self) -> bool {
        match self.kind {
            FieldKind::Checkbox => true,
            FieldKind::Dropdown => self.multiple,
            _ => false,
        }
    }
}
