//! What node, browsers and n8n offer inside: one table of expressions and their answers for each area.

use serde_json::{Value, json};

use sandbox::Cell;

use crate::kit::{evaluate, items};

/// Runs all expressions of a table in one code node; each gives its value or the text of its error.
async fn code_table(rows: &[(&str, Value)]) {
    let list: Vec<String> = rows.iter().map(|(source, _)| format!("async () => ({source}\n)")).collect();
    let source = format!(
        "return [{{ json: {{ all: await Promise.all([{}].map(async (run) => {{ try {{ return await run() ?? null }} \
         catch (error) {{ return String(error) + (error.stack ?? '') }} }})) }} }}]",
        list.join(",")
    );
    let found = items(&source, &[]).await;
    let found = found[0]["json"]["all"].as_array().unwrap().iter().cloned();
    same(rows.iter().zip(found));
}

/// All rows that differ, at once.
fn same<'a>(rows: impl Iterator<Item = (&'a (&'a str, Value), Value)>) {
    let wrong: Vec<String> = rows
        .filter(|((_, expect), found)| expect != found)
        .map(|((source, expect), found)| format!("{source}\n   gives {found}\n  wanted {expect}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn buffers_behave_like_nodes() {
    code_table(&[
        ("Buffer.from('hé').toString('hex')", json!("68c3a9")),
        ("Buffer.from('aGk=', 'base64').toString()", json!("hi")),
        ("Buffer.from('ff00', 'hex').toString('base64url')", json!("_wA")),
        ("Buffer.from('hi').toString('base64')", json!("aGk=")),
        ("Buffer.from([1, 2, 3]).slice(1).length", json!(2)),
        ("Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString()", json!("ab")),
        ("Buffer.alloc(3, 'ab').toString()", json!("aba")),
        ("Buffer.from('abc').equals(Buffer.from('abc'))", json!(true)),
        ("Buffer.compare(Buffer.from('a'), Buffer.from('b'))", json!(-1)),
        ("Buffer.from([0, 1, 2, 3]).readUInt16BE(1)", json!(258)),
        ("(() => { const b = Buffer.alloc(4); b.writeInt32LE(-2, 0); return b.toString('hex') })()", json!("feffffff")),
        ("Buffer.from('abcabc').indexOf('ca')", json!(2)),
        ("Buffer.from('hé', 'latin1').length", json!(2)),
        ("Buffer.byteLength('é')", json!(2)),
        ("Buffer.isBuffer(Buffer.from('')) && Buffer.from('') instanceof Uint8Array", json!(true)),
        ("JSON.stringify(Buffer.from('a'))", json!(r#"{"type":"Buffer","data":[97]}"#)),
        ("btoa('hi') + atob('aGk=')", json!("aGk=hi")),
        ("new TextDecoder().decode(new TextEncoder().encode('é'))", json!("é")),
        ("Buffer.from('€', 'utf16le').toString('hex')", json!("ac20")),
        ("Buffer.from([0, 0, 5]).readUIntBE(0, 3)", json!(5)),
    ])
    .await;
}

#[tokio::test]
async fn urls_behave_like_nodes() {
    code_table(&[
        ("new URL('https://a.b/c?x=1&y=a%20b#z').searchParams.get('y')", json!("a b")),
        (
            "(() => { const u = new URL('https://a.b/?x=1'); u.searchParams.append('q', 'a b'); return u.href })()",
            json!("https://a.b/?x=1&q=a+b"),
        ),
        ("new URL('../d', 'https://a.b/c/e').pathname", json!("/d")),
        (
            "(() => { const u = new URL('https://a.b'); u.port = '81'; u.hash = 'x'; return String(u) })()",
            json!("https://a.b:81/#x"),
        ),
        ("(() => { try { new URL('x') } catch (error) { return error.code } })()", json!("ERR_INVALID_URL")),
        ("new URLSearchParams({ a: 1, b: 'x&y' }).toString()", json!("a=1&b=x%26y")),
        ("[...new URLSearchParams('a=1&a=2')].length", json!(2)),
        ("require('querystring').parse('a=1&a=2&b=x%20y')", json!({"a": ["1", "2"], "b": "x y"})),
        ("require('url').parse('https://u:p@a.b:1/c?d=e').query", json!("d=e")),
    ])
    .await;
}

#[tokio::test]
async fn crypto_behaves_like_nodes() {
    code_table(&[
        ("crypto.createHash('sha256').update('abc').digest('hex')",
         json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        ("require('crypto').createHash('md5').update('a').update('bc').digest('base64')", json!("kAFQmDzST7DWlj99KOF/cg==")),
        ("crypto.createHmac('sha1', 'Jefe').update('what do ya want for nothing?').digest('hex')",
         json!("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")),
        ("(() => { const k = Buffer.alloc(32, 1), v = Buffer.alloc(16, 2); const c = crypto.createCipheriv('aes-256-cbc', k, v); \
          const x = c.update('hello', 'utf8', 'hex') + c.final('hex'); const d = crypto.createDecipheriv('aes-256-cbc', k, v); \
          return [x, d.update(x, 'hex', 'utf8') + d.final('utf8')] })()",
         json!(["aaf7a0b1c5d4d4b8c8abeaa891ec2755", "hello"])),
        ("(() => { const k = Buffer.alloc(32, 1), v = Buffer.alloc(12, 2); const c = crypto.createCipheriv('aes-256-gcm', k, v); \
          const x = Buffer.concat([c.update('hello'), c.final()]); const d = crypto.createDecipheriv('aes-256-gcm', k, v); \
          d.setAuthTag(c.getAuthTag()); return [x.length, d.update(x, undefined, 'utf8') + d.final('utf8')] })()",
         json!([5, "hello"])),
        ("/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())", json!(true)),
        ("crypto.randomBytes(8).length", json!(8)),
        ("Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'))).toString('hex').slice(0, 8)",
         json!("ba7816bf")),
        ("crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a'))", json!(true)),
        ("crypto.pbkdf2Sync('password', 'salt', 1, 20, 'sha1').toString('hex')", json!("0c60c80f961f0e71f3a9b524af6012062fe037a6")),
        ("crypto.getRandomValues(new Uint8Array(4)).length", json!(4)),
    ])
    .await;
}

#[tokio::test]
async fn the_web_and_modules_behave_like_nodes() {
    code_table(&[
        ("structuredClone({ a: [1, new Date(0)], m: new Map([[1, 2]]) }).m.get(1)", json!(2)),
        (
            "(() => { const a = {}; a.self = a; const b = structuredClone(a); return b.self === b && b !== a })()",
            json!(true),
        ),
        (
            "require('util').inspect({ a: 1, b: 'x', c: [1, { d: {} }] })",
            json!("{ a: 1, b: 'x', c: [ 1, { d: {} } ] }"),
        ),
        ("require('util').format('%s is %d', 'a', 1, 'b')", json!("a is 1 b")),
        ("$jmespath({ a: [{ b: 1 }, { b: 2 }] }, 'a[*].b')", json!([1, 2])),
        ("['b', 'a', 'C', 'á'].sort((x, y) => x.localeCompare(y))", json!(["a", "á", "b", "C"])),
        (
            "(() => { try { require('fs') } catch (error) { return error.message } })()",
            json!("Cannot find module 'fs'"),
        ),
        ("(1234.5).toLocaleString()", json!("1,234.5")),
        (
            "new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).format(1234.5)",
            json!("1.234,50\u{a0}€"),
        ),
        ("new Date(0).toLocaleDateString('en-GB')", json!("01/01/1970")),
        ("new Date().getTime() === Date.now() && Date.now() === 1700000000000", json!(true)),
        (
            "DateTime.fromISO('2024-03-31T01:30', { zone: 'Europe/Berlin' }).plus({ hours: 1 }).toISO()",
            json!("2024-03-31T03:30:00.000+02:00"),
        ),
        ("$now.toISO()", json!("2023-11-14T23:13:20.000+01:00")),
        ("$today.toISODate()", json!("2023-11-14")),
        (
            "typeof process + typeof module + typeof fetch + typeof WebAssembly",
            json!("undefinedundefinedundefinedundefined"),
        ),
    ])
    .await;
}

/// Evaluates each template in expression mode.
async fn expression_table(item: Value, rows: &[(&str, Value)]) {
    let sources: Vec<&str> = rows.iter().map(|(source, _)| *source).collect();
    let templates: Vec<String> = sources.iter().map(|source| format!("{{{{ {source} }}}}")).collect();
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    let job = crate::kit::expressions(&templates, 1, crate::kit::context(&[item]));
    let row = crate::kit::run(job).await.unwrap().cells().unwrap().remove(0);
    let found = row.into_iter().map(|cell| match cell {
        Cell::Value(value) => value,
        Cell::Undefined => json!("undefined"),
        Cell::Error(error) => json!(format!("error: {}", error.message)),
    });
    same(rows.iter().zip(found));
}

#[tokio::test]
async fn extensions_answer_like_n8n() {
    let item = json!({
        "text": "hello wOrld", "list": [2, null, 1, ""], "people": [{"name": "Nathan", "age": 42}, {"name": "Jan"}],
        "n": 1.256, "empty": {}, "when": "2024-03-30T18:49:07.234Z", "none": null, "flag": true, "isEmpty": "own field"
    });
    let undefined = json!("undefined");
    expression_table(
        item,
        &[
            ("$json.text.toTitleCase()", json!("Hello wOrld")),
            ("$json.text.toSentenceCase()", json!("Hello world")),
            ("'Quick-brown Fox'.toSnakeCase()", json!("quick_brown_fox")),
            ("'abc'.hash()", json!("900150983cd24fb0d6963f7d28e17f72")),
            ("'abc'.hash('sha256').slice(0, 8)", json!("ba7816bf")),
            ("'<b>bold</b>, <a>link</a>'.removeTags()", json!("bold, link")),
            ("'*bold*, [link]()'.removeMarkdown()", json!("bold, link")),
            ("'me@example.com'.isEmail()", json!(true)),
            ("'x me@example.com y'.extractEmail()", json!("me@example.com")),
            ("'https://www.example.com/a?b'.extractDomain()", json!("www.example.com")),
            ("'me@mail.example.com'.extractDomain()", json!("mail.example.com")),
            ("'see https://n8n.io/x?y=1 now'.extractUrl()", json!("https://n8n.io/x?y=1")),
            ("'https://n8n.io/a/b?c'.extractUrlPath()", json!("/a/b")),
            ("'https://n8n.io'.isUrl()", json!(true)),
            ("'n8n.io'.isDomain()", json!(true)),
            ("'12.5'.isNumeric()", json!(true)),
            ("'$12.50'.toNumber()", json!(12.5)),
            ("'12abc'.toInt()", json!(12)),
            ("'x'.toNumber()", json!("error: cannot convert to number")),
            ("'no'.toBoolean()", json!(false)),
            ("'a b&c'.urlEncode()", json!("a%20b%26c")),
            ("'a%20b'.urlDecode()", json!("a b")),
            ("'say \"hi\"'.quote()", json!("\"say \\\"hi\\\"\"")),
            ("'déjà Straße'.replaceSpecialChars()", json!("deja Strasse")),
            ("'hello'.base64Encode() + 'aGVsbG8='.base64Decode()", json!("aGVsbG8=hello")),
            ("'{\"a\":1}'.parseJson().a", json!(1)),
            ("\"{'a':1}\".parseJson()", json!("error: Parsing failed. Check you're using double quotes")),
            ("'abc'.length()", json!(3)),
            ("'abc'.length", json!(3)),
            ("''.isEmpty()", json!(true)),
            ("$json.n.round(1)", json!(1.3)),
            ("$json.n.floor() + $json.n.ceil()", json!(3)),
            ("(123456.789).format('de-DE')", json!("123.456,789")),
            ("(33).isEven()", json!(false)),
            ("(1.5).isOdd()", json!("error: isOdd() is only callable on integers")),
            ("Math.round(1.5)", json!(2)),
            ("$json.list.compact()", json!([2, 1])),
            ("$json.people.pluck('name')", json!(["Nathan", "Jan"])),
            ("$json.people.pluck('age')", json!([42])),
            ("[12, 1, 5].average() + [12, 1, 5].sum() + [1, 2].max() + [1, 2].min()", json!(27)),
            ("['a'].sum()", json!("error: sum(): all array elements must be numbers")),
            ("[1, 2, 3].first() + [1, 2, 3].last()", json!(4)),
            ("[1, 2, 3, 4, 5].chunk(2)", json!([[1, 2], [3, 4], [5]])),
            ("[1, 2, 3].difference([2, 3])", json!([1])),
            ("[1, 2].intersection([2, 3])", json!([2])),
            ("[1, 2].union([2, 3])", json!([1, 2, 3])),
            ("[{a: 1}, {a: 1}, {a: 2}].unique()", json!([{"a": 1}, {"a": 2}])),
            ("[{a: 1, b: 1}, {a: 1, b: 2}].removeDuplicates('a')", json!([{"a": 1, "b": 1}])),
            ("[{n: 'a', v: 1}].smartJoin('n', 'v')", json!({"a": 1})),
            ("[{ name: 'bob' }].renameKeys('name', 'x')", json!([{"x": "bob"}])),
            (
                "[{ name: 'Nathan' }, { age: 42 }].merge([{ city: 'Berlin' }, { country: 'Germany' }])",
                json!({"name": "Nathan", "age": 42, "city": "Berlin", "country": "Germany"}),
            ),
            ("[1].append(2, [3])", json!([1, 2, [3]])),
            ("$json.empty.isEmpty()", json!(true)),
            ("$json.none.isEmpty()", json!(true)),
            ("$json.missing.isEmpty()", json!(true)),
            ("$json.missing.isNotEmpty()", json!(false)),
            ("$json.missing.toTitleCase()", json!("error: toTitleCase can't be used on undefined value")),
            ("$json.missing?.toTitleCase()", undefined.clone()),
            ("$json.isEmpty", json!("own field")),
            (
                "({ name: 'Mr Nathan', city: 'hanoi', age: 42 }).removeFieldsContaining('Nathan')",
                json!({"city": "hanoi", "age": 42}),
            ),
            (
                "({ name: 'Mr Nathan', city: 'hanoi' }).keepFieldsContaining('han')",
                json!({"name": "Mr Nathan", "city": "hanoi"}),
            ),
            ("({ a: 1, b: 2 }).removeField('a')", json!({"b": 2})),
            ("({ a: 1 }).hasField('a')", json!(true)),
            ("({ name: 'Mr Nathan', city: 'hanoi' }).urlEncode()", json!("name=Mr+Nathan&city=hanoi")),
            ("({ a: 1 }).keys()", json!(["a"])),
            ("({ x: null, y: 2, z: '' }).compact()", json!({"y": 2})),
            ("({ a: 1 }).toJsonString()", json!("{\"a\":1}")),
            ("Object.keys($json.empty).length", json!(0)),
            ("$json.flag.toInt()", json!(1)),
            ("$json.when.toDateTime().format('dd/LL/yyyy')", json!("30/03/2024")),
            ("$json.when.format('yyyy')", json!("2024")),
            ("'2024-03-30'.toDateTime().plus(2, 'days').toISODate()", json!("2024-04-01")),
            ("'2024-03-30'.toDateTime().plus({ months: 1 }).toISODate()", json!("2024-04-30")),
            ("$now.minus(1, 'day').toISODate()", json!("2023-11-13")),
            ("'2024-03-30'.toDateTime().isWeekend()", json!(true)),
            ("'2024-03-30'.toDateTime().extract('month')", json!(3)),
            ("'2024-03-30'.toDateTime().beginningOf('month').toISODate()", json!("2024-03-01")),
            ("'2025-01-01'.toDateTime().diffTo('2024-12-30', 'days')", json!(2)),
            ("'2024-03-30'.toDateTime().isBetween('2020-06-01', '2025-06-01')", json!(true)),
            ("(1708695471).toDateTime('s').toUTC().toISO()", json!("2024-02-23T13:37:51.000Z")),
            ("(45345).toDateTime('excel').toUTC().toISODate()", json!("2024-02-23")),
            ("$if($json.flag, $json.a.b.c, 1)", undefined.clone()),
            ("$if(!$json.flag, $json.a.b.c, 1)", json!(1)),
            ("$if($json.missing, 1)", json!(false)),
            ("$ifEmpty($json.none, 'x')", json!("x")),
            ("$min(3, 1) + $max(1, 2) + average(1, 3)", json!(5)),
            ("numberList(3, 1)", json!([3, 2, 1])),
            ("zip(['a'], [1])", json!({"a": 1})),
            ("`${ 'ab'.toTitleCase() } ${[1].first()}`", json!("Ab 1")),
            ("[[1, 2], [3]].map(x => x.first()).sum()", json!(4)),
            ("$json.people.map(p => p.name.toTitleCase().length()).sum()", json!(9)),
            ("'a.first() b'.toTitleCase() + /x\\.first\\(/.test('x.first(')", json!("a.first() Btrue")),
            ("new Date(0).format('yyyy-MM-dd')", json!("1970-01-01")),
            ("(() => { const a = [1, 2]; return a.last() })()", json!(2)),
            ("$input.all().first().json.n", json!(1.256)),
            ("Object.keys($json).length + JSON.stringify({}).length", json!(11)),
        ],
    )
    .await;
}

#[tokio::test]
async fn own_data_is_not_touched_by_extensions() {
    let template = "{{ (() => { const keys = []; for (const key in $json.o) keys.push(key); 'x'.isEmpty(); \
                    return [keys, Object.keys($json.o), JSON.stringify($json.o)] })() }}";
    assert_eq!(evaluate(template, json!({"o": {"a": 1}})).await, Cell::Value(json!([["a"], ["a"], "{\"a\":1}"])));
}
