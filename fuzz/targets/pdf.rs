//! PDF files: read or refused, in bounded time.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = formats::pdf::read(bytes, "", Some(10));
});
