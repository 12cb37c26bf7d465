//! Mail against real servers: aiosmtpd takes it, Dovecot keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use model::workflow::OnError;
use model::{Code, Value};
use outbound::{Encryption, Login, Protocol};
use part::listen::Source;
use part::{NodeError, Resumed, Suspend};
use serde_json::json;
use testkit::dovecot::{self, Dovecot};
use testkit::listen::{Heard, Listening};
use testkit::smtp::{self, Mode, Server};
use testkit::step::{Bench, items};

use super::send::Send;
use super::watch::Watch;

fn with_password(mut login: Login, user: &str, password: &str, certificate: &str) -> Login {
    login.user = user.into();
    login.settings.insert("caCertificate".into(), certificate.into());
    login.with_secrets(BTreeMap::from([("password".to_owned(), password.to_owned())]))
}

fn smtp_login(server: &Server, mode: Mode) -> Login {
    let login = Login::new(Protocol::Smtp, "127.0.0.1", server.port);
    let mut login = match mode {
        Mode::Open => return login,
        _ => with_password(login, smtp::USER, smtp::PASSWORD, &server.certificate),
    };
    login.encryption = match mode {
        Mode::Tls => Encryption::Tls,
        Mode::StartTls => Encryption::StartTls,
        _ => Encryption::None,
    };
    login
}

fn bench(login: &Login, params: Value) -> Bench {
    Bench::new(&Send, params).unwrap().login("smtp", login.clone())
}

fn parsed(mail: &[u8]) -> mail_parser::Message<'_> {
    mail_parser::MessageParser::default().parse(mail).expect("it is a mail")
}

#[test]
fn the_contract_is_kept() {
    testkit::contract::check(&Send);
}

#[test]
fn a_mail_arrives_over_every_kind_of_encryption() {
    let params = json!({
        "from": "Me <me@a.example>", "to": "you@b.example, Ü <other@b.example>", "bcc": "secret@b.example",
        "replyTo": "desk@a.example", "subject": "={{ $json.subject }}", "format": "both",
        "text": "plain", "html": "<b>rich</b> <img src='cid:logo'>", "inline": ["logo"], "files": "report",
        "inReplyTo": "<0@a.example>",
    });
    let file = |name: &str, mime: &str| json!({ "mimeType": mime, "fileName": name, "data": "aGVsbG8=" });
    let files = json!({ "logo": file("l.png", "image/png"), "report": file("grüße.txt", "text/plain") });
    let input = json!([{ "json": { "subject": "Grüße\r\nBcc: thief@c.example" }, "binary": files }]);
    for mode in [Mode::Open, Mode::Plain, Mode::Tls, Mode::StartTls] {
        let server = smtp::start(mode).unwrap();
        let ran = bench(&smtp_login(&server, mode), params.clone()).run(std::slice::from_ref(&input));
        let ran = ran.unwrap_or_else(|error| panic!("{mode:?}: {error}"));
        let out = &ran.json()[0][0];
        assert_eq!(out["accepted"], json!(["you@b.example", "other@b.example", "secret@b.example"]), "{mode:?}");
        assert_eq!(out["envelope"]["from"], "me@a.example");
        assert!(out["response"].as_str().unwrap().starts_with("250"), "{out}");
        let taken = server.taken().unwrap();
        assert_eq!(taken.len(), 1, "{mode:?}");
        let secured = matches!(mode, Mode::Tls | Mode::StartTls);
        assert_eq!(taken[0].about["tls"], secured, "{mode:?}");
        assert_eq!(taken[0].about["user"].as_str(), (mode != Mode::Open).then_some(smtp::USER), "{mode:?}");
        let mail = parsed(&taken[0].mail);
        assert_eq!(mail.subject(), Some("Grüße Bcc: thief@c.example"));
        assert!(mail.bcc().is_none() && !taken[0].mail.windows(6).any(|found| found == b"secret"));
        assert_eq!(format!("<{}>", mail.message_id().unwrap()), out["messageId"].as_str().unwrap());
        assert_eq!(mail.in_reply_to().as_text(), Some("0@a.example"));
        assert_eq!(mail.body_text(0).unwrap().trim_end(), "plain");
        let names: Vec<_> = mail.attachments().filter_map(mail_parser::MimeHeaders::attachment_name).collect();
        assert_eq!(names, ["l.png", "grüße.txt"]);
    }
}

