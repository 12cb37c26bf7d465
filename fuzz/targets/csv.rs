//! Comma-separated values: whatever the parts of a file are, the rows or the refusal are the same.

#![no_main]

use formats::csv::{Options, Reader};
use libfuzzer_sys::fuzz_target;

type Rows = Result<Vec<Vec<String>>, String>;

fn read(bytes: &[u8], options: &Options, size: usize) -> Rows {
    let mut reader = Reader::new(options.clone()).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    let mut sink = |row: &mut Vec<String>| rows.push(row.clone());
    for part in bytes.chunks(size) {
        reader.read(part, false, &mut sink).map_err(|error| error.to_string())?;
    }
    reader.read(&[], true, &mut sink).map_err(|error| error.to_string())?;
    Ok(rows)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, bytes)) = bytes.split_first() else { return };
    let options = Options {
        delimiter: [",", ";", "||", "\t"][(flags & 3) as usize].to_owned(),
        header: flags & 4 != 0,
        relax_quotes: flags & 8 != 0,
        skip_errors: flags & 16 != 0,
        strip_bom: flags & 32 != 0,
        encoding: if flags & 64 != 0 { "utf16le" } else { "utf8" }.to_owned(),
        ..Options::default()
    };
    let whole = read(bytes, &options, usize::MAX.min(bytes.len().max(1)));
    assert_eq!(whole, read(bytes, &options, 1 + (flags >> 5) as usize));
});
