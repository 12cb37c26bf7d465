//! News feeds: read or refused, and each entry is made of what the feed says.

#![no_main]

use formats::feed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let more = ["media:content".to_owned(), "category".to_owned()];
    let Ok(entries) = feed::read(text, &more, &|date| Some(date.to_owned())) else { return };
    // The shortest entry is `<item/>`.
    assert!(entries.len() <= text.len() / 7, "{} entries", entries.len());
    let written = serde_json::to_vec(&entries).expect("entries are JSON");
    // Contents stand there as they are, as plain text, and once more under another name.
    assert!(written.len() <= 4096 + 64 * text.len(), "{} of {}", written.len(), text.len());
});
