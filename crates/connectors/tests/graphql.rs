//! GraphQL of manifests is held against a schema: nothing where nothing has changed, and each change as itself. What is
//! shipped is held against itself.

use std::path::Path;

use connectors::drift::{Drift, Finding, Kind, Level, against_schema, fixtures_without_schema, without_schema};
use connectors::fixture::{self, Case, parsed};
use connectors::graphql::document;
use connectors::manifest::Manifest;
use connectors::{catalog, check};
use model::Value;
use serde_json::json;

/// A shop.
const SCHEMA: &str = r#"
"Where everything begins."
schema { query: Root mutation: Changes }
directive @once(key: String!) on FIELD
scalar Moment
enum State { OPEN PAID @deprecated(reason: "Ask for the payments.") VOID }
interface Node { id: ID! }
type Customer implements Node { id: ID! name: String phone: String @deprecated(reason: "Ask for `phones`.") }
type Company implements Node { id: ID! vat: String! }
union Buyer = Customer | Company
type Order implements Node { id: ID! total: Float! state: State! lines: [Line!]! buyer: Buyer madeAt: Moment }
type Line { name: String! count: Int! }
type Page { hasNextPage: Boolean! endCursor: String }
type Orders { nodes: [Order!]! pageInfo: Page! }
type Made { order: Order }
type Root { orders(first: Int, after: String, state: State): Orders! order(id: ID!): Order }
extend type Root { shop: Company }
input LineInput { name: String! count: Int = 1 }
input OrderInput { mail: String! note: String lines: [LineInput!] state: State }
type Changes { orderCreate(input: OrderInput!, notify: Boolean = false): Made! orderVoid(id: ID!): Made! }
"#;

fn manifest() -> Value {
    json!({
        "connector": "shop", "title": "Shop", "summary": "Orders.", "docs": "https://shop.example", "base": "https://api.shop.example",
        "graphql": "/graphql",
        "paging": { "orders": { "type": "graphql", "connection": "orders", "size": { "param": "first", "most": 100 } } },
        "operations": {
            "order.list": { "title": "List", "summary": "Lists.", "items": "orders.nodes", "paging": "orders",
                "graphql": "query ($first: Int, $after: String, $state: State) { orders(first: $first, after: $after, state: $state) {
                    nodes { id total state lines { name } buyer { ...who ... on Company { vat } } } pageInfo { hasNextPage endCursor } } }
                    fragment who on Customer { name }",
                "params": { "state": { "values": ["OPEN", "VOID"] } } },
            "order.create": { "title": "Create", "summary": "Creates.", "output": "={{ $response.data.orderCreate.order?.id.toUpperCase() }}",
                "graphql": "mutation ($input: OrderInput!, $key: String!) { orderCreate(input: $input) @once(key: $key) { order { id } } }",
                "send": { "body": { "key": "={{ $params.mail }}" } },
                "params": { "mail": { "required": true, "as": "input.mail" }, "note": { "as": "input.note" },
                    "lines": { "type": "array", "as": "input.lines", "items": { "type": "object", "fields": {
                        "name": { "required": true }, "count": { "type": "integer" } } } } } },
            "order.get": { "title": "Get", "summary": "Gets.", "items": "order",
                "graphql": "query ($id: ID!) { order(id: $id) { id madeAt } }", "params": { "order": { "required": true, "as": "id" } } },
            "me.get": { "title": "Me", "summary": "Me.", "request": "GET /me" },
        },
    })
}

fn fixtures() -> Vec<(String, Vec<Case>)> {
    let text = "
- name: a page
  calls:
    - request: POST https://api.shop.example/graphql
      body:
        query: '{ orders { nodes { id total state lines { name } madeAt } pageInfo { hasNextPage } } }'
      answer:
        body:
          data: { orders: { nodes: [{ id: o1, total: 3, state: OPEN, lines: [{ name: Tea }], madeAt: { day: 3 } }], pageInfo: { hasNextPage: false } } }
";
    vec![("order.list".to_owned(), parsed(text.as_bytes()).unwrap())]
}

fn read(manifest: &Value) -> Manifest {
    serde_json::from_value(manifest.clone()).unwrap()
}

fn drift(manifest: &Value, schema: &str) -> Drift {
    against_schema(&read(manifest), &fixtures(), schema.as_bytes()).unwrap()
}

/// Findings but news: kind, level, operation, nearest name, detail.
fn seen(drift: &Drift) -> Vec<&Finding> {
    drift.findings.iter().filter(|finding| finding.kind != Kind::OperationNew).collect()
}

