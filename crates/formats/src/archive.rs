//! Packed files, unpacked no further than a limit.

use std::io::{Cursor, Read, Write};

use crate::{Error, Result};

/// Most files in an archive.
const FILES: usize = 10_000;

/// Unpacks a ZIP archive of at most `limit` bytes in all. `sink` gets the name and content of each file, folders are
/// left out. Names are as the archive has them: whoever writes files under them must look at them first.
///
/// # Errors
/// It is no archive, a file in it is broken or has a password, or it unpacks to more than the limit.
pub fn unzip(bytes: &[u8], limit: usize, mut sink: impl FnMut(String, Vec<u8>)) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| Error::broken(wrong(&error)))?;
    if archive.len() > FILES {
        return Err(Error::limit(format!("the archive has more than {FILES} files")));
    }
    let mut left = limit;
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(|error| Error::broken(wrong(&error)))?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|error| Error::broken(wrong(&error)))?.into_owned();
        let content = take(&mut file, left, limit)?;
        left -= content.len();
        sink(name, content);
    }
    Ok(())
}

fn wrong(error: &zip::result::ZipError) -> String {
    format!("the file is not a ZIP archive that can be read: {error}")
}

/// Unpacks one GZIP file of at most `limit` bytes; several that follow each other are one.
///
/// # Errors
/// It is none, or unpacks to more than the limit.
pub fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>> {
    take(&mut flate2::bufread::MultiGzDecoder::new(bytes), limit, limit)
}

/// Reads on to the end; what states its length may lie.
fn take(from: &mut impl Read, left: usize, limit: usize) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(left as u64 + 1).read_to_end(&mut content).map_err(|error| Error::broken(format!("{error}")))?;
    match content.len() > left {
        true => Err(Error::limit(format!("the archive unpacks to more than {limit} bytes"))),
        false => Ok(content),
    }
}

/// Unpacks a TAR archive, packed once more with GZIP or not. Only plain files are given, and none whose name leads out
/// of the archive.
///
/// # Errors
/// It is no archive, or unpacks to more than the limit.
pub fn untar(bytes: &[u8], limit: usize, mut sink: impl FnMut(String, Vec<u8>)) -> Result<()> {
    let unpacked;
    let mut bytes = bytes;
    if bytes.starts_with(&[0x1F, 0x8B]) {
        // Headers and padding take room, too: a third more and a megabyte is enough for what keeps the limit.
        unpacked = gunzip(bytes, limit.saturating_add(limit / 3).saturating_add(1 << 20))?;
        bytes = &unpacked;
    }
    let mut archive = tar::Archive::new(bytes);
    let (mut left, mut count) = (limit, 0);
    for file in archive.entries().map_err(Error::broken)? {
        let mut file = file.map_err(Error::broken)?;
        count += 1;
        if count > FILES {
            return Err(Error::limit(format!("the archive has more than {FILES} files")));
        }
        let name = String::from_utf8_lossy(&file.path_bytes()).into_owned();
        if !file.header().entry_type().is_file() || leads_out(&name) {
            continue;
        }
        let content = take(&mut file, left, limit)?;
        left -= content.len();
        sink(name, content);
    }
    Ok(())
}

/// Whether a name in an archive is absolute or leads out of the folder that it is unpacked in.
pub fn leads_out(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    drive || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|step| step == "..")
}

/// Packs files into a TAR archive, and that with GZIP when `packed`. Nothing in it depends on the time.
///
/// # Errors
/// A name is not one that the format has.
pub fn tar<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, packed: bool) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, content)
            .map_err(|error| Error::Option(format!("`{name}` cannot be put into an archive: {error}")))?;
    }
    let whole = builder.into_inner().map_err(Error::broken)?;
    Ok(if packed { gzip(&whole) } else { whole })
}

