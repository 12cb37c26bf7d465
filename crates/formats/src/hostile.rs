//! Files that were made to do harm, by what they try: each is refused, or read within its bounds.
//!
//! What one format alone can do is tried beside its reader.

use std::fmt::Write;

use crate::page::Page;
use crate::sheet::{self, Source};
use crate::table::{Cell, Shape, Table};
use crate::xml::{self, Reading};
use crate::{Error, archive, feed, number, pdf, picture};

const SPREADSHEET: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A workbook of one sheet with these rows and shared strings.
fn workbook(dimension: &str, rows: &str, strings: &str) -> Vec<u8> {
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let workbook = format!(
        "<workbook xmlns=\"{SPREADSHEET}\" xmlns:r=\"{relation}\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let relations = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{relation}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"r2\" Type=\"{relation}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    );
    let sheet = format!(
        "<worksheet xmlns=\"{SPREADSHEET}\"><dimension ref=\"{dimension}\"/><sheetData>{rows}</sheetData></worksheet>"
    );
    let strings = format!("<sst xmlns=\"{SPREADSHEET}\">{strings}</sst>");
    let root = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r0\" Type=\"{relation}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let files = [
        ("_rels/.rels", &root),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relations),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/sharedStrings.xml", &strings),
    ];
    archive::zip(files.map(|(name, content)| (name, content.as_bytes(), true))).unwrap()
}

#[test]
fn a_workbook_that_says_that_it_is_huge_is_as_large_as_its_cells() {
    let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>";
    for dimension in ["A1:XFD1048576", "A1:A99999999999", "nonsense", "XFD1048576:A1"] {
        let read = sheet::read(&workbook(dimension, rows, ""), Source::Xlsx, None);
        // One that makes no sense may also be refused.
        assert!(read.is_ok() || dimension != "A1:XFD1048576", "{:?}", read.err());
        let Ok(book) = read else { continue };
        let table = book.table.unwrap();
        let mut records = Vec::new();
        let shape = Shape { lists: true, fill: true, ..Shape::default() };
        assert!(matches!(table.records(&shape, |record| records.push(record)), Err(Error::Limit(_))), "{dimension}");
    }
}

#[test]
fn a_text_that_many_cells_share_is_not_copied_without_end() {
    let long = format!("<si><t>{}</t></si>", "x".repeat(1 << 20));
    let mut rows = String::new();
    for row in 1..=2_000 {
        write!(rows, "<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>").unwrap();
    }
    let bomb = workbook("A1:A2000", &rows, &long);
    assert!(bomb.len() < 100_000, "two gigabytes in {} bytes", bomb.len());
    let read = sheet::read(&bomb, Source::Xlsx, None);
    assert!(matches!(read, Err(Error::Limit(_))), "{:?}", read.map(|read| read.names));
}

#[test]
fn a_workbook_that_promises_texts_has_them_or_is_refused() {
    let book = |count: &str| {
        let strings = format!("<sst xmlns=\"{SPREADSHEET}\" uniqueCount=\"{count}\"><si><t>x</t></si></sst>");
        // A second set of texts, which stands in the place of the first.
        let whole = workbook("A1", "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>", "");
        let mut files = Vec::new();
        archive::unzip(&whole, 1 << 20, |name, content| files.push((name, content))).unwrap();
        let texts = files.iter_mut().find(|(name, _)| name.ends_with("sharedStrings.xml")).unwrap();
        texts.1 = strings.into_bytes();
        archive::zip(files.iter().map(|(name, content)| (name.as_str(), &content[..], true))).unwrap()
    };
    assert!(sheet::read(&book("1"), Source::Xlsx, None).is_ok());
    for count in ["100000000000", "9000000000000000000", "18446744073709551615"] {
        assert!(matches!(sheet::read(&book(count), Source::Xlsx, None), Err(Error::Broken(_))), "{count}");
    }
}

#[test]
fn a_few_cells_far_apart_take_no_room_in_between() {
    let mut table = Table::default();
    for (row, column) in [(0, 0), (65_535, 255)] {
        table.put(row, column, Cell::Number(1.0)).unwrap();
    }
    let mut count = 0;
    table.records(&Shape::default(), |_| count += 1).unwrap();
    assert!(count <= 65_535);
}

