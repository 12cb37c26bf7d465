//! A value against the schema of what is read: words that nobody knows, words that are missing, values of another kind.

use model::{Map, Value};

use super::near::nearest;
use super::place::Place;

/// All that does not fit, each with its place.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<(Place, String)> {
    let mut form = Form { root: schema, faults: Vec::new() };
    form.look(schema, value, &Place::default());
    form.faults
}

struct Form<'s> {
    root: &'s Value,
    faults: Vec<(Place, String)>,
}

/// What a map may hold, gathered from a schema and those that it refers to.
#[derive(Default)]
struct Words<'s> {
    known: Vec<(&'s str, &'s Value)>,
    required: Vec<&'s str>,
    /// No others.
    closed: bool,
    /// What others are.
    others: Option<&'s Value>,
}

impl<'s> Words<'s> {
    /// Words that a kind of thing (`type: bearer`) tells before it is looked at.
    fn gather(&mut self, root: &'s Value, schema: &'s Value) {
        if let Some(properties) = schema["properties"].as_object() {
            for (word, of) in properties {
                if self.known.iter().all(|(known, _)| known != word) {
                    self.known.push((word, of));
                }
            }
        }
        self.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        for more in ["additionalProperties", "unevaluatedProperties"] {
            match &schema[more] {
                Value::Bool(false) => self.closed = true,
                others @ Value::Object(_) => self.others = Some(others),
                _ => {}
            }
        }
        if let Some(referred) = referred(root, schema) {
            self.gather(root, referred);
        }
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| self.gather(root, part));
    }
}

/// Whether what a schema is of may hold the word.
fn has(root: &Value, schema: &Value, word: &str) -> bool {
    let mut words = Words::default();
    words.gather(root, schema);
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    words.known.iter().any(|(known, _)| *known == word) || choices.into_iter().any(|of| has(root, of, word))
}

/// What a schema refers to.
fn referred<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    root.pointer(schema["$ref"].as_str()?.strip_prefix('#')?)
}

