//! Journal chunks as a disk may give them back: read or refused, and what is read is written and read again the same.

#![no_main]

use bytes::Bytes;
use engine::journal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let Ok(count) = u32::try_from(lines) else { return };
    let Ok(events) = journal::decode(&Bytes::copy_from_slice(bytes), count) else { return };
    let mut written = Vec::new();
    for event in &events {
        journal::encode(event, &mut written);
    }
    let written = Bytes::from(written);
    let again = journal::decode(&written, count).expect("what was written can be read");
    let mut twice = Vec::new();
    for event in &again {
        journal::encode(event, &mut twice);
    }
    assert_eq!(twice, written, "an event changes from one writing to the next");
});
