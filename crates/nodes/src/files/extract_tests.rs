use model::workflow::OnError;
use serde_json::json;
use testkit::contract;
use testkit::step::{Bench, failure, run};

use super::super::file::testing::item;
use super::*;
use crate::lift::check_round_trip;

#[track_caller]
fn reads(params: Value, input: Value, expect: Value) {
    let outputs = run(&Extract, params, &[json!([input])]).unwrap();
    // As text, so that the order of fields counts.
    assert_eq!(outputs[0].to_string(), expect.to_string());
}

fn csv(text: &str) -> Value {
    item("a.csv", "text/csv", text)
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&Extract);
    contract::runs(&Extract, json!({}), &[json!([csv("a,b\n1,2\n")])]);
}

#[test]
fn rows_of_a_csv_file_become_items() {
    let file = || csv("a,b\r\n1,\"x, \"\"y\"\"\"\r\n\r\n 3 ,\r\n");
    reads(json!({}), file(), json!([{ "a": "1", "b": "x, \"y\"" }, { "a": " 3 " }]));
    reads(json!({ "includeEmptyCells": true, "maxRowCount": 1 }), file(), json!([{ "a": "1", "b": "x, \"y\"" }]));
    reads(
        json!({ "headerRow": false }),
        csv("1,2\n3,\n"),
        json!([{ "row": { "0": "1", "1": "2" } }, { "row": { "0": "3" } }]),
    );
    reads(
        json!({ "headerRow": false, "includeEmptyCells": true }),
        csv("1,2\n3,\n"),
        json!([{ "row": ["1", "2"] }, { "row": ["3", ""] }]),
    );
    reads(json!({ "delimiter": "\t" }), csv("a\tb\n1\t2"), json!([{ "a": "1", "b": "2" }]));
    reads(json!({}), csv("10,b,2\n1,2,3"), json!([{ "2": "3", "10": "1", "b": "2" }]));
    reads(json!({}), csv("a,a\n1,2"), json!([{ "a": "2" }]));
    reads(json!({ "enableBOM": true }), csv("\u{FEFF}a\n1"), json!([{ "a": "1" }]));
    reads(json!({ "encoding": "latin1" }), item("a.csv", "text/csv", b"a\n\xE9"), json!([{ "a": "é" }]));
    reads(json!({ "fromLine": 2 }), csv("a\nb\nc"), json!([{ "b": "c" }]));
    reads(json!({}), csv(""), json!([]));
}

#[test]
fn a_broken_csv_file_fails_with_its_line_and_puts_nothing_out() {
    let broken = "a,b\n1,2\n3\n";
    let words = "Invalid Record Length: columns length is 2, got 1 on line 3";
    assert_eq!(failure(&Extract, json!({}), &[json!([csv(broken)])]), words);
    let other = failure(&Extract, json!({}), &[json!([item("a.txt", "text/plain", broken)])]);
    assert_eq!(other, "The file selected in 'Input Binary Field' is not in csv format");
    let mut bench = Bench::new(&Extract, json!({})).unwrap().on_error(OnError::Continue);
    let ran = bench.run(&[json!([csv(broken), csv("a\n1")])]).unwrap();
    assert_eq!(ran.json()[0], json!([{ "error": words }, { "a": "1" }]));
    assert_eq!(ran.origins(0), [[(0, 0)], [(0, 1)]]);
    reads(json!({ "skipRecordsWithErrors": true }), csv(broken), json!([{ "a": "1", "b": "2" }]));
    let params = json!({ "skipRecordsWithErrors": true, "maxSkippedRecords": 1 });
    let detail = failure(&Extract, params, &[json!([csv("a,b\n1\n2\n3,4\n")])]);
    assert_eq!(detail, "Max number of skipped records exceeded");
}

#[test]
fn hostile_csv_files_are_refused() {
    let wide = failure(&Extract, json!({}), &[json!([csv(&",".repeat(1_000_000))])]);
    assert_eq!(wide, "the row at line 1 has more than 65536 columns");
}

#[test]
fn a_missing_file_is_named() {
    assert_eq!(
        failure(&Extract, json!({}), &[json!([{}])]),
        "This operation expects the node's input data to contain a binary file 'data', but none was found [item 0]"
    );
    assert_eq!(
        failure(&Extract, json!({ "binaryPropertyName": "x" }), &[json!([csv("a")])]),
        "The item has no binary field 'x' [item 0]"
    );
    // An expression may give the file itself.
    reads(json!({ "binaryPropertyName": csv("a\n1")["binary"]["data"] }), json!({}), json!([{ "a": "1" }]));
}

