//! `core.edit-image`: changes pictures, step by step, or says what they are.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use formats::picture::{self, Blend, Fit, Picture, Shape};
use model::{Binary, Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::{TIME, WHOLE, described, refusal, wanted};
use crate::lenient;
use crate::lift::not_honoured;

/// What `core.edit-image` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Say what the picture is, and change nothing.
    #[schemars(title = "Only say what the picture is")]
    #[serde(default, deserialize_with = "lenient::flag")]
    information: bool,
    /// What is done, in order.
    #[schemars(extend("x-form" = { "when": { "information": false } }))]
    #[serde(default)]
    steps: Vec<Step>,
    /// Name of the picture in the item.
    #[schemars(title = "Name of the picture in the item", example = &"data")]
    #[serde(default = "data")]
    data_property_name: Value,
    /// Name that the result gets; empty: that of the picture.
    #[schemars(title = "Into the file", extend("x-form" = { "when": { "information": false }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    destination_key: String,
    /// Name of the file.
    #[schemars(extend("x-form" = { "when": { "information": false }, "more": true }))]
    #[serde(default)]
    file_name: Option<String>,
    /// Format of the result: `png`, `jpeg`, `gif`, `webp`, `bmp` or `tiff`. By default that of the picture.
    #[schemars(example = &"png", extend("x-form" = { "when": { "information": false }, "more": true }))]
    #[serde(default)]
    format: Option<String>,
    /// Quality of a JPEG file, 1 to 100.
    #[schemars(extend("x-form" = { "when": { "information": false }, "unit": "%", "more": true }))]
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    quality: Option<u8>,
}

