//! What all node types of files share.

use std::time::Duration;

use formats::kind;
use model::{Binary, Code, Item, Value};
use part::{Category, NodeError};

/// Most bytes of a file that has to be held whole.
pub const WHOLE: usize = 64 << 20;

/// Longest time that reading or writing one file may take.
pub const TIME: Duration = Duration::from_secs(60);

/// A refusal of a reader or writer, as a step's error.
pub fn refusal(error: formats::Error) -> NodeError {
    let detail = error.to_string();
    match error {
        formats::Error::Broken(_) => NodeError::bad_data(detail),
        formats::Error::Option(_) => NodeError::new(Code::InvalidParameter, Category::BadData, detail),
        formats::Error::Limit(_) => NodeError::new(Code::TooLarge, Category::BadData, detail).permanent(),
    }
}

/// A file as n8n describes it: its type is what it is said to be, or what its name or its first bytes say.
pub fn described(name: Option<&str>, mime: Option<&str>, head: &[u8]) -> Binary {
    let name = name.filter(|name| !name.is_empty());
    let mut extension = None;
    let mut found = mime.filter(|mime| !mime.is_empty()).map(str::to_owned);
    if found.is_none() {
        found = name.and_then(kind::of_name);
    }
    if found.is_none()
        && let Some((mime, shown)) = kind::of_bytes(head)
    {
        (found, extension) = (Some(mime.to_owned()), Some(shown.to_owned()));
    }
    let extension = extension.or_else(|| found.as_deref().and_then(kind::extension));
    let mut file = Binary {
        mime_type: found.unwrap_or_else(|| "text/plain".into()),
        file_extension: extension,
        ..Binary::default()
    };
    if let Some(name) = name {
        let (folder, base) = name.rsplit_once('/').map_or((None, name), |(folder, base)| (Some(folder), base));
        file.directory = folder.filter(|folder| !folder.is_empty()).map(str::to_owned);
        file.file_name = Some(base.to_owned());
        if let Some((stem, extension)) = base.rsplit_once('.')
            && !stem.is_empty()
            && !extension.is_empty()
        {
            file.file_extension = Some(extension.to_owned());
        }
    }
    file
}

/// The file that a parameter names, or holds itself.
pub fn wanted(item: &Item, parameter: &Value, position: usize) -> Result<Binary, NodeError> {
    if let Value::Object(_) = parameter
        && let Ok(file) = serde_json::from_value(parameter.clone())
    {
        return Ok(file);
    }
    let Some(name) = parameter.as_str() else {
        return Err(NodeError::bad_data("Provided parameter is not a string or binary data object."));
    };
    if item.binary.as_ref().is_none_or(|files| files.is_empty()) {
        let detail = format!(
            "This operation expects the node's input data to contain a binary file '{name}', but none was found [item \
             {position}]"
        );
        return Err(NodeError::bad_data(detail).hint("make sure that the node before puts out a file"));
    }
    item.file(name).cloned().ok_or_else(|| {
        let names: Vec<String> =
            item.binary.iter().flat_map(|files| files.keys()).map(|name| format!("`{name}`")).collect();
        NodeError::bad_data(format!("The item has no binary field '{name}' [item {position}]"))
            .hint(format!("its files are {}", names.join(", ")))
    })
}

#[cfg(test)]
pub mod testing {
    use futures_util::{FutureExt, StreamExt};
    use model::Binary;
    use part::StepHost;
    use serde_json::{Value, json};
    use testkit::step::Memory;

    /// An item with one file, `data`.
    pub fn item(name: &str, mime: &str, content: impl AsRef<[u8]>) -> Value {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        json!({ "json": {}, "binary": { "data": {
            "mimeType": mime, "fileName": name, "fileExtension": extension,
            "size": content.as_ref().len(), "data": part::params::to_base64(content.as_ref()),
        } } })
    }

    /// What is in a file.
    pub fn content(host: &Memory, file: &Binary) -> Vec<u8> {
        let Some(digest) = &file.blob else {
            return part::params::base64(file.inline.as_deref().unwrap_or_default()).unwrap();
        };
        let read = async {
            let mut stream = host.read_blob(digest).await.unwrap();
            let mut all = Vec::new();
            while let Some(part) = stream.next().await {
                all.extend_from_slice(&part.unwrap());
            }
            all
        };
        read.now_or_never().expect("the test's files are in memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_described_by_what_is_known_of_them() {
        let file = described(Some("File.csv"), None, b"");
        assert_eq!((file.mime_type.as_str(), file.file_extension.as_deref()), ("text/csv", Some("csv")));
        let file = described(Some("a/b/photo"), None, b"\x89PNG\r\n\x1a\n");
        assert_eq!((file.mime_type.as_str(), file.file_extension.as_deref()), ("image/png", Some("png")));
        assert_eq!((file.directory.as_deref(), file.file_name.as_deref()), (Some("a/b"), Some("photo")));
        let file = described(None, None, b"text");
        assert_eq!((file.mime_type.as_str(), file.file_extension, file.file_name), ("text/plain", None, None));
        let file = described(Some("x.foo"), Some("application/json"), b"");
        assert_eq!(file.file_extension.as_deref(), Some("foo"));
    }
}
