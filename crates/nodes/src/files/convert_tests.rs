use model::Value;
use model::workflow::OnError;
use serde_json::json;
use testkit::contract;
use testkit::step::Bench;

use super::super::file::testing::content;
use super::*;
use crate::lift::{check_round_trip, node};

/// Name, type and text of the file that each item got.
#[track_caller]
fn files(params: Value, input: Value) -> Vec<(String, String, String)> {
    let mut bench = Bench::new(&Convert, params).unwrap();
    let ran = bench.run(&[input]).unwrap();
    (0..ran.items(0).len())
        .map(|position| {
            let file = ran.files(0, position).remove("data").unwrap();
            let text = String::from_utf8_lossy(&content(bench.host(), &file)).into_owned();
            assert_eq!(file.size as usize, content(bench.host(), &file).len());
            (file.file_name.clone().unwrap_or_default(), file.mime_type.clone(), text)
        })
        .collect()
}

#[track_caller]
fn one(params: Value, input: Value, name: &str, mime: &str, text: &str) {
    assert_eq!(files(params, input), [(name.into(), mime.into(), text.into())]);
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&Convert);
    for operation in ["csv", "html", "iCal", "toJson", "ods", "rtf", "xls", "xlsx"] {
        let params = json!({ "operation": operation, "start": "2024-05-06" });
        contract::runs(&Convert, params, &[json!([{ "n": 1 }])]);
    }
}

#[test]
fn items_become_one_table() {
    let input = json!([{ "a": 1, "b": { "c": [1, { "d": "x" }], "e": {} } }, { "z": null, "a": "q,\"" }]);
    one(json!({}), input.clone(), "File.csv", "text/csv", "\u{FEFF}a,b.c.0,b.c.1.d,z\n1,1,x,\n\"q,\"\"\",,,");
    one(
        json!({ "headerRow": false, "delimiter": ";", "fileName": "my.txt" }),
        input,
        "my.txt",
        "text/plain",
        "\u{FEFF}1;1;x;\n\"q,\"\"\";;;",
    );
    one(json!({}), json!([{ "b": 1, "10": 2, "2": 3 }]), "File.csv", "text/csv", "\u{FEFF}2,10,b\n3,2,1");
    one(json!({}), json!([{}, {}]), "File.csv", "text/csv", "\u{FEFF}\n\n");
    let mut bench = Bench::new(&Convert, json!({})).unwrap();
    let ran = bench.run(&[json!([{ "a": 1 }, { "a": 2 }])]).unwrap();
    assert_eq!(ran.origins(0), [[(0, 0), (0, 1)]]);
    assert_eq!(ran.json()[0], json!([{}]));
}

#[test]
fn large_tables_are_written_part_by_part() {
    let input: Vec<Value> = (0..20_000).map(|n| json!({ "n": n, "text": "some text that takes room" })).collect();
    let made = files(json!({}), input.into());
    assert_eq!(made[0].2.lines().count(), 20_001);
    assert!(made[0].2.ends_with("\n19999,some text that takes room"));
}

#[test]
fn items_become_json() {
    let input = json!([{ "a": 1.0, "b": [] }, { "c": { "d": "é" } }]);
    let json = "application/json";
    one(
        json!({ "operation": "toJson" }),
        input.clone(),
        "file.json",
        json,
        "[{\"a\":1,\"b\":[]},{\"c\":{\"d\":\"é\"}}]",
    );
    one(
        json!({ "operation": "toJson", "format": true, "fileName": "x.json" }),
        input.clone(),
        "x.json",
        json,
        "[\n  {\n    \"a\": 1,\n    \"b\": []\n  },\n  {\n    \"c\": {\n      \"d\": \"é\"\n    }\n  }\n]",
    );
    let each = files(json!({ "operation": "toJson", "mode": "each", "addBOM": true }), input);
    assert_eq!(each.len(), 2);
    assert_eq!(each[0].2, "\u{FEFF}{\"a\":1,\"b\":[]}");
}

