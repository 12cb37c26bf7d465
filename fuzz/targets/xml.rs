//! XML and feeds: read or refused; what was read can be written, and is read again.

#![no_main]

use formats::{feed, xml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = feed::read(text, &["x".to_owned()], &|date| Some(date.to_owned()));
    let options = xml::Reading { merge_attributes: false, ..xml::Reading::default() };
    let Ok(value) = xml::read(text, &options) else { return };
    let Ok(written) = xml::write(&value, &xml::Writing::default()) else { return };
    assert!(xml::read(&written, &options).is_ok(), "{written}");
});