impl<'s> Form<'s> {
    fn look(&mut self, schema: &'s Value, value: &Value, at: &Place) {
        if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            return self.choose(choices, value, at);
        }
        if let Some(words) = words_of(schema) {
            return self.one_of(&words, value, at);
        }
        let kinds = kinds(self.root, schema);
        if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind)) {
            let said = wanted(&kinds, value);
            return self.say(at.clone(), said);
        }
        match value {
            Value::Object(map) => self.map(schema, map, at),
            Value::Array(list) => self.list(schema, list, at),
            Value::String(text) => self.text(schema, text, at),
            Value::Number(number) => self.number(schema, number, at),
            Value::Null | Value::Bool(_) => {
                if let Some(referred) = referred(self.root, schema) {
                    self.look(referred, value, at);
                }
            }
        }
    }

    fn say(&mut self, at: Place, said: String) {
        self.faults.push((at, said));
    }

    fn map(&mut self, schema: &'s Value, map: &Map, at: &Place) {
        let deeper = referred(self.root, schema).filter(|_| schema["properties"].is_null());
        if let Some(deeper) = deeper {
            return self.look(deeper, &Value::Object(map.clone()), at);
        }
        let mut words = Words::default();
        words.gather(self.root, schema);
        for (word, value) in map {
            let place = at.field(word);
            match words.known.iter().find(|(known, _)| known == word) {
                Some((_, of)) => {
                    let before = self.faults.len();
                    self.look(of, value, &place);
                    self.explain(before, &words, word, map, &place);
                }
                None if words.closed => {
                    let known: Vec<&str> = words.known.iter().map(|(known, _)| *known).collect();
                    // A word that stands here already is not what was meant.
                    let free = known.iter().copied().filter(|known| !map.contains_key(*known));
                    let near = nearest(word, free);
                    let below = words.known.iter().find(|(_, of)| has(self.root, of, word)).filter(|_| near.is_none());
                    let said = match below {
                        Some((above, _)) => format!("it belongs below `{above}`. Allowed are {}", listed(&known)),
                        None => meant(near, &known),
                    };
                    self.say(place, format!("there is no such word here; {said}"));
                }
                None => {
                    if let Some(others) = words.others {
                        self.look(others, value, &place);
                    }
                }
            }
        }
        for word in words.required.iter().filter(|word| !map.contains_key(**word)) {
            self.say(at.clone(), format!("`{word}` is missing{}", about(&words, word)));
        }
    }

    /// Of a value of another kind: what the word says, or which word takes such values.
    fn explain(&mut self, before: usize, words: &Words<'s>, word: &str, map: &Map, at: &Place) {
        let value = map.get(word).unwrap_or(&Value::Null);
        let of_kind = |of: &Value| {
            let kinds = kinds(self.root, of);
            kinds.is_empty() || kinds.iter().any(|kind| is(value, kind))
        };
        let fits = words.known.iter().find(|(known, _)| *known == word).is_some_and(|(_, of)| of_kind(of));
        let [(place, said)] = &self.faults[before..] else { return };
        if fits || place != at {
            return;
        }
        let others = words.known.iter().filter(|(known, of)| !map.contains_key(*known) && of_kind(of));
        let more = match nearest(word, others.map(|(known, _)| *known)) {
            Some(other) => format!("; did you mean `{other}`?"),
            None if value.is_object() || value.is_array() => about(words, word),
            None => return,
        };
        let plain = said.split("; a text that begins with").next().unwrap_or(said);
        self.faults[before].1 = format!("{plain}{more}");
    }

    fn list(&mut self, schema: &'s Value, list: &[Value], at: &Place) {
        if let Some(referred) = referred(self.root, schema) {
            return self.look(referred, &Value::Array(list.to_vec()), at);
        }
        let first = schema["prefixItems"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (index, value) in list.iter().enumerate() {
            let of = first.get(index).or(Some(&schema["items"])).filter(|of| of.is_object());
            if let Some(of) = of {
                self.look(of, value, &at.element(index));
            }
        }
        let (least, most) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        let count = list.len() as u64;
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            let most = most.or(least).unwrap_or_default();
            self.say(at.clone(), format!("{most} elements are wanted, and here are {count}"));
        }
    }

    fn text(&mut self, schema: &'s Value, text: &str, at: &Place) {
        if let Some(referred) = referred(self.root, schema) {
            return self.look(referred, &text.into(), at);
        }
        let Some(pattern) = schema["pattern"].as_str().and_then(|pattern| regex::Regex::new(pattern).ok()) else {
            return;
        };
        if pattern.is_match(text) {
            return;
        }
        let examples: Vec<String> =
            schema["examples"].as_array().into_iter().flatten().filter_map(Value::as_str).map(ticked).collect();
        let fits = match examples.is_empty() {
            true => {
                "it begins with a small letter or a digit and is made of small letters, digits, `-`, `_` and `.`".into()
            }
            false => format!("write it like {}", examples.join(" or ")),
        };
        self.say(at.clone(), format!("`{text}` does not fit; {fits}"));
    }

    fn number(&mut self, schema: &'s Value, number: &serde_json::Number, at: &Place) {
        if let Some(referred) = referred(self.root, schema) {
            return self.look(referred, &number.clone().into(), at);
        }
        let value = number.as_f64().unwrap_or_default();
        if let Some(least) = schema["minimum"].as_f64().filter(|least| value < *least) {
            self.say(at.clone(), format!("at least {least}, and here is `{number}`"));
        }
        let most = schema["maximum"].as_f64().or(match schema["format"].as_str() {
            Some("uint16") => Some(65_535.0),
            Some("uint32") => Some(f64::from(u32::MAX)),
            _ => None,
        });
        if let Some(most) = most.filter(|most| value > *most) {
            self.say(at.clone(), format!("at most {most}, and here is `{number}`"));
        }
    }

    /// One of several forms.
    fn choose(&mut self, choices: &'s [Value], value: &Value, at: &Place) {
        let (nothing, choices): (Vec<&Value>, Vec<&Value>) = choices.iter().partition(|of| of["type"] == "null");
        if value.is_null() && !nothing.is_empty() {
            return;
        }
        if let Some(words) = choices.iter().map(|of| words_of(of)).collect::<Option<Vec<_>>>() {
            return self.one_of(&words.concat(), value, at);
        }
        if let [only] = choices[..] {
            return self.look(only, value, at);
        }
        if let Some(tag) = tag_of(&choices) {
            return self.tagged(tag, &choices, value, at);
        }
        let mut best: Option<Vec<(Place, String)>> = None;
        for of in &choices {
            let mut form = Form { root: self.root, faults: Vec::new() };
            form.look(of, value, at);
            if form.faults.is_empty() {
                return;
            }
            let kinds = kinds(self.root, of);
            let of_kind = kinds.is_empty() || kinds.iter().any(|kind| is(value, kind));
            if of_kind && best.as_ref().is_none_or(|best| form.faults.len() < best.len()) {
                best = Some(form.faults);
            }
        }
        match best {
            Some(faults) => self.faults.extend(faults),
            None => {
                let kinds: Vec<&str> = choices.iter().flat_map(|of| kinds(self.root, of)).collect();
                self.say(at.clone(), wanted(&kinds, value));
            }
        }
    }

    /// Forms that a word tells apart: `type: bearer`.
    fn tagged(&mut self, tag: &str, choices: &[&'s Value], value: &Value, at: &Place) {
        let Some(map) = value.as_object() else {
            return self.say(at.clone(), wanted(&["object"], value));
        };
        let words: Vec<&str> = choices.iter().filter_map(|of| of["properties"][tag]["const"].as_str()).collect();
        let Some(said) = map.get(tag) else {
            return self.say(at.clone(), format!("`{tag}` is missing; it is one of {}", listed(&words)));
        };
        match choices.iter().find(|of| of["properties"][tag]["const"] == *said) {
            Some(of) => self.map(of, map, at),
            None => self.one_of(&words, said, &at.field(tag)),
        }
    }

    fn one_of(&mut self, words: &[&str], value: &Value, at: &Place) {
        match value.as_str() {
            Some(text) if words.contains(&text) => {}
            Some(text) => {
                let said = format!("there is no `{text}`; {}", meant(nearest(text, words.iter().copied()), words));
                self.say(at.clone(), said);
            }
            None => self.say(at.clone(), format!("{} is none of {}", shown(value), listed(words))),
        }
    }
}

