//! Finds out what has changed below a folder since it was looked at last, even when that was before the server started.
//!
//! What was seen is remembered in parts, so that one change writes little. What is new in a part is written before its
//! events are made, and taken over once they are committed: ended in between, the same changes are told again under the
//! same keys, whatever has happened in the folder since.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use model::Item;
use part::NodeError;
use part::folder::{Folder, fits};
use part::listen::{Ear, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::folder::{Event, IgnoreMode, On, Params, SERVICE};
use crate::listens;

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a file must stay as it is to count as written.
const SETTLED: Duration = Duration::from_secs(2);
/// In how many parts is remembered what was seen. A hundred thousand files of long names fit.
const PARTS: u64 = 64;

/// Hears of changes of files.
pub(super) struct Changes;

/// A file or folder as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// It is a folder.
    #[serde(rename = "d", default, skip_serializing_if = "std::ops::Not::not")]
    folder: bool,
    #[serde(rename = "s", default)]
    size: u64,
    /// When it was changed, nanoseconds since 1970.
    #[serde(rename = "m", default)]
    modified: u64,
}

/// Under which the path is kept that was watched last.
const WATCHED: &str = "watched";

/// A part of what was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    /// Counts its writings: an event that happens a second time has another key.
    version: u64,
    /// Nothing was looked at yet: what is found is not new.
    #[serde(default)]
    first: bool,
    seen: BTreeMap<String, Seen>,
    /// What was seen after that, and is being told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<BTreeMap<String, Seen>>,
}

impl Default for Part {
    fn default() -> Part {
        Part { version: 0, first: true, seen: BTreeMap::new(), next: None }
    }
}

impl Source for Changes {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(listens::until_stopped(ear, listen(ear)))
    }
}