#[test]
fn spreadsheets_become_items() {
    let mut writer = formats::sheet::write(
        formats::sheet::Target::Xlsx,
        vec!["n".into(), "t".into()],
        formats::sheet::Options { sheet: "S".into(), ..Default::default() },
    )
    .unwrap();
    writer.begin().unwrap();
    writer.row(&[Some(&json!(1)), Some(&json!("x"))]).unwrap();
    writer.row(&[None, Some(&json!("y"))]).unwrap();
    let bytes = writer.end().unwrap();
    let file = || item("a.xlsx", "application/x", &bytes);
    let params = |more: Value| {
        let mut params = json!({ "operation": "xlsx" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    reads(params(json!({})), file(), json!([{ "n": 1, "t": "x" }, { "t": "y" }]));
    reads(params(json!({ "includeEmptyCells": true })), file(), json!([{ "n": 1, "t": "x" }, { "n": "", "t": "y" }]));
    reads(params(json!({ "headerRow": false, "range": "A2:B2" })), file(), json!([{ "row": [1, "x"] }]));
    let detail = failure(&Extract, params(json!({ "sheetName": "T" })), &[json!([file()])]);
    assert_eq!(detail, "Spreadsheet does not contain sheet called \"T\"!");
    let detail = failure(&Extract, params(json!({})), &[json!([csv("a,b")])]);
    assert_eq!(detail, "The file selected in 'Input Binary Field' is not in xlsx format");
    let page = "<table><tr><td>a</td></tr><tr><td>1</td></tr></table>";
    reads(json!({ "operation": "html" }), item("a.html", "text/html", page), json!([{ "a": 1 }]));
    reads(json!({ "operation": "html", "rawData": true }), item("a.html", "text/html", page), json!([{ "a": "1" }]));
}

#[test]
fn texts_become_a_field() {
    let text = item("a.txt", "text/plain", "\u{FEFF}grüß");
    reads(json!({ "operation": "text" }), text.clone(), json!([{ "data": "grüß" }]));
    reads(
        json!({ "operation": "text", "stripBOM": false, "destinationKey": "a.b" }),
        text,
        json!([{ "a": { "b": "\u{FEFF}grüß" } }]),
    );
    let old = item("a.txt", "text/plain", b"gr\xFC\xDF");
    reads(json!({ "operation": "text" }), old.clone(), json!([{ "data": "grüß" }]));
    reads(json!({ "operation": "xml", "encoding": "utf8" }), old, json!([{ "data": "gr\u{FFFD}\u{FFFD}" }]));
    reads(json!({ "operation": "binaryToPropery" }), item("a", "x/y", b"\xFF\0"), json!([{ "data": "/wA=" }]));
    let list = item("a.json", "application/json", "[{\"a\": 1}]");
    reads(json!({ "operation": "fromJson" }), list, json!([{ "data": [{ "a": 1 }] }]));
    reads(json!({ "operation": "fromJson" }), item("a.json", "application/json", ""), json!([{ "data": {} }]));
    assert_eq!(
        failure(&Extract, json!({ "operation": "fromJson" }), &[json!([item("a.json", "x/y", "{")])]),
        "The file selected in 'Input Binary Field' is not in JSON format"
    );
}

#[test]
fn events_of_a_calendar_file_are_read() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Vienna:20240506T070809\nEND:VEVENT\nEND:VCALENDAR";
    let local = json!({ "date": "2024-05-06T07:08:09.000Z", "timezone": "Europe/Vienna", "tzoffset": "+0200" });
    let start = json!({ "date": "2024-05-06T05:08:09.000Z", "type": "DATE-TIME", "local": local });
    let file = item("a.ics", "text/calendar", text);
    reads(json!({ "operation": "fromIcs" }), file, json!([{ "data": { "events": [{ "start": start }] } }]));
}

#[test]
fn lines_of_json_become_items() {
    let lines = item("a.jsonl", "application/jsonl", "{\"a\":1}\n\n{\"a\":2}\r\n[3]");
    reads(json!({ "operation": "jsonLines" }), lines, json!([{ "a": 1 }, { "a": 2 }, { "data": [3] }]));
    let broken = item("a.jsonl", "application/jsonl", "{\"a\":1}\n{");
    let detail = failure(&Extract, json!({ "operation": "jsonLines" }), &[json!([broken])]);
    assert!(detail.starts_with("line 2 of the file is not JSON"), "{detail}");
}

#[test]
fn fields_and_files_go_along_where_they_are_asked_for() {
    let input = || {
        let mut input = item("a.txt", "text/plain", "t");
        input["json"] = json!({ "k": 1 });
        input["binary"]["other"] = input["binary"]["data"].clone();
        input
    };
    let made = |keep: Value| {
        let mut params = json!({ "operation": "text" });
        if !keep.is_null() {
            params["keepSource"] = keep;
        }
        let ran = Bench::new(&Extract, params).unwrap().run(&[json!([input()])]).unwrap();
        (ran.json()[0][0].clone(), ran.files(0, 0).into_keys().collect::<Vec<_>>())
    };
    assert_eq!(made(json!(null)), (json!({ "data": "t" }), vec!["other".to_owned()]));
    assert_eq!(made(json!("json")), (json!({ "k": 1, "data": "t" }), vec!["other".to_owned()]));
    assert_eq!(made(json!("binary")), (json!({ "data": "t" }), vec!["data".to_owned(), "other".to_owned()]));
    assert_eq!(made(json!("both")).0, json!({ "k": 1, "data": "t" }));
}

#[test]
fn broken_pdf_files_are_refused() {
    let detail =
        failure(&Extract, json!({ "operation": "pdf" }), &[json!([item("a.pdf", "application/pdf", "%PDF-1.4")])]);
    assert!(detail.contains("not a PDF file"), "{detail}");
}

#[test]
fn lowering_undoes_lifting() {
    for (version, parameters) in [
        (1.0, json!({})),
        (
            1.1,
            json!({ "operation": "pdf", "options": { "joinPages": false, "maxPages": 2, "password": "x", "keepSource": "both" } }),
        ),
        (
            1.1,
            json!({ "operation": "binaryToPropery", "destinationKey": "x", "options": { "encoding": "ucs2", "stripBOM": false } }),
        ),
        (
            1.1,
            json!({ "binaryPropertyName": "f", "options": { "delimiter": ";", "fromLine": 3, "maxRowCount": -1, "enableBOM": true, "relaxQuotes": true, "skipRecordsWithErrors": { "value": { "enabled": true, "maxSkippedRecords": 3 } } } }),
        ),
        (
            1.1,
            json!({ "operation": "ods", "options": { "headerRow": false, "includeEmptyCells": true, "range": "A1:B2", "rawData": true, "readAsString": true, "sheetName": "S" } }),
        ),
    ] {
        check_round_trip(&Extract, version, parameters);
    }
}
