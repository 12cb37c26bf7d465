//! S3 against a store that checks signatures.

use std::collections::BTreeMap;

use model::Value;
use outbound::{Login, Protocol};
use part::NodeType;
use serde_json::json;
use testkit::contract;
use testkit::lift::{check_round_trip, node};
use testkit::s3::{KEY, Store, start};
use testkit::step::{Bench, Ran, failure};

use super::S3;
use crate::files::testing::{content, file};

fn login(store: &Store) -> Login {
    let secrets = BTreeMap::from([("password".to_owned(), KEY.1.to_owned())]);
    let mut login = Login::new(Protocol::S3, "127.0.0.1", store.address.port()).with_secrets(secrets);
    login.user = KEY.0.into();
    login
}

fn bench(store: &Store, params: Value) -> Bench {
    Bench::new(&S3, params).unwrap().login("s3", login(store))
}

#[track_caller]
fn run(store: &Store, params: Value, input: Value) -> Ran {
    bench(store, params).run(&[json!([input])]).unwrap()
}

#[track_caller]
fn out(store: &Store, params: Value) -> Value {
    run(store, params, json!({})).json()[0].clone()
}

fn keys(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["Key"].as_str().unwrap()).collect()
}

fn upload(store: &Store, key: &str, text: &str) {
    let params = json!({
        "operation": "upload", "bucketName": "one", "fileName": key, "binaryData": false, "fileContent": text
    });
    assert_eq!(out(store, params), json!([{ "success": true }]));
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&S3);
}

#[test]
fn lowering_undoes_lifting() {
    for parameters in [
        json!({}),
        json!({ "resource": "bucket", "name": "b", "additionalFields": { "acl": "publicRead", "region": "eu-west-1" } }),
        json!({ "resource": "bucket", "operation": "search", "bucketName": "b", "limit": 5,
                "additionalFields": { "prefix": "a", "delimiter": "/", "fetchOwner": true } }),
        json!({ "operation": "getAll", "bucketName": "b", "returnAll": true,
                "options": { "folderKey": "a/", "fetchOwner": true } }),
        json!({ "operation": "upload", "bucketName": "b", "fileName": "x",
                "tagsUi": { "tagsValues": [{ "key": "a", "value": "b" }] },
                "additionalFields": { "storageClass": "standardIA", "parentFolderKey": "p" } }),
        json!({ "operation": "delete", "bucketName": "b", "fileKey": "x", "options": { "versionId": "1" } }),
        json!({ "operation": "copy", "sourcePath": "/a/b", "destinationPath": "/c/d" }),
        json!({ "resource": "folder", "operation": "delete", "bucketName": "b", "folderKey": "a/" }),
    ] {
        check_round_trip(&S3, 1.0, parameters);
    }
    let grants = json!({ "additionalFields": { "grantRead": true, "grantWrite": false } });
    let lifted = S3.lift(&node("n8n-nodes-base.awsS3", 2.0, grants)).unwrap();
    assert_eq!((lifted.problems.len(), lifted.slots["aws"].as_str()), (1, "s3"));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for (params, says) in [
        (json!({ "resource": "bucket", "operation": "upload" }), "a bucket knows no upload"),
        (json!({ "bucketName": "b", "fileKey": "a/" }), "whole directory"),
        (json!({ "operation": "copy", "sourcePath": "/a/b", "destinationPath": "/only" }), "`/bucket/key`"),
        (json!({ "operation": "upload", "bucketName": "b", "binaryData": false }), "has no name"),
        (json!({ "bucketName": "b", "fileKey": "x" }), "no connection"),
    ] {
        let detail = failure(&S3, params, &[json!([{}])]);
        assert!(detail.contains(says), "{detail}");
    }
}