/// Asserts that the findings are of these kinds and levels, and that each says this.
fn check(what: &str, drift: &Drift, expect: &[(Kind, Level, &str, &str)]) {
    let found = seen(drift);
    assert_eq!(found.len(), expect.len(), "{what}: {found:#?}");
    for (finding, (kind, level, operation, says)) in found.iter().zip(expect) {
        let of = finding.operation.as_deref().unwrap_or_default();
        assert_eq!((finding.kind, finding.level, of), (*kind, *level, *operation), "{what}: {}", finding.detail);
        assert!(finding.detail.contains(says), "{what}: {}", finding.detail);
    }
}

#[test]
fn what_has_not_changed_gives_nothing_and_what_is_new_is_told() {
    let found = drift(&manifest(), SCHEMA);
    check("nothing", &found, &[]);
    assert_eq!((found.compared, found.described, found.skipped.as_slice()), (3, 5, &["me.get".to_owned()][..]));
    let news: Vec<&str> = found.findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert_eq!(news, ["`query shop`", "`mutation orderVoid`"]);
}

#[test]
fn every_change_of_a_schema_is_told_as_what_it_is() {
    use Level::{Breaks, Warns};
    for (from, to, expect) in [
        (
            "type Order implements Node { id: ID! total",
            "type Order implements Node { id: ID! totals",
            vec![(Kind::FieldGone, Breaks, "order.list", "`Order` has no field `total`; there is `totals`")],
        ),
        ("phone: String", "name2: String", vec![]),
        (
            "{ id: ID! name: String phone",
            "{ id: ID! name: String @deprecated(reason: \"Ask for `names`.\") phone",
            vec![(
                Kind::Deprecated,
                Warns,
                "order.list",
                "the field `name` is going to be taken away: Ask for `names`.",
            )],
        ),
        (
            "(first: Int, after: String, state: State)",
            "(first: Int, after: String, status: State)",
            vec![(Kind::ArgumentGone, Breaks, "order.list", "`orders` takes no argument `state`; there is `status`")],
        ),
        (
            "(first: Int, after: String, state: State)",
            "(first: Int, after: Int, state: State, shop: ID!)",
            vec![
                (
                    Kind::TypeChanged,
                    Breaks,
                    "order.list",
                    "the argument `after` of `orders` is a `Int`, and `$after` a `String`",
                ),
                (Kind::RequiredMissing, Breaks, "order.list", "`orders` must be asked with the argument `shop`"),
            ],
        ),
        (
            "(first: Int, after: String, state: State)",
            "(first: Int, after: String, state: State!)",
            vec![(
                Kind::TypeChanged,
                Breaks,
                "order.list",
                "the argument `state` of `orders` is a `State!`, and `$state` a `State`",
            )],
        ),
        (
            "VOID }",
            "VOIDED }",
            vec![(Kind::ValueGone, Breaks, "order.list", "`$state`: `State` has no value `VOID`; there is `VOIDED`")],
        ),
        (
            "enum State { OPEN PAID",
            "enum State { OPEN @deprecated PAID",
            vec![(
                Kind::Deprecated,
                Warns,
                "order.list",
                "the value `OPEN` of `State` is going to be taken away: No longer",
            )],
        ),
        (
            "note: String",
            "notes: String shop: ID!",
            vec![
                (
                    Kind::ArgumentGone,
                    Breaks,
                    "order.create",
                    "`$input.note`: `OrderInput` has no field `note`; there is `notes`",
                ),
                (Kind::RequiredMissing, Breaks, "order.create", "`shop` of `OrderInput` must be sent"),
            ],
        ),
        (
            "note: String",
            "note: String!",
            vec![(
                Kind::RequiredOptional,
                Breaks,
                "order.create",
                "`note` of `OrderInput` must be sent, and the form does not",
            )],
        ),
        (
            "note: String",
            "note: Int",
            vec![(Kind::TypeChanged, Breaks, "order.create", "of the type `string` here, and `Int` there")],
        ),
        (
            "count: Int = 1 }",
            "count: Int! unit: ID! }",
            vec![
                (
                    Kind::RequiredOptional,
                    Breaks,
                    "order.create",
                    "`$input.lines[].count`: `count` of `LineInput` must be sent",
                ),
                (Kind::RequiredMissing, Breaks, "order.create", "`unit` of `LineInput` must be sent"),
            ],
        ),
        (
            "input OrderInput",
            "input NewOrderInput",
            vec![(Kind::TypeGone, Breaks, "order.create", "`$input` is a `OrderInput`, a type that is not there")],
        ),
        (
            "directive @once(key: String!)",
            "directive @ones(key: String!)",
            vec![(Kind::DirectiveGone, Breaks, "order.create", "there is no directive `@once`; there is `ones`")],
        ),
        (
            "union Buyer = Customer | Company",
            "union Buyer = Customer",
            vec![(
                Kind::DocumentInvalid,
                Breaks,
                "order.list",
                "fields of `Company` are asked for, and a `Buyer` can be none",
            )],
        ),
        (
            "madeAt: Moment",
            "madeAt: Page",
            vec![(Kind::DocumentInvalid, Breaks, "order.get", "none of its fields is asked for")],
        ),
        (
            "lines: [Line!]!",
            "lines: Line",
            vec![(Kind::TypeChanged, Warns, "order.list", "a fixture answers `orders.nodes[].lines` with")],
        ),
        ("mutation: Changes", "", vec![(Kind::DocumentInvalid, Breaks, "order.create", "the schema has no mutation")]),
    ] {
        assert!(SCHEMA.contains(from), "{from}");
        // `OrderInput` is named by the field that takes it, too.
        let changed = SCHEMA.replacen(from, to, 1).replace(
            "(input: OrderInput!",
            if to.contains("NewOrder") { "(input: NewOrderInput!" } else { "(input: OrderInput!" },
        );
        let found = drift(&manifest(), &changed);
        let relevant: Vec<Finding> =
            found.findings.iter().filter(|one| one.kind != Kind::OperationNew).cloned().collect();
        let relevant = match to {
            // A variable of a type that is not there is not the one that is wanted, either.
            "input NewOrderInput" => relevant.into_iter().filter(|one| one.kind != Kind::TypeChanged).collect(),
            _ => relevant,
        };
        check(to, &Drift { findings: relevant, ..Drift::default() }, &expect);
    }
}

