use super::*;

fn read_as(format: Format, source: &str) -> Mail {
    let wanted = Wanted { format, attachments: true, attributes: true };
    read(&Bytes::from(source.replace('\n', "\r\n")), 7, &wanted)
}

const NESTED: &str = "From: =?UTF-8?Q?Ada_L=C3=B6ve?= <ada@a.example>\nTo: a@b.example, \"B, C\" <c@b.example>\n\
Subject: =?ISO-8859-1?Q?Gr=FC=DFe?= =?ISO-8859-1?Q?_an_alle?=\nDate: Tue, 01 Oct 2024 10:00:00 +0200\n\
Message-ID: <1@a.example>\nIn-Reply-To: <0@a.example>\nReferences: <8@a.example> <0@a.example>\nX-Long: one\n two\n\
MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n\
--m\nContent-Type: multipart/alternative; boundary=a\n\n\
--a\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n\
--a\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPHA+R3LDvMOfZSA8aW1nIHNyYz0iY2lkOnBpYyI+PC9wPg==\n--a--\n\
--m\nContent-Type: image/png\nContent-ID: <pic>\nContent-Disposition: inline; filename=pic.png\nContent-Transfer-Encoding: base64\n\niVBORw==\n\
--m\nContent-Type: text/csv; charset=iso-8859-1; name=\"old.csv\"\nContent-Disposition: attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.csv\nContent-Transfer-Encoding: 8bit\n\na;b\n\
--m\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\nFrom: x@y.example\nSubject: inner\n\ninside\n--m--\n";

#[test]
fn the_simple_shape_has_texts_headers_and_files_that_were_attached() {
    let mail = read_as(Format::Simple, NESTED);
    let json = Value::Object(mail.json);
    assert_eq!(json["textPlain"], "Grüße");
    assert_eq!(json["textHtml"], "<p>Grüße <img src=\"cid:pic\"></p>");
    assert_eq!(json["subject"], "Grüße an alle");
    assert_eq!(json["from"], "Ada Löve <ada@a.example>");
    assert_eq!(json["to"], "a@b.example, \"B, C\" <c@b.example>");
    assert_eq!(json["date"], "Tue, 01 Oct 2024 10:00:00 +0200");
    assert_eq!(json["metadata"]["message-id"], "<1@a.example>");
    assert_eq!(json["metadata"]["x-long"], "one two");
    assert_eq!(json["attributes"], json!({ "uid": 7 }));
    let files: Vec<_> = mail.files.iter().map(|file| (file.name.as_deref(), file.mime_type.as_str())).collect();
    assert_eq!(files, [(Some("grüße.csv"), "text/csv"), (None, "message/rfc822")]);
    assert_eq!(&mail.files[0].content[..], b"a;b");
    assert!(mail.files[1].content.starts_with(b"From: x@y.example"), "{:?}", mail.files[1].content);
    assert_eq!(mail.message_id.as_deref(), Some("1@a.example"));
}

#[test]
fn the_resolved_shape_takes_everything_apart() {
    let mail = read_as(Format::Resolved, NESTED);
    let json = Value::Object(mail.json);
    assert_eq!(json["subject"], "Grüße an alle");
    assert_eq!(json["date"], "2024-10-01T08:00:00.000Z");
    assert_eq!(json["messageId"], "<1@a.example>");
    assert_eq!(json["inReplyTo"], "<0@a.example>");
    assert_eq!(json["references"], json!(["<8@a.example>", "<0@a.example>"]));
    assert_eq!(json["from"]["value"], json!([{ "address": "ada@a.example", "name": "Ada Löve" }]));
    assert_eq!(json["from"]["text"], "\"Ada Löve\" <ada@a.example>");
    assert_eq!(json["to"]["text"], "a@b.example, \"B, C\" <c@b.example>");
    assert_eq!(json["headers"]["x-long"], "X-Long: one\r\n two");
    assert_eq!(json["text"], "Grüße");
    assert_eq!(json["textAsHtml"], "<p>Gr&#xFC;&#xDF;e</p>");
    assert_eq!(json["html"], "<p>Grüße <img src=\"data:image/png;base64,iVBORw==\"></p>");
    assert_eq!(mail.files.len(), 3);
}

#[test]
fn the_raw_shape_is_what_follows_the_headers() {
    let mail = read_as(Format::Raw, "Subject: x\n\nline 1\nline 2\n");
    assert_eq!(Value::Object(mail.json), json!({ "raw": "line 1\r\nline 2\r\n" }));
}

#[test]
fn a_mail_without_html_says_so_and_has_its_text_as_a_page() {
    let mail = read_as(Format::Resolved, "Subject: x\n\nsee https://a.example/?q=1. <b>\n\nnext  \nline\n");
    let json = Value::Object(mail.json);
    assert_eq!(json["html"], false);
    let page =
        "<p>see <a href=\"https://a.example/?q=1\">https://a.example/?q=1</a>. &lt;b&gt;</p><p>next<br/>line</p>";
    assert_eq!(json["textAsHtml"], page);
}

#[test]
fn hostile_mail_gives_something_readable_and_no_more_than_there_was() {
    let deep: String =
        (0..2_000).map(|n| format!("--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n\n", n + 1)).collect();
    let deep = format!("Content-Type: multipart/mixed; boundary=b0\n\n{deep}");
    let many = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\nContent-Disposition: attachment\n\nx\n".repeat(10_000)
    );
    let dolls = "Content-Type: message/rfc822\n\n".repeat(3_000);
    let picture = format!(
        "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n{}\n--b\nContent-Type: image/png\nContent-ID: <p>\n\n{}\n--b--\n",
        "<img src=cid:p>".repeat(1_000),
        "x".repeat(100_000)
    );
    let header = format!("Subject: {}\n\nx", "a".repeat(2_000_000));
    let evil_name = "Content-Type: application/x; name=\"../../etc/passwd\"\nContent-Disposition: attachment\n\nx";
    let charset = "Content-Type: text/plain; charset=\"x-nonsense\\0\"\n\n\u{fffd}";
    let words = "Subject: =?utf-8?B?!!!?= =?nope?Q?=ZZ?= =?\nFrom: <<<>>>,,;:@\nDate: never\n\nx";
    for source in
        [&deep, &many, &dolls, &picture, &header, evil_name, charset, words, "", "\n", ":::\n\n", "no header at all"]
    {
        for format in [Format::Simple, Format::Raw, Format::Resolved] {
            let mail = read_as(format, source);
            let size = serde_json::to_vec(&mail.json).unwrap().len();
            assert!(size <= PICTURES + 4 * source.len() + 4_096, "{size} bytes of {}", source.len());
            assert!(mail.files.len() <= FILES);
            for file in &mail.files {
                assert!(!file.name.as_deref().unwrap_or_default().contains(['/', '\\']), "{file:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_taken_as_it_is_still_says_who_wrote() {
    let mail = reduced(&Bytes::from("From: a@b.example\r\nSubject: big\r\nX: y\r\n\r\nbody"), 9, "too large");
    let expected = json!({
        "textHtml": "", "textPlain": "", "metadata": {}, "from": "a@b.example", "subject": "big",
        "attributes": { "uid": 9 }, "error": "too large",
    });
    assert_eq!(Value::Object(mail.json), expected);
}
