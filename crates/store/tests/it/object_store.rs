//! Blobs in a bucket: a real S3 server out of the npm registry.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use model::{Digest, Scope};
use store::{Blobs, Bucket, Error, Keys, Options, S3Blobs, Store};

/// The server, pinned: what it answers is part of the test.
const PACKAGE: &str = "s3rver@3.7.1";

/// A running server with the bucket `test`; ends with its owner.
struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says something that must not be overlooked.
fn left_out(why: &str) -> Option<Server> {
    eprintln!("\n*** BLOBS IN AN OBJECT STORE WERE NOT TESTED: {why} ***\n");
    None
}

/// Installs the server beside the build's other products, once for all runs.
fn installed() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("object-store");
    let program = folder.join("node_modules/.bin/s3rver");
    if program.is_file() {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let npm = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .arg(PACKAGE)
        .output()
        .map_err(|error| format!("there is no npm: {error}"))?;
    match npm.status.success() && program.is_file() {
        true => Ok(program),
        false => Err(format!("{PACKAGE} cannot be installed: {}", String::from_utf8_lossy(&npm.stderr).trim())),
    }
}

fn server() -> Option<Server> {
    let program = match installed() {
        Ok(program) => program,
        Err(why) => return left_out(&why),
    };
    let folder = tempfile::tempdir().unwrap();
    let started = Command::new(program)
        .args(["--port", "0", "--address", "127.0.0.1", "--configure-bucket", "test", "--directory"])
        .arg(folder.path())
        // It enciphers where a list goes on with a cipher that newer OpenSSLs have put aside.
        .env("NODE_OPTIONS", "--openssl-legacy-provider")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return left_out("the server cannot be started") };
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let address = said.find_map(|line| line.split_once("listening on ").map(|(_, address)| address.trim().to_owned()));
    // What it says later is read, so that it never waits for us.
    std::thread::spawn(move || said.for_each(drop));
    match address {
        Some(address) => Some(Server { child, address, _folder: folder }),
        None => left_out("the server ended before it listened"),
    }
}

fn keys() -> Keys {
    Keys { id: "S3RVER".into(), secret: "S3RVER".into(), session: None }
}

fn bucket(server: &Server, name: &str) -> Bucket {
    Bucket::parse(&format!("s3://{name}/some/prefix?endpoint=http://{}", server.address)).unwrap()
}

/// Content of that many bytes that does not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

async fn written(blobs: &S3Blobs, digest: Digest, content: &Bytes) {
    let mut sink = blobs.sink().await.unwrap();
    for part in content.chunks(100_000) {
        sink.write(content.slice_ref(part)).await.unwrap();
    }
    sink.finish(7, digest).await.unwrap();
}

#[tokio::test]
async fn a_bucket_keeps_what_the_port_promises() {
    let Some(server) = server() else { return };
    assert!(S3Blobs::open(bucket(&server, "no-such-bucket"), keys()).await.is_err(), "the bucket has to exist");
    let blobs = S3Blobs::open(bucket(&server, "test"), keys()).await.unwrap();
    let content = noise(1, 3_000_000);
    let digest = store::digest(&content);
    assert!(!blobs.exists(7, digest).await.unwrap());
    assert!(matches!(blobs.read(7, digest, 0, 10).await, Err(Error::NoBlob(_))));
    written(&blobs, digest, &content).await;
    drop(blobs.sink().await.unwrap());
    assert!(blobs.exists(7, digest).await.unwrap() && !blobs.exists(8, digest).await.unwrap());
    for (offset, length) in [(0, 8), (8, 300_000), (900_000, 300_000), (2_999_990, 100), (5, 2_500_000)] {
        let end = (offset + length).min(content.len());
        let read = blobs.read(7, digest, offset as u64, length).await.unwrap();
        assert_eq!(read, content.slice(offset..end), "{offset} {length}");
    }
    assert!(blobs.read(7, digest, 3_000_000, 10).await.unwrap().is_empty(), "nothing lies behind the end");

    // Other blobs beside it, and one that was written twice.
    for seed in 0..3 {
        let other = noise(101 + 2 * seed, 10);
        written(&blobs, store::digest(&other), &other).await;
    }
    let listed = blobs.list(7).await.unwrap();
    assert_eq!(listed.len(), 4);
    assert!(blobs.list(8).await.unwrap().is_empty());
    let stored = listed.iter().find(|stored| stored.digest == digest).unwrap().written_at;
    assert!(!blobs.remove(7, digest, stored - 1_000).await.unwrap(), "it is too young");
    assert!(blobs.exists(7, digest).await.unwrap());
    written(&blobs, digest, &content).await;
    assert_eq!(blobs.list(7).await.unwrap().len(), 4, "two writings are one blob");
    assert!(blobs.remove(7, digest, i64::MAX).await.unwrap());
    assert!(matches!(blobs.read(7, digest, 0, 10).await, Err(Error::NoBlob(_))), "nothing of it is remembered");
    assert!(blobs.remove(7, digest, i64::MAX).await.unwrap(), "what is gone is gone");
}

#[tokio::test]
async fn a_store_keeps_its_large_blobs_in_a_bucket_and_takes_backups_of_them() {
    let Some(server) = server() else { return };
    let folder = tempfile::tempdir().unwrap();
    let open = async |data: &str, prefix: &str| {
        let bucket = Bucket { prefix: prefix.to_owned(), ..bucket(&server, "test") };
        let blobs: Arc<dyn Blobs> = Arc::new(S3Blobs::open(bucket, keys()).await.unwrap());
        Store::open_with(Options::sqlite(folder.path().join(data)), Some(blobs)).await.unwrap()
    };
    let one = open("one", "one").await;
    let scope = one.ensure_scope(&Scope::default()).await.unwrap();
    let (hard, soft) = (noise(2, 1_200_000), Bytes::from("all alike. ".repeat(200_000)));
    let hard_digest = one.put_blob(scope, hard.clone(), 1).await.unwrap();
    let soft_digest = one.put_blob(scope, soft.clone(), 1).await.unwrap();
    one.hold_blob(scope, hard_digest, "pin/a").await.unwrap();
    one.hold_blob(scope, soft_digest, "pin/a").await.unwrap();
    assert!(!folder.path().join("one/blobs").exists(), "no folder is needed");
    let mut middle = one.blob_reader(scope, soft_digest, 1_000_000, Some(22)).await.unwrap();
    assert_eq!(middle.next().await.unwrap().unwrap(), soft.slice(1_000_000..1_000_022));
    one.backup(&folder.path().join("backup"), 2).await.unwrap();
    let two = open("two", "two").await;
    two.restore(&folder.path().join("backup")).await.unwrap();
    for store in [&one, &two] {
        assert_eq!(store.blob(scope, hard_digest).await.unwrap(), hard);
        assert_eq!(store.blob(scope, soft_digest).await.unwrap(), soft);
    }
    one.release_blobs(scope, "pin/a").await.unwrap();
    assert_eq!(one.collect_blobs(i64::MAX, 10).await.unwrap().blobs, 2);
    assert!(matches!(one.blob(scope, hard_digest).await, Err(Error::NoBlob(_))));
    assert_eq!(two.blob(scope, hard_digest).await.unwrap(), hard, "another prefix is another place");
    one.close().await;
    two.close().await;
}
