//! Media types: of names, of first bytes, and the extension that a type is written with.

/// Types whose first extension in the tables is not the one in use, or that tables spell otherwise.
const TYPES: &[(&str, &str)] = &[
    ("application/json", "json"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/gzip", "gz"),
    ("application/x-gzip", "gz"),
    ("application/xml", "xml"),
    ("text/xml", "xml"),
    ("application/octet-stream", "bin"),
    ("application/rtf", "rtf"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/calendar", "ics"),
    ("text/markdown", "md"),
    ("text/tab-separated-values", "tsv"),
    ("application/javascript", "js"),
    ("text/javascript", "js"),
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/svg+xml", "svg"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tif"),
    ("audio/mpeg", "mpga"),
    ("audio/wav", "wav"),
    ("audio/ogg", "oga"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "qt"),
];

/// The type of a file of that name.
pub fn of_name(name: &str) -> Option<String> {
    let extension = name.rsplit(['/', '\\']).next()?.rsplit_once('.').map_or(name, |(_, extension)| extension);
    let extension = extension.to_ascii_lowercase();
    let special = match extension.as_str() {
        "xml" => Some("application/xml"),
        "gz" => Some("application/gzip"),
        "rtf" => Some("application/rtf"),
        "js" | "mjs" => Some("text/javascript"),
        "wav" => Some("audio/wav"),
        _ => None,
    };
    let special = special.map(str::to_owned);
    special.or_else(|| mime_guess::from_ext(&extension).first().map(|mime| mime.essence_str().to_owned()))
}

/// The type and the extension that the first bytes of a file show.
pub fn of_bytes(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let found = infer::get(head)?;
    // Texts are not recognised by n8n's detector.
    let text = matches!(found.matcher_type(), infer::MatcherType::Text);
    (!text || found.mime_type() == "text/xml").then(|| {
        let mime = if found.mime_type() == "text/xml" { "application/xml" } else { found.mime_type() };
        (mime, found.extension())
    })
}

/// The extension that a type is written with.
pub fn extension(mime: &str) -> Option<String> {
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some((_, extension)) = TYPES.iter().find(|(known, _)| *known == mime) {
        return Some((*extension).to_owned());
    }
    mime_guess::get_mime_extensions_str(&mime)?.first().map(|extension| (*extension).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_tell_the_type() {
        for (name, mime) in [
            ("a.csv", "text/csv"),
            ("File.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("a/b.ods", "application/vnd.oasis.opendocument.spreadsheet"),
            ("x.tar.gz", "application/gzip"),
            ("A.PNG", "image/png"),
            ("e.ics", "text/calendar"),
            ("a.rtf", "application/rtf"),
            ("a.html", "text/html"),
            ("a.xls", "application/vnd.ms-excel"),
        ] {
            assert_eq!(of_name(name).as_deref(), Some(mime), "{name}");
        }
        assert_eq!(of_name("noextensionatall"), None);
        assert_eq!(of_bytes(b"%PDF-1.4\n"), Some(("application/pdf", "pdf")));
        assert_eq!(of_bytes(b"\x89PNG\r\n\x1a\n"), Some(("image/png", "png")));
        assert_eq!(of_bytes(b"hello"), None);
        assert_eq!(of_bytes(b"<html>"), None);
        assert_eq!(extension("text/plain; charset=utf-8").as_deref(), Some("txt"));
        assert_eq!(extension("no/such"), None);
    }
}
