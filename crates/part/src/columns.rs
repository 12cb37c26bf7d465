//! Reads single fields out of a text of items, passing over everything else.

use std::fmt;

use model::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The list of items.
pub(crate) struct Rows<'a> {
    pub names: &'a [&'a str],
    /// For each name a value for each item.
    pub columns: &'a mut [Vec<Option<Value>>],
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut row = 0;
        while list.next_element_seed(Row { rows: Rows { names: self.names, columns: self.columns }, row })?.is_some() {
            row += 1;
        }
        Ok(())
    }
}

/// One item.
struct Row<'a> {
    rows: Rows<'a>,
    row: usize,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut item: A) -> Result<(), A::Error> {
        while let Some(part) = item.next_key_seed(Name(&["json"]))? {
            match part {
                Some(_) => item.next_value_seed(Fields {
                    rows: &mut *self.rows.columns,
                    names: self.rows.names,
                    row: self.row,
                })?,
                None => drop(item.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// An item's data.
struct Fields<'a> {
    rows: &'a mut [Vec<Option<Value>>],
    names: &'a [&'a str],
    row: usize,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an item's data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key_seed(Name(self.names))? {
            match name {
                Some(column) => {
                    let value = fields.next_value()?;
                    if let Some(place) = self.rows[column].get_mut(self.row) {
                        *place = Some(value);
                    }
                }
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A key: its position among those that are wanted.
struct Name<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|wanted| *wanted == name))
    }
}
