//! Shapes that documents have: each becomes operations whose requests are those that the document means.

use std::path::Path;

use connectors::openapi::{self, Document, Made, Options};
use connectors::{catalog, check, fixture};
use model::Value;
use sandbox::Sandbox;
use serde_json::json;

/// A document of YAML with these paths, in a shop.
fn shop(rest: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{ title: Shop }}\nservers: [{{ url: https://api.shop.example/v1 }}]\n{rest}")
}

/// What a text becomes. Its fixtures hold, and `connector check` finds nothing.
async fn made(text: &str) -> (Made, Value) {
    let document = Document::read(text.as_bytes()).unwrap();
    let made = openapi::make(&document, &Options::default()).unwrap();
    holds(&made).await;
    let manifest = serde_yaml_ng::from_str(&made.manifest).unwrap();
    (made, manifest)
}

async fn holds(made: &Made) {
    let sandbox = Sandbox::new(sandbox::Options::with_worker(testkit::step::worker().unwrap()));
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(made.name.as_str());
    std::fs::create_dir_all(folder.join("fixtures")).unwrap();
    std::fs::write(folder.join("connector.yaml"), &made.manifest).unwrap();
    std::fs::write(folder.join("icon.svg"), "<svg viewBox=\"0 0 24 24\"/>").unwrap();
    for (name, text) in &made.fixtures {
        std::fs::write(folder.join("fixtures").join(format!("{name}.yaml")), text).unwrap();
    }
    let connector = catalog::of_folder(&folder).unwrap();
    let mut faults: Vec<String> = check::folder(&folder).faults.iter().map(ToString::to_string).collect();
    let outcomes = fixture::run_all(&folder, &connector, &sandbox).await.unwrap();
    faults.extend(outcomes.into_iter().filter_map(|outcome| outcome.fault));
    sandbox.shutdown().await;
    assert!(faults.is_empty(), "{faults:#?}\n{}", made.manifest);
}

/// The request of an operation, as its fixture shows it.
fn sent(made: &Made, operation: &str) -> Value {
    let fixture = made.fixtures.iter().find(|(name, _)| name == operation);
    let names: Vec<&String> = made.fixtures.iter().map(|(name, _)| name).collect();
    let cases: Value = serde_yaml_ng::from_str(&fixture.unwrap_or_else(|| panic!("{operation}: {names:?}")).1).unwrap();
    let mut call = cases[0]["calls"][0].clone();
    call.as_object_mut().unwrap().remove("answer");
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_written_in_their_style() {
    let text = shop(
        "paths:
  /orders/{ids}/{dotted}/{+file}:
    parameters:
      - { name: ids, in: path, required: true, schema: { type: array, minItems: 2, items: { type: integer } } }
      - { name: dotted, in: path, required: true, style: label, schema: { type: string } }
      - { name: file, in: path, required: true, schema: { type: string } }
    get:
      parameters:
        - { name: tags, in: query, required: true, style: pipeDelimited, explode: false, schema: { type: array, minItems: 2, uniqueItems: true, items: { enum: [a, b] } } }
        - { name: 'filter', in: query, required: true, style: deepObject, schema: { type: object, required: [state], properties: { state: { const: open } } } }
        - { name: more, in: query, required: true, schema: { type: object, required: [q], properties: { q: { type: string } } } }
        - { name: flat, in: query, required: true, explode: false, schema: { type: object, required: [q], properties: { q: { type: string } } } }
        - { name: where, in: query, required: true, content: { application/json: { schema: { type: object, required: [n], properties: { n: { type: integer } } } } } }
        - { name: X-Shop.Id, in: header, required: true, schema: { type: string, format: uuid } }
        - { name: sid, in: cookie, required: true, schema: { type: string } }
        - { name: theme, in: cookie, schema: { type: string } }
",
    );
    let (made, manifest) = made(&text).await;
    let call = sent(&made, "order.get");
    assert_eq!(call["request"], "GET https://api.shop.example/v1/orders/1%2C2/.a/a");
    assert_eq!(
        call["query"],
        json!({ "tags": "a|b", "filter[state]": "open", "q": "a", "flat": "q,a", "where": "{\"n\":1}" })
    );
    assert_eq!(call["headers"], json!({ "X-Shop.Id": "00000000-0000-4000-8000-000000000000", "cookie": "sid=a" }));
    let first: Vec<&String> = manifest["operations"]["order.get"]["params"].as_object().unwrap().keys().collect();
    assert_eq!(first.last().unwrap().as_str(), "theme", "what must be given comes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_written_in_their_type() {
    let text = shop(
        "paths:
  /a: { post: { requestBody: { required: true, content: { application/merge-patch+json: { schema: { type: object, required: [n], properties: { n: { type: number, exclusiveMinimum: 0 }, id: { type: string, readOnly: true } } } } } } } }
  /b: { post: { requestBody: { required: true, content: { application/json: { schema: { type: string, minLength: 2 } } } } } }
  /c: { post: { requestBody: { required: true, content: { application/json: { schema: { oneOf: [{ type: array, items: { type: string } }, { type: object }] } } } } } }
  /d: { post: { requestBody: { required: true, content: { application/x-www-form-urlencoded: { schema: { type: object, minProperties: 1, properties: { a: { type: string } } } } } } } }
  /e: { post: { requestBody: { required: true, content: { multipart/form-data: { schema: { type: object, required: [file, about], properties: { file: { type: string, format: binary }, about: { type: object, required: [t], properties: { t: { type: string } } } } } } } } } }
  /f: { put: { requestBody: { content: { image/png: {} } } } }
  /g: { post: { requestBody: { required: true, content: { text/csv: { schema: { type: string } } } } } }
  /h: { post: { requestBody: { required: true, content: { application/json: { schema: { type: object, properties: { a: { type: string }, b: { type: string } }, anyOf: [{ required: [a] }, { required: [b] }] } } } } } }
",
    );
    let (made, manifest) = made(&text).await;
    let (a, b) = (sent(&made, "a.create"), sent(&made, "b.create"));
    assert_eq!(
        (&a["body"], &a["headers"]["content-type"]),
        (&json!({ "n": 1 }), &json!("application/merge-patch+json"))
    );
    assert_eq!((&b["text"], &b["headers"]["content-type"]), (&json!("\"aa\""), &json!("application/json")));
    assert_eq!(sent(&made, "c.create")["body"], json!(["a"]));
    assert_eq!(sent(&made, "d.create")["form"], json!({ "a": "a" }));
    assert_eq!(sent(&made, "e.create")["form"], json!({ "about": "{\"t\":\"a\"}", "file": "content" }));
    assert_eq!(sent(&made, "f.update")["headers"]["content-type"], "image/png");
    assert_eq!(sent(&made, "g.create")["headers"]["content-type"], "text/csv");
    assert_eq!(sent(&made, "h.create")["body"], json!({ "a": "a" }));
    assert!(manifest["operations"]["a.create"]["params"].get("id").is_none(), "what is only read is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_on_and_answers_without_a_body_give_an_item() {
    let text = shop(
        "paths:
  /orders:
    get:
      parameters:
        - { name: page_size, in: query, schema: { type: integer, maximum: 200 } }
        - { name: cursor, in: query, schema: { type: string } }
      responses: { '200': { content: { application/json: { schema: { type: object, properties: { orders: { type: array, items: { type: object } }, next_cursor: { type: [string, 'null'] } } } } } } }
  /orders/{id}:
    delete: { responses: { '204': { description: Gone. } } }
    get: { responses: { '302': { description: Elsewhere. } } }
  /things:
    get:
      parameters: [{ name: pageToken, in: query, schema: { type: string } }]
      responses: { '200': { content: { application/json: { schema: { type: object, properties: { things: { type: array, items: { type: object } }, nextPageToken: { type: string } } } } } } }
  /me: { get: {} }
",
    );
    let (made, manifest) = made(&text).await;
    assert_eq!(
        manifest["paging"],
        json!({ "cursor": { "type": "cursor", "from": "next_cursor", "param": "cursor", "size": { "param": "page_size", "most": 200 } },
            "cursor2": { "type": "cursor", "from": "nextPageToken", "param": "pageToken" } })
    );
    let list = &manifest["operations"]["order.list"];
    assert_eq!((&list["paging"], &list["items"], list.get("params")), (&json!("cursor"), &json!("orders"), None));
    assert_eq!(sent(&made, "order.list")["query"], json!({ "page_size": 1 }));
    assert_eq!(manifest["operations"]["order.delete"]["output"], "={{ ({ success: true }) }}");
    assert_eq!(manifest["operations"]["order.get"]["expect"], json!([302]));
    assert_eq!((made.probe.as_deref(), made.paged), (Some("me.get"), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_groups_are_those_of_the_document() {
    let text = shop(
        "tags: [{ name: second }, { name: first }]
paths:
  /v1/things: { get: { tags: [first], operationId: Things.List }, trace: { tags: [first] } }
  /v1/things/{id}:archive: { post: { tags: [second], summary: ., operationId: Things.Archive } }
  /v2/things: { get: { tags: [first], operationId: Things.List, deprecated: true } }
  /日本: { get: { summary: 注文の一覧 } }
  /things?old=true: { get: {} }
",
    );
    let (made, manifest) = made(&text).await;
    let names: Vec<&String> = manifest["operations"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["thing.archive", "thing.list", "thing.call", "thing.things-list", "thing.get", "thing.list-2"]);
    assert_eq!((made.operations, made.described), (6, 6));
    assert_eq!(manifest["operations"]["thing.archive"]["title"], "Things archive");
    assert_eq!(manifest["operations"]["thing.things-list"]["summary"], "Things list (deprecated)");
    assert_eq!(sent(&made, "thing.get")["request"], "GET https://api.shop.example/v1/%E6%97%A5%E6%9C%AC");
    assert_eq!(sent(&made, "thing.list-2")["request"], "GET https://api.shop.example/v1/things?old=true");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_that_lead_back_to_themselves_end() {
    let text = shop(
        "paths:
  /trees: { post: { requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Tree' } } } } } }
  /knots: { post: { requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Knot' } } } } } }
components:
  schemas:
    Tree: { type: object, required: [name, branches], properties: { name: { type: string }, branches: { type: array, items: { $ref: '#/components/schemas/Tree' } } } }
    Knot: { allOf: [{ $ref: '#/components/schemas/Knot' }, { type: object, properties: { a: { $ref: '#/components/schemas/Loop' } }, required: [a] }] }
    Loop: { $ref: '#/components/schemas/Loop' }
",
    );
    let (made, _) = made(&text).await;
    assert_eq!(made.operations, 2);
    assert_eq!(sent(&made, "tree.create")["body"]["name"], "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn yaml_may_have_anchors_large_numbers_and_tags() {
    let text = shop(
        "x-parameter: &id { name: id, in: path, required: true, schema: { type: integer, maximum: 18446744073709552000, minimum: -18446744073709552000 } }
paths:
  /a/{id}: { parameters: [*id], get: { responses: { 200: { description: !note Good } } } }
  /b/{id}: { get: { parameters: [{ <<: *id, description: Of b. }] } }
",
    );
    let (made, manifest) = made(&text).await;
    assert_eq!(sent(&made, "b.get")["request"], "GET https://api.shop.example/v1/b/1");
    assert_eq!(manifest["operations"]["b.get"]["params"]["id"]["about"], "Of b.");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_with_servers_of_their_own_go_there() {
    let text = shop(
        "security: [{ key: [] }]
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Key } } }
paths:
  /a: { get: { parameters: [{ name: x-key, in: header, required: true, schema: { type: string } }] } }
  /b: { get: { servers: [{ url: 'https://{area}.files.example/v2', variables: { area: { default: eu } } }] } }
  /c: { get: {} }
",
    );
    let (made, manifest) = made(&text).await;
    assert_eq!(manifest["operations"]["b.get"]["request"], "GET https://{area}.files.example/v2/b");
    assert_eq!(sent(&made, "b.get")["request"], "GET https://eu.files.example/v2/b");
    assert_eq!(manifest["hosts"], json!(["{area}.files.example"]));
    assert!(manifest["operations"]["a.get"].get("params").is_none(), "the account is no parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_its_author_has_is_asked_for() {
    let text = "swagger: '2.0'\ninfo: { title: Shop }\nbasePath: /v1\npaths: { /a: { get: {} } }";
    let (own, manifest) = made(text).await;
    assert_eq!(manifest["base"], "{address}/v1");
    assert_eq!(manifest["settings"]["address"]["required"], true);
    assert!(own.notes.iter().any(|note| note.contains("--base")), "{:?}", own.notes);
    let document = Document::read(text.as_bytes()).unwrap();
    let options = Options { base: Some("https://shop.example/".into()), ..Options::default() };
    let given = openapi::make(&document, &options).unwrap();
    assert_eq!(given.base, "https://shop.example");
    holds(&given).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_forms_are_written_as_they_say() {
    let text = "
swagger: '2.0'
info: { title: Shop }
host: shop.example
consumes: [application/x-www-form-urlencoded, application/json]
paths:
  /a: { post: { parameters: [{ name: tags, in: formData, required: true, type: array, collectionFormat: pipes, items: { type: string } }, { name: n, in: formData, required: true, type: integer, minimum: 5 }] } }
  /b: { put: { consumes: [application/octet-stream], parameters: [{ name: data, in: body, required: true, schema: { type: string, format: binary } }] } }
  /c: { get: { parameters: [{ name: ids, in: query, required: true, type: array, items: { type: string }, collectionFormat: multi, minItems: 2 }, { name: Accept, in: header, required: true, type: string, enum: [text/plain] }] } }
";
    let (made, _) = made(text).await;
    assert_eq!(sent(&made, "a.create")["form"], json!({ "tags": "a", "n": 5 }));
    assert_eq!(sent(&made, "b.update")["headers"], json!({ "content-type": "application/octet-stream" }));
    let call = sent(&made, "c.get");
    assert_eq!((&call["query"]["ids"], &call["headers"]["accept"]), (&json!(["a", "a1"]), &json!("text/plain")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_refer_to_each_other_are_one_document() {
    let place = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(
        "main.yaml",
        &shop(
            "paths:\n  /orders: { $ref: paths/orders.yaml }\n  /lost: { get: { parameters: [{ $ref: gone.yaml }, { $ref: 'https://shop.example/x.yaml#/y' }] } }\n",
        ),
    );
    put(
        "paths/orders.yaml",
        "post:\n  requestBody: { required: true, content: { application/json: { schema: { $ref: '../schemas.json#/Order%20Line' } } } }\n",
    );
    put(
        "schemas.json",
        r##"{ "Order Line": { "type": "object", "required": ["of"], "properties": { "of": { "$ref": "#/Kind" } } }, "Kind": { "enum": ["whole"] } }"##,
    );
    let path: &Path = &place.path().join("main.yaml");
    let document = Document::open(path).unwrap();
    assert_eq!(document.lost, ["gone.yaml", "https://shop.example/x.yaml"]);
    let made = openapi::make(&document, &Options::default()).unwrap();
    holds(&made).await;
    assert_eq!(sent(&made, "order.create")["body"], json!({ "of": "whole" }));
    assert!(made.notes.iter().any(|note| note.contains("`gone.yaml`")), "{:?}", made.notes);
    assert!(Document::open(&place.path().join("none.yaml")).unwrap_err().hint.is_some());
    assert!(Document::open(place.path()).unwrap_err().hint.unwrap().contains("folder"));
}