#[test]
fn buckets_and_files_live_and_die() {
    let store = start().unwrap();
    assert_eq!(out(&store, json!({ "resource": "bucket", "name": "one" })), json!([{ "success": true }]));
    out(&store, json!({ "resource": "bucket", "name": "two", "region": "eu-west-1" }));
    let listed = out(&store, json!({ "resource": "bucket", "operation": "getAll" }));
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|bucket| &bucket["Name"]).collect();
    assert_eq!(names, ["one", "two"]);
    let few = out(&store, json!({ "resource": "bucket", "operation": "getAll", "limit": 1 }));
    assert_eq!(few.as_array().unwrap().len(), 1);

    let tags = json!([{ "key": "a b", "value": "c&d" }]);
    let up = json!({
        "operation": "upload", "bucketName": "one", "parentFolderKey": "in", "tags": tags, "storageClass": "standardIA"
    });
    let ran = run(&store, up, file("../evil ä.txt", b"one"));
    assert_eq!(ran.json()[0], json!([{ "success": true }]));
    upload(&store, "in/text", "two");
    upload(&store, "top", "three");
    upload(&store, "odd +?=#%41;", "four");
    out(&store, json!({ "resource": "folder", "bucketName": "one", "folderName": "empty", "parentFolderKey": "in/" }));

    let all = out(&store, json!({ "resource": "bucket", "operation": "search", "bucketName": "one" }));
    assert_eq!(keys(&all), ["in/empty/", "in/evil ä.txt", "in/text", "odd +?=#%41;", "top"]);
    assert_eq!(all[2]["Size"], "3");
    let searched = json!({ "resource": "bucket", "operation": "search", "bucketName": "one", "prefix": "in/t" });
    assert_eq!(keys(&out(&store, searched)), ["in/text"]);
    let groups = json!({
        "resource": "bucket", "operation": "search", "bucketName": "one", "delimiter": "/", "includeCommonPrefixes": true
    });
    assert_eq!(out(&store, groups), json!([{ "Prefix": "in/" }]));
    let files = json!({ "operation": "getAll", "bucketName": "one", "folderKey": "in/" });
    assert_eq!(keys(&out(&store, files)), ["in/evil ä.txt", "in/text"]);
    let folders = json!({ "resource": "folder", "operation": "getAll", "bucketName": "one" });
    assert_eq!(keys(&out(&store, folders)), ["in/empty/"]);

    let mut odd = bench(&store, json!({ "bucketName": "one", "fileKey": "odd +?=#%41;" }));
    let ran = odd.run(&[json!([{}])]).unwrap();
    assert_eq!(content(odd.host(), &ran.files(0, 0)["data"]), b"four");
    out(&store, json!({ "operation": "delete", "bucketName": "one", "fileKey": "odd +?=#%41;" }));

    let copied = out(
        &store,
        json!({
            "operation": "copy", "sourcePath": "/one/in/evil ä.txt", "destinationPath": "/two/deep/copy"
        }),
    );
    assert!(copied[0]["ETag"].is_string(), "{copied}");
    let mut get = bench(&store, json!({ "bucketName": "two", "fileKey": "deep/copy", "binaryPropertyName": "got" }));
    let ran = get.run(&[json!([{ "k": 1 }])]).unwrap();
    let got = ran.files(0, 0).remove("got").unwrap();
    assert_eq!(content(get.host(), &got), b"one");
    assert_eq!((got.file_name.as_deref(), got.mime_type.as_str()), (Some("copy"), "text/plain"));
    assert_eq!(ran.json()[0], json!([{ "k": 1 }]));

    let gone =
        out(&store, json!({ "resource": "folder", "operation": "delete", "bucketName": "one", "folderKey": "in/" }));
    assert_eq!(gone[0]["deleted"].as_array().unwrap().len(), 3, "{gone}");
    out(&store, json!({ "operation": "delete", "bucketName": "one", "fileKey": "top" }));
    out(&store, json!({ "resource": "bucket", "operation": "delete", "name": "one" }));
    let error = bench(&store, json!({ "bucketName": "one", "fileKey": "top" })).run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().starts_with("NoSuchBucket"), "{error}");
    let error = bench(&store, json!({ "bucketName": "two", "fileKey": "none" })).run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().starts_with("NoSuchKey"), "{error}");
}

