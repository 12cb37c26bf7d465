//! `core.xml`: XML texts to values, and values to XML texts.

use formats::xml;
use model::{Item, Map, Value};
use part::n8n::{self, Mapping};
use part::{Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::refusal;
use crate::{js, lenient};

/// What `core.xml` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The direction.
    #[schemars(title = "Do", extend("default" = "xmlToJson"))]
    #[serde(default)]
    mode: Mode,
    /// Field with the XML text; it is read, or gets what is written.
    #[schemars(title = "Field with the XML", example = &"data")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    data_property_name: String,
    /// Field that stands for an element's attributes.
    #[schemars(title = "Field for attributes", extend("x-form" = { "more": true }))]
    #[serde(default = "dollar", deserialize_with = "lenient::text")]
    attrkey: String,
    /// Field that stands for an element's text, where it has more than that.
    #[schemars(title = "Field for text", extend("x-form" = { "more": true }))]
    #[serde(default = "underscore", deserialize_with = "lenient::text")]
    charkey: String,
    /// Reading: children are lists even when there is one.
    #[schemars(
        title = "Children are always lists",
        extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    explicit_array: bool,
    /// Reading: the root's name is a field.
    #[schemars(title = "With the root's name", extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    explicit_root: bool,
    /// Reading: attributes are left out.
    #[schemars(title = "Without attributes", extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    ignore_attrs: bool,
    /// Reading: attributes become fields beside the children.
    #[schemars(
        title = "Attributes beside children",
        extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    merge_attrs: bool,
    /// Reading: white space inside texts becomes one blank.
    #[schemars(title = "Join white space", extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    normalize: bool,
    /// Reading: names are written small.
    #[schemars(title = "Small names", extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    normalize_tags: bool,
    /// Reading: white space at the ends of texts is left out.
    #[schemars(extend("x-form" = { "when": { "mode": "xmlToJson" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    trim: bool,
    /// Writing: signs outside the first plane of Unicode are allowed. They always are.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "allowSurrogateChars", default, deserialize_with = "lenient::flag")]
    _allow_surrogate_chars: bool,
    /// Writing: texts with signs of XML stand in CDATA sections.
    #[schemars(title = "CDATA sections", extend("x-form" = { "when": { "mode": "jsonToxml" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    cdata: bool,
    /// Writing: no declaration comes first.
    #[schemars(title = "Without a declaration", extend("x-form" = { "when": { "mode": "jsonToxml" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    headless: bool,
    /// Writing: name of the root. An item with one field has that field as its root, unless this is another name.
    #[schemars(title = "Name of the root", extend("x-form" = { "when": { "mode": "jsonToxml" }, "more": true }))]
    #[serde(default = "root", deserialize_with = "lenient::text")]
    root_name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
enum Mode {
    /// Items become XML texts.
    #[serde(rename = "jsonToxml")]
    Write,
    /// XML texts become items.
    #[default]
    #[serde(rename = "xmlToJson")]
    Read,
}

fn data() -> String {
    "data".into()
}

fn dollar() -> String {
    "$".into()
}

fn underscore() -> String {
    "_".into()
}

fn root() -> String {
    "root".into()
}

fn yes() -> bool {
    true
}

/// XML texts to values and back.
pub struct Xml;

impl Plain for Xml {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["parse", "convert", "soap", "feed", "json"],
        ..Descriptor::pure::<Params>(
            "core.xml",
            Group::Transform,
            "XML",
            "Reads XML texts into items, and writes items as XML",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.xml", versions: &[1.0] }];
    const NAMES: n8n::Names = &[
        ("mode", "mode"),
        ("dataPropertyName", "dataPropertyName"),
        ("attrkey", "options.attrkey"),
        ("charkey", "options.charkey"),
        ("explicitArray", "options.explicitArray"),
        ("explicitRoot", "options.explicitRoot"),
        ("ignoreAttrs", "options.ignoreAttrs"),
        ("mergeAttrs", "options.mergeAttrs"),
        ("normalize", "options.normalize"),
        ("normalizeTags", "options.normalizeTags"),
        ("trim", "options.trim"),
        ("allowSurrogateChars", "options.allowSurrogateChars"),
        ("cdata", "options.cdata"),
        ("headless", "options.headless"),
        ("rootName", "options.rootName"),
    ];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each(params, |params, item| Ok(vec![params.convert(item)?])).await
    }
}

impl Params {
    fn convert(&self, item: &Item) -> Result<Item, NodeError> {
        for (name, label, key) in
            [("attrkey", "Attribute Key", &self.attrkey), ("charkey", "Character Key", &self.charkey)]
        {
            if ["__proto__", "constructor", "prototype"].contains(&key.as_str()) {
                let detail = format!("The \"{label}\" option value \"{key}\" is not allowed");
                return Err(NodeError::parameter(&format!("/params/{name}"), detail));
            }
        }
        let name = &self.data_property_name;
        if self.mode == Mode::Write {
            let options = xml::Writing {
                attribute_key: self.attrkey.clone(),
                text_key: self.charkey.clone(),
                cdata: self.cdata,
                headless: self.headless,
                root: self.root_name.clone(),
            };
            let text = xml::write(&Value::Object(item.json.clone()), &options).map_err(refusal)?;
            return Ok(Item::new(Map::from_iter([(name.clone(), text.into())])));
        }
        let options = xml::Reading {
            attribute_key: self.attrkey.clone(),
            text_key: self.charkey.clone(),
            explicit_array: self.explicit_array,
            explicit_root: self.explicit_root,
            ignore_attributes: self.ignore_attrs,
            merge_attributes: self.merge_attrs,
            normalize: self.normalize,
            normalize_tags: self.normalize_tags,
            trim: self.trim,
        };
        let Some(text) = item.json.get(name) else {
            let names: Vec<String> = item.json.keys().map(|name| format!("`{name}`")).collect();
            return Err(NodeError::bad_data(format!("Item has no JSON property called \"{name}\""))
                .hint(format!("its fields are {}", names.join(", "))));
        };
        match xml::read(&js::text(text), &options).map_err(refusal)? {
            Value::Object(map) => Ok(Item::new(map)),
            Value::Null => Ok(Item::default()),
            // Without its root's name, a document may be a text alone; an item is an object.
            other => Ok(Item::new(Map::from_iter([(name.clone(), other)]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Xml);
        contract::runs(&Xml, json!({}), &[json!([{ "data": "<a>1</a>" }])]);
        contract::runs(&Xml, json!({ "mode": "jsonToxml" }), &[json!([{ "a": 1 }])]);
    }

    #[test]
    fn texts_become_items() {
        let one =
            |params: Value, text: &str| run(&Xml, params, &[json!([{ "data": text, "k": 1 }])]).unwrap()[0][0].clone();
        assert_eq!(one(json!({}), "<a x=\"1\"><b>t</b></a>"), json!({ "a": { "x": "1", "b": "t" } }));
        assert_eq!(one(json!({ "explicitRoot": false }), "<a><b>t</b></a>"), json!({ "b": "t" }));
        assert_eq!(one(json!({ "explicitRoot": false }), "<a>t</a>"), json!({ "data": "t" }));
        assert_eq!(
            one(json!({ "mergeAttrs": false, "attrkey": "@", "charkey": "#" }), "<a x=\"1\">t</a>"),
            json!({ "a": { "#": "t", "@": { "x": "1" } } })
        );
        assert_eq!(one(json!({}), ""), json!({}));
    }

    #[test]
    fn items_become_texts() {
        let params = json!({ "mode": "jsonToxml", "headless": true, "dataPropertyName": "xml" });
        let outputs = run(&Xml, params, &[json!([{ "a": { "b": [1, 2] } }])]).unwrap();
        assert_eq!(outputs[0], json!([{ "xml": "<a>\n  <b>1</b>\n  <b>2</b>\n</a>" }]));
    }

    #[test]
    fn what_cannot_be_read_or_written_fails_by_item() {
        assert_eq!(failure(&Xml, json!({}), &[json!([{ "x": 1 }])]), "Item has no JSON property called \"data\"");
        let laughs = "<!DOCTYPE a [<!ENTITY x \"ha\">]><a>&x;</a>";
        assert_eq!(failure(&Xml, json!({}), &[json!([{ "data": laughs }])]), "Invalid character entity");
        let key = json!({ "attrkey": "__proto__" });
        let detail = failure(&Xml, key, &[json!([{ "data": "<a/>" }])]);
        assert_eq!(detail, "The \"Attribute Key\" option value \"__proto__\" is not allowed");
        let mut bench = Bench::new(&Xml, json!({})).unwrap().on_error(OnError::Continue);
        let ran = bench.run(&[json!([{ "data": "x" }, { "data": "<a/>" }])]).unwrap();
        assert_eq!(
            ran.json()[0],
            json!([{ "error": "Non-whitespace before first tag.\nLine: 0\nColumn: 1\nChar: x" }, { "a": "" }])
        );
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "options": { "attrkey": "@", "explicitArray": true, "normalizeTags": true, "trim": true } }),
            json!({ "mode": "jsonToxml", "dataPropertyName": "x", "options": { "cdata": true, "rootName": "r", "headless": true } }),
        ] {
            check_round_trip(&Xml, 1.0, parameters);
        }
    }
}