/// The words of a schema that knows only some texts.
fn words_of(schema: &Value) -> Option<Vec<&str>> {
    match (schema["const"].as_str(), schema["enum"].as_array()) {
        (Some(word), _) => Some(vec![word]),
        (None, Some(words)) => words.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// The word by which forms are told apart.
fn tag_of<'s>(choices: &[&'s Value]) -> Option<&'s str> {
    let first = choices.first()?["properties"].as_object()?;
    let fixed = |tag: &&String| choices.iter().all(|of| of["properties"][tag.as_str()]["const"].is_string());
    first.keys().find(fixed).map(String::as_str)
}

/// Kinds of values that a schema takes; none: any.
fn kinds<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => match (referred(root, schema), schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())) {
            (Some(referred), _) => kinds(root, referred),
            (None, Some(choices)) => {
                let each: Vec<Vec<&str>> = choices.iter().map(|of| kinds(root, of)).collect();
                // One that takes anything makes all of them do.
                if each.iter().any(Vec::is_empty) { Vec::new() } else { each.concat() }
            }
            (None, None) => schema["const"].as_str().map(|_| "string").into_iter().collect(),
        },
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// What is wanted in place of a value of another kind.
fn wanted(kinds: &[&str], value: &Value) -> String {
    let mut names = Vec::new();
    for kind in kinds.iter().filter(|kind| **kind != "null") {
        let name = match *kind {
            "boolean" => "true or false",
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "a text",
            "array" => "a list",
            _ => "words with values",
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (are, wanted) = match names[..] {
        ["words with values"] => ("are", names.join("")),
        _ => ("is", names.join(" or ")),
    };
    let only = |kind: &str| kinds.iter().all(|own| *own == kind || *own == "null");
    let advice = match value {
        Value::String(text) if only("array") && text.len() <= 40 => format!("; write `[{text}]`"),
        Value::Bool(_) | Value::Number(_) if only("string") => "; put it into quotes".to_owned(),
        Value::Object(_) if only("string") => {
            "; a text that begins with `{`, or has `: ` in it, stands in quotes".to_owned()
        }
        Value::Array(_) if only("string") => "; a text that begins with `[` stands in quotes".to_owned(),
        Value::Null => "; what belongs to it stands below it, indented by two blanks, or leave the word out".to_owned(),
        _ => String::new(),
    };
    format!("{wanted} {are} wanted, and here is {}{advice}", shown(value))
}

/// A value as people see it.
fn shown(value: &Value) -> String {
    let short = |text: String| text.chars().take(60).collect::<String>();
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the text `{}`", short(text.clone())),
        Value::Array(_) => "a list".into(),
        Value::Object(map) => {
            let words: Vec<&str> = map.keys().map(String::as_str).collect();
            format!("a map of {}", short(listed(&words)))
        }
    }
}

/// The word that was meant, and all that there are.
fn meant(near: Option<&str>, known: &[&str]) -> String {
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let start = if near.is_empty() { "allowed are" } else { "Allowed are" };
    format!("{near}{start} {}", listed(known))
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| ticked(word)).collect::<Vec<_>>().join(", ")
}

fn ticked(word: &str) -> String {
    format!("`{word}`")
}

/// What a missing word says, from the first sentence of its description.
fn about(words: &Words<'_>, word: &str) -> String {
    let said = words.known.iter().find(|(known, _)| *known == word).and_then(|(_, of)| of["description"].as_str());
    let first =
        said.and_then(|said| said.split(['.', ':', '\n']).next()).map(str::trim).filter(|said| !said.is_empty());
    first.map(|said| format!("; it says: {}", lowered(said))).unwrap_or_default()
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    let second_is_small = text.chars().nth(1).is_some_and(|letter| !letter.is_uppercase());
    match letters.next() {
        Some(first) if second_is_small => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}
