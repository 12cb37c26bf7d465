use super::*;

const PAGE: &str = "<html><head><title>T</title></head><body><div class=\"a b\" id=\"x\"><p>1</p><p class=\"q\">2 &amp; \
                    <b>x</b></p><a href=\"/u\" title='t\"'>l</a><input value=\"v\"><select><option value=\"1\">a<option \
                    value=\"2\" selected>b</select><textarea>ta</textarea></div><div class=\"a\"><p>3</p><span \
                    data-x=\"yz\">s</span></div><script>var a=\"<b>\";</script></body></html>";

fn select(page: &Page, selector: &str) -> Vec<Id> {
    page.select(&Selector::read(selector).unwrap()).unwrap()
}

#[test]
fn selectors_find_what_the_reference_finds() {
    let page = Page::read(PAGE).unwrap();
    for (selector, count, text) in [
        ("p", 3, "12 & x3"),
        ("div > p.q", 1, "2 & x"),
        (".a.b", 1, "12 & xlabta"),
        ("div:first-child", 1, "12 & xlabta"),
        ("div:nth-child(2) p", 1, "3"),
        ("p:not(.q)", 2, "13"),
        ("p:first", 1, "1"),
        ("p:last", 1, "3"),
        ("p:eq(1)", 1, "2 & x"),
        ("p:contains(\"2\")", 1, "2 & x"),
        ("[data-x]", 1, "s"),
        ("[data-x^=y]", 1, "s"),
        ("[data-x$=\"z\"]", 1, "s"),
        ("div:has(span)", 1, "3s"),
        ("p + a", 1, "l"),
        ("p ~ a", 1, "l"),
        ("*:empty", 1, ""),
        ("p:gt(0)", 2, "2 & x3"),
        ("p:even", 2, "13"),
        ("p:odd", 1, "2 & x"),
        ("div p:nth-of-type(1)", 2, "13"),
        ("a, span", 2, "ls"),
        ("nothing", 0, ""),
        ("p:nth-last-child(2)", 1, "3"),
        ("body > *", 3, "12 & xlabta3svar a=\"<b>\";"),
        ("p:lt(2)", 2, "12 & x"),
        ("[class!=a]", 17, ""),
        ("P", 3, "12 & x3"),
        ("p:is(.q,:first-child)", 3, "12 & x3"),
        ("option:selected", 1, "b"),
        ("div:first p", 2, "12 & x"),
        ("div p:first", 1, "1"),
        ("p:only-child", 0, ""),
        ("p:nth-child(-n+1)", 2, "13"),
        ("div:parent", 2, "12 & xlabta3s"),
        ("b:root", 0, ""),
    ] {
        let found = select(&page, selector);
        assert_eq!(found.len(), count, "{selector}");
        if !text.is_empty() {
            assert_eq!(found.iter().map(|id| page.text(*id)).collect::<String>(), text, "{selector}");
        }
    }
    for wrong in ["", "p >", "p:nope", "[a", "p:nth-child(x)", "a,,b", ":not(", "p)", "::", "a b{"] {
        assert!(Selector::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn elements_are_written_as_html() {
    let page = Page::read(PAGE).unwrap();
    let first = |selector: &str| select(&page, selector)[0];
    assert_eq!(page.inner(first(".q")), "2 &amp; <b>x</b>");
    assert_eq!(page.inner(first("script")), "var a=\"<b>\";");
    assert!(page.inner(first("#x")).contains("<a href=\"/u\" title=\"t&quot;\">l</a><input value=\"v\"><select>"));
    assert_eq!(page.attribute(first("div"), "class"), Some("a b"));
    for (selector, value) in [("input", Some("v")), ("select", Some("2")), ("textarea", Some("ta")), ("p", None)] {
        assert_eq!(page.value(first(selector)).as_deref(), value, "{selector}");
    }
}

#[test]
fn pages_become_plain_text() {
    let rule = "-".repeat(80);
    let ruled = format!("{rule}\n\nx\n\n{rule}");
    let words = "word ".repeat(40);
    let wrapped = format!("{0}\n{0}\n{1}", ["word"; 16].join(" "), ["word"; 8].join(" "));
    for (html, expect) in [
        ("plain <b>bold</b>  text\n next", "plain bold text next"),
        ("<p>one</p><p>two</p>x", "one\n\ntwo\n\nx"),
        ("<h1>Head one</h1><h2>b</h2><p>x</p>", "HEAD ONE\n\n\nB\n\nx"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<a href=\"http://x.y/\">link</a> z", "link [http://x.y/] z"),
        ("<a href=\"#f\">frag</a>", "frag"),
        ("<a href=\"mailto:a@b.c\">m</a>", "m [a@b.c]"),
        ("<img src=\"i.png\" alt=\"alt\"> t", "alt [i.png] t"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", " * a\n * b\n   * c"),
        ("<ol start=\"9\"><li>a</li><li>b</li></ol>", " 9.  a\n 10. b"),
        ("<blockquote>q1<p>q2</p></blockquote>", "> q1\n> \n> q2"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><th>h1</th><th>h2</th></tr><tr><td>a</td><td>b</td></tr></table>", "h1h2ab"),
        ("<hr>x<hr/>", ruled.as_str()),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<script>x</script><style>y</style>z", "z"),
        (words.as_str(), wrapped.as_str()),
        ("<div><div>a</div></div>b<section>c</section>", "a\nb\nc"),
        ("<p>a</p>\n\n<div>b</div>", "a\n\nb"),
        ("<h3>Title <a href=\"/u\">l</a></h3>", "TITLE L [/u]"),
        ("<p>  </p>a", "\n\na"),
        ("<a href=\"/x\"><img src=\"a.png\" alt=\"A\"></a>", "A [a.png]/x"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", " * a\n   \n   b"),
        ("x<h1>a</h1>", "x\n\n\nA"),
        ("<p>x</p><ul><li>y</li></ul><p>z</p>", "x\n\n * y\n\nz"),
        ("<dl><dt>t</dt><dd>d</dd></dl>", "td"),
    ] {
        let page = Page::read(&format!("<body>{html}</body>")).unwrap();
        let body = select(&page, "body")[0];
        assert_eq!(page.plain(body, &[]), expect, "{html}");
    }
    let page = Page::read("<body>a<i>b</i>c</body>").unwrap();
    assert_eq!(page.plain(select(&page, "body")[0], &select(&page, "i")), "ac");
}

#[test]
fn hostile_pages_and_selectors_are_refused() {
    let deep = "<div>".repeat(100_000);
    assert!(matches!(Page::read(&deep), Err(Error::Limit(_))));
    let wide = Page::read(&"<p>x</p>".repeat(20_000)).unwrap();
    let slow = wide.select(&Selector::read("p:nth-child(3n+1)").unwrap());
    assert_eq!(slow.map(|found| found.len()), Ok(6667));
    let slow = wide.select(&Selector::read("p:has(b)").unwrap());
    assert!(matches!(slow, Err(Error::Limit(_))));
    for text in ["<table><b><tr><td></b><a><p></a>x", "<svg><p><style><!--</style>", "<a><a><a>", "\0<", "<select><p>"]
    {
        let page = Page::read(text).unwrap();
        page.plain(0, &[]);
        page.inner(0);
    }
}
