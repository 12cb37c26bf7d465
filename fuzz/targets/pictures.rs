//! Pictures: read or refused; what is read is as large as was said, and can be written.

#![no_main]

use formats::picture::{Picture, about};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(said) = about(bytes) else { return };
    // Large ones are allowed, and too slow to be tried by the thousand.
    if u64::from(said.width) * u64::from(said.height) > 1 << 16 {
        return;
    }
    let Ok(picture) = Picture::read(bytes) else { return };
    let (width, height) = picture.size();
    assert!((width, height) == (said.width, said.height) || (height, width) == (said.width, said.height));
    let written = picture.write(Some("png"), 0).expect("a picture can be written");
    assert_eq!(Picture::read(&written).expect("what was written can be read").size(), (width, height));
});