#[test]
fn nesting_has_an_end_in_every_format() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    let rich = format!("{{\\rtf1{}", deep("{\\b ", "}"));
    assert!(sheet::read(rich.as_bytes(), Source::Rtf, None).is_ok_and(|book| book.table.is_some()));
    let page = deep("<table><tr><td>", "</td></tr></table>");
    let _ = sheet::read(page.as_bytes(), Source::Html { raw: false }, None);
    for html in [deep("<b>", "</b>"), deep("<svg><g>", "</g></svg>"), "<a href='".repeat(50_000)] {
        if let Ok(page) = Page::read(&html) {
            page.plain(0, &[]);
        }
    }
    let atom = format!("<feed><entry><content type=\"xhtml\">{}</content></entry></feed>", deep("<b>", "</b>"));
    assert!(matches!(feed::read(&atom, &[], &|_| None), Err(Error::Limit(_))));
    // Deep inside a text, where the document itself is flat.
    let hidden = format!(
        "<rss version=\"2.0\"><channel><item><description><![CDATA[{}]]></description></item></channel></rss>",
        deep("<div>", "")
    );
    let read = feed::read(&hidden, &[], &|_| None).unwrap();
    assert_eq!(read.len(), 1);
}

#[test]
fn entities_bring_in_nothing_from_outside_and_do_not_grow() {
    let subset = |inside: &str| format!("<!DOCTYPE a [{inside}]><a>&x;</a>");
    let mut laughs = "<!ENTITY x0 \"ha\">".to_owned();
    for level in 1..30 {
        write!(laughs, "<!ENTITY x{level} \"&x{0};&x{0};\">", level - 1).unwrap();
    }
    for document in [
        subset("<!ENTITY x SYSTEM \"file:///etc/passwd\">"),
        subset("<!ENTITY x PUBLIC \"a\" \"http://127.0.0.1/\">"),
        subset("<!ENTITY % p SYSTEM \"http://127.0.0.1/\"> %p; <!ENTITY x \"1\">"),
        format!("<!DOCTYPE a [{laughs}]><a>&x29;</a>"),
        format!("<!DOCTYPE a [{laughs}]><a b=\"&x29;\"/>"),
    ] {
        assert!(matches!(xml::read(&document, &Reading::default()), Err(Error::Broken(_))), "{document}");
        let feed = document.replace("<a>", "<feed><entry><title>").replace("</a>", "</title></entry></feed>");
        assert!(feed::read(&feed, &[], &|_| None).is_err(), "{feed}");
    }
}

#[test]
fn many_attributes_and_names_take_no_square_of_their_number() {
    let attributes: String = (0..50_000).map(|number| format!(" a{number}=\"1\"")).collect();
    let elements: String = (0..200_000).map(|number| format!("<e{number}/>")).collect();
    let same = "<e/>".repeat(200_000);
    for document in [format!("<a{attributes}/>"), format!("<a>{elements}</a>"), format!("<a>{same}</a>")] {
        assert!(xml::read(&document, &Reading::default()).is_ok());
    }
    let table = |attributes: &str| format!("<table><tr><td{attributes}>1</td></tr></table>");
    let quoted = attributes.replace("\"1\"", "\">\"");
    for attributes in [&attributes, &quoted, &attributes.replace("=\"1\"", "/"), &attributes.replace("\" ", "\"")] {
        let page = table(attributes);
        assert!(matches!(sheet::read(page.as_bytes(), Source::Html { raw: false }, None), Err(Error::Limit(_))));
        let hidden = format!("<!-- <a title=\" --><script>'<b x=\"'</script>{page}");
        assert!(matches!(Page::read(&hidden), Err(Error::Limit(_))));
    }
    let _ = Page::read(&"<a x=\"".repeat(100_000));
    let bodies: String = (0..20_000).map(|number| format!("<body a{number} b{number}>")).collect();
    assert!(Page::read(&bodies).is_ok(), "a thousand are kept");
    // Scripts look like tags, and are none.
    let script = format!("<script>if (a<b) {{ {} }}</script><p>x", "let word = 1; ".repeat(2_000));
    assert!(Page::read(&script).is_ok_and(|page| page.plain(0, &[]).contains('x')));
    let usual = " a=\"x > y\" b='/' c=d e".repeat(200);
    assert!(Page::read(&table(&usual)).is_ok(), "800 attributes, of four names");
    let book = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\"><table:table-row{attributes}>\
         <table:table-cell{attributes} office:value-type=\"float\" office:value=\"1\"/></table:table-row></table:table>\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let book =
        archive::open_document("application/vnd.oasis.opendocument.spreadsheet", &[("content.xml", book.as_bytes())]);
    let _ = sheet::read(&book.unwrap(), Source::Ods, None);
}

