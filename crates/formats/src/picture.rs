//! Pictures: read, changed and written, with bounds on how large they may be.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgba, RgbaImage};

use crate::{Error, Result};

/// Longest side, and most pixels.
const SIDE: u32 = 16_384;
const PIXELS: u64 = 64_000_000;

/// Most bytes that reading one takes.
const BYTES: u64 = 512 << 20;

/// A picture.
#[derive(Clone)]
pub struct Picture {
    pixels: RgbaImage,
    format: ImageFormat,
}

/// What a picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `PNG`, `JPEG` …
    pub format: &'static str,
    /// Bits of each colour.
    pub depth: u16,
    /// Whether places may be transparent.
    pub alpha: bool,
    /// Whether there are no colours.
    pub gray: bool,
}

/// How a size that is asked for is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Exactly.
    Exact,
    /// As many pixels at most, in the proportions that it has.
    Area,
    /// At least as large, in the proportions that it has.
    Cover,
    /// Within, when it is larger.
    IfLarger,
    /// Within, when it is smaller.
    IfSmaller,
    /// In percent.
    Percent,
}

/// How one picture is laid upon another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blend {
    /// Upon it.
    Over,
    /// Upon it, where it is not transparent.
    Atop,
    /// In its place.
    Copy,
    /// Where it is not transparent, in its place.
    In,
    /// Where it is transparent, in its place.
    Out,
    /// Where only one of them is.
    Xor,
    /// Colours added, at most white.
    Plus,
    /// Colours taken away, at least black.
    Minus,
    /// Colours added; what is beyond white begins with black.
    Add,
    /// Colours taken away; what is below black begins with white.
    Subtract,
    /// How much colours differ.
    Difference,
    /// Colours multiplied.
    Multiply,
    /// One channel of it.
    Channel(usize),
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A circle around the start through the end.
    Circle,
    /// A line.
    Line,
    /// A rectangle with round corners.
    Rectangle {
        /// Radius of the corners.
        radius: f64,
    },
}

fn bounded(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 {
        return Err(Error::Option("a picture has at least one pixel".into()));
    }
    if width > SIDE || height > SIDE || pixels > PIXELS {
        return Err(Error::limit(format!(
            "a picture of {width} × {height} pixels is too large: at most {SIDE} on a side, and {PIXELS} in all"
        )));
    }
    Ok(())
}

fn reader(bytes: &[u8]) -> Result<(impl ImageDecoder + '_, ImageFormat)> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(Error::broken)?;
    let format = reader.format().ok_or_else(|| Error::broken("the file is not a picture of a format that is known"))?;
    let mut reader = reader;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(failure)?;
    let (width, height) = decoder.dimensions();
    bounded(width, height)?;
    Ok((decoder, format))
}

fn failure(error: image::ImageError) -> Error {
    match error {
        image::ImageError::Limits(error) => Error::limit(format!("the picture is too large: {error}")),
        error => Error::broken(error),
    }
}

/// What a picture is, without reading its pixels.
///
/// # Errors
/// It is none that can be read.
pub fn about(bytes: &[u8]) -> Result<About> {
    let (decoder, format) = reader(bytes)?;
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    Ok(About {
        width,
        height,
        format: name(format),
        depth: colour.bits_per_pixel() / u16::from(colour.channel_count()),
        alpha: colour.has_alpha(),
        gray: !colour.has_color(),
    })
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WEBP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        _ => "UNKNOWN",
    }
}

/// `#rrggbb`, `#rrggbbaa`, `#rgb`, and a few names.
///
/// # Errors
/// It is no colour.
pub fn colour(text: &str) -> Result<[u8; 4]> {
    let wrong = || Error::Option(format!("`{text}` is no colour such as `#ff0000`"));
    let plain = text.trim().to_ascii_lowercase();
    let digits = match plain.as_str() {
        "black" => "000000",
        "white" => "ffffff",
        "red" => "ff0000",
        "green" => "008000",
        "blue" => "0000ff",
        "yellow" => "ffff00",
        "gray" | "grey" => "808080",
        "transparent" | "none" => return Ok([0; 4]),
        other => other.strip_prefix('#').ok_or_else(wrong)?,
    };
    let long: String = match digits.len() {
        3 | 4 => digits.chars().flat_map(|c| [c, c]).collect(),
        _ => digits.to_owned(),
    };
    let mut colour = [0, 0, 0, 255];
    if !matches!(long.len(), 6 | 8) || !long.is_ascii() {
        return Err(wrong());
    }
    for (at, place) in colour.iter_mut().enumerate().take(long.len() / 2) {
        *place = u8::from_str_radix(&long[at * 2..at * 2 + 2], 16).map_err(|_| wrong())?;
    }
    Ok(colour)
}