#[test]
fn a_large_file_is_sent_in_parts_and_comes_back_whole() {
    let store = start().unwrap();
    out(&store, json!({ "resource": "bucket", "name": "one" }));
    let big: Vec<u8> = (0..18_000_000u32).map(|n| (n % 251) as u8).collect();
    let up = json!({ "operation": "upload", "bucketName": "one", "fileName": "big" });
    let ran = run(&store, up, file("x", &big));
    assert_eq!(ran.json()[0], json!([{ "success": true }]));
    let mut get = bench(&store, json!({ "bucketName": "one", "fileKey": "big" }));
    let ran = get.run(&[json!([{}])]).unwrap();
    let got = ran.files(0, 0).remove("data").unwrap();
    assert_eq!(got.size, 18_000_000);
    assert!(content(get.host(), &got) == big);
    let log = store.daemon.log();
    assert!(log.contains("partNumber=3&") && !log.contains("partNumber=4&"), "in three parts: {log}");
}

#[test]
fn more_than_a_page_is_listed_and_removed() {
    let store = start().unwrap();
    out(&store, json!({ "resource": "bucket", "name": "one" }));
    let items: Vec<Value> = (0..1100).map(|n| json!({ "name": format!("many/{n:04}") })).collect();
    let params = json!({
        "operation": "upload", "bucketName": "one", "fileName": "={{ $json.name }}", "binaryData": false,
        "fileContent": "x"
    });
    bench(&store, params).run(&[items.into()]).unwrap();
    let list = |params: Value| out(&store, params).as_array().unwrap().len();
    let search = |more: Value| {
        let mut params = json!({ "resource": "bucket", "operation": "search", "bucketName": "one" });
        params.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        params
    };
    assert_eq!(list(search(json!({ "returnAll": true }))), 1100);
    assert_eq!(list(search(json!({ "limit": 1050 }))), 1050);
    assert_eq!(list(search(json!({}))), 100);
    let gone =
        out(&store, json!({ "resource": "folder", "operation": "delete", "bucketName": "one", "folderKey": "many/" }));
    assert_eq!(gone[0]["deleted"].as_array().unwrap().len(), 1100);
    assert_eq!(list(search(json!({}))), 0);
}

#[test]
fn no_key_leads_to_another_one_and_no_bucket_to_another_host() {
    let store = start().unwrap();
    out(&store, json!({ "resource": "bucket", "name": "one" }));
    out(&store, json!({ "resource": "bucket", "name": "two" }));
    upload(&store, "secret", "x");
    for key in ["../one/secret", "a/../secret", "./secret", "a\0b"] {
        let error = bench(&store, json!({ "bucketName": "two", "fileKey": key })).run(&[json!([{}])]).unwrap_err();
        assert!(error.to_string().contains("cannot be sent"), "{key}: {error}");
    }
    for bucket in ["two/../one", "..", "a\\b", "a\r\nb"] {
        let error =
            bench(&store, json!({ "bucketName": bucket, "fileKey": "secret" })).run(&[json!([{}])]).unwrap_err();
        assert!(error.to_string().contains("is no name of a bucket"), "{bucket}: {error}");
    }
    for bucket in ["one?x=", "one#", "evil.example@one", "%2e%2e"] {
        let error =
            bench(&store, json!({ "bucketName": bucket, "fileKey": "secret" })).run(&[json!([{}])]).unwrap_err();
        assert_eq!(
            error.problem.code,
            model::Code::UpstreamStatus,
            "the store knows no such bucket: {bucket}: {error}"
        );
    }
    let line =
        json!({ "operation": "upload", "bucketName": "one", "fileName": "x", "binaryData": false, "acl": "a\r\nb" });
    assert!(bench(&store, line).run(&[json!([{}])]).unwrap_err().to_string().contains("a header cannot"));
}

#[test]
fn a_wrong_key_is_refused_and_not_told() {
    let store = start().unwrap();
    let secrets = BTreeMap::from([("password".to_owned(), "hush-hush".to_owned())]);
    let mut wrong = Login::new(Protocol::S3, "127.0.0.1", store.address.port()).with_secrets(secrets);
    wrong.user = KEY.0.into();
    let mut bench = Bench::new(&S3, json!({ "resource": "bucket", "operation": "getAll" })).unwrap().login("s3", wrong);
    let error = bench.run(&[json!([{}])]).unwrap_err();
    assert!(error.to_string().starts_with("SignatureDoesNotMatch"), "{error}");
    assert_eq!(error.category, part::Category::Auth);
    assert!(!format!("{error:?}").contains("hush-hush"));
    assert!(!format!("{:?}", bench.host().made()).contains("hush-hush"));
}
