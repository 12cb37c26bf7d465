use std::fs;
use std::path::Path;

use model::Value;
use testkit::daemon::comes_to_pass;
use testkit::lift::{check_round_trip, node};
use testkit::listen::{Heard, Listening};

use super::super::folder::FileTrigger;
use super::*;

fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("files");
    fs::create_dir_all(root.join("in")).unwrap();
    (place, root)
}

fn listening(root: &Path, settings: Value) -> Listening {
    Listening::new("files", settings, &[], Some(Folder::open(root).unwrap()))
}

fn all_events() -> Value {
    json!(["add", "change", "unlink", "addDir", "unlinkDir"])
}

fn told(heard: &[Heard]) -> Vec<String> {
    let text = |heard: &Heard, name: &str| heard.items[0].json[name].as_str().unwrap_or_default().to_owned();
    let mut told: Vec<String> =
        heard.iter().map(|heard| format!("{} {}", text(heard, "event"), text(heard, "path"))).collect();
    told.sort();
    told
}

/// Listens until what there was is known.
async fn settle(trigger: &Listening) {
    let known = async { assert!(comes_to_pass(|| trigger.kept(&place_of_last()).is_some()).await) };
    tokio::select! {
        ended = trigger.until(&Changes, |_| false) => panic!("{ended:?}"),
        () = known => {}
    }
}

/// Listens until a whole look was made, in which at most so many events are told again. Each look and each event is a
/// proof, and the next look begins where everything of the one before is told.
async fn look_once(trigger: &Listening, events: u64) {
    trigger.proves(&Changes, events + 2).await.unwrap();
}

fn place_of_last() -> String {
    super::place(PARTS - 1)
}

#[test]
fn it_keeps_the_contract() {
    testkit::contract::check(&FileTrigger);
}

#[tokio::test]
async fn what_happens_while_nobody_listens_is_told_once() {
    let (_place, root) = place();
    for name in ["stays", "changes", "goes", "moves"] {
        fs::write(root.join("in").join(name), name).unwrap();
    }
    let trigger = listening(&root, json!({ "path": "in", "events": all_events() }));
    settle(&trigger).await;
    assert!(trigger.heard().is_empty(), "what is there at first does not count");
    fs::write(root.join("in/changes"), "something else").unwrap();
    fs::remove_file(root.join("in/goes")).unwrap();
    fs::rename(root.join("in/moves"), root.join("in/moved")).unwrap();
    fs::create_dir(root.join("in/deep")).unwrap();
    fs::write(root.join("in/deep/new"), "x").unwrap();
    let expected =
        ["add in/deep/new", "add in/moved", "addDir in/deep", "change in/changes", "unlink in/goes", "unlink in/moves"];
    let heard = trigger.until(&Changes, |heard| heard.len() >= expected.len()).await.unwrap();
    assert_eq!(told(&heard), expected);
    for _ in 0..3 {
        look_once(&trigger, 1).await;
        assert_eq!(told(&trigger.heard()), expected);
    }
    // The same again is something new, also when the trigger was stopped in the middle of telling of the first time.
    fs::remove_dir_all(root.join("in/deep")).unwrap();
    trigger.until(&Changes, |heard| heard.len() >= 8).await.unwrap();
    fs::create_dir(root.join("in/deep")).unwrap();
    let heard = trigger.until(&Changes, |heard| heard.len() >= 9).await.unwrap();
    assert_eq!(told(&heard).iter().filter(|told| *told == "addDir in/deep").count(), 2);
}

