//! Spreadsheets, and the tables of web pages and rich texts.

mod read;
mod tame;
mod write;
mod xls;

pub use read::{Source, Workbook, read};
pub use write::{Options, Target, Writer, json_cell, write};

#[cfg(test)]
mod tests;
