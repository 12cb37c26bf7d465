//! Shapes as MySQL stores them (its SRID and the well-known binary form), read as n8n's driver reads them.

use model::Value;
use serde_json::json;

/// How deep collections may lie in each other.
const DEEPEST: usize = 32;

/// A shape: `{x, y}`, or lists of them. Nothing where the bytes are none.
pub fn read(bytes: &[u8]) -> Option<Value> {
    shape(&mut Reader { rest: bytes.get(4..)?, little: true }, 0)
}

fn shape(reader: &mut Reader<'_>, depth: usize) -> Option<Value> {
    reader.little = reader.take::<1>()?[0] == 1;
    let kind = reader.whole()?;
    match kind {
        1 => reader.point(),
        2 => reader.points(),
        3 => (0..reader.count(4)?).map(|_| reader.points()).collect::<Option<Vec<_>>>().map(Value::Array),
        4..=7 if depth < DEEPEST => {
            (0..reader.count(9)?).map(|_| shape(reader, depth + 1)).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*first)
    }

    fn whole(&mut self) -> Option<u32> {
        let four = self.take()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// A count of parts that take so many bytes at least.
    fn count(&mut self, each: usize) -> Option<u32> {
        let count = self.whole()?;
        (count as usize <= self.rest.len() / each).then_some(count)
    }

    fn number(&mut self) -> Option<f64> {
        let eight = self.take()?;
        Some(if self.little { f64::from_le_bytes(eight) } else { f64::from_be_bytes(eight) })
    }

    fn point(&mut self) -> Option<Value> {
        let (x, y) = (self.number()?, self.number()?);
        Some(json!({ "x": x, "y": y }))
    }

    fn points(&mut self) -> Option<Value> {
        (0..self.count(16)?).map(|_| self.point()).collect::<Option<Vec<_>>>().map(Value::Array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn points_and_lines_are_read_in_both_orders_of_bytes() {
        let (one, two) = (1f64, 2f64);
        let little = bytes(&[&[0; 4], &[1, 1, 0, 0, 0], &one.to_le_bytes(), &two.to_le_bytes()]);
        assert_eq!(read(&little), Some(json!({ "x": 1.0, "y": 2.0 })));
        let big = bytes(&[&[0; 4], &[0, 0, 0, 0, 1], &one.to_be_bytes(), &two.to_be_bytes()]);
        assert_eq!(read(&big), Some(json!({ "x": 1.0, "y": 2.0 })));
        let line = bytes(&[&[0; 4], &[1, 2, 0, 0, 0, 1, 0, 0, 0], &one.to_le_bytes(), &two.to_le_bytes()]);
        assert_eq!(read(&line), Some(json!([{ "x": 1.0, "y": 2.0 }])));
    }

    #[test]
    fn what_is_cut_short_or_claims_too_much_is_no_shape() {
        assert_eq!(read(&[0; 3]), None);
        assert_eq!(read(&bytes(&[&[0; 4], &[1, 2, 0, 0, 0, 255, 255, 255, 255]])), None);
        let nested = [[1u8, 7, 0, 0, 0, 1, 0, 0, 0]; 100].concat();
        assert_eq!(read(&bytes(&[&[0; 4], &nested])), None);
    }
}