#[test]
fn a_field_becomes_a_text_file() {
    let text = |more: Value, value: Value| {
        let mut params = json!({ "operation": "toText", "sourceProperty": "a.b" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        files(params, json!([{ "a": { "b": value } }])).remove(0)
    };
    let plain = |text: &str| ("file.txt".to_owned(), "text/plain".to_owned(), text.to_owned());
    assert_eq!(text(json!({}), json!("grüß")), plain("grüß"));
    assert_eq!(text(json!({}), json!(1.5)), plain("1.5"));
    assert_eq!(text(json!({}), json!(false)), plain(""), "as in n8n");
    assert_eq!(text(json!({}), json!({ "x": 1 })), ("file.txt".into(), "application/json".into(), "{\"x\":1}".into()));
    assert_eq!(text(json!({ "encoding": "latin1", "fileName": "a.md" }), json!("ü")).0, "a.md");
    let failure = testkit::step::failure;
    let params = json!({ "operation": "toText", "sourceProperty": "no" });
    assert_eq!(failure(&Convert, params.clone(), &[json!([{}])]), "The value in \"no\" is not set");
    let params = json!({ "operation": "toText", "sourceProperty": "a", "encoding": "klingon" });
    assert_eq!(failure(&Convert, params, &[json!([{ "a": "x" }])]), "Unknown encoding: klingon");
}

#[test]
fn base64_becomes_the_file_that_it_was() {
    let params = |more: Value| {
        let mut params = json!({ "operation": "toBinary", "sourceProperty": "a" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    one(params(json!({})), json!([{ "a": "aGk=" }]), "file", "text/plain", "hi");
    let png = part::params::to_base64(b"\x89PNG\r\n\x1a\n");
    assert_eq!(files(params(json!({})), json!([{ "a": png }]))[0].0, "file.png");
    one(params(json!({ "mimeType": "text/html" })), json!([{ "a": "aGk" }]), "file.html", "text/html", "hi");
    one(params(json!({ "fileName": "x.csv" })), json!([{ "a": "aG k" }]), "x.csv", "text/csv", "hi");
    one(params(json!({ "dataIsBase64": false })), json!([{ "a": "aGk=" }]), "file", "text/plain", "aGk=");
    let detail = testkit::step::failure(&Convert, params(json!({})), &[json!([{ "a": 5 }])]);
    assert_eq!(detail, "The value in \"a\" must be a base64 text, not number");
}

#[test]
fn an_event_becomes_a_calendar_file() {
    let params = json!({
        "operation": "iCal", "title": "T; a,b\\c", "start": "2024-05-06T07:08:09Z", "end": "2024-05-06T10:00:00+02:00",
        "event": {
            "uid": "u1", "description": format!("line1\nline2 {}", "x".repeat(90)), "location": "Here, there",
            "geolocationUi": { "geolocationValues": { "lat": "1.5", "lon": "2" } }, "status": "TENTATIVE",
            "organizerUi": { "organizerValues": { "name": "O", "email": "o@x.y" } }, "sequence": 2,
            "attendeesUi": { "attendeeValues": [{ "name": "A\nX:1", "email": "a@x.y", "rsvp": true }] },
            "recurrenceRule": "FREQ=DAILY",
        },
    });
    let expect = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\nPRODID:adamgibbons/ics\r\nMETHOD:PUBLISH\r\n\
         X-PUBLISHED-TTL:PT1H\r\nBEGIN:VEVENT\r\nUID:u1\r\nSUMMARY:T\\; a\\,b\\\\c\r\nDTSTAMP:20240506T070800Z\r\n\
         DTSTART:20240506T070809Z\r\nDTEND:20240506T080000Z\r\nSEQUENCE:2\r\nDESCRIPTION:line1\\nline2 {}\r\n\t{}\r\n\
         GEO:1.5;2\r\nLOCATION:Here\\, there\r\nSTATUS:TENTATIVE\r\nORGANIZER;CN=O:mailto:o@x.y\r\n\
         ATTENDEE;RSVP=TRUE;CN=A X:1:mailto:a@x.y\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "x".repeat(50),
        "x".repeat(40)
    );
    one(params, json!([{}]), "event.ics", "text/calendar", &expect);
    let day = json!({ "operation": "iCal", "allDay": true, "start": "2024-05-06", "event": { "fileName": "d.ics" } });
    let made = files(day, json!([{}])).remove(0);
    assert!(made.2.contains("DTSTART;VALUE=DATE:20240506\r\nDTEND;VALUE=DATE:20240507\r\n"), "{}", made.2);
    assert_eq!(made.0, "d.ics");
    for wrong in [json!({ "start": "soon" }), json!({ "start": "2024", "event": { "status": "X" } })] {
        let mut params = wrong;
        params["operation"] = "iCal".into();
        testkit::step::failure(&Convert, params, &[json!([{}])]);
    }
}

#[test]
fn failed_items_follow_on_error() {
    let params = json!({ "operation": "toText", "sourceProperty": "a" });
    let mut bench = Bench::new(&Convert, params).unwrap().on_error(OnError::Continue);
    let ran = bench.run(&[json!([{ "a": "x" }, {}])]).unwrap();
    assert_eq!(ran.json()[0], json!([{}, { "error": "The value in \"a\" is not set" }]));
    assert_eq!(ran.origins(0), [[(0, 0)], [(0, 1)]]);
    let params = json!({ "operation": "xlsx", "sheetName": "a/b" });
    let mut bench = Bench::new(&Convert, params).unwrap().on_error(OnError::Continue);
    let ran = bench.run(&[json!([{ "a": "x" }, {}])]).unwrap();
    assert_eq!(ran.json()[0], json!([{ "error": "Sheet name cannot contain : \\ / ? * [ ]" }]));
}

#[test]
fn lowering_undoes_lifting() {
    for (version, parameters) in [
        (1.1, json!({})),
        (
            1.1,
            json!({ "operation": "xlsx", "options": { "fileName": "a.xlsx", "headerRow": false, "sheetName": "S", "compression": true } }),
        ),
        (
            1.1,
            json!({ "operation": "toJson", "mode": "each", "binaryPropertyName": "f", "options": { "format": true, "addBOM": true, "encoding": "utf16" } }),
        ),
        (
            1.0,
            json!({ "operation": "toBinary", "sourceProperty": "a", "options": { "dataIsBase64": false, "mimeType": "a/b" } }),
        ),
        (
            1.1,
            json!({ "operation": "iCal", "title": "t", "start": "={{ $now }}", "end": "", "allDay": true, "additionalFields": { "uid": "x" } }),
        ),
    ] {
        check_round_trip(&Convert, version, parameters);
    }
    let lifted =
        Convert::lift(&node("n8n-nodes-base.convertToFile", 1.1, json!({ "options": { "encoding": "cp437" } })));
    assert_eq!(lifted.problems[0].pointer.as_deref(), Some("/parameters/options/encoding"));
}
