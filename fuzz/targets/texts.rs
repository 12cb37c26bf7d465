//! Texts in any encoding, kinds of files, and lines that programs say.

#![no_main]

use formats::{kind, table, text};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = ["utf8", "utf16le", "utf16be", "windows1252", "shift_jis", "gb18030"];

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, content)) = bytes.split_first() else { return };
    let _ = (kind::of_bytes(content), text::from_base64(content), text::western(content));
    let name = match flags % 7 {
        6 => text::detect(content),
        at => NAMES[usize::from(at)],
    };
    let Ok(read) = text::decode(content, name, flags & 8 != 0) else { return };
    assert!(read.len() <= 4 * content.len() + 4);
    if let Some(cell) = table::Cell::guess(&read) {
        let _ = (cell.json(), cell.shown());
    }
    if let Ok(written) = text::encode(&read, name, false) {
        let again = text::decode(&written, name, false).expect("what was written can be read");
        assert_eq!(text::encode(&again, name, false), Ok(written), "{name}");
    }
    protocols::fuzzing::said(&read);
    if let Some(criteria) = protocols::fuzzing::criteria(&read) {
        assert!(!criteria.contains(['\r', '\n']), "{criteria:?}");
    }
});