#[test]
fn a_mail_whose_outcome_is_lost_is_sent_again_under_its_old_id() {
    let server = smtp::start(Mode::Open).unwrap();
    let params = json!({ "from": "me@a.example", "to": "you@b.example", "text": "x" });
    let bench = bench(&smtp_login(&server, Mode::Open), params);
    testkit::contract::repeats_under_one_key(&bench, &[json!([{}])]);
    let taken = server.taken().unwrap();
    assert_eq!(taken.len(), 2);
    assert_eq!(parsed(&taken[0].mail).message_id(), parsed(&taken[1].mail).message_id());
}

fn failure(server: &Server, mode: Mode, change: impl FnOnce(&mut Login), params: Value) -> NodeError {
    let mut login = smtp_login(server, mode);
    change(&mut login);
    let mut whole = json!({ "from": "me@a.example", "to": "you@b.example", "text": "x" });
    whole.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    match bench(&login, whole).run(&[json!([{}])]) {
        Ok(ran) => panic!("it should fail and gave {:?}", ran.json()),
        Err(error) => error,
    }
}

#[test]
fn refusals_say_what_is_wrong_and_keep_secrets() {
    let open = smtp::start(Mode::Open).unwrap();
    let plain = smtp::start(Mode::Plain).unwrap();
    let tls = smtp::start(Mode::StartTls).unwrap();
    let nothing = |_: &mut Login| {};
    let error = failure(
        &plain,
        Mode::Plain,
        |login| {
            *login = with_password(login.clone(), "ada", "wrong-secret", "");
            login.settings.clear();
        },
        json!({}),
    );
    assert_eq!(error.problem.code, Code::CredentialRejected);
    assert!(!format!("{error:?}").contains("wrong-secret"));
    let error = failure(&open, Mode::Open, |login| login.encryption = Encryption::StartTls, json!({}));
    assert!(error.problem.detail.contains("STARTTLS"), "{error}");
    let error = failure(&tls, Mode::StartTls, |login| login.settings.clear(), json!({}));
    assert!(error.problem.detail.contains("certificate") || error.problem.code == Code::DialFailed, "{error}");
    let error = failure(&open, Mode::Open, nothing, json!({ "to": "nobody@b.example" }));
    assert!(error.problem.detail.contains("no such user"), "{error}");
    let error = failure(&open, Mode::Open, nothing, json!({ "subject": "refuse me" }));
    assert!(error.problem.detail.contains("looks like spam"), "{error}");
    for (params, pointer) in [
        (json!({ "to": "" }), "/params/to"),
        (json!({ "to": "you" }), "/params/to"),
        (json!({ "from": "" }), "/params/from"),
        (json!({ "cc": "a@b.example\r\nX: y" }), "/params/cc"),
    ] {
        assert_eq!(failure(&open, Mode::Open, nothing, params).problem.pointer.as_deref(), Some(pointer));
    }
    assert!(open.taken().unwrap().is_empty());
}