impl Picture {
    /// Reads one, upright.
    ///
    /// # Errors
    /// It is none that can be read, or too large.
    pub fn read(bytes: &[u8]) -> Result<Picture> {
        let (mut decoder, format) = reader(bytes)?;
        let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut image = DynamicImage::from_decoder(decoder).map_err(failure)?;
        image.apply_orientation(upright);
        Ok(Picture { pixels: image.into_rgba8(), format })
    }

    /// A new one of one colour.
    ///
    /// # Errors
    /// It would be too large.
    pub fn new(width: u32, height: u32, colour: [u8; 4]) -> Result<Picture> {
        bounded(width, height)?;
        Ok(Picture { pixels: RgbaImage::from_pixel(width, height, Rgba(colour)), format: ImageFormat::Png })
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        self.pixels.dimensions()
    }

    /// The colour of a pixel that is there: red, green, blue, opacity.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        self.pixels.get_pixel(x, y).0
    }

    /// The file, in the format that it came in or another one; `quality` is JPEG's.
    ///
    /// # Errors
    /// There is no such format.
    pub fn write(&self, format: Option<&str>, quality: u8) -> Result<Vec<u8>> {
        let format = match format.map(str::to_ascii_lowercase).as_deref() {
            None => self.format,
            Some("png") => ImageFormat::Png,
            Some("jpeg" | "jpg") => ImageFormat::Jpeg,
            Some("gif") => ImageFormat::Gif,
            Some("webp") => ImageFormat::WebP,
            Some("bmp") => ImageFormat::Bmp,
            Some("tiff" | "tif") => ImageFormat::Tiff,
            Some(other) => return Err(Error::Option(format!("`{other}` is no format that pictures are written in"))),
        };
        let mut out = Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(self.pixels.clone());
        match format {
            ImageFormat::Jpeg => {
                let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100));
                image.to_rgb8().write_with_encoder(encoder).map_err(Error::broken)?;
            }
            format => image.write_to(&mut out, format).map_err(Error::broken)?,
        }
        Ok(out.into_inner())
    }

    /// Another size.
    ///
    /// # Errors
    /// It would be too large.
    pub fn resize(&mut self, width: f64, height: f64, fit: Fit) -> Result<()> {
        let (own_width, own_height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let (by_width, by_height) = (width / own_width, height / own_height);
        let scale = match fit {
            Fit::Exact => (by_width, by_height),
            Fit::Percent => (width / 100.0, height / 100.0),
            Fit::Area => {
                let scale = (width * height / (own_width * own_height)).sqrt();
                (scale, scale)
            }
            Fit::Cover => (by_width.max(by_height), by_width.max(by_height)),
            Fit::IfLarger if own_width <= width && own_height <= height => return Ok(()),
            Fit::IfSmaller if own_width >= width || own_height >= height => return Ok(()),
            Fit::IfLarger | Fit::IfSmaller => (by_width.min(by_height), by_width.min(by_height)),
        };
        let side = |own: f64, scale: f64| (own * scale).round().clamp(0.0, f64::from(u32::MAX)).max(1.0) as u32;
        let (width, height) = (side(own_width, scale.0), side(own_height, scale.1));
        bounded(width, height)?;
        self.pixels = imageops::resize(&self.pixels, width, height, FilterType::Lanczos3);
        Ok(())
    }

    /// A part.
    ///
    /// # Errors
    /// There is nothing there.
    pub fn crop(&mut self, x: u32, y: u32, width: u32, height: u32) -> Result<()> {
        let (own_width, own_height) = self.size();
        if x >= own_width || y >= own_height || width == 0 || height == 0 {
            return Err(Error::Option("the part that is asked for is outside of the picture".into()));
        }
        let (width, height) = (width.min(own_width - x), height.min(own_height - y));
        self.pixels = imageops::crop_imm(&self.pixels, x, y, width, height).to_image();
        Ok(())
    }

    /// Unsharp.
    pub fn blur(&mut self, sigma: f32) {
        if sigma > 0.0 {
            self.pixels = imageops::blur(&self.pixels, sigma.min(100.0));
        }
    }

    /// A frame around it.
    ///
    /// # Errors
    /// It would be too large.
    pub fn border(&mut self, width: u32, height: u32, colour: [u8; 4]) -> Result<()> {
        let (own_width, own_height) = self.size();
        let whole =
            (own_width.saturating_add(width.saturating_mul(2)), own_height.saturating_add(height.saturating_mul(2)));
        let mut framed = Picture::new(whole.0, whole.1, colour)?;
        framed.lay(self, i64::from(width), i64::from(height), Blend::Over);
        self.pixels = framed.pixels;
        Ok(())
    }

    /// Turned by degrees, with the clock; the corners that come free get the colour.
    ///
    /// # Errors
    /// It would be too large.
    pub fn rotate(&mut self, degrees: f64, colour: [u8; 4]) -> Result<()> {
        let degrees = degrees.rem_euclid(360.0);
        if degrees == 0.0 {
            return Ok(());
        }
        if degrees == 90.0 || degrees == 180.0 || degrees == 270.0 {
            self.pixels = match degrees as u32 {
                90 => imageops::rotate90(&self.pixels),
                180 => imageops::rotate180(&self.pixels),
                _ => imageops::rotate270(&self.pixels),
            };
            return Ok(());
        }
        let (sin, cos) = degrees.to_radians().sin_cos();
        self.turn([cos, -sin, sin, cos], colour)
    }

    /// Aslant by degrees, along both sides.
    ///
    /// # Errors
    /// It would be too large.
    pub fn shear(&mut self, x: f64, y: f64) -> Result<()> {
        if x.abs() >= 89.0 || y.abs() >= 89.0 {
            return Err(Error::Option("a picture can be slanted by less than 89 degrees".into()));
        }
        self.turn([1.0, x.to_radians().tan(), y.to_radians().tan(), 1.0], [0; 4])
    }

    /// Each place comes from where the matrix took it.
    fn turn(&mut self, [a, b, c, d]: [f64; 4], colour: [u8; 4]) -> Result<()> {
        let (width, height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let determinant = a * d - b * c;
        if determinant.abs() < 1e-6 {
            return Err(Error::Option("the picture would be a line".into()));
        }
        let whole = ((width * a.abs() + height * b.abs()).ceil(), (width * c.abs() + height * d.abs()).ceil());
        let mut turned = Picture::new(whole.0.min(1e9) as u32, whole.1.min(1e9) as u32, colour)?;
        let (own_width, own_height) = self.size();
        for (x, y, place) in turned.pixels.enumerate_pixels_mut() {
            let (x, y) = (f64::from(x) + 0.5 - whole.0 / 2.0, f64::from(y) + 0.5 - whole.1 / 2.0);
            let from_x = (d * x - b * y) / determinant + width / 2.0;
            let from_y = (a * y - c * x) / determinant + height / 2.0;
            if from_x >= 0.0 && from_y >= 0.0 && (from_x as u32) < own_width && (from_y as u32) < own_height {
                let own = self.pixels.get_pixel(from_x as u32, from_y as u32);
                *place = mixed(*own, *place, Blend::Over);
            }
        }
        self.pixels = turned.pixels;
        Ok(())
    }

    /// Lays another one upon it.
    pub fn lay(&mut self, other: &Picture, x: i64, y: i64, blend: Blend) {
        let (width, height) = self.size();
        for (other_x, other_y, own) in other.pixels.enumerate_pixels() {
            let (x, y) = (x.saturating_add(i64::from(other_x)), y.saturating_add(i64::from(other_y)));
            if (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y) {
                let place = self.pixels.get_pixel_mut(x as u32, y as u32);
                *place = mixed(*own, *place, blend);
            }
        }
    }

    /// Draws a shape, filled.
    pub fn draw(&mut self, shape: Shape, from: (f64, f64), to: (f64, f64), colour: [u8; 4]) {
        let radius = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        for (x, y, place) in self.pixels.enumerate_pixels_mut() {
            let (x, y) = (f64::from(x), f64::from(y));
            let inside = match shape {
                Shape::Circle => (x - from.0).powi(2) + (y - from.1).powi(2) <= radius.powi(2),
                Shape::Line => {
                    let along = if radius == 0.0 {
                        0.0
                    } else {
                        ((x - from.0) * (to.0 - from.0) + (y - from.1) * (to.1 - from.1)) / radius.powi(2)
                    };
                    let along = along.clamp(0.0, 1.0);
                    let near = (from.0 + along * (to.0 - from.0), from.1 + along * (to.1 - from.1));
                    (x - near.0).powi(2) + (y - near.1).powi(2) <= 0.5
                }
                Shape::Rectangle { radius } => {
                    let radius = radius.clamp(0.0, ((right - left) / 2.0).min((bottom - top) / 2.0).max(0.0));
                    let corner = (x.clamp(left + radius, right - radius), y.clamp(top + radius, bottom - radius));
                    let near = (x - corner.0).powi(2) + (y - corner.1).powi(2) <= radius.powi(2);
                    x >= left && x <= right && y >= top && y <= bottom && near
                }
            };
            if inside {
                *place = mixed(Rgba(colour), *place, Blend::Over);
            }
        }
    }

    /// Makes a colour transparent.
    pub fn clear(&mut self, colour: [u8; 4]) {
        for place in self.pixels.pixels_mut().filter(|place| place.0[..3] == colour[..3]) {
            place.0[3] = 0;
        }
    }
}

/// One pixel upon another.
fn mixed(upper: Rgba<u8>, lower: Rgba<u8>, blend: Blend) -> Rgba<u8> {
    let (a, b) = (f64::from(upper.0[3]) / 255.0, f64::from(lower.0[3]) / 255.0);
    let of = |pixel: Rgba<u8>, at: usize| f64::from(pixel.0[at]) / 255.0;
    // How much of each is seen.
    let (upper_part, lower_part) = match blend {
        Blend::Over => (a, b * (1.0 - a)),
        Blend::Atop => (a * b, b * (1.0 - a)),
        Blend::In => (a * b, 0.0),
        Blend::Out => (a * (1.0 - b), 0.0),
        Blend::Xor => (a * (1.0 - b), b * (1.0 - a)),
        Blend::Copy => return upper,
        Blend::Channel(channel) => {
            let mut mixed = lower;
            mixed.0[channel] = upper.0[channel];
            return mixed;
        }
        blend => {
            let mut mixed = lower;
            for at in 0..3 {
                let (one, other) = (of(upper, at), of(lower, at));
                let value = match blend {
                    Blend::Plus => (one + other).min(1.0),
                    Blend::Minus => (other - one).max(0.0),
                    Blend::Add => (one + other).rem_euclid(256.0 / 255.0),
                    Blend::Subtract => (other - one).rem_euclid(256.0 / 255.0),
                    Blend::Difference => (one - other).abs(),
                    _ => one * other,
                };
                mixed.0[at] = (value * 255.0).round() as u8;
            }
            mixed.0[3] = upper.0[3].max(lower.0[3]);
            return mixed;
        }
    };
    let alpha = upper_part + lower_part;
    if alpha <= 0.0 {
        return Rgba([0; 4]);
    }
    let channel = |at: usize| {
        let value = (of(upper, at) * upper_part + of(lower, at) * lower_part) / alpha;
        (value * 255.0).round() as u8
    };
    Rgba([channel(0), channel(1), channel(2), (alpha.min(1.0) * 255.0).round() as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    fn at(picture: &Picture, x: u32, y: u32) -> [u8; 4] {
        picture.pixels.get_pixel(x, y).0
    }

    #[test]
    fn pictures_survive_their_formats() {
        let mut picture = Picture::new(20, 10, RED).unwrap();
        picture.draw(Shape::Rectangle { radius: 0.0 }, (0.0, 0.0), (4.0, 9.0), BLUE);
        for format in ["png", "bmp", "tiff", "webp", "gif", "jpeg"] {
            let bytes = picture.write(Some(format), 100).unwrap();
            let read = Picture::read(&bytes).unwrap();
            assert_eq!(read.size(), (20, 10), "{format}");
            let about = about(&bytes).unwrap();
            assert_eq!((about.width, about.height), (20, 10));
            assert_eq!(about.format.to_lowercase(), format);
            let near = |a: [u8; 4], b: [u8; 4]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12);
            assert!(near(at(&read, 2, 5), BLUE) && near(at(&read, 15, 5), RED), "{format}");
        }
        assert!(picture.write(Some("psd"), 100).is_err());
    }

    #[test]
    fn sizes_are_meant_in_several_ways() {
        let size = |width: f64, height: f64, fit: Fit| {
            let mut picture = Picture::new(100, 50, RED).unwrap();
            picture.resize(width, height, fit).unwrap();
            picture.size()
        };
        assert_eq!(size(30.0, 30.0, Fit::Exact), (30, 30));
        assert_eq!(size(50.0, 25.0, Fit::Area), (50, 25));
        assert_eq!(size(50.0, 50.0, Fit::Area), (71, 35));
        assert_eq!(size(50.0, 50.0, Fit::Cover), (100, 50));
        assert_eq!(size(50.0, 50.0, Fit::IfLarger), (50, 25));
        assert_eq!(size(200.0, 200.0, Fit::IfLarger), (100, 50));
        assert_eq!(size(200.0, 200.0, Fit::IfSmaller), (200, 100));
        assert_eq!(size(50.0, 10.0, Fit::Percent), (50, 5));
        let mut picture = Picture::new(10, 10, RED).unwrap();
        assert!(matches!(picture.resize(1e9, 1e9, Fit::Exact), Err(Error::Limit(_))));
    }

    #[test]
    fn parts_frames_turns_and_layers() {
        let mut picture = Picture::new(10, 10, RED).unwrap();
        picture.border(2, 1, BLUE).unwrap();
        assert_eq!((picture.size(), at(&picture, 0, 5), at(&picture, 5, 5)), ((14, 12), BLUE, RED));
        picture.crop(2, 1, 100, 100).unwrap();
        assert_eq!(picture.size(), (12, 11));
        assert!(picture.crop(50, 0, 1, 1).is_err());
        picture.rotate(90.0, BLUE).unwrap();
        assert_eq!(picture.size(), (11, 12));
        picture.rotate(45.0, BLUE).unwrap();
        assert_eq!(at(&picture, 0, 0), BLUE);
        let mut lower = Picture::new(4, 4, RED).unwrap();
        lower.lay(&Picture::new(2, 2, BLUE).unwrap(), 3, 3, Blend::Over);
        assert_eq!((at(&lower, 3, 3), at(&lower, 2, 2)), (BLUE, RED));
        lower.lay(&Picture::new(2, 2, BLUE).unwrap(), -1, -1, Blend::Plus);
        assert_eq!(at(&lower, 0, 0), [255, 0, 255, 255]);
        lower.clear(RED);
        assert_eq!(at(&lower, 2, 2)[3], 0);
        lower.blur(2.0);
        lower.shear(10.0, 0.0).unwrap();
        assert!(lower.shear(90.0, 0.0).is_err());
    }

    #[test]
    fn huge_and_broken_pictures_are_refused() {
        assert!(matches!(Picture::new(SIDE + 1, 1, RED), Err(Error::Limit(_))));
        assert!(matches!(Picture::new(SIDE, SIDE, RED), Err(Error::Limit(_))));
        assert!(Picture::new(0, 1, RED).is_err());
        let mut bytes = Picture::new(2, 2, RED).unwrap().write(Some("bmp"), 0).unwrap();
        // A header that promises more than there is.
        bytes[18..22].copy_from_slice(&100_000u32.to_le_bytes());
        assert!(Picture::read(&bytes).is_err());
        assert!(Picture::read(b"nonsense").is_err());
        let whole = Picture::new(9, 9, RED).unwrap().write(Some("png"), 0).unwrap();
        for cut in 0..whole.len() {
            let _ = Picture::read(&whole[..cut]);
        }
        for (text, expect) in [
            ("#f00", Some(RED)),
            ("#ff000080", Some([255, 0, 0, 128])),
            ("red", Some(RED)),
            ("#12", None),
            ("x", None),
            ("#ééé", None),
        ] {
            assert_eq!(colour(text).ok(), expect, "{text}");
        }
    }
}
