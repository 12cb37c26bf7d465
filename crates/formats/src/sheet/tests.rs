use serde_json::{Value, json};

use super::*;
use crate::table::Shape;
use crate::{Error, archive};

/// Writes records and gives the file.
fn file(target: Target, records: &Value, options: Options) -> Vec<u8> {
    let records: Vec<_> = records.as_array().unwrap().iter().map(|record| record.as_object().unwrap()).collect();
    let mut columns: Vec<String> = Vec::new();
    for record in &records {
        columns.extend(record.keys().filter(|key| !columns.contains(key)).cloned().collect::<Vec<_>>());
    }
    let mut writer = write(target, columns.clone(), options).unwrap();
    let mut out = writer.begin().unwrap();
    for record in records {
        let row: Vec<Option<&Value>> = columns.iter().map(|column| record.get(column)).collect();
        out.extend(writer.row(&row).unwrap());
    }
    out.extend(writer.end().unwrap());
    out
}

fn records(bytes: &[u8], source: Source) -> Value {
    let mut all = Vec::new();
    let table = read(bytes, source, None).unwrap().table.unwrap();
    table.records(&Shape::default(), |record| all.push(record)).unwrap();
    all.into()
}

fn sample() -> Value {
    json!([
        { "a": 1, "b": "x,y", "c": true, "d": null },
        { "b": "q\"z", "e": "l1\nl2", "a": 1.5, "f": "ID", "g": " sp " },
        { "a": 1e21, "b": "=1+1", "h": -0.1, "c": false, "e": "" },
        {},
    ])
}

