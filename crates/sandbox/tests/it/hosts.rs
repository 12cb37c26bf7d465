//! What a script asks of its host, and what it sees of the run.

use std::sync::Mutex;

use futures_util::future::BoxFuture;
use sandbox::{Cell, Context, ExecutionInfo, Host, Json, Level, Mode, PrevNode, WorkflowInfo};
use serde_json::{Value, json};

use crate::kit::{code, context, expressions, run, run_with};

/// Answers from a script, and keeps what was asked.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<(String, Value)>>,
}

impl Host for Recorder {
    fn call<'a>(&'a self, name: &'a str, args: Value) -> BoxFuture<'a, Result<Json, String>> {
        self.calls.lock().unwrap().push((name.into(), args.clone()));
        Box::pin(async move {
            let answer = match name {
                "node" => match args["name"].as_str() {
                    Some("Two") => json!({
                        "executed": true,
                        "params": {"url": "x"},
                        "context": {"noItemsLeft": true},
                        "runs": [
                            [[{"json": {"r": 0}}]],
                            [[{"json": {"r": 1, "i": 0}}, {"json": {"r": 1, "i": 1}}], [{"json": {"second": true}}]],
                        ],
                        "paired": [1, "no origin is known", {"run": 0, "output": 0, "item": 0}],
                    }),
                    Some("Idle") => json!({"executed": false, "params": {}}),
                    _ => return Err("there is no node of that name".into()),
                },
                "http" if args["url"] == "bad" => return Err("the service cannot be reached".into()),
                "http" => json!({"got": args["url"]}),
                "binary.read" => json!("aGVsbG8="),
                "binary.write" => json!({"mimeType": args["mimeType"], "size": 5, "fileName": args["fileName"]}),
                _ => return Err("unknown".into()),
            };
            Json::of(&answer).map_err(|error| error.to_string())
        })
    }
}

#[tokio::test]
async fn other_nodes_are_asked_for_once() {
    let host = Recorder::default();
    let rows = [
        ("{{ $('Two').first().json.i }}", json!(0)),
        ("{{ $('Two').last().json.i }}", json!(1)),
        ("{{ $('Two').all().length }}", json!(2)),
        ("{{ $('Two').all(1).length }}", json!(1)),
        ("{{ $('Two').first(0, 0).json.r }}", json!(0)),
        ("{{ $('Two').item.json.i }}", json!(1)),
        ("{{ $('Two').itemMatching(2).json.r }}", json!(0)),
        ("{{ $('Two').params.url + $('Two').isExecuted }}", json!("xtrue")),
        ("{{ $('Two').context.noItemsLeft }}", json!(true)),
        ("{{ $node[\"Two\"].json.i + $node.Two.runIndex }}", json!(1)),
        ("{{ $items('Two').length + $items('Two', 1)[0].json.second }}", json!(3)),
        ("{{ $('Idle').isExecuted }}", json!(false)),
        ("{{ $('Idle').first().json.x }}", json!("error: Node 'Idle' hasn't been executed")),
        ("{{ $('Nobody').first().json.x }}", json!("error: there is no node of that name")),
        ("{{ $item(1).$node['Two'].json.i }}", json!(1)),
    ];
    let sources: Vec<&str> = rows.iter().map(|(source, _)| *source).collect();
    let job = expressions(&sources, 2, context(&[json!({}), json!({}), json!({})]));
    let cells = run_with(job, &host).await.unwrap().cells().unwrap();
    for ((source, expect), cell) in rows.iter().zip(&cells[0]) {
        let found = match cell {
            Cell::Value(value) => value.clone(),
            Cell::Undefined => json!("undefined"),
            Cell::Error(error) => json!(format!("error: {}", error.message)),
        };
        assert_eq!(&found, expect, "{source}");
    }
    assert!(matches!(&cells[1][5], Cell::Error(error) if error.message == "no origin is known"), "{:?}", cells[1][5]);
    assert!(host.calls.lock().unwrap().iter().filter(|(_, args)| args["name"] == "Two").count() == 1);
}

#[tokio::test]
async fn nodes_sent_along_cost_no_call() {
    let mut with = context(&[json!({})]);
    with.nodes.insert("A".into(), Json::from_text(r#"{"executed":true,"runs":[[[{"json":{"x":7}}]]],"paired":[0]}"#));
    let cells = run(expressions(&["{{ $('A').item.json.x }}"], 1, with)).await.unwrap().cells().unwrap();
    assert_eq!(cells, [[Cell::Value(json!(7))]]);
}

#[tokio::test]
async fn helpers_reach_the_host() {
    let host = Recorder::default();
    let source = "
        const [one, two] = await Promise.all([this.helpers.httpRequest({ url: 'a' }), $helpers.httpRequest({ url: 'b' })]);
        let failed;
        try { await this.helpers.httpRequest('bad') } catch (error) { failed = error.message }
        const buffer = await this.helpers.getBinaryDataBuffer(0, 'data');
        const file = await this.helpers.prepareBinaryData(Buffer.from('hello'), 'x.txt', 'text/plain');
        await new Promise((resolve) => setTimeout(resolve, 60000));
        return [{ json: { one, two, failed, text: buffer.toString() }, binary: { data: file } }]";
    let outcome = run_with(code(source, Mode::All, context(&[json!({})])), &host).await.unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&outcome.result).unwrap(),
        json!([{
            "json": {"one": {"got": "a"}, "two": {"got": "b"}, "failed": "the service cannot be reached", "text": "hello"},
            "binary": {"data": {"mimeType": "text/plain", "size": 5, "fileName": "x.txt"}}
        }])
    );
    let calls = host.calls.lock().unwrap();
    assert_eq!(calls.last().unwrap().1["data"], "aGVsbG8=");
}

