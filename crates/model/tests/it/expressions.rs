//! What expressions see of the world around them, and how they end.

use model::expr::{Engine, EvalError, ParseError, Part, Reads, Template};
use serde_json::{Value, json};

use crate::world::World;

fn world() -> World {
    let mut world = World::with_items(vec![json!({ "a": { "b": 1 }, "id": 1 }), json!({ "id": 2, "text": "zwei" })]);
    let files = json!({ "photo": { "mimeType": "image/png", "fileName": "cat.png", "size": 3 } });
    world.items[0].binary = serde_json::from_value(files).expect("files");
    world
}

fn eval(text: &str) -> Result<Option<Value>, EvalError> {
    Template::parse(text).expect(text).eval(&world())
}

#[track_caller]
fn check(text: &str, expect: Value) {
    assert_eq!(eval(text), Ok(Some(expect)), "{text}");
}

#[track_caller]
fn check_undefined(text: &str) {
    assert_eq!(eval(text), Ok(None), "{text}");
}

#[track_caller]
fn check_failed(text: &str, message: &str) {
    assert_eq!(eval(text), Err(EvalError::Failed { message: message.into() }), "{text}");
}

#[track_caller]
fn check_javascript(text: &str) {
    assert_eq!(eval(text), Err(EvalError::NeedsJavaScript), "{text}");
}

#[test]
fn the_current_item_is_seen() {
    check("{{ $json.a.b }}", json!(1));
    check("{{ $json }}", json!({ "a": { "b": 1 }, "id": 1 }));
    check("{{ $json['id'] + $itemIndex }}", json!(1));
    check("{{ $input.item.json.id }}", json!(1));
    check("{{ $binary.photo.fileName }} {{ $binary.photo.mimeType }}", json!("cat.png image/png"));
    check("{{ Object.keys($binary) }}", json!(["photo"]));
    check_undefined("{{ $binary.none }}");
    check_undefined("{{ $binary.none.fileName }}");
}

#[test]
fn the_whole_input_is_seen() {
    check("{{ $input.all().length }}", json!(2));
    check("{{ $input.first().json.id }}{{ $input.last().json.text }}", json!("1zwei"));
    check("{{ $input.all().map(item => item.json.id) }}", json!([1, 2]));
    check("{{ $items().length }}", json!(2));
    check("{{ $input.all()[1].json.id }}", json!(2));
    check("{{ [...$input.all()].filter(({ json }) => json.text).length }}", json!(1));
    check("{{ $item(1).$json.id }}", json!(2));
    check_failed("{{ $input.first(1).json }}", "$input.first() should have no arguments");
    check_javascript("{{ $input.all() }}");
    check_javascript("{{ $input.item }}");
}

#[test]
fn other_nodes_are_seen() {
    check("{{ $('Set').item.json.who }}", json!("Bob"));
    check("{{ $('Set').first().json.who }}", json!("Ada"));
    check("{{ $('Set').last().json.n }}", json!(2));
    check("{{ $('Set').all().map(i => i.json.n) }}", json!([1, 2]));
    check("{{ $('Set').all().length * 10 }}", json!(20));
    check("{{ $('Set').isExecuted }}", json!(true));
    check("{{ $('Set').params.mode }}", json!("raw"));
    check("{{ $node['Set'].json.who }}", json!("Ada"));
    check("{{ $node.Set.json['n'] }}", json!(1));
    check("{{ $node['Set'].runIndex }}", json!(0));
    check("{{ $node['Set'].parameter.mode }}", json!("raw"));
    check("{{ $items('Set')[1].json.who }}", json!("Bob"));
    check("{{ $item(1).$node['Set'].json.who }}", json!("Bob"));
    check("{{ $if($('Idle').isExecuted, $('Idle').first().json.x, 'no') }}", json!("no"));
    check_undefined("{{ $('Set').json }}");
    check_failed("{{ $('Idle').item.json.x }}", "Node 'Idle' hasn't been executed");
    check_failed("{{ $('Idle').first().json.x }}", "Node 'Idle' hasn't been executed");
    check_failed("a{{ $node['Idle'].json.x }}", "Node 'Idle' hasn't been executed");
    check_failed("{{ $('Nobody').item }}", "Referenced node doesn't exist");
    check_failed("{{ $node['Nobody'].json }}", "Referenced node doesn't exist");
    check_failed("{{ $('Lost').item.json.x }}", "Paired item data is unavailable");
    check_failed("{{ $item(5).$node['Set'].json }}", "\"Set\" node has 2 item(s) but you're trying to access item 5");
    check_javascript("{{ $('Far').item.json.x }}");
    check_javascript("{{ $('Set').all(0, 1) }}");
}

#[test]
fn the_run_is_seen() {
    check("{{ $execution.id }}/{{ $execution.mode }}/{{ $mode }}", json!("run_1/production/webhook"));
    check("{{ $execution.resumeUrl }}", json!("https://example.test/resume/1"));
    check("{{ $workflow.name + $workflow.id }}", json!("Orderswf_1"));
    check("{{ $workflow.active }}", json!(true));
    check("{{ $prevNode.name }}{{ $prevNode.outputIndex }}", json!("Set1"));
    check("{{ $runIndex }}", json!(2));
    check("{{ $vars.TOKEN }}", json!("t-1"));
    check("{{ $env.HOME_URL }}", json!("https://example.test"));
    check("{{ $parameter.format }}", json!("pdf"));
    check_undefined("{{ $vars.NONE }}");
    check_undefined("{{ $env.PATH }}");
    check_javascript("{{ $parameter.computed }}");
}

