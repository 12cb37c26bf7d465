//! Streams of events: whatever the parts are in which one comes, its events are the same.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((size, stream)) = bytes.split_first() else { return };
    let whole = protocols::fuzzing::events(std::iter::once(stream));
    let in_parts = protocols::fuzzing::events(stream.chunks(1 + usize::from(size % 16)));
    assert_eq!(whole, in_parts);
    for (kind, data, id) in whole.iter().flatten() {
        assert!(!kind.contains(['\n', '\r']) && !id.contains(['\n', '\r', '\0']) && !data.contains('\r'));
    }
});
