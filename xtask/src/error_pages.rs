//! Makes a page for every problem code that has none yet, and the overview of all.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::tidy::{self, ErrorCode};

/// Writes the missing pages; what is there is left alone.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let root = tidy::root();
    let table = std::fs::read_to_string(root.join(tidy::TABLE)).context("the table of codes cannot be read")?;
    let mut made = 0;
    let codes = tidy::error_codes(&table);
    std::fs::write(root.join(tidy::INDEX), tidy::index(&codes)).context("the overview cannot be written")?;
    for code in codes {
        let path = root.join(code.page());
        if !path.exists() {
            std::fs::write(&path, page(&code)).with_context(|| format!("{} cannot be written", path.display()))?;
            println!("made {}; fill it in", code.page());
            made += 1;
        }
    }
    println!("{made} pages made");
    Ok(ExitCode::SUCCESS)
}

fn page(code: &ErrorCode<'_>) -> String {
    let (heading, facts, unwritten) = (code.heading(), code.facts(), tidy::UNWRITTEN);
    format!(
        "{heading}\n\n{facts}\n\n## What it means\n\n{unwritten}\n\n## Likely causes\n\n- {unwritten}\n\n\
         ## What to do\n\n- {unwritten}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_page_has_everything_but_its_words() {
        let code = ErrorCode { code: "FP0001".into(), status: "400", class: "No", title: "it cannot be read" };
        let page = page(&code);
        assert!(page.starts_with("# FP0001: it cannot be read\n\nHTTP status 400; the same request fails again.\n"));
        assert_eq!(page.matches(tidy::UNWRITTEN).count(), 3);
    }
}