#[test]
fn texts_of_numbers_may_be_as_long_as_they_like() {
    for text in ["9".repeat(1 << 20), format!("1e{}", "9".repeat(1 << 16)), format!("0.{}1", "0".repeat(1 << 20))] {
        assert!(matches!(Cell::guess(&text), Some(Cell::Number(_) | Cell::Text(_))));
        let _ = number::general(text.parse::<f64>().unwrap_or(f64::MAX));
    }
}

#[test]
fn a_pdf_file_that_unpacks_without_end_is_refused() {
    use lopdf::{Dictionary, Document, Object, Stream, dictionary};
    let packed = |count: usize| {
        let mut zeros = vec![b' '; count];
        // Packed three times, each as its own filter: what one limit lets through the next one meets.
        for _ in 0..3 {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, &zeros).unwrap();
            zeros = encoder.finish().unwrap();
        }
        zeros
    };
    let filters = || Object::Array(vec!["FlateDecode".into(); 3]);
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let content = Stream::new(dictionary! { "Filter" => filters() }, packed(34 << 20));
    let content = document.add_object(content);
    let page = document.add_object(dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content });
    let pages = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let objects = dictionary! { "Type" => "ObjStm", "N" => 1, "First" => 4, "Filter" => filters() };
    document.add_object(Stream::new(objects, packed(40 << 20)));
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    assert!(pdf::read(&bytes, "", None).is_err());
    // Objects that are each other's parent, font and content.
    let mut document = Document::with_version("1.5");
    let (tree, page) = (document.new_object_id(), document.new_object_id());
    let font = document.add_object(dictionary! { "Type" => "Font", "ToUnicode" => page, "Encoding" => tree });
    let resources = dictionary! { "Font" => dictionary! { "F" => font }, "XObject" => dictionary! { "X" => page } };
    let page_itself = dictionary! { "Type" => "Page", "Parent" => page, "Contents" => vec![page.into(), tree.into()], "Resources" => resources };
    document.objects.insert(page, Object::Dictionary(page_itself));
    let kids: Vec<Object> = vec![page.into(), tree.into(), page.into()];
    document
        .objects
        .insert(tree, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => kids, "Parent" => tree }));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer = Dictionary::new();
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    let _ = pdf::read(&bytes, "", None);
    let nested = format!(
        "%PDF-1.4\n1 0 obj {} endobj\ntrailer << /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF",
        "[".repeat(200_000)
    );
    let _ = pdf::read(nested.as_bytes(), "", None);
}

#[test]
fn a_picture_is_no_larger_than_it_may_be_whatever_its_header_says() {
    // A GIF of 65,535 × 65,535 and a PNG of four thousand million on a side, both a few bytes.
    let gif = b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;";
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\x00\x00\x00".to_vec();
    png.extend([0; 4]);
    for bytes in [&gif[..], &png] {
        assert!(picture::about(bytes).is_err());
        assert!(picture::Picture::read(bytes).is_err());
    }
}

#[test]
fn an_archive_of_very_many_files_is_refused() {
    let names: Vec<String> = (0..10_001).map(|number| number.to_string()).collect();
    let many = archive::zip(names.iter().map(|name| (name.as_str(), &b""[..], false))).unwrap();
    let mut count = 0;
    assert!(matches!(archive::unzip(&many, 1 << 20, |_, _| count += 1), Err(Error::Limit(_))));
    assert_eq!(count, 0, "nothing was unpacked");
    assert!(matches!(sheet::read(&many, Source::Xlsx, None), Err(Error::Limit(_))));
}