#[test]
fn text_formats_are_written_as_the_reference_writes_them() {
    let text = |target, options| String::from_utf8(file(target, &sample(), options)).unwrap();
    assert_eq!(
        text(Target::Csv, Options::default()),
        "\u{FEFF}a,b,c,d,e,f,g,h\n1,\"x,y\",TRUE,,,,,\n1.5,\"q\"\"z\",,,\"l1\nl2\",ID, sp ,\n1E+21,=1+1,FALSE,,,,,-0.1\n,,,,,,,"
    );
    assert_eq!(
        text(Target::Csv, Options { header: false, delimiter: ";".into(), ..Options::default() }),
        "\u{FEFF}1;x,y;TRUE;;;;;\n1.5;\"q\"\"z\";;;\"l1\nl2\";ID; sp ;\n1E+21;=1+1;FALSE;;;;;-0.1\n;;;;;;;"
    );
    let first = file(Target::Csv, &json!([{ "ID": 1, "x": "ID" }]), Options::default());
    assert_eq!(String::from_utf8(first).unwrap(), "\u{FEFF}\"ID\",x\n1,ID");
    let html = text(Target::Html, Options::default());
    assert!(html.starts_with(
        "<html><head><meta charset=\"utf-8\"/><title>SheetJS Table Export</title></head><body><table><tr><td \
         data-t=\"s\" data-v=\"a\" id=\"sjs-A1\">a</td>"
    ));
    for part in [
        "<tr><td data-t=\"n\" data-v=\"1\" id=\"sjs-A2\">1</td><td data-t=\"s\" data-v=\"x,y\" id=\"sjs-B2\">x,y</td>",
        "<td data-t=\"b\" data-v=\"true\" id=\"sjs-C2\">TRUE</td><td data-t=\"z\" id=\"sjs-D2\"></td>",
        "<td data-t=\"s\" data-v=\"l1<br/>l2\" id=\"sjs-E3\">l1<br/>l2</td>",
        "<td data-t=\"s\" data-v=\" sp \" id=\"sjs-G3\" xml:space=\"preserve\"> sp </td>",
        "<td data-t=\"n\" data-v=\"1e+21\" id=\"sjs-A4\">1E+21</td>",
        "<td data-t=\"s\" data-v=\"\" id=\"sjs-E4\"></td>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    let rtf = text(Target::Rtf, Options::default());
    assert!(rtf.starts_with("{\\rtf1\\ansi\\trowd\\trautofit1\\cellx1\\cellx2\\cellx3"));
    assert!(rtf.contains(
        "\\pard\\intbl 1.5\\cell q\"z\\cell \\cell \\cell l1\\par l2\\cell ID\\cell  sp \\cell \\cell\\pard\\intbl\\row"
    ));
    assert!(rtf.ends_with("\\row}"));
}

#[test]
fn what_is_written_can_be_read() {
    let expect = json!([
        { "a": 1, "b": "x,y", "c": true },
        { "a": 1.5, "b": "q\"z", "e": "l1\nl2", "f": "ID", "g": " sp " },
        { "a": 1e21, "b": "=1+1", "c": false, "e": "", "h": -0.1 },
    ]);
    for (target, source) in [(Target::Xlsx, Source::Xlsx), (Target::Xls, Source::Xls), (Target::Ods, Source::Ods)] {
        let bytes = file(target, &sample(), Options::default());
        assert_eq!(Source::of_bytes(&bytes), Some(source));
        let mut read = records(&bytes, source);
        // A spreadsheet's empty text may come back as no cell.
        read[2]["e"] = "".into();
        assert_eq!(read, expect, "{target:?}");
        assert_eq!(bytes, file(target, &sample(), Options::default()), "{target:?} is the same each time");
    }
    let signs = json!([{ "é😀": "日本 <&>{}\\ 'x'" }]);
    for (target, source) in [
        (Target::Xlsx, Source::Xlsx),
        (Target::Xls, Source::Xls),
        (Target::Ods, Source::Ods),
        (Target::Html, Source::Html { raw: false }),
        (Target::Rtf, Source::Rtf),
    ] {
        let bytes = file(target, &signs, Options::default());
        if target == Target::Rtf {
            // Signs outside the first plane are two halves in a rich text.
            continue;
        }
        assert_eq!(records(&bytes, source), signs, "{target:?}");
    }
}

#[test]
fn old_workbooks_hold_long_and_many_texts() {
    let many: Vec<Value> = (0..60_000).map(|n| json!({ "n": n, "t": format!("text {n}") })).collect();
    let bytes = file(Target::Xls, &json!(many), Options::default());
    assert_eq!(records(&bytes, Source::Xls), json!(many));
    let long = json!([{ "t": "é".repeat(30_000), "u": "日".repeat(30_000) }]);
    assert_eq!(records(&file(Target::Xls, &long, Options::default()), Source::Xls), long);
    let mut writer = write(Target::Xls, vec!["a".into()], Options::default()).unwrap();
    writer.row = 1 << 16;
    assert!(matches!(writer.row(&[Some(&json!(1))]), Err(Error::Limit(_))));
}

#[test]
fn tables_of_pages_are_read() {
    let page = "<html><body><table><tr><th>a</th><th>b</th><th></th><th>a</th></tr><tr><td>1</td><td>x &amp; y</td>\
                <td>2024-01-02</td><td>TRUE</td></tr><tr><td colspan=2>m<br/>n</td><td></td><td>1,234.5</td></tr><tr>\
                </tr><tr><td>50%</td><td> 7 </td><td>$3</td><td>1/2/2024</td></tr></table><table><tr><td>second</td>\
                </tr></table></body></html>";
    assert_eq!(
        records(page.as_bytes(), Source::Html { raw: false }),
        json!([
            { "a": 1, "b": "x & y", "__EMPTY": "2024-01-02T00:00:00.000Z", "a_1": true },
            { "a": "m\nn", "a_1": 1234.5 },
            { "a": 0.5, "b": 7, "__EMPTY": 3, "a_1": "2024-01-02T00:00:00.000Z" },
        ])
    );
    assert_eq!(
        records(page.as_bytes(), Source::Html { raw: true }),
        json!([
            { "a": "1", "b": "x & y", "__EMPTY": "2024-01-02", "a_1": "TRUE" },
            { "a": "m\nn", "a_1": "1,234.5" },
            { "a": "50%", "b": "7", "__EMPTY": "$3", "a_1": "1/2/2024" },
        ])
    );
    let second = read(page.as_bytes(), Source::Html { raw: false }, Some("Sheet2")).unwrap();
    assert_eq!(second.names, ["Sheet1", "Sheet2"]);
    assert!(second.table.is_some());
    assert!(read(page.as_bytes(), Source::Html { raw: false }, Some("Other")).unwrap().table.is_none());
    let below = "<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>";
    let table = read(below.as_bytes(), Source::Html { raw: false }, None).unwrap().table.unwrap();
    let mut lists = Vec::new();
    table.records(&Shape { lists: true, ..Shape::default() }, |list| lists.push(list)).unwrap();
    assert_eq!(json!(lists), json!([["a", "b"], [null, "c"]]));
}

#[test]
fn bombs_and_broken_files_are_refused() {
    for source in [Source::Xlsx, Source::Xls, Source::Ods, Source::Html { raw: false }, Source::Rtf] {
        assert!(read(b"nonsense", source, None).is_err(), "{source:?}");
        assert!(read(b"", source, None).is_err(), "{source:?}");
    }
    let zeros = vec![0; 20 << 20];
    let bomb = archive::zip([("xl/workbook.xml", &zeros[..], true)]).unwrap();
    drop(zeros);
    assert!(matches!(read(&bomb, Source::Xlsx, None), Err(Error::Limit(_))));
    let content = "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\"><table:table-row \
                   table:number-rows-repeated=\"1048576\"><table:table-cell office:value-type=\"float\" office:value=\"1\" \
                   table:number-columns-repeated=\"16384\"/></table:table-row></table:table></office:spreadsheet>\
                   </office:body></office:document-content>";
    let repeated = archive::open_document(
        "application/vnd.oasis.opendocument.spreadsheet",
        &[("content.xml", content.as_bytes())],
    )
    .unwrap();
    assert!(matches!(read(&repeated, Source::Ods, None), Err(Error::Limit(_))));
    for target in [Target::Xlsx, Target::Xls, Target::Ods] {
        let whole = file(target, &sample(), Options::default());
        let source = Source::of_bytes(&whole).unwrap();
        for at in 0..40 {
            let cut = &whole[..whole.len() * at / 40];
            let _ = read(cut, source, None);
            let mut changed = whole.clone();
            let place = whole.len() * at / 40;
            changed[place] ^= 0x55;
            let _ = read(&changed, source, None);
        }
    }
    assert!(write(Target::Xlsx, Vec::new(), Options { sheet: "a/b".into(), ..Options::default() }).is_err());
    assert!(write(Target::Ods, Vec::new(), Options { sheet: "x".repeat(32), ..Options::default() }).is_err());
}

#[test]
fn an_opendocument_book_may_have_blanks_between_its_cells_and_its_mark_anywhere() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let book = file(Target::Ods, &json!([{ "a": 1, "b": "x  y" }]), Options::default());
    crate::archive::unzip(&book, 1 << 20, |name, content| files.push((name, content))).unwrap();
    for (name, content) in &mut files {
        if name == "content.xml" {
            *content =
                String::from_utf8(std::mem::take(content)).unwrap().replace("<table:", "\n  <table:").into_bytes();
        }
    }
    files.reverse();
    let spread = crate::archive::zip(files.iter().map(|(name, content)| (&**name, &content[..], true))).unwrap();
    assert_eq!(Source::of_bytes(&spread), Some(Source::Ods));
    assert_eq!(records(&spread, Source::Ods), records(&book, Source::Ods));
}