#[test]
fn no_input_reads_as_nothing() {
    let mut world = world();
    world.items.clear();
    let eval = |text: &str| Template::parse(text).expect(text).eval(&world);
    assert_eq!(eval("{{ $json.a }}"), Ok(None));
    assert_eq!(eval("x{{ $json.a }}"), Ok(Some(json!("x"))));
    assert_eq!(
        eval("{{ $input.first().json }}"),
        Err(EvalError::Failed { message: "No execution data available".into() })
    );
}

#[test]
fn numbers_on_a_plain_path_keep_all_their_digits() {
    let world = World::new(json!({ "id": 1_234_567_890_123_456_789_u64, "price": 5.0 }));
    let eval = |text: &str| Template::parse(text).expect(text).eval(&world);
    assert_eq!(eval("{{ $json.id }}"), Ok(Some(json!(1_234_567_890_123_456_789_u64))));
    assert_eq!(eval("{{ $json.price }}").map(|value| value.map(|value| value.to_string())), Ok(Some("5".into())));
    // Computing with it is JavaScript's arithmetic.
    assert_eq!(eval("n{{ $json.id }}"), Ok(Some(json!("n1234567890123456800"))));
}

#[test]
fn what_is_not_native_is_told_apart() {
    for text in [
        "{{ $json.a.replace(/x/g, '') }}",
        "{{ $now }}",
        "{{ new Date() }}",
        "{{ DateTime.now() }}",
        "{{ (() => { const a = 1; return a })() }}",
        "{{ $json.list.sort() }}",
        "{{ $jmespath($json, 'a') }}",
        "{{ async () => 1 }}",
        "{{ $json.a = 1 }}",
        "{{ Math.random() }}",
        "{{ $json.x.constructor('y') }}",
        "{{ `${/a/}` }}",
        "{{ a ?? b || c }}",
        "{{ -2 ** 2 }}",
        "{{ 'x'.hash() }}",
        "{{ delete $json.a }}",
        "{{ Company Name }}",
    ] {
        assert_eq!(Template::parse(text).expect(text).engine(), Engine::JavaScript, "{text}");
        check_javascript(text);
    }
    for text in ["{{ $json.a.b }}", "x{{ 1 }}", "{{ [1].map(x => x) }}", "{{ Name }}"] {
        assert_eq!(Template::parse(text).expect(text).engine(), Engine::Native, "{text}");
    }
    for text in ["", "plain", "a } b { c"] {
        assert_eq!(Template::parse(text).expect(text).engine(), Engine::Literal, "{text}");
    }
}

#[test]
fn what_is_doubtful_at_run_time_is_left_to_the_sandbox() {
    for text in [
        "{{ $json.a === $json.a }}",
        "{{ $json.constructor }}",
        "{{ 'a😀'.split('') }}",
        "{{ '2024-01-01T00:00:00.000Z'.isEmpty() }}",
        "{{ 'x'.repeat(99999999) }}",
        "{{ [3,1].map(x => x).sort((a, b) => a > b) }}",
        "{{ Array.from({ length: 3000000 }) }}",
    ] {
        check_javascript(text);
    }
}

#[test]
fn heavy_work_is_handed_over() {
    let list: Vec<u32> = (0..4_000).collect();
    let world = World::new(json!({ "list": list }));
    let template = Template::parse("{{ $json.list.map(a => $json.list.filter(b => a === b).length).length }}");
    assert_eq!(template.expect("native").eval(&world), Err(EvalError::NeedsJavaScript));
}

#[test]
fn mistakes_are_refused_with_their_place() {
    let refuse = |text: &str| Template::parse(text).expect_err(text);
    assert_eq!(refuse("ab{{ 'x }}"), ParseError { message: "a string is not closed".into(), offset: 5 });
    assert_eq!(refuse("{{ }}").message, "there is no expression in `{{ }}`");
    assert_eq!(refuse("{{ 1 /* }}").message, "a comment is not closed");
    assert_eq!(refuse("{{ `a }}").message, "a template literal is not closed");
}

#[test]
fn swallowed_errors_can_be_told() {
    let template = Template::parse("{{ $json.x.y }}-{{ $json.id.z() }}{{ null.q }}").expect("valid");
    assert_eq!(template.engine(), Engine::JavaScript);
    let template = Template::parse("{{ $json.x.y }}-{{ null.q }}").expect("valid");
    let mut notes = Vec::new();
    let value = template.eval_noting(&world(), &mut |message| notes.push(message.to_owned()));
    assert_eq!(value, Ok(Some(json!("-"))));
    assert_eq!(
        notes,
        ["Cannot read properties of undefined (reading 'y')", "Cannot read properties of null (reading 'q')"]
    );
}

#[test]
fn a_template_says_what_it_reads() {
    let template =
        Template::parse("{{ $json.a }}{{ $('A').item.json.x + $node['B'].json.y }}{{ $now }}").expect("valid");
    assert_eq!(template.nodes(), ["A", "B"]);
    assert_eq!(template.reads(), Reads { item: true, nodes: true, clock: true, ..Reads::default() });
    assert_eq!(Template::parse("{{ 1 }}").expect("valid").reads(), Reads::default());
}

#[test]
fn an_evaluator_of_javascript_gets_the_parts() {
    let template = Template::parse("a{{ $now }}b").expect("valid");
    let code = Part::Code { text: " $now ".into(), offset: 3 };
    assert_eq!(template.parts(), [Part::Text("a".into()), code, Part::Text("b".into())]);
}
