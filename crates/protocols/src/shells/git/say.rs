//! What git says, as items.

use std::collections::BTreeMap;

use model::{Map, Value};
use serde_json::json;
use url::Url;

/// How a commit is asked for: fields between signs that no message holds.
pub(super) const LOG: &str = "--pretty=format:%H%x00%aI%x00%s%x00%D%x00%b%x00%aN%x00%aE%x00";

/// Commits, as `LOG` asks for them with `-z`-less separators.
pub(super) fn log(said: &str) -> Vec<Value> {
    let fields: Vec<&str> = said.split('\0').collect();
    fields
        .chunks_exact(7)
        .map(|commit| {
            json!({
                "hash": commit[0].trim_start_matches('\n'), "date": commit[1], "message": commit[2], "refs": commit[3],
                "body": commit[4], "author_name": commit[5], "author_email": commit[6],
            })
        })
        .collect()
}

/// Entries of a reference log.
pub(super) fn reflog(said: &str) -> Vec<Value> {
    let entry = |line: &str| -> Option<Value> {
        let (hash, rest) = line.split_once(char::is_whitespace)?;
        let (place, rest) = rest.trim_start().split_once(": ")?;
        let (action, message) = rest.trim_start().split_once(": ")?;
        Some(
            json!({ "hash": hash, "ref": place, "action": action.trim(), "message": message.trim_start(), "raw": line }),
        )
    };
    let lines = said.trim().lines().filter(|line| !line.is_empty());
    lines.map(|line| entry(line).unwrap_or_else(|| json!({ "raw": line }))).collect()
}

/// `git status --porcelain -b -z`, as n8n shows it.
pub(super) fn status(said: &str) -> Value {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let (mut files, mut renamed) = (Vec::new(), Vec::new());
    let (mut current, mut tracking, mut ahead, mut behind, mut detached) = (Value::Null, Value::Null, 0, 0, false);
    let mut entries = said.split('\0').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        if let Some(line) = entry.strip_prefix("## ") {
            let number = |word: &str| {
                let rest = line.split(word).nth(1)?;
                rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
            };
            (ahead, behind) = (number("ahead ").unwrap_or(0), number("behind ").unwrap_or(0));
            detached = line.contains("(no branch)");
            let line = line.strip_prefix("No commits yet on ").unwrap_or(line);
            let mut names = line.split(' ').next().unwrap_or_default().splitn(2, "...");
            current = names.next().filter(|name| !name.is_empty()).into();
            tracking = names.next().into();
            continue;
        }
        let (Some(signs), Some(path)) = (entry.get(..2), entry.get(3..)) else { continue };
        let (index, work) = signs.split_at(1);
        let mut put = |list| lists.entry(list).or_default().push(path.into());
        match (index, work) {
            ("?", "?") => put("not_added"),
            ("A", "A" | "U") | ("D", "D" | "U") | ("U", _) => put("conflicted"),
            ("A", _) => put("created"),
            (" ", "A") => put("created"),
            ("D", " ") | (" ", "D") => put("deleted"),
            ("M", _) | (" ", "M") => put("modified"),
            _ => {}
        }
        match (index, work) {
            ("A", " ") | ("D", " ") | ("M", " " | "M") => put("staged"),
            ("A", "M") => {
                put("staged");
                put("modified");
            }
            _ => {}
        }
        let mut file = json!({ "path": path, "index": index, "working_dir": work });
        if index == "R" {
            let from = entries.next().unwrap_or(path);
            renamed.push(json!({ "from": from, "to": path }));
            file["from"] = from.into();
            if work == "M" {
                lists.entry("modified").or_default().push(path.into());
            }
        }
        files.push(file);
    }
    let mut list = |name: &str| Value::from(lists.remove(name).unwrap_or_default());
    json!({
        "not_added": list("not_added"), "conflicted": list("conflicted"), "created": list("created"),
        "deleted": list("deleted"), "modified": list("modified"), "renamed": renamed, "files": files,
        "staged": list("staged"), "ahead": ahead, "behind": behind, "current": current, "tracking": tracking,
        "detached": detached,
    })
}

/// `git config --list -z`, as one object. Passwords in addresses are taken out.
pub(super) fn settings(file: &str, said: &str) -> Value {
    let mut map = Map::new();
    map.insert("_origin".into(), file.into());
    for entry in said.split('\0').filter(|entry| !entry.is_empty()) {
        let (name, value) = entry.split_once('\n').unwrap_or((entry, "true"));
        let value = Value::from(without_password(value));
        match map.get_mut(name) {
            None => drop(map.insert(name.to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    map.into()
}

fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.into()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let said = "## main...origin/main [ahead 2, behind 1]\0M  a\0 M b\0?? new\0R  to\0from\0AA both\0D  gone\0";
        let status = status(said);
        assert_eq!(status["modified"], json!(["a", "b"]));
        assert_eq!(status["renamed"], json!([{ "from": "from", "to": "to" }]));
        assert_eq!((&status["staged"], &status["not_added"]), (&json!(["a", "gone"]), &json!(["new"])));
        assert_eq!((&status["conflicted"], &status["deleted"]), (&json!(["both"]), &json!(["gone"])));
        assert_eq!((&status["ahead"], &status["behind"]), (&json!(2), &json!(1)));
        assert_eq!((&status["current"], &status["tracking"]), (&json!("main"), &json!("origin/main")));
        assert_eq!(super::status("## No commits yet on x\0")["current"], "x");
    }

    #[test]
    fn settings_and_logs_are_read() {
        let said = "user.name\nme\0remote.origin.url\nhttps://u:p@h/x\0a.b\n1\0a.b\n2\0flag\0";
        let read = settings("config", said);
        assert_eq!(read["remote.origin.url"], "https://h/x");
        assert_eq!((&read["a.b"], &read["flag"]), (&json!(["1", "2"]), &json!("true")));
        let entry = &reflog("abc HEAD@{0}: commit (initial): a: b\nodd\n")[0];
        assert_eq!((&entry["ref"], &entry["action"]), (&json!("HEAD@{0}"), &json!("commit (initial)")));
        assert_eq!(entry["message"], "a: b");
    }
}