/// A change.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "operation", deny_unknown_fields)]
enum Step {
    /// Makes it unsharp.
    Blur {
        /// Radius; the strength says enough, so this one is not looked at.
        #[serde(rename = "blur", default)]
        _blur: Value,
        /// Strength.
        #[serde(default = "two", deserialize_with = "lenient::number")]
        sigma: f64,
    },
    /// Puts a frame around it.
    Border {
        /// Pixels on the left and on the right.
        #[serde(default = "ten", deserialize_with = "lenient::number")]
        border_width: f64,
        /// Pixels above and below.
        #[serde(default = "ten", deserialize_with = "lenient::number")]
        border_height: f64,
        /// Colour, such as `#ff0000`.
        #[serde(default = "black", deserialize_with = "lenient::text")]
        border_color: String,
    },
    /// Lays another picture upon it.
    Composite {
        /// Name of the other picture in the item.
        #[serde(default, deserialize_with = "lenient::text")]
        data_property_name_composite: String,
        /// How: `Over`, `Multiply` …
        #[serde(default = "over", deserialize_with = "lenient::text")]
        operator: String,
        /// Where, from the left.
        #[serde(default, deserialize_with = "lenient::number")]
        position_x: f64,
        /// Where, from the top.
        #[serde(default, deserialize_with = "lenient::number")]
        position_y: f64,
    },
    /// Makes a new picture.
    Create {
        /// Colour.
        #[serde(default = "clear", deserialize_with = "lenient::text")]
        background_color: String,
        /// Pixels.
        #[serde(default = "fifty", deserialize_with = "lenient::number")]
        width: f64,
        /// Pixels.
        #[serde(default = "fifty", deserialize_with = "lenient::number")]
        height: f64,
    },
    /// Keeps a part.
    Crop {
        /// Pixels.
        #[serde(default = "large", deserialize_with = "lenient::number")]
        width: f64,
        /// Pixels.
        #[serde(default = "large", deserialize_with = "lenient::number")]
        height: f64,
        /// Where, from the left.
        #[serde(default, deserialize_with = "lenient::number")]
        position_x: f64,
        /// Where, from the top.
        #[serde(default, deserialize_with = "lenient::number")]
        position_y: f64,
    },
    /// Draws a shape.
    Draw {
        /// Which.
        #[serde(default)]
        primitive: Primitive,
        /// Colour.
        #[serde(default = "black", deserialize_with = "lenient::text")]
        color: String,
        /// Start, or centre of a circle.
        #[serde(default = "fifty", deserialize_with = "lenient::number")]
        start_position_x: f64,
        /// Start, or centre of a circle.
        #[serde(default = "fifty", deserialize_with = "lenient::number")]
        start_position_y: f64,
        /// End, or a point of a circle.
        #[serde(default = "far", deserialize_with = "lenient::number")]
        end_position_x: f64,
        /// End, or a point of a circle.
        #[serde(default = "far", deserialize_with = "lenient::number")]
        end_position_y: f64,
        /// Radius of a rectangle's corners.
        #[serde(default, deserialize_with = "lenient::number")]
        corner_radius: f64,
    },
    /// Turns it.
    Rotate {
        /// Degrees, with the clock.
        #[serde(default, deserialize_with = "lenient::number")]
        rotate: f64,
        /// Colour of the corners.
        #[serde(default = "white", deserialize_with = "lenient::text")]
        background_color: String,
    },
    /// Makes it larger or smaller.
    Resize {
        /// Pixels, or percent.
        #[serde(default = "large", deserialize_with = "lenient::number")]
        width: f64,
        /// Pixels, or percent.
        #[serde(default = "large", deserialize_with = "lenient::number")]
        height: f64,
        /// How the size is meant.
        #[serde(default)]
        resize_option: Resize,
    },
    /// Slants it.
    Shear {
        /// Degrees.
        #[serde(default, deserialize_with = "lenient::number")]
        degrees_x: f64,
        /// Degrees.
        #[serde(default, deserialize_with = "lenient::number")]
        degrees_y: f64,
    },
    /// Makes a colour transparent.
    Transparent {
        /// Colour.
        #[serde(default = "red", deserialize_with = "lenient::text")]
        color: String,
    },
    /// Writes text. There are no fonts here yet, so it fails.
    Text(Map),
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Primitive {
    /// A circle.
    Circle,
    /// A line.
    Line,
    /// A rectangle.
    #[default]
    Rectangle,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Resize {
    /// Exactly.
    IgnoreAspectRatio,
    /// As many pixels at most.
    #[default]
    MaximumArea,
    /// At least as large.
    MinimumArea,
    /// Within, when it is larger.
    OnlyIfLarger,
    /// Within, when it is smaller.
    OnlyIfSmaller,
    /// In percent.
    Percent,
}

fn data() -> Value {
    "data".into()
}
fn two() -> f64 {
    2.0
}
fn ten() -> f64 {
    10.0
}
fn fifty() -> f64 {
    50.0
}
fn far() -> f64 {
    250.0
}
fn large() -> f64 {
    500.0
}
fn black() -> String {
    "#000000".into()
}
fn white() -> String {
    "#ffffffff".into()
}
fn red() -> String {
    "#ff0000".into()
}
fn clear() -> String {
    "#ffffff00".into()
}
fn over() -> String {
    "Over".into()
}

/// n8n's parameters of each operation, which stand beside it unless there are several.
const PARAMETERS: &[(&str, &[&str])] = &[
    ("blur", &["blur", "sigma"]),
    ("border", &["borderColor", "borderWidth", "borderHeight"]),
    ("composite", &["dataPropertyNameComposite", "operator", "positionX", "positionY"]),
    ("create", &["backgroundColor", "height", "width"]),
    ("crop", &["height", "positionX", "positionY", "width"]),
    (
        "draw",
        &["color", "cornerRadius", "endPositionX", "endPositionY", "primitive", "startPositionX", "startPositionY"],
    ),
    ("resize", &["height", "resizeOption", "width"]),
    ("rotate", &["backgroundColor", "rotate"]),
    ("shear", &["degreesX", "degreesY"]),
    (
        "text",
        &[
            "text",
            "fontSize",
            "fontColor",
            "font",
            "positionX",
            "positionY",
            "lineLength",
            "horizontalAlignment",
            "verticalAlignment",
        ],
    ),
    ("transparent", &["color"]),
];

/// Operators that are laid here.
const OPERATORS: &[(&str, Blend)] = &[
    ("Over", Blend::Over),
    ("Atop", Blend::Atop),
    ("Copy", Blend::Copy),
    ("In", Blend::In),
    ("Out", Blend::Out),
    ("Xor", Blend::Xor),
    ("Plus", Blend::Plus),
    ("Minus", Blend::Minus),
    ("Add", Blend::Add),
    ("Subtract", Blend::Subtract),
    ("Difference", Blend::Difference),
    ("Multiply", Blend::Multiply),
    ("CopyRed", Blend::Channel(0)),
    ("CopyGreen", Blend::Channel(1)),
    ("CopyBlue", Blend::Channel(2)),
    ("CopyOpacity", Blend::Channel(3)),
];

const OPTIONS: n8n::Names = &[
    ("dataPropertyName", "dataPropertyName"),
    ("destinationKey", "options.destinationKey"),
    ("fileName", "options.fileName"),
    ("format", "options.format"),
    ("quality", "options.quality"),
];

/// Changes pictures.
pub struct EditImage;

impl Plain for EditImage {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["picture", "resize", "crop", "rotate", "png", "jpeg", "photo", "thumbnail"],
        ..Descriptor::pure::<Params>(
            "core.edit-image",
            Group::Transform,
            "Edit image",
            "Changes pictures: size, parts, frames, layers, or says what they are",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.editImage", versions: &[1.0, 1.1] }];
    const NAMES: n8n::Names = OPTIONS;

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, OPTIONS);
        let mut lifted = Lifted::default();
        match node.text("operation", "border") {
            "information" => _ = params.insert("information".into(), true.into()),
            "multiStep" => {
                params.insert("steps".into(), node.param("operations.operations").clone());
            }
            operation => {
                let mut step = Map::from_iter([("operation".to_owned(), Value::from(operation))]);
                let known = PARAMETERS.iter().find(|(name, _)| *name == operation).map(|(_, names)| *names);
                for name in known.unwrap_or_default() {
                    crate::lift::copy(node, name, &mut step, name);
                }
                params.insert("steps".into(), vec![Value::Object(step)].into());
            }
        }
        if params.get("steps").is_some_and(Value::is_null) {
            params.shift_remove("steps");
        }
        for step in params.get("steps").and_then(Value::as_array).into_iter().flatten() {
            if step["operation"] == "text" {
                not_honoured(&mut lifted, "text", "cannot be written: there are no fonts here");
            }
            if let Some(operator) = step["operator"].as_str().filter(|operator| !operator.starts_with('='))
                && blend(operator).is_none()
            {
                not_honoured(&mut lifted, "operator", format!("`{operator}` is not there yet"));
            }
        }
        if !node.param("options.font").is_null() {
            not_honoured(&mut lifted, "options.font", "is not used: there are no fonts here");
        }
        Lifted { params, ..lifted }
    }

    fn lower(params: &Map, _to: &Version) -> Map {
        let mut lowered = n8n::renamed(params, OPTIONS);
        if params.get("information").and_then(Value::as_bool) == Some(true) {
            lowered.insert("operation".into(), "information".into());
            return lowered;
        }
        match params.get("steps").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::Object(step)]) => {
                for (name, value) in step {
                    lowered.insert(name.clone(), value.clone());
                }
                // n8n leaves its default out.
                if step.get("operation").and_then(Value::as_str) == Some("border") {
                    lowered.shift_remove("operation");
                }
            }
            Some(steps) => {
                lowered.insert("operation".into(), "multiStep".into());
                crate::lift::put(&mut lowered, "operations.operations", steps.to_vec());
            }
            None => _ = lowered.insert("operation".into(), "multiStep".into()),
        }
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each_async(params, |one| {
            Box::pin(async move { Ok(vec![edit(one.ctx, &one.params, &one.item, one.position).await?]) })
        })
        .await
    }
}