/// Packs one GZIP file. Nothing in it depends on the time.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    // Writing to memory does not fail.
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// Puts files into a ZIP archive, packed or as they are. Nothing in it depends on the time.
///
/// # Errors
/// A name is too long, or there is too much for the format.
pub fn zip<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8], bool)>) -> Result<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, packed) in files {
        let method = if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        let options = options.compression_method(method);
        writer.start_file(name, options).map_err(|error| Error::Option(format!("`{name}`: {error}")))?;
        writer.write_all(content).map_err(Error::broken)?;
    }
    Ok(writer.finish().map_err(Error::broken)?.into_inner())
}

/// An OpenDocument file: its type comes first, not packed, so that the first bytes say what it is.
pub(crate) fn open_document(kind: &str, files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain = options.compression_method(zip::CompressionMethod::Stored);
    let packed = options.compression_method(zip::CompressionMethod::Deflated);
    let first = ("mimetype", kind.as_bytes(), plain);
    for (name, content, options) in
        std::iter::once(first).chain(files.iter().map(|(name, file)| (*name, *file, packed)))
    {
        writer.start_file(name, options).map_err(Error::broken)?;
        writer.write_all(content).map_err(Error::broken)?;
    }
    Ok(writer.finish().map_err(Error::broken)?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        unzip(bytes, limit, |name, content| files.push((name, content)))?;
        Ok(files)
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let bytes = zip([("a.txt", &b"aaa"[..], true), ("b/c.txt", b"", true)]).unwrap();
        assert_eq!(all(&bytes, 3).unwrap(), [("a.txt".into(), b"aaa".to_vec()), ("b/c.txt".into(), Vec::new())]);
        assert_eq!(bytes, zip([("a.txt", &b"aaa"[..], true), ("b/c.txt", b"", true)]).unwrap());
        assert_eq!(gunzip(&gzip(b"text"), 4).unwrap(), b"text");
        assert_eq!(gunzip(&[gzip(b"a"), gzip(b"b")].concat(), 9).unwrap(), b"ab");
    }

    #[test]
    fn names_in_tar_archives_do_not_lead_out() {
        let bytes = tar([("a.txt", &b"aaa"[..]), ("b/c.txt", b"c")], true).unwrap();
        let mut files = Vec::new();
        untar(&bytes, 4, |name, content| files.push((name, content))).unwrap();
        assert_eq!(files, [("a.txt".into(), b"aaa".to_vec()), ("b/c.txt".into(), b"c".to_vec())]);
        assert!(matches!(untar(&bytes, 3, |_, _| {}), Err(Error::Limit(_))));
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..8].copy_from_slice(b"../x.txt");
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, &b"x"[..]).unwrap();
        let evil = builder.into_inner().unwrap();
        untar(&evil, 9, |name, _| panic!("{name}")).unwrap();
        assert!(leads_out("/x") && leads_out("a/../../x") && leads_out("C:x") && leads_out("a\\..\\x"));
        assert!(!leads_out("a/b..c") && !leads_out("a"));
        assert!(tar([("../x", &b""[..])], false).is_err());
    }

    #[test]
    fn bombs_and_broken_archives_are_refused() {
        let zeros = vec![0; 50 << 20];
        assert!(matches!(gunzip(&gzip(&zeros), 1 << 20), Err(Error::Limit(_))));
        let bomb = zip([("a", &zeros[..], true)]).unwrap();
        assert!(matches!(all(&bomb, 1 << 20), Err(Error::Limit(_))));
        let two = zip([("a", &b"123"[..], false), ("b", b"456", false)]).unwrap();
        assert!(matches!(all(&two, 5), Err(Error::Limit(_))), "the limit is for all files together");
        assert!(matches!(all(b"PK nonsense", 9), Err(Error::Broken(_))));
        assert!(matches!(all(&bomb[..bomb.len() / 2], 9), Err(Error::Broken(_))));
        assert!(matches!(gunzip(&gzip(b"text")[..9], 9), Err(Error::Broken(_))));
    }
}
