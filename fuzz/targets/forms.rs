//! Bodies of webhooks: whatever the parts are in which one comes, the item or the refusal is the same.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, body)) = bytes.split_first() else { return };
    let kind = match flags % 4 {
        0 => "application/x-www-form-urlencoded",
        1 => "application/json",
        _ => "multipart/form-data; boundary=B",
    };
    let in_parts = |size: usize| {
        let parts = body.chunks(size).map(Bytes::copy_from_slice).collect();
        inbound::webhooks::fuzzing::body(kind, parts)
    };
    assert_eq!(in_parts(body.len().max(1)), in_parts(1 + usize::from(flags >> 4)), "{kind}");
});