#[test]
fn one_refused_address_does_not_keep_the_mail_from_the_others() {
    let server = smtp::start(Mode::Open).unwrap();
    let params = json!({ "from": "me@a.example", "to": "nobody@b.example, you@b.example", "text": "={{ $json.n }}" });
    let mut bench = bench(&smtp_login(&server, Mode::Open), params).on_error(OnError::Continue);
    let out = bench.run(&[json!([{ "n": 1 }, { "n": 2 }])]).unwrap().json();
    assert_eq!(out[0][0]["rejected"], json!(["nobody@b.example"]));
    assert_eq!(out[0][1]["accepted"], json!(["you@b.example"]));
    let ids: Vec<_> =
        server.taken().unwrap().iter().map(|taken| parsed(&taken.mail).message_id().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_server_that_goes_away_while_it_takes_a_mail_leaves_the_outcome_open() {
    let server = smtp::start(Mode::Open).unwrap();
    let params = json!({ "from": "me@a.example", "to": "you@b.example", "subject": "hang up", "text": "x" });
    let bench = bench(&smtp_login(&server, Mode::Open), params);
    let attempt = || bench.attempt(vec![items(&json!([{}]))], None);
    attempt().unwrap_err();
    attempt().unwrap_err();
    let made = bench.host().made();
    assert!(made[1].ticket.repeated, "nobody knows whether it was taken");
    assert_eq!(made[0].ticket.idempotency_key, made[1].ticket.idempotency_key);
}

#[test]
fn asking_waits_behind_a_page_and_goes_on_with_the_answer() {
    let server = smtp::start(Mode::Open).unwrap();
    let ask = |ask: Value| {
        let params = json!({ "operation": "ask", "from": "me@a.example", "to": "you@b.example", "subject": "Ship it?", "ask": ask });
        bench(&smtp_login(&server, Mode::Open), params)
    };
    let input = || vec![items(&json!([{ "n": 1 }, { "n": 2 }]))];
    let answer = |payload: Value| Some(Resumed::Signal { payload });
    let double = ask(
        json!({ "message": "Now <b>or</b> never", "no": "Reject", "limit": { "kind": "interval", "amount": 1, "unit": "hours" } }),
    );
    let waiting = double.attempt(input(), None).unwrap();
    let Some(Suspend::Signal { until: Some(until), door: Some(door), .. }) = waiting.suspended() else {
        panic!("it waits")
    };
    assert_eq!(*until, testkit::step::NOW + 3_600_000);
    assert_eq!(door["form"]["fields"][0]["options"], json!(["Reject", "Approve"]));
    let taken = server.taken().unwrap();
    let mail = parsed(&taken[0].mail);
    let html = mail.body_html(0).unwrap();
    assert!(html.contains("https://fishplate.example/resume/bench?decision=Reject"), "{html}");
    assert!(html.contains("Now &lt;b&gt;or&lt;/b&gt; never"), "{html}");
    // A program that looks through mail has opened the link before the page was there.
    let early = answer(json!({ "json": {}, "method": "GET" }));
    assert!(double.attempt(input(), early).unwrap().suspended().is_some());
    let sent = |decision: &str| {
        answer(
            json!({ "json": { "decision": decision, "submittedAt": "2026-01-01T00:00:00.000Z" }, "method": "POST", "door": true }),
        )
    };
    let data = |bench: &Bench, resumed| bench.attempt(input(), resumed).unwrap().json()[0][0]["data"].clone();
    assert_eq!(data(&double, sent("Reject")), json!({ "approved": false, "respondedAt": "2026-01-01T00:00:00.000Z" }));
    assert_eq!(data(&double, sent("Approve"))["approved"], true);
    let late = double.attempt(input(), Some(Resumed::TimedOut)).unwrap();
    assert_eq!(late.json(), [json!([{ "n": 1 }, { "n": 2 }])]);
    assert_eq!(server.taken().unwrap().len(), 1, "it is asked once");
    let text = ask(json!({ "answer": "text" }));
    text.attempt(input(), None).unwrap();
    let wrote = answer(json!({ "json": { "Response": "later", "formMode": "x" }, "method": "POST", "door": true }));
    assert_eq!(data(&text, wrote)["text"], "later");
    let single = ask(json!({}));
    assert_eq!(data(&single, answer(json!({ "json": {}, "method": "POST", "door": true })))["approved"], true);
}

#[test]
fn lowering_undoes_lifting() {
    let every = json!({ "ccEmail": "c", "bccEmail": "b", "replyTo": "r", "attachments": "a,b", "allowUnauthorizedCerts": true });
    let limit = json!({ "values": { "resumeAmount": 45, "resumeUnit": "minutes" } });
    for (version, parameters) in [
        (
            1.0,
            json!({ "fromEmail": "f", "toEmail": "t", "ccEmail": "c", "subject": "s", "text": "x", "html": "h", "attachments": "data", "options": { "replyTo": "r" } }),
        ),
        (2.0, json!({ "fromEmail": "f", "toEmail": "t", "subject": "s", "text": "x", "options": every })),
        (2.0, json!({ "emailFormat": "both", "options": { "appendAttribution": true } })),
        (2.1, json!({ "html": "h", "options": { "appendAttribution": false, "fileAttachments": "x" } })),
        (2.1, json!({ "emailFormat": "text", "text": "={{ $json.a }}" })),
        (
            2.1,
            json!({ "operation": "sendAndWait", "message": "m", "approvalOptions": { "values": { "approvalType": "double", "disapproveLabel": "No" } }, "options": { "limitWaitTime": limit } }),
        ),
        (
            2.1,
            json!({ "operation": "sendAndWait", "responseType": "customForm", "formFields": { "values": [{ "fieldLabel": "A", "fieldType": "dropdown", "fieldOptions": { "values": [{ "option": "x" }] }, "requiredField": true }] } }),
        ),
        (
            2.1,
            json!({ "operation": "sendAndWait", "responseType": "freeText", "options": { "appendAttribution": false, "messageButtonLabel": "Go" } }),
        ),
    ] {
        testkit::lift::check_round_trip(&Send, version, parameters);
    }
}

fn imap_login(server: &Dovecot, encryption: Encryption) -> Login {
    let port = if encryption == Encryption::Tls { server.tls_port } else { server.port };
    let login = Login::new(Protocol::Imap, "127.0.0.1", port);
    let mut login = with_password(login, dovecot::USER, dovecot::PASSWORD, &server.certificate);
    login.encryption = encryption;
    login
}

fn listening(server: &Dovecot, encryption: Encryption, settings: Value) -> Listening {
    Listening::new("imap", settings, &[("imap", imap_login(server, encryption))], None)
}

fn mail(number: usize) -> String {
    format!("From: ada@a.example\r\nSubject: {number}\r\nMessage-ID: <{number}@a.example>\r\n\r\ntext {number}\r\n")
}

fn subjects(heard: &[Heard]) -> Vec<String> {
    heard.iter().map(|heard| heard.items[0].json["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

/// Polls until it holds.
async fn eventually(what: &str, holds: impl FnMut() -> bool) {
    assert!(testkit::daemon::comes_to_pass(holds).await, "{what}");
}

#[tokio::test]
async fn each_mail_is_one_event_and_is_marked_once_its_run_is_there() {
    let server = dovecot::start().unwrap();
    for (number, encryption) in [Encryption::None, Encryption::StartTls, Encryption::Tls].into_iter().enumerate() {
        let trigger = listening(&server, encryption, json!({ "first": "all" }));
        server.deliver(mail(number).as_bytes()).unwrap();
        let heard = trigger.until(&Watch, |heard| !heard.is_empty()).await.unwrap();
        assert_eq!(subjects(&heard), [number.to_string()], "{encryption:?}");
        let again = trigger.until(&Watch, |_| false);
        let marked = eventually("the mail is marked", || server.read_marks().unwrap().iter().all(|read| *read));
        tokio::select! {
            ended = again => panic!("{ended:?}"),
            () = marked => {}
        }
        assert_eq!(trigger.heard().len(), 1);
        assert!(trigger.proofs() > 0);
    }
}

#[tokio::test]
async fn mail_of_before_does_not_count_and_what_is_left_alone_is_heard_once() {
    let server = dovecot::start().unwrap();
    server.deliver(mail(0).as_bytes()).unwrap();
    let trigger = listening(
        &server,
        Encryption::None,
        json!({ "after": "nothing", "criteria": "[\"ALL\", [\"!SUBJECT\", \"2\"]]" }),
    );
    let deliver = async {
        eventually("it listens", || trigger.kept("place").is_some()).await;
        for number in 1..4 {
            server.deliver(mail(number).as_bytes()).unwrap();
        }
        std::future::pending::<()>().await
    };
    tokio::select! {
        heard = trigger.until(&Watch, |heard| heard.len() == 2) => assert_eq!(subjects(&heard.unwrap()), ["1", "3"]),
        () = deliver => {}
    }
    server.deliver(mail(4).as_bytes()).unwrap();
    let heard = trigger.until(&Watch, |heard| heard.len() == 3).await.unwrap();
    assert_eq!(subjects(&heard), ["1", "3", "4"]);
    assert!(server.read_marks().unwrap().iter().all(|read| !read));
}

#[tokio::test]
async fn ten_restarts_on_both_sides_lose_and_double_nothing() {
    let mut server = dovecot::start().unwrap();
    let trigger = listening(&server, Encryption::None, json!({ "first": "all" }));
    for round in 0..10 {
        for number in round * 5..round * 5 + 5 {
            server.deliver(mail(number).as_bytes()).unwrap();
        }
        // Cut off in the middle of what was delivered.
        let some = round * 5 + 1 + round % 4;
        trigger.until(&Watch, |heard| heard.len() >= some).await.unwrap();
        server.end();
        assert!(trigger.until(&Watch, |_| false).await.is_err(), "nobody is there");
        server.begin().unwrap();
    }
    let heard = trigger.until(&Watch, |heard| heard.len() >= 50).await.unwrap();
    let mut found = subjects(&heard);
    found.sort_by_key(|subject| subject.parse::<usize>().unwrap());
    assert_eq!(found, numbers(0..50));
}

#[tokio::test]
async fn a_server_that_falls_silent_ends_the_listening_before_it_counts_as_dead() {
    let server = dovecot::start().unwrap();
    let trigger = listening(&server, Encryption::None, json!({ "first": "all" }));
    server.deliver(mail(0).as_bytes()).unwrap();
    trigger.until(&Watch, |heard| heard.len() == 1).await.unwrap();
    let hush = async {
        let before = trigger.proofs();
        eventually("it listens again", || trigger.proofs() > before).await;
        server.signal("STOP").unwrap();
        server.deliver(mail(1).as_bytes()).unwrap();
        std::future::pending::<()>().await;
    };
    let noticed = tokio::time::timeout(Duration::from_secs(60), trigger.until(&Watch, |_| false));
    tokio::select! {
        ended = noticed => assert_eq!(ended.unwrap().unwrap_err().problem.code, Code::UpstreamTimeout),
        () = hush => {}
    }
    server.signal("CONT").unwrap();
    let heard = trigger.until(&Watch, |heard| heard.len() == 2).await.unwrap();
    assert_eq!(subjects(&heard), ["0", "1"]);
}

#[tokio::test]
async fn files_large_mail_and_a_mailbox_that_was_numbered_anew_are_heard() {
    let server = dovecot::start().unwrap();
    let trigger =
        listening(&server, Encryption::None, json!({ "first": "all", "format": "resolved", "prefix": "file" }));
    let line = "0123456789abcdef".repeat(4);
    let large = format!("{line}\r\n").repeat(50_000);
    let mail = format!(
        "Subject: large\r\nContent-Type: application/x-data; name=\"../a.bin\"\r\nContent-Disposition: attachment\r\n\r\n{large}"
    );
    server.deliver(mail.as_bytes()).unwrap();
    let heard = trigger.until(&Watch, |heard| heard.len() == 1).await.unwrap();
    let file = heard[0].items[0].file("file0").unwrap();
    assert_eq!((file.file_name.as_deref(), file.size), (Some("a.bin"), large.len() as u64));
    assert_eq!(trigger.file(file), large.as_bytes());
    server.renumber().unwrap();
    server.deliver(b"Subject: after\r\n\r\nx").unwrap();
    let heard =
        trigger.until(&Watch, |heard| heard.iter().any(|heard| heard.items[0].json["subject"] == "after")).await;
    assert!(heard.unwrap().len() >= 2);
}

#[tokio::test]
async fn wrong_passwords_and_mailboxes_are_named() {
    let server = dovecot::start().unwrap();
    let mut wrong = imap_login(&server, Encryption::None);
    wrong = wrong.with_secrets(BTreeMap::from([("password".to_owned(), "wrong-secret".to_owned())]));
    let trigger = Listening::new("imap", json!({}), &[("imap", wrong)], None);
    let error = trigger.until(&Watch as &dyn Source, |_| false).await.unwrap_err();
    assert_eq!(error.problem.code, Code::CredentialRejected);
    assert!(!format!("{error:?}").contains("wrong-secret"));
    let trigger = listening(&server, Encryption::None, json!({ "mailbox": "Entwürfe" }));
    let error = trigger.until(&Watch, |_| false).await.unwrap_err();
    assert!(error.problem.hint.unwrap().contains("Entwürfe"));
}

#[tokio::test]
async fn what_is_sent_comes_back_as_a_run() {
    let server = dovecot::start().unwrap();
    let post = smtp::start_into(Mode::Open, Some(&server.maildir())).unwrap();
    let params = json!({ "from": "me@a.example", "to": "ada@b.example", "subject": "Kreis ○", "text": "rund" });
    let sending = bench(&smtp_login(&post, Mode::Open), params);
    sending.attempt_async(vec![items(&json!([{}]))], None).await.unwrap();
    server.own(&server.maildir()).unwrap();
    let trigger = listening(&server, Encryption::None, json!({ "first": "all" }));
    let heard = trigger.until(&Watch, |heard| heard.len() == 1).await.unwrap();
    let json = Value::Object(heard[0].items[0].json.clone());
    assert_eq!(
        (json["subject"].as_str(), json["textPlain"].as_str().map(str::trim_end)),
        (Some("Kreis ○"), Some("rund"))
    );
}
