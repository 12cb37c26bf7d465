//! Spreadsheets, tables of web pages and rich texts: read or refused, and records come of what was read.
//!
//! Compound files (`xls`) are left out: their reader panics on some broken ones, which `formats::sheet` catches, and a
//! fuzzer does not let it.

#![no_main]

use formats::sheet::{self, Source};
use formats::table::Shape;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let source = match kind % 4 {
        0 => Source::Xlsx,
        1 => Source::Ods,
        2 => Source::Html { raw: kind & 4 != 0 },
        _ => Source::Rtf,
    };
    let Ok(book) = sheet::read(bytes, source, None) else { return };
    let Some(table) = book.table else { return };
    for lists in [false, true] {
        let _ = table.records(&Shape { lists, ..Shape::default() }, drop);
    }
});