#[tokio::test]
async fn paths_are_written_as_the_watched_one_and_ignored_ones_do_not_count() {
    let (_place, root) = place();
    let whole = root.canonicalize().unwrap();
    let settings = json!({
        "path": whole.join("in"), "events": ["add"], "ignoreInitial": false, "depth": 1, "ignored": "**/*.tmp",
    });
    fs::create_dir_all(root.join("in/a/b")).unwrap();
    for name in ["in/x.txt", "in/x.tmp", "in/a/y.txt", "in/a/b/z.txt", "beside.txt"] {
        fs::write(root.join(name), name).unwrap();
    }
    let heard = listening(&root, settings).until(&Changes, |heard| heard.len() >= 2).await.unwrap();
    let path = |name: &str| format!("add {}", whole.join(name).display());
    assert_eq!(told(&heard), [path("in/a/y.txt"), path("in/x.txt")]);
    let contain =
        json!({ "path": ".", "events": ["add"], "ignoreInitial": false, "ignored": "in/", "ignoreMode": "contain" });
    let heard = listening(&root, contain).until(&Changes, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(told(&heard), ["add beside.txt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_the_folder_is_watched() {
    let (place, root) = place();
    fs::write(place.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(place.path(), root.join("in/out")).unwrap();
    std::os::unix::fs::symlink(place.path().join("secret"), root.join("in/link")).unwrap();
    fs::write(root.join("in/file"), "x").unwrap();
    std::os::unix::fs::symlink("file", root.join("in/inside")).unwrap();
    let settings = |path: &str| json!({ "path": path, "events": ["add"], "ignoreInitial": false });
    let heard = listening(&root, settings("in")).until(&Changes, |heard| heard.len() >= 2).await.unwrap();
    assert_eq!(told(&heard), ["add in/file", "add in/inside"]);
    for path in ["..", "../files", "/etc", "in/out"] {
        assert!(listening(&root, settings(path)).until(&Changes, |_| false).await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_failure_and_its_files_have_not_gone() {
    let (_place, root) = place();
    fs::write(root.join("in/file"), "x").unwrap();
    let trigger = listening(&root, json!({ "path": "in", "events": all_events() }));
    settle(&trigger).await;
    fs::rename(root.join("in"), root.join("away")).unwrap();
    assert!(trigger.until(&Changes, |_| false).await.is_err());
    fs::rename(root.join("away"), root.join("in")).unwrap();
    fs::write(root.join("in/new"), "x").unwrap();
    let heard = trigger.until(&Changes, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(told(&heard), ["add in/new"]);
    let nowhere = Listening::new("files", json!({ "path": "in" }), &[], None);
    assert!(nowhere.until(&Changes, |_| false).await.unwrap_err().problem.hint.unwrap().contains("--files"));
}

#[tokio::test]
async fn what_is_there_at_first_is_not_new_once_it_has_settled() {
    let (_place, root) = place();
    fs::write(root.join("in/a"), "x").unwrap();
    let trigger = listening(&root, json!({ "path": "in", "events": all_events(), "awaitWriteFinish": true }));
    // Longer than a file takes to settle.
    trigger.proves(&Changes, 5).await.unwrap();
    assert!(trigger.heard().is_empty());
    fs::write(root.join("in/a"), "changed").unwrap();
    let heard = trigger.until(&Changes, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(told(&heard), ["change in/a"]);
}

#[tokio::test]
async fn another_folder_to_watch_begins_anew() {
    let (_place, root) = place();
    fs::create_dir(root.join("other")).unwrap();
    for name in ["in/a", "other/b", "other/c"] {
        fs::write(root.join(name), "x").unwrap();
    }
    let trigger = listening(&root, json!({ "path": "in", "events": all_events() }));
    settle(&trigger).await;
    let other = trigger.with_settings(json!({ "path": "other", "events": all_events() }));
    look_once(&other, 0).await;
    fs::write(root.join("other/d"), "x").unwrap();
    let heard = other.until(&Changes, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(told(&heard), ["add other/d"], "what was there is not new, and `in/a` has not gone");
}

#[tokio::test]
async fn many_files_are_each_told_once() {
    let (_place, root) = place();
    let trigger = listening(&root, json!({ "path": "in", "events": ["add"] }));
    settle(&trigger).await;
    for number in 0..3_000 {
        fs::write(root.join(format!("in/{number}")), "x").unwrap();
    }
    // Cut off in between.
    trigger.until(&Changes, |heard| heard.len() >= 1_000).await.unwrap();
    trigger.until(&Changes, |heard| heard.len() >= 3_000).await.unwrap();
    // The part that was being told when it was stopped is told again, to no effect.
    look_once(&trigger, 0).await;
    let mut told = told(&trigger.heard());
    assert_eq!(told.len(), 3_000);
    told.dedup();
    assert_eq!(told.len(), 3_000, "each is told");
}

#[test]
fn a_file_counts_once_it_has_stopped_growing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let parts = vec![Part::default(); PARTS as usize];
        let mut growing = Growing::default();
        let mut seen = |size: u64| {
            let file = Seen { folder: false, size, modified: size };
            let mut now = BTreeMap::from([("a".to_owned(), file)]);
            growing.hold_back(&mut now, &parts);
            now.contains_key("a")
        };
        assert!(!seen(1));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(!seen(2), "it has grown");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!seen(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(seen(2));
    });
}

#[test]
fn lowering_undoes_lifting() {
    let options = json!({ "awaitWriteFinish": true, "ignored": "**/*.txt", "ignoreInitial": false, "depth": 2 });
    check_round_trip(&FileTrigger, 1.0, json!({ "triggerOn": "file", "path": "/data/a.pdf" }));
    check_round_trip(
        &FileTrigger,
        1.0,
        json!({ "triggerOn": "folder", "path": "/data", "events": ["add"], "options": options }),
    );
    let links = json!({ "triggerOn": "folder", "options": { "followSymlinks": false } });
    let lifted = part::NodeType::lift(&FileTrigger, &node("n8n-nodes-base.localFileTrigger", 1.0, links)).unwrap();
    assert_eq!(lifted.problems.len(), 1);
}