#[test]
fn an_introspection_says_the_same_as_sdl() {
    let named = |kind: &str, name: &str| json!({ "kind": kind, "name": name, "ofType": null });
    let must = |inner: Value| json!({ "kind": "NON_NULL", "name": null, "ofType": inner });
    let field = |name: &str, kind: Value, args: Value| json!({ "name": name, "type": kind, "args": args, "isDeprecated": name == "madeAt", "deprecationReason": "Ask for `made`." });
    let id = json!([{ "name": "id", "type": must(named("SCALAR", "ID")), "defaultValue": null }]);
    let schema = json!({ "data": { "__schema": {
        "queryType": { "name": "Root" }, "mutationType": null, "types": [
            { "kind": "OBJECT", "name": "Root", "interfaces": [], "fields": [field("order", named("OBJECT", "Order"), id)] },
            { "kind": "OBJECT", "name": "Order", "interfaces": [], "fields": [
                field("ids", must(named("SCALAR", "ID")), json!([])), field("madeAt", named("SCALAR", "Moment"), json!([]))] },
            { "kind": "SCALAR", "name": "Moment" },
        ] } } });
    let mut only = manifest();
    let get = only["operations"]["order.get"].clone();
    only["operations"] = json!({ "order.get": get });
    let found = against_schema(&read(&only), &[], schema.to_string().as_bytes()).unwrap();
    check(
        "introspection",
        &found,
        &[
            (Kind::FieldGone, Level::Breaks, "order.get", "`order.id`: `Order` has no field `id`; there is `ids`"),
            (Kind::Deprecated, Level::Warns, "order.get", "Ask for `made`."),
        ],
    );
    assert_eq!(
        (found.findings[0].path.as_deref(), found.findings[0].nearest.as_deref()),
        (Some("order.id"), Some("ids"))
    );
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    for (text, says) in [
        ("type Query {", "cannot be read"),
        ("{ \"data\": {} }", "no answer to an introspection"),
        ("{ orders { id } }", "operations, which belong to a document"),
        ("type Order { id: ID }", "no type that queries begin at"),
    ] {
        let refused = against_schema(&read(&manifest()), &[], text.as_bytes());
        assert!(refused.is_err_and(|problem| problem.detail.contains(says)), "{text}");
    }
}