#[tokio::test]
async fn large_answers_and_many_calls_do_not_block() {
    struct Large;
    impl Host for Large {
        fn call<'a>(&'a self, _: &'a str, args: Value) -> BoxFuture<'a, Result<Json, String>> {
            let text = format!("\"{}{}\"", args["url"].as_str().unwrap_or_default(), "y".repeat(100_000));
            Box::pin(async move { Ok(Json::from_text(text)) })
        }
    }
    let source = "const all = await Promise.all(Array.from({ length: 60 }, (_, i) => \
                  this.helpers.httpRequest({ url: String(i), body: 'x'.repeat(50000) }))); \
                  return { all: all.map((text, i) => text.startsWith(String(i)) && text.length) }";
    let outcome = run_with(code(source, Mode::All, context(&[])), &Large).await.unwrap();
    let result: Value = serde_json::from_str(&outcome.result).unwrap();
    assert!(result[0]["json"]["all"].as_array().unwrap().iter().all(|length| length.as_u64() > Some(100_000)));
}

#[tokio::test]
async fn scripts_see_the_run() {
    let mut with = context(&[json!({"a": 1})]);
    with.run_index = 3;
    with.workflow = WorkflowInfo { id: "w1".into(), name: "My flow".into(), active: true };
    with.execution = ExecutionInfo {
        id: "run_1".into(),
        mode: "production".into(),
        resume_url: "https://x/resume".into(),
        ..ExecutionInfo::default()
    };
    with.prev_node = Some(PrevNode { name: "Before".into(), output_index: 1, run_index: 2 });
    with.vars = Some(Json::from_text(r#"{"key":"v"}"#));
    with.env = Some(Json::from_text(r#"{"HOME":"declared"}"#));
    with.parameters = Some(Json::from_text(r#"{"mode":"x"}"#));
    with.node_context = Some(Json::from_text(r#"{"noItemsLeft":true}"#));
    with.globals.insert("$response".into(), Json::from_text(r#"{"statusCode":200}"#));
    let rows = [
        ("{{ $runIndex }}", json!(3)),
        ("{{ $workflow.id + $workflow.name + $workflow.active }}", json!("w1My flowtrue")),
        ("{{ $execution.id + $execution.mode + $execution.resumeUrl }}", json!("run_1productionhttps://x/resume")),
        ("{{ $prevNode.name + $prevNode.outputIndex + $prevNode.runIndex }}", json!("Before12")),
        ("{{ $vars.key + $env.HOME + $parameter.mode }}", json!("vdeclaredx")),
        // They are those of the node before, which nobody has told here.
        ("{{ $input.params.mode }}", json!("undefined")),
        ("{{ $response.statusCode }}", json!(200)),
        ("{{ $input.item.json.a + $input.first().json.a + $input.all().length }}", json!(3)),
        ("{{ $input.context.noItemsLeft && $self.noItemsLeft }}", json!(true)),
        ("{{ $now.zoneName }}", json!("Europe/Berlin")),
        ("{{ $binary.data }}", json!("undefined")),
    ];
    let sources: Vec<&str> = rows.iter().map(|(source, _)| *source).collect();
    let cells = run(expressions(&sources, 1, with)).await.unwrap().cells().unwrap().remove(0);
    for ((source, expect), cell) in rows.iter().zip(cells) {
        let found = if let Cell::Value(value) = cell { value } else { json!("undefined") };
        assert_eq!(&found, expect, "{source}");
    }
}

#[tokio::test]
async fn changes_of_static_data_are_given_back() {
    let with = Context { static_global: Some(Json::from_text(r#"{"count":1}"#)), ..context(&[]) };
    let source = "const data = $getWorkflowStaticData('global'); data.count++; $getWorkflowStaticData('node'); \
                  $execution.customData.set('order', 17); return []";
    let outcome = run(code(source, Mode::All, with)).await.unwrap();
    assert_eq!(outcome.static_global.unwrap().as_str(), r#"{"count":2}"#);
    assert!(outcome.static_node.is_none());
    assert_eq!(outcome.custom_data.unwrap()["order"], "17");
}

#[tokio::test]
async fn the_console_is_captured() {
    let source = "console.log('a', { b: [1, 2] }, null); console.warn('%s!', 'w'); console.error(new Error('e').message); return []";
    let logs = run(code(source, Mode::All, context(&[]))).await.unwrap().logs;
    let lines: Vec<(Level, &str)> = logs.iter().map(|line| (line.level, line.text.as_str())).collect();
    assert_eq!(lines, [(Level::Info, "a { b: [ 1, 2 ] } null"), (Level::Warn, "w!"), (Level::Error, "e")]);
}

#[tokio::test]
async fn the_same_seed_and_clock_give_the_same_answers() {
    let source =
        "return { random: [Math.random(), Math.random()], id: crypto.randomUUID(), now: Date.now(), at: new Date() }";
    let once = run(code(source, Mode::All, context(&[]))).await.unwrap().result;
    let again = run(code(source, Mode::All, context(&[]))).await.unwrap().result;
    let other = run(code(source, Mode::All, Context { seed: 43, ..context(&[]) })).await.unwrap().result;
    assert_eq!(once, again);
    assert_ne!(once, other);
}

#[tokio::test]
async fn waiting_for_nothing_is_told() {
    let failed = run(code("await new Promise(() => {}); return []", Mode::All, context(&[]))).await.unwrap_err();
    assert!(failed.to_string().contains("never settles"), "{failed}");
}