fn blend(operator: &str) -> Option<Blend> {
    OPERATORS.iter().find(|(name, _)| *name == operator).map(|(_, blend)| *blend)
}

async fn edit(ctx: &Ctx, params: &Arc<Params>, item: &Item, position: usize) -> Result<Item, NodeError> {
    let mut made = item.clone();
    let creates = matches!(params.steps.first(), Some(Step::Create { .. })) && !params.information;
    let source = match creates {
        true => None,
        false => Some(wanted(item, &params.data_property_name, position)?),
    };
    let bytes = match &source {
        Some(file) => Some(ctx.read_file_whole(file, WHOLE).await?),
        None => None,
    };
    if params.information {
        let bytes = bytes.unwrap_or_default();
        let size = bytes.len();
        let about = ctx.compute(TIME, move || picture::about(&bytes)).await?.map_err(refusal)?;
        made.json = information(&about, size);
        return Ok(made);
    }
    let mut others: HashMap<String, Bytes> = HashMap::new();
    for step in &params.steps {
        if let Step::Composite { data_property_name_composite: name, .. } = step {
            let file = wanted(item, &name.as_str().into(), position)?;
            others.insert(name.clone(), ctx.read_file_whole(&file, WHOLE).await?);
        }
    }
    let shared = params.clone();
    let written = ctx.compute(TIME, move || shared.apply(bytes, &others)).await?.map_err(refusal)?;
    let name = match (params.destination_key.as_str(), params.data_property_name.as_str()) {
        ("", name) => name.unwrap_or("data").to_owned(),
        (name, _) => name.to_owned(),
    };
    let seen = described(None, None, &written);
    let mut file = Binary { blob: None, inline: None, ..item.file(&name).cloned().or(source).unwrap_or_default() };
    file.mime_type = seen.mime_type;
    file.file_extension = seen.file_extension;
    if let Some(format) = &params.format
        && let Some((stem, _)) = file.file_name.as_deref().and_then(|name| name.rsplit_once('.'))
    {
        file.file_name = Some(format!("{stem}.{format}"));
    }
    if let Some(name) = &params.file_name {
        file.file_name = Some(name.clone());
    }
    let written = Bytes::from(written);
    let stream = Box::pin(futures_util::stream::once(std::future::ready(Ok(written))));
    made.set_file(name, ctx.write_file(stream, file).await?);
    Ok(made)
}

