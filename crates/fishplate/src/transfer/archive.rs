//! Writing and reading sets of manifests, in memory. One entry per resource: `<kind>/<name>.yaml`.

use std::io::{Cursor, Read, Write};

use engine::bundle;
use model::resource::Manifest;
use model::{Code, Problem};

/// Most bytes that the entries of an archive may have in all, unpacked.
const UNPACKED_LIMIT: u64 = 512 << 20;
/// Most entries of an archive.
const ENTRY_LIMIT: usize = 100_000;
/// Largest text of one file.
pub const TEXT_LIMIT: usize = 64 << 20;

/// The form of a set of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A list of resources
    Json,
    /// One document per resource
    Yaml,
    /// One YAML file per resource
    Zip,
    /// One YAML file per resource
    Tar,
    /// Workflows as n8n writes them
    N8n,
}

impl Format {
    /// Reads the name of a format.
    pub fn parse(text: &str) -> Result<Format, Problem> {
        <Format as clap::ValueEnum>::from_str(text, false).map_err(|_| {
            let detail = format!("there is no format `{}`", text.chars().take(40).collect::<String>());
            Problem::new(Code::Unsupported, detail).hint("use json, yaml, zip, tar or n8n")
        })
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json | Format::N8n => "application/json",
            Format::Yaml => "application/yaml",
            Format::Zip => "application/zip",
            Format::Tar => "application/x-tar",
        }
    }
}

/// Writes manifests. `n8n` is written by [`super::n8n`] instead.
pub fn write(format: Format, manifests: &[Manifest]) -> Result<Vec<u8>, Problem> {
    let failed = |detail: String| Problem::new(Code::Internal, format!("the export could not be written: {detail}"));
    match format {
        Format::Json | Format::N8n => bundle::encode(manifests, bundle::Format::Json).map(String::into_bytes),
        Format::Yaml => bundle::encode(manifests, bundle::Format::Yaml).map(String::into_bytes),
        Format::Zip => {
            let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default().unix_permissions(0o644);
            for manifest in manifests {
                archive
                    .start_file(bundle::path(manifest, bundle::Format::Yaml), options)
                    .map_err(|error| failed(error.to_string()))?;
                archive.write_all(yaml(manifest)?.as_bytes()).map_err(|error| failed(error.to_string()))?;
            }
            Ok(archive.finish().map_err(|error| failed(error.to_string()))?.into_inner())
        }
        Format::Tar => {
            let mut archive = tar::Builder::new(Vec::new());
            for manifest in manifests {
                let text = yaml(manifest)?;
                let mut header = tar::Header::new_gnu();
                header.set_size(text.len() as u64);
                header.set_mode(0o644);
                archive
                    .append_data(&mut header, bundle::path(manifest, bundle::Format::Yaml), text.as_bytes())
                    .map_err(|error| failed(error.to_string()))?;
            }
            archive.into_inner().map_err(|error| failed(error.to_string()))
        }
    }
}

fn yaml(manifest: &Manifest) -> Result<String, Problem> {
    bundle::encode(std::slice::from_ref(manifest), bundle::Format::Yaml)
}

/// The files of an archive, or the one file that the bytes are: (name, content). Folders are left out.
pub fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, Problem> {
    let broken = |detail: String| Problem::new(Code::UnreadableFile, format!("`{name}`: {detail}"));
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
        let mut budget = Budget::new(archive.len(), name)?;
        let mut files = Vec::new();
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).map_err(|error| broken(error.to_string()))?;
            if entry.is_file() {
                let own = entry.name().map_err(|error| broken(error.to_string()))?.into_owned();
                files.push((own, budget.read(&mut entry)?));
            }
        }
        return Ok(files);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        let mut archive = tar::Archive::new(Cursor::new(bytes));
        let mut budget = Budget::new(0, name)?;
        let mut files = Vec::new();
        for entry in archive.entries().map_err(|error| broken(error.to_string()))? {
            let mut entry = entry.map_err(|error| broken(error.to_string()))?;
            if entry.header().entry_type().is_file() {
                let own = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                files.push((own, budget.read(&mut entry)?));
            }
            Budget::new(files.len(), name)?;
        }
        return Ok(files);
    }
    Ok(vec![(name.to_owned(), bytes)])
}

/// What an archive may still unpack: a small file must not become a large memory.
struct Budget<'a> {
    left: u64,
    name: &'a str,
}

impl<'a> Budget<'a> {
    fn new(entries: usize, name: &'a str) -> Result<Self, Problem> {
        if entries > ENTRY_LIMIT {
            let detail = format!("`{name}` has more than {ENTRY_LIMIT} entries");
            return Err(Problem::new(Code::TooLarge, detail));
        }
        Ok(Budget { left: UNPACKED_LIMIT, name })
    }

    fn read(&mut self, entry: &mut impl Read) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let limit = self.left.min(TEXT_LIMIT as u64);
        let read = entry
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Problem::new(Code::UnreadableFile, format!("`{}`: {error}", self.name)))?
            as u64;
        if read > limit {
            let detail = format!("`{}` unpacks to more than its limit", self.name);
            return Err(Problem::new(Code::TooLarge, detail));
        }
        self.left -= read;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::bundle::Content;
    use serde_json::json;

    fn manifest(name: &str) -> Manifest {
        Manifest {
            kind: "variable".into(),
            name: name.parse().unwrap(),
            spec_version: Some(1),
            labels: [("team".to_owned(), "a: b".to_owned())].into(),
            spec: json!({ "value": { "text": "no\nyes", "number": 1.5, "nothing": null } }),
        }
    }

    #[test]
    fn every_format_reads_back_what_was_written() {
        let all = vec![manifest("a"), manifest("b.c")];
        for format in [Format::Json, Format::Yaml, Format::Zip, Format::Tar] {
            let bytes = write(format, &all).unwrap();
            let files = unpack("export", bytes).unwrap();
            let read: Vec<Manifest> = files
                .iter()
                .flat_map(|(_, bytes)| match bundle::decode(bytes).unwrap() {
                    Content::Manifests(manifests) => manifests,
                    Content::N8n => panic!("not n8n's"),
                })
                .collect();
            assert_eq!(read, all, "{format:?}");
        }
    }

    #[test]
    fn broken_archives_are_refused() {
        assert!(unpack("x", b"PK\x03\x04broken".to_vec()).is_err());
        assert_eq!(unpack("x", b"text".to_vec()).unwrap(), [("x".to_owned(), b"text".to_vec())]);
    }
}
