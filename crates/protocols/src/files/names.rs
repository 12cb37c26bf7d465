//! Names of files on other machines. Which of them a user may touch is the server's decision; what must not get
//! through is a name that says something else to the protocol than to the person who wrote it.

use part::NodeError;

/// A path as the protocol may carry it: a line break would begin another command of FTP, and a NUL ends a name early.
pub(crate) fn path<'a>(text: &'a str, parameter: &str) -> Result<&'a str, NodeError> {
    let refused = |why: &str| Err(NodeError::parameter(&format!("/params/{parameter}"), why).permanent());
    if text.is_empty() {
        return refused("the path is empty: expected a path on the server");
    }
    if text.contains(|c: char| c.is_control()) {
        return refused("the path holds a control character such as a line break: expected a path in one line");
    }
    Ok(text)
}

/// The name alone of a file whose name strangers chose: no folder in it counts.
pub(crate) fn base(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).find(|step| !step.is_empty()).unwrap_or_default();
    let base: String = base.chars().filter(|c| !c.is_control()).collect();
    if base.chars().all(|c| c == '.') { "untitled".into() } else { base }
}

/// The folder that a path lies in; none: where the session starts, or the root.
pub(crate) fn folder(path: &str) -> Option<&str> {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", _)) | None => None,
        Some((folder, _)) => Some(folder),
    }
}

/// A name in a folder.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.ends_with('/') { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}

/// A path and all folders above it, outermost first, without the root.
pub(crate) fn steps(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches('/');
    let mut ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).collect();
    ends.push(path.len());
    ends.into_iter().map(|end| &path[..end]).filter(|step| !step.is_empty() && !step.ends_with('/')).collect()
}

/// Whether a listing's entry has a name that is one: a server that lies could lead a search anywhere.
pub(crate) fn is_entry(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/') && !name.contains(|c: char| c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_line_and_one_path() {
        for bad in ["", "a\r\nDELE b", "a\nb", "a\0b", "\u{7f}"] {
            assert!(path(bad, "path").unwrap_err().permanent, "{bad:?}");
        }
        for good in ["/a/../b", "-x", "a b", "$(id)", "ä", "a;b"] {
            assert_eq!(path(good, "path").unwrap(), good);
        }
    }

    #[test]
    fn a_name_of_a_stranger_names_no_folder() {
        for (name, expect) in [
            ("a.txt", "a.txt"),
            ("../../etc/passwd", "passwd"),
            ("/tmp/x", "x"),
            ("C:\\Users\\x.pdf", "x.pdf"),
            ("..", "untitled"),
            ("a/..", "untitled"),
            ("", "untitled"),
            ("a\r\nb\0", "ab"),
            ("dir/", "dir"),
        ] {
            assert_eq!(base(name), expect, "{name:?}");
        }
    }

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(folder("/a/b/c"), Some("/a/b"));
        assert_eq!((folder("/a"), folder("a"), folder("a/b/")), (None, None, Some("a")));
        assert_eq!(steps("/a/b//c/"), ["/a", "/a/b", "/a/b//c"]);
        assert_eq!(steps("a/b"), ["a", "a/b"]);
        assert_eq!(steps("/"), Vec::<&str>::new());
        assert_eq!((join("/", "x"), join("/a", "x")), ("/x".into(), "/a/x".into()));
        assert!(is_entry("...") && !is_entry("..") && !is_entry("a/b") && !is_entry("") && !is_entry("a\nb"));
    }
}