fn information(about: &picture::About, size: usize) -> Map {
    let mut map = Map::new();
    map.insert("format".into(), about.format.into());
    map.insert("size".into(), serde_json::json!({ "width": about.width, "height": about.height }));
    map.insert("Geometry".into(), format!("{}x{}", about.width, about.height).into());
    map.insert("depth".into(), about.depth.into());
    map.insert("Type".into(), if about.gray { "grayscale" } else { "true color" }.into());
    map.insert("Filesize".into(), format!("{size}").into());
    map
}

fn pixels(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A colour, whose last pair says how transparent it is, as n8n's editor means it: `#ff000000` is a full red.
fn colour(text: &str) -> formats::Result<[u8; 4]> {
    let mut colour = picture::colour(text)?;
    let digits = text.trim().strip_prefix('#').unwrap_or_default();
    if matches!(digits.len(), 4 | 8) {
        colour[3] = 255 - colour[3];
    }
    Ok(colour)
}

impl Params {
    fn apply(&self, bytes: Option<Bytes>, others: &HashMap<String, Bytes>) -> formats::Result<Vec<u8>> {
        let mut picture = match bytes {
            Some(bytes) => Picture::read(&bytes)?,
            None => Picture::new(1, 1, [0; 4])?,
        };
        for step in &self.steps {
            match step {
                Step::Blur { sigma, .. } => picture.blur(*sigma as f32),
                Step::Border { border_width, border_height, border_color } => {
                    picture.border(pixels(*border_width), pixels(*border_height), colour(border_color)?)?;
                }
                Step::Composite { data_property_name_composite: name, operator, position_x, position_y } => {
                    let blend = blend(operator).ok_or_else(|| {
                        formats::Error::Option(format!("`{operator}` is no way to lay a picture upon another"))
                    })?;
                    let other = Picture::read(others.get(name).map(|bytes| &bytes[..]).unwrap_or_default())?;
                    picture.lay(&other, position_x.round() as i64, position_y.round() as i64, blend);
                }
                Step::Create { background_color, width, height } => {
                    picture = Picture::new(pixels(*width), pixels(*height), colour(background_color)?)?;
                }
                Step::Crop { width, height, position_x, position_y } => {
                    picture.crop(pixels(*position_x), pixels(*position_y), pixels(*width), pixels(*height))?;
                }
                Step::Draw {
                    primitive,
                    color,
                    start_position_x,
                    start_position_y,
                    end_position_x,
                    end_position_y,
                    corner_radius,
                } => {
                    let colour = colour(color)?;
                    let shape = match primitive {
                        Primitive::Circle => Shape::Circle,
                        Primitive::Line => Shape::Line,
                        Primitive::Rectangle => Shape::Rectangle { radius: *corner_radius },
                    };
                    picture.draw(
                        shape,
                        (*start_position_x, *start_position_y),
                        (*end_position_x, *end_position_y),
                        colour,
                    );
                }
                Step::Rotate { rotate, background_color } => {
                    picture.rotate(*rotate, colour(background_color)?)?;
                }
                Step::Resize { width, height, resize_option } => {
                    let fit = match resize_option {
                        Resize::IgnoreAspectRatio => Fit::Exact,
                        Resize::MaximumArea => Fit::Area,
                        Resize::MinimumArea => Fit::Cover,
                        Resize::OnlyIfLarger => Fit::IfLarger,
                        Resize::OnlyIfSmaller => Fit::IfSmaller,
                        Resize::Percent => Fit::Percent,
                    };
                    picture.resize(*width, *height, fit)?;
                }
                Step::Shear { degrees_x, degrees_y } => picture.shear(*degrees_x, *degrees_y)?,
                Step::Transparent { color } => picture.clear(colour(color)?),
                Step::Text(parameters) => {
                    let text = lenient::to_text(parameters.get("text").cloned().unwrap_or_default());
                    let detail = format!("`{text}` cannot be written into the picture: there are no fonts");
                    return Err(formats::Error::Option(detail));
                }
            }
        }
        picture.write(self.format.as_deref(), self.quality.unwrap_or(92))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use super::super::file::testing::{content, item};
    use super::*;
    use crate::lift::{check_round_trip, node};

    fn png(width: u32, height: u32) -> Vec<u8> {
        Picture::new(width, height, [255, 0, 0, 255]).unwrap().write(Some("png"), 0).unwrap()
    }

    /// Name, type and size of the picture.
    fn edit(params: Value) -> (Option<String>, String, (u32, u32)) {
        let mut bench = Bench::new(&EditImage, params).unwrap();
        let ran = bench.run(&[json!([item("a.png", "image/png", png(100, 50))])]).unwrap();
        let file = ran.files(0, 0).remove("data").unwrap();
        let size = Picture::read(&content(bench.host(), &file)).unwrap().size();
        (file.file_name, file.mime_type, size)
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&EditImage);
        let params = json!({ "steps": [{ "operation": "border" }] });
        contract::runs(&EditImage, params, &[json!([item("a.png", "image/png", png(4, 4))])]);
    }

    #[test]
    fn steps_change_the_picture_one_after_the_other() {
        let name = || Some("a.png".to_owned());
        assert_eq!(edit(json!({ "steps": [{ "operation": "border" }] })), (name(), "image/png".into(), (120, 70)));
        let steps = json!([
            { "operation": "resize", "width": "50", "height": 50, "resizeOption": "percent" },
            { "operation": "rotate", "rotate": 90 },
            { "operation": "crop", "width": 20, "height": 20 },
            { "operation": "draw" },
            { "operation": "blur" },
            { "operation": "transparent" },
            { "operation": "shear" },
        ]);
        assert_eq!(edit(json!({ "steps": steps })).2, (20, 20));
        let jpeg = edit(json!({ "steps": [], "format": "jpeg", "quality": 50 }));
        assert_eq!(jpeg, (Some("a.jpeg".into()), "image/jpeg".into(), (100, 50)));
        let composite = json!({ "steps": [{ "operation": "composite", "dataPropertyNameComposite": "data" }] });
        assert_eq!(edit(composite).2, (100, 50));
        let create = json!({ "steps": [{ "operation": "create", "width": 7, "height": 8 }], "fileName": "n.png" });
        assert_eq!(edit(create), (Some("n.png".into()), "image/png".into(), (7, 8)));
    }

    #[test]
    fn a_picture_says_what_it_is() {
        let mut bench = Bench::new(&EditImage, json!({ "information": true })).unwrap();
        let ran = bench.run(&[json!([item("a.png", "image/png", png(4, 3))])]).unwrap();
        let json = &ran.json()[0][0];
        assert_eq!((&json["format"], &json["size"]), (&json!("PNG"), &json!({ "width": 4, "height": 3 })));
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        let fails = |steps: Value, bytes: &[u8]| {
            failure(&EditImage, json!({ "steps": steps }), &[json!([item("a.png", "image/png", bytes)])])
        };
        let huge = json!([{ "operation": "resize", "width": 1e6, "height": 1e6, "resizeOption": "ignoreAspectRatio" }]);
        assert!(fails(huge, &png(2, 2)).contains("too large"));
        assert!(fails(json!([]), b"nonsense").contains("not a picture"));
        assert!(fails(json!([{ "operation": "border", "borderColor": "nope" }]), &png(2, 2)).contains("is no colour"));
        assert!(fails(json!([{ "operation": "text", "text": "x" }]), &png(2, 2)).contains("no fonts"));
        let text = EditImage::lift(&node("n8n-nodes-base.editImage", 1.0, json!({ "operation": "text", "text": "x" })));
        assert_eq!(text.problems.len(), 1);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.0, json!({ "operation": "information", "dataPropertyName": "x" })),
            (
                1.0,
                json!({ "operation": "resize", "width": 3, "height": 4, "resizeOption": "percent", "options": { "format": "png" } }),
            ),
            (
                1.1,
                json!({ "operation": "multiStep", "operations": { "operations": [{ "operation": "blur" }, { "operation": "crop", "width": 5 }] } }),
            ),
        ] {
            check_round_trip(&EditImage, version, parameters);
        }
    }
}
