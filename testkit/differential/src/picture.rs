//! What is seen on a picture, coarse enough that two encoders agree on it.

use formats::picture::{self, Picture};
use serde::{Deserialize, Serialize};

/// Fields of the grid, in each direction.
const GRID: u32 = 8;
/// How far the mean of a channel may lie from the other's, of 255: rounding of encoders and of filters.
const NEAR: u8 = 10;

/// What is seen on a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PictureSeen {
    /// Format, for example `PNG`.
    pub format: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The mean colour of each field of a grid of 8 by 8, in hexadecimal: red, green, blue, opacity.
    pub grid: String,
}

impl PictureSeen {
    /// What is seen, if it is a picture.
    pub fn of(content: &[u8]) -> Option<PictureSeen> {
        let format = picture::about(content).ok()?.format;
        let picture = Picture::read(content).ok()?;
        let (width, height) = picture.size();
        let mut grid = String::new();
        for row in 0..GRID {
            for column in 0..GRID {
                grid.push_str(&mean(&picture, (width, column), (height, row)));
            }
        }
        Some(PictureSeen { format: format.to_string(), width, height, grid })
    }

    /// Whether the other is the same but for what encoders choose.
    pub fn looks_like(&self, other: &PictureSeen) -> bool {
        let channels = |grid: &str| -> Vec<u8> {
            (0..grid.len() / 2).filter_map(|at| u8::from_str_radix(grid.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
        };
        let (mine, theirs) = (channels(&self.grid), channels(&other.grid));
        self.format == other.format
            && (self.width, self.height) == (other.width, other.height)
            && mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|(one, other)| one.abs_diff(*other) <= NEAR)
    }
}

/// The mean colour of a field of the grid; colours count as much as they are seen.
fn mean(picture: &Picture, (width, column): (u32, u32), (height, row): (u32, u32)) -> String {
    let span = |size: u32, at: u32| {
        let (from, to) = (size * at / GRID, size * (at + 1) / GRID);
        from.min(size.saturating_sub(1))..to.max(from + 1).min(size)
    };
    let (mut sum, mut opacity, mut count) = ([0_u64; 3], 0_u64, 0_u64);
    for y in span(height, row) {
        for x in span(width, column) {
            let [red, green, blue, alpha] = picture.pixel(x, y);
            for (sum, channel) in sum.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(channel) * u64::from(alpha);
            }
            (opacity, count) = (opacity + u64::from(alpha), count + 1);
        }
    }
    let colour = sum.map(|sum| sum.checked_div(opacity).unwrap_or(0));
    let opacity = opacity.checked_div(count).unwrap_or(0);
    format!("{:02x}{:02x}{:02x}{opacity:02x}", colour[0], colour[1], colour[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_the_same_whatever_the_encoder_made_of_them_and_others_are_not() {
        let seen = |colour: [u8; 4], format: &str| {
            let picture = Picture::new(20, 10, colour).unwrap();
            PictureSeen::of(&picture.write(Some(format), 90).unwrap()).unwrap()
        };
        let red = seen([200, 10, 10, 255], "png");
        assert_eq!((red.width, red.height, &red.grid[..8]), (20, 10, "c80a0aff"));
        assert!(red.looks_like(&seen([204, 8, 12, 255], "png")));
        assert!(!red.looks_like(&seen([230, 10, 10, 255], "png")), "another colour");
        assert!(!red.looks_like(&seen([200, 10, 10, 255], "jpeg")), "another format");
        assert_eq!(PictureSeen::of(b"no picture"), None);
    }
}