async fn listen(ear: &Ear) -> Result<(), NodeError> {
    let params: Arc<Params> = Arc::new(ear.settings()?);
    let folder = part::folder::needed(ear.folder())?;
    let mut parts = Vec::new();
    for number in 0..PARTS {
        let kept = ear.recall(&place(number)).await?;
        parts.push(kept.and_then(|kept| serde_json::from_slice::<Part>(&kept).ok()).unwrap_or_default());
    }
    let watched = ear.recall(WATCHED).await?;
    if watched.as_ref().is_some_and(|watched| watched != params.path.as_bytes()) {
        // Somebody watches another place now: what was at the other one has not gone, and what is here is not new.
        for (number, part) in parts.iter_mut().enumerate() {
            *part = Part { version: part.version + 1, ..Part::default() };
            keep(ear, number, part).await?;
        }
    }
    ear.remember(WATCHED, params.path.clone()).await?;
    for (number, part) in parts.iter_mut().enumerate() {
        take_over(ear, &params, &folder, number, part).await?;
    }
    let mut growing = Growing::default();
    loop {
        let (looking, looked_in) = (params.clone(), folder.clone());
        let look = tokio::task::spawn_blocking(move || look(&looked_in, &looking));
        let mut now = look.await.map_err(|error| NodeError::bug(format!("looking at a folder: {error}")))??;
        // It listens once it knows what was there before.
        let first = parts.iter().any(|part| part.first);
        if !first {
            ear.alive();
        }
        // What is there at first and does not count is known as it is; held back, it would come as new.
        if params.await_write_finish && !(first && params.ignore_initial) {
            growing.hold_back(&mut now, &parts);
        }
        let mut split = vec![BTreeMap::new(); PARTS as usize];
        for (path, seen) in now {
            split[part_of(&path)].insert(path, seen);
        }
        for (number, seen) in split.into_iter().enumerate() {
            let part = &mut parts[number];
            // The first look writes every part, so that the second knows that it is not the first.
            if part.seen == seen && !part.first {
                continue;
            }
            if part.first && params.ignore_initial {
                *part = Part { version: part.version + 1, first: false, seen, next: None };
                keep(ear, number, part).await?;
                continue;
            }
            part.next = Some(seen);
            keep(ear, number, part).await?;
            take_over(ear, &params, &folder, number, part).await?;
        }
        if first {
            ear.alive();
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Tells what has changed in a part, if something has, and remembers that it is told.
async fn take_over(
    ear: &Ear,
    params: &Params,
    folder: &Folder,
    number: usize,
    part: &mut Part,
) -> Result<(), NodeError> {
    let Some(next) = part.next.take() else { return Ok(()) };
    for (event, path) in changes(&part.seen, &next) {
        tell(ear, params, folder, part.version, event, &path).await?;
    }
    *part = Part { version: part.version + 1, first: false, seen: next, next: None };
    keep(ear, number, part).await
}

async fn keep(ear: &Ear, number: usize, part: &Part) -> Result<(), NodeError> {
    let kept = serde_json::to_vec(part).map_err(|error| NodeError::bug(error.to_string()))?;
    Ok(ear.remember(&place(number as u64), kept).await?)
}

fn place(number: u64) -> String {
    format!("seen.{number}")
}

fn part_of(path: &str) -> usize {
    // Must be the same after a restart, and with the next version of us.
    let hash = path
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    ((hash >> 32) % PARTS) as usize
}

/// What is there now. A folder that cannot be read is an error, and not a folder whose files have all gone.
fn look(folder: &Folder, params: &Params) -> Result<BTreeMap<String, Seen>, NodeError> {
    let mut found = BTreeMap::new();
    let top = top(folder, params);
    folder.walk(&params.path, &mut |path, about| {
        let shown = shown(folder, params, path);
        if ignored(params, path, &shown) {
            return false;
        }
        let below = path.strip_prefix(&top).unwrap_or(path).trim_start_matches('/');
        let depth = below.matches('/').count() as i64;
        let modified = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let seen = match about.is_dir() {
            true => Seen { folder: true, size: 0, modified: 0 },
            false => Seen { folder: false, size: about.len(), modified: modified.map_or(0, |at| at.as_nanos() as u64) },
        };
        found.insert(path.to_owned(), seen);
        params.depth < 0 || depth < params.depth
    })?;
    Ok(found)
}

/// The watched folder's path below the folder for files.
fn top(folder: &Folder, params: &Params) -> String {
    let path = params.path.trim();
    let root = folder.root().to_string_lossy();
    let below = path.strip_prefix(&*root).unwrap_or(path);
    let steps = below.split('/').filter(|step| !step.is_empty() && *step != ".");
    steps.collect::<Vec<_>>().join("/")
}

/// A path in the form in which the watched one is written.
fn shown(folder: &Folder, params: &Params, path: &str) -> String {
    match params.path.trim().starts_with('/') {
        true => folder.root().join(path).to_string_lossy().into_owned(),
        false => path.to_owned(),
    }
}

fn ignored(params: &Params, path: &str, shown: &str) -> bool {
    let pattern = params.ignored.trim();
    match params.ignore_mode {
        _ if pattern.is_empty() => false,
        IgnoreMode::Contain => shown.contains(pattern),
        IgnoreMode::Match => {
            let pattern = pattern.trim_end_matches('/');
            [path, shown].iter().any(|path| fits(pattern, path) || *path == pattern)
        }
    }
}

/// What has happened between two looks: folders before what is in them, and after it when they go.
fn changes(before: &BTreeMap<String, Seen>, now: &BTreeMap<String, Seen>) -> Vec<(Event, String)> {
    let mut found = Vec::new();
    for (path, was) in before.iter().rev() {
        match now.get(path) {
            Some(is) if is.folder == was.folder => {}
            _ => found.push((if was.folder { Event::UnlinkDir } else { Event::Unlink }, path.clone())),
        }
    }
    for (path, is) in now {
        match before.get(path) {
            Some(was) if was == is => {}
            Some(was) if was.folder == is.folder => found.push((Event::Change, path.clone())),
            _ => found.push((if is.folder { Event::AddDir } else { Event::Add }, path.clone())),
        }
    }
    found
}

async fn tell(
    ear: &Ear,
    params: &Params,
    folder: &Folder,
    version: u64,
    event: Event,
    path: &str,
) -> Result<(), NodeError> {
    let wanted = match params.on {
        On::File => event == Event::Change,
        On::Folder => params.events.contains(&event),
    };
    if !wanted {
        return Ok(());
    }
    let key = format!("{version}/{}//{path}", event.name());
    let item = json!({ "event": event.name(), "path": shown(folder, params, path) });
    ear.admit(vec![Item::from_value(item)], Some(key)).await?;
    ear.alive();
    Ok(())
}

/// Files that may still be written.
#[derive(Default)]
struct Growing(HashMap<String, (Seen, Instant)>);

impl Growing {
    /// Puts files that are not settled back to how they were known, or takes them out.
    fn hold_back(&mut self, now: &mut BTreeMap<String, Seen>, parts: &[Part]) {
        let known = |path: &str| parts[part_of(path)].seen.get(path).copied();
        self.0.retain(|path, _| now.contains_key(path));
        let fresh: Vec<(String, Seen)> = now
            .iter()
            .filter(|(path, seen)| !seen.folder && known(path) != Some(**seen))
            .map(|(path, seen)| (path.clone(), *seen))
            .collect();
        for (path, seen) in fresh {
            let since = match self.0.get(&path) {
                Some((before, since)) if *before == seen => *since,
                _ => Instant::now(),
            };
            if since.elapsed() >= SETTLED {
                self.0.remove(&path);
                continue;
            }
            match known(&path) {
                Some(before) => drop(now.insert(path.clone(), before)),
                None => drop(now.remove(&path)),
            }
            self.0.insert(path, (seen, since));
        }
    }
}

#[cfg(test)]
mod tests;
