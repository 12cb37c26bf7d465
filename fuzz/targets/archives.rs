//! Archives: never more comes out than was allowed.

#![no_main]

use formats::archive;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut total = 0;
    let _ = archive::unzip(bytes, LIMIT, |_, content| total += content.len());
    assert!(total <= LIMIT);
    total = 0;
    let _ = archive::untar(bytes, LIMIT, |name, content| {
        assert!(!archive::leads_out(&name), "{name}");
        total += content.len();
    });
    assert!(total <= LIMIT);
    assert!(archive::gunzip(bytes, LIMIT).map_or(0, |content| content.len()) <= LIMIT);
});
