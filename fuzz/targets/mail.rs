//! Mail of strangers: something readable comes out, no more than there was, and no name of a file leads anywhere.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((shape, source)) = bytes.split_first() else { return };
    let source = Bytes::copy_from_slice(source);
    let (fields, names) = protocols::fuzzing::mail(&source, *shape);
    let written = serde_json::to_vec(&fields).expect("an item is JSON");
    // A byte that is no text becomes three, and one of JSON six; pictures stand in the page once each.
    assert!(written.len() <= (9 << 20) + 12 * source.len(), "{} of {}", written.len(), source.len());
    for name in names.iter().flatten() {
        assert!(!name.contains(['/', '\\']), "{name:?}");
    }
});
