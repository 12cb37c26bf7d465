//! Calendar files: read or refused.

#![no_main]

use formats::calendar;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let zone = |time: &str, zone: &str| Some((time.to_owned(), zone.to_owned()));
    let Ok(read) = calendar::read(text, &zone) else { return };
    assert!(read.to_string().len() <= 4096 + 64 * text.len());
});
