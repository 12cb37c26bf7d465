//! Web pages and selectors: any text is a page, which can be searched and written.

#![no_main]

use formats::page::{Page, Selector};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (selector, page) = text.split_once('\n').unwrap_or(("p", text));
    let Ok(page) = Page::read(page) else { return };
    let _ = (page.plain(0, &[]), page.inner(0), page.text(0));
    let Ok(selector) = Selector::read(selector) else { return };
    for id in page.select(&selector).unwrap_or_default() {
        let _ = (page.inner(id), page.value(id), page.plain(id, &[]));
    }
});