#[test]
fn what_can_be_told_without_a_schema_is_told() {
    for (graphql, expect) in [
        ("query ($id: ID!) { order(id: $id) { id } }", vec![]),
        ("query ($id: ID!) { order(id: $id { id } }", vec![(Kind::DocumentInvalid, Level::Breaks, "cannot be read: ")]),
        (
            "query ($id: ID!) { order(id: $ids) { id } }",
            vec![
                (Kind::DocumentInvalid, Level::Breaks, "`$ids` is used, and not declared; there is `id`"),
                (Kind::DocumentInvalid, Level::Breaks, "`$id` is declared, and used nowhere"),
            ],
        ),
        (
            "query ($id: ID!, $shop: ID!) { order(id: $id, shop: $shop) { id } }",
            vec![(Kind::RequiredMissing, Level::Breaks, "`$shop`, a `ID!` must be sent")],
        ),
        (
            "query ($id: Boolean!) { order(id: $id) { id } }",
            vec![(Kind::TypeChanged, Level::Breaks, "of the type `string` here, and `Boolean` there")],
        ),
        (
            "query ($id: ID!, $note: String!) { order(id: $id, note: $note) { id } }",
            vec![(
                Kind::RequiredOptional,
                Level::Breaks,
                "`$note`, a `String!` must be sent, and the form does not ask",
            )],
        ),
        ("query ($id: ID!) { bill(id: $id) { id } }", vec![(Kind::FieldGone, Level::Breaks, "`items` reads `order`")]),
        (
            "query ($id: ID!) { order(id: $id) { ...all } }",
            vec![(Kind::DocumentInvalid, Level::Breaks, "no fragment `all`")],
        ),
        (
            "query ($id: ID!) { order(id: $id) { ...all } } fragment all on Order { id ...all }",
            vec![(Kind::DocumentInvalid, Level::Breaks, "the fragment `all` spreads itself")],
        ),
        (
            "query a { order { id } } query b { order { id } }",
            vec![
                (Kind::DocumentInvalid, Level::Breaks, "several operations"),
                (Kind::ParameterUnknown, Level::Warns, "`id` is sent, and the document declares no `$id`"),
            ],
        ),
    ] {
        let mut only = manifest();
        let mut get = only["operations"]["order.get"].clone();
        get["graphql"] = graphql.into();
        get["params"]["note"] = json!({ "in": if graphql.contains("$note") { "body" } else { "none" } });
        only["operations"] = json!({ "order.get": get });
        let found = without_schema(&read(&only));
        let expect: Vec<_> = expect.into_iter().map(|(kind, level, says)| (kind, level, "order.get", says)).collect();
        check(graphql, &found, &expect);
    }
}

#[test]
fn a_fixture_that_has_what_is_not_asked_for_is_told() {
    let text = "
- name: one
  calls:
    - request: POST https://api.shop.example/graphql
      body: { query: '{ shop: order { id } }' }
      answer: { body: { data: { shop: { id: 1, titel: x }, order: null } } }
";
    let fixtures = vec![("order.get".to_owned(), parsed(text.as_bytes()).unwrap())];
    let found: Vec<Option<String>> = fixtures_without_schema(&fixtures).into_iter().map(|one| one.path).collect();
    assert_eq!(found, [Some("shop.titel".to_owned()), Some("order".to_owned())]);
}

/// Documents that are shipped: each is read, its variables are declared, used and of the types of the parameters, what is
/// read of its answer is asked for, and fixtures answer nothing else.
#[test]
fn what_is_shipped_is_sound() {
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/connectors");
    let (mut documents, mut faults) = (0, Vec::new());
    for folder in catalog::folders(&catalogue).unwrap() {
        let connector = catalog::of_folder(&folder).unwrap();
        let found = without_schema(&connector.manifest);
        let said = connector.manifest.operations.values().filter_map(|operation| operation.exchange.graphql.as_deref());
        assert!(found.compared >= said.clone().count(), "{}", folder.display());
        said.for_each(|text| drop(document::read(text).unwrap()));
        documents += found.compared;
        if found.compared > 0 {
            faults.extend(found.findings);
            faults.extend(fixtures_without_schema(&fixture::cases(&folder).unwrap()));
        }
    }
    assert!(documents > 40, "{documents}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// `check` says what breaks, and holds documents against a schema that lies in the folder.
#[test]
fn check_says_what_breaks() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    let mut only = manifest();
    let mut get = only["operations"]["order.get"].clone();
    get["graphql"] = "query ($id: ID!) { order(id: $id) { id nmae } }".into();
    only["operations"] = json!({ "order.get": get });
    only["graphqlSchema"] = json!({ "file": "schema.graphql" });
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let faults = || check::folder(&folder).faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    write("connector.yaml", &only.to_string());
    assert!(faults().iter().any(|fault| fault.contains("`graphqlSchema`: schema.graphql: ")), "{:?}", faults());
    write("schema.graphql", SCHEMA);
    let wrong = "`operations.order.get`: `order.nmae`: `Order` has no field `nmae`";
    assert!(faults().iter().any(|fault| fault.contains(wrong)), "{:?}", faults());
}
