//! What an operation does for one item, or for many at once: its requests one after the other, page after page.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Binary, Map, Value};
use part::NodeError;
use part::exchange::{Plan, Recall};
use serde_json::json;

use crate::manifest::{Exchange, Fails, Manifest, Operation, Paging};
use crate::paging::{Pages, Position};
use crate::path;
use crate::request::{Given, Request};
use crate::template::{Evaluate, Template};

/// So many repetitions of a step at most (`over`).
const MOST_REPEATS: usize = 10_000;

/// Where an operation runs: a step of a run, or a place where fixtures are tried.
pub trait World: Evaluate {
    /// Makes a call. `name` tells it from the others of the item.
    fn call<'a>(&'a self, name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>>;
    /// A file of the item that comes in.
    fn file(&self, name: &str) -> Option<Binary>;
    /// Which try of the step this is, from 1: what is asked again and again begins anew with each.
    fn attempt(&self) -> u32 {
        1
    }
    /// Waits; what was answered from the journal has been waited for already.
    fn pause(&self, millis: u64) -> BoxFuture<'_, Result<(), NodeError>>;
}

/// What a call needs to know of its exchange.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Statuses outside of 2xx that are no failure.
    pub expect: &'a [u16],
    /// The answer is a file.
    pub download: bool,
    /// How far it may come from memory, in a run.
    pub recall: Recall,
    /// Place of the call's key in the body.
    pub key_field: Option<&'a str>,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, in small letters.
    pub headers: Map,
    /// Its body: JSON where it is JSON, else text.
    pub body: Value,
    /// The file that it is.
    pub file: Option<Binary>,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Items.
    pub items: Vec<Value>,
    /// The file of the only item, and its name in it.
    pub file: Option<(String, Binary)>,
    /// The last body and those of the steps, for expressions after it.
    pub seen: Map,
}

/// An exchange and what becomes of its answer, compiled.
#[derive(Debug)]
struct Compiled {
    request: Request,
    items: Option<String>,
    each: Option<String>,
    paging: Option<Paging>,
    download: Option<String>,
    expect: Vec<u16>,
    graphql: bool,
    recall: Recall,
}

/// A step, compiled.
#[derive(Debug)]
struct Step {
    name: String,
    when: Option<Template>,
    over: Option<Template>,
    until: Option<(Template, u64, u32)>,
    exchange: Compiled,
}

/// An operation whose texts are compiled.
#[derive(Debug)]
pub struct Procedure {
    manifest: Arc<Manifest>,
    steps: Vec<Step>,
    /// The only step is the operation's own request, which sends its parameters.
    single: bool,
    output: Option<Template>,
    fails: Option<Failing>,
}

/// When an answer is a failure all the same, compiled.
#[derive(Debug)]
struct Failing {
    when: Template,
    message: Template,
    error: Option<Template>,
}

/// What an operation runs with.
pub struct Call<'a> {
    /// Where.
    pub world: &'a dyn World,
    /// Settings of the connection.
    pub settings: &'a Map,
    /// Parameters that were read; those of the first item of a batch.
    pub params: &'a Map,
    /// Further globals of expressions.
    pub more: Map,
    /// Items at most; absent: all.
    pub limit: Option<u64>,
}

impl Call<'_> {
    /// What expressions see before the first request.
    fn globals(&self) -> Map {
        let mut globals = self.more.clone();
        globals.insert("$params".into(), Value::Object(self.params.clone()));
        globals.insert("$settings".into(), Value::Object(self.settings.clone()));
        globals.insert("$steps".into(), json!({}));
        globals.insert("$response".into(), Value::Null);
        globals
    }
}

impl Procedure {
    /// Compiles an operation.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn compile(manifest: &Arc<Manifest>, operation: &Operation) -> Result<Procedure, String> {
        let known = &operation.params;
        let single = operation.steps.is_empty();
        let mut steps = if single {
            let names: Vec<String> = known.keys().cloned().collect();
            let exchange = Compiled::new(&operation.exchange, manifest, known, &names)?;
            vec![Step { name: "answer".into(), when: None, over: None, until: None, exchange }]
        } else {
            steps_of(manifest, known, &operation.steps)?
        };
        let recall = crate::reads::recall(manifest, operation);
        // What is asked until it is done is asked anew each time.
        for step in steps.iter_mut().filter(|step| step.until.is_none()) {
            step.exchange.recall = recall;
        }
        let output = operation.output.as_ref().map(|text| Template::compile(&text.as_str().into())).transpose();
        let output = output.map_err(|error| format!("`output`: {error}"))?;
        let fails = operation.fails.as_ref().map(Failing::compile).transpose();
        let fails = fails.map_err(|error| format!("`fails`: {error}"))?;
        Ok(Procedure { manifest: manifest.clone(), steps, single, output, fails })
    }

    /// The same for requests that belong to no operation, such as those that set a webhook up.
    pub fn of_steps(
        manifest: &Arc<Manifest>,
        known: &indexmap::IndexMap<String, crate::manifest::Param>,
        steps: &[crate::manifest::Step],
        output: Option<&str>,
    ) -> Result<Procedure, String> {
        let steps = steps_of(manifest, known, steps)?;
        let output = output.map(|text| Template::compile(&text.into())).transpose()?;
        Ok(Procedure { manifest: manifest.clone(), steps, single: false, output, fails: None })
    }

    /// Whether it reads page after page.
    pub fn pages(&self) -> bool {
        self.steps.iter().any(|step| step.exchange.paging.is_some())
    }

    /// Runs it.
    ///
    /// # Errors
    /// The first failure of a call or an expression.
    pub async fn run(&self, call: Call<'_>) -> Result<Made, NodeError> {
        let mut globals = call.globals();
        let mut made = Made::default();
        for step in &self.steps {
            if let Some(when) = &step.when
                && !when.holds(call.world, &globals).await?
            {
                continue;
            }
            let (answer, response) = match &step.over {
                None => {
                    let name = if self.single { "request".to_owned() } else { step.name.clone() };
                    let (items, reply) = self.step(step, &call, &globals, name).await?;
                    globals.insert("$headers".into(), Value::Object(reply.headers.clone()));
                    // Of a list that is read page after page, the steps after it see all of it.
                    let all = step.exchange.paging.is_some() && !self.single;
                    let seen = if all { Value::Array(items.clone()) } else { reply.body.clone() };
                    let body = reply.body;
                    made.items = items;
                    made.file = reply.file.zip(step.exchange.download.as_ref()).map(|(file, field)| {
                        let field = call.params.get(field).and_then(Value::as_str).unwrap_or(field);
                        (field.to_owned(), file)
                    });
                    (seen, body)
                }
                Some(over) => {
                    let list = match over.value(call.world, &globals).await? {
                        Value::Array(list) => list,
                        Value::Null => Vec::new(),
                        other => vec![other],
                    };
                    if list.len() > MOST_REPEATS {
                        let detail = format!("`{}` would be asked {} times", step.name, list.len());
                        return Err(NodeError::bad_data(detail).permanent());
                    }
                    let mut answers = Vec::with_capacity(list.len());
                    made.items = Vec::new();
                    for (at, element) in list.into_iter().enumerate() {
                        globals.insert("$each".into(), element);
                        let (items, reply) =
                            self.step(step, &call, &globals, format!("{} {}", step.name, at + 1)).await?;
                        made.items.extend(items);
                        answers.push(reply.body);
                    }
                    globals.shift_remove("$each");
                    (Value::Array(answers.clone()), Value::Array(answers))
                }
            };
            if let Some(Value::Object(steps)) = globals.get_mut("$steps") {
                steps.insert(step.name.clone(), answer);
            }
            globals.insert("$response".into(), response);
        }
        made.items = self.put_out(&call, made.items, &mut globals).await?;
        made.seen = globals;
        Ok(made)
    }

    /// A page of what it lists, and where the next one begins: the first page, or that at a position. What is more than
    /// one request that pages is listed whole, as far as the limit goes.
    ///
    /// # Errors
    /// The first failure of a call or an expression.
    pub async fn page(
        &self,
        call: Call<'_>,
        from: Option<Position>,
    ) -> Result<(Vec<Value>, Option<Position>), NodeError> {
        let Some((exchange, paging)) = self.paged() else { return Ok((self.run(call).await?.items, None)) };
        let mut globals = call.globals();
        let mut pages = match from {
            Some(position) => Pages::resume(paging, call.limit, position),
            None => Pages::new(paging, self.plan(exchange, &call, &globals).await?, call.limit),
        };
        let about = About { key_field: None, ..exchange.about(false) };
        let reply = call.world.call(format!("page {}", pages.number()), pages.plan(), about).await?;
        let items = exchange.items(&reply.body);
        let next = if pages.next(&reply, items.len())? { Some(pages.position()) } else { None };
        globals.insert("$headers".into(), Value::Object(reply.headers));
        globals.insert("$response".into(), reply.body);
        Ok((self.put_out(&call, items, &mut globals).await?, next))
    }

    /// Whether [`Procedure::page`] reads it page by page.
    pub fn is_paged(&self) -> bool {
        self.paged().is_some()
    }

    /// The only request, where it is the only one and reads page after page.
    fn paged(&self) -> Option<(&Compiled, &Paging)> {
        let [step] = &self.steps[..] else { return None };
        let plain = step.when.is_none() && step.over.is_none() && step.until.is_none();
        Some((&step.exchange, step.exchange.paging.as_ref().filter(|_| plain)?))
    }

    /// What the items become at the end.
    async fn put_out(&self, call: &Call<'_>, items: Vec<Value>, globals: &mut Map) -> Result<Vec<Value>, NodeError> {
        if let Some(fails) = &self.fails {
            globals.insert("$items".into(), items.clone().into());
            fails.check(&self.manifest.title, call.world, globals).await?;
        }
        let Some(output) = &self.output else { return Ok(items) };
        globals.insert("$items".into(), items.into());
        Ok(match output.value(call.world, globals).await? {
            Value::Array(list) => list,
            Value::Null => Vec::new(),
            other => vec![other],
        })
    }

    /// The request of an exchange.
    async fn plan(&self, exchange: &Compiled, call: &Call<'_>, globals: &Map) -> Result<Plan, NodeError> {
        let find = |name: &str| call.world.file(name);
        let given = Given {
            manifest: &self.manifest,
            settings: call.settings,
            params: call.params,
            globals,
            by: call.world as &dyn Evaluate,
            file: &find,
        };
        exchange.request.plan(&given).await
    }

    /// One step: asked once, page after page, or until it is done. Gives its items, and its last answer.
    async fn step(
        &self,
        step: &Step,
        call: &Call<'_>,
        globals: &Map,
        name: String,
    ) -> Result<(Vec<Value>, Reply), NodeError> {
        let exchange = &step.exchange;
        let about = exchange.about(exchange.download.is_some());
        let plan = self.plan(exchange, call, globals).await?;
        if let Some((done, pause, most)) = &step.until {
            let mut globals = globals.clone();
            let name = match call.world.attempt() {
                0 | 1 => name,
                attempt => format!("{name} try {attempt}"),
            };
            for time in 1..=*most {
                let reply = call.world.call(format!("{name} {time}"), plan.clone(), about).await?;
                globals.insert("$response".into(), reply.body.clone());
                if done.holds(call.world, &globals).await? {
                    return Ok((exchange.items(&reply.body), reply));
                }
                call.world.pause(*pause).await?;
            }
            let detail = format!("`{}` was not done after it was asked {most} times", step.name);
            return Err(NodeError::new(model::Code::UpstreamTimeout, part::Category::Timeout, detail));
        }
        let Some(paging) = &exchange.paging else {
            let reply = call.world.call(name, plan, about).await?;
            return Ok((exchange.items(&reply.body), reply));
        };
        let mut pages = Pages::new(paging, plan, call.limit);
        let mut items = Vec::new();
        loop {
            let name = format!("{name} page {}", pages.number());
            let reply = call.world.call(name, pages.plan(), about).await?;
            let page = exchange.items(&reply.body);
            let count = page.len();
            items.extend(page);
            if call.limit.is_some_and(|limit| items.len() as u64 >= limit) {
                items.truncate(call.limit.unwrap_or_default() as usize);
                return Ok((items, reply));
            }
            if !pages.next(&reply, count)? {
                return Ok((items, reply));
            }
        }
    }
}

impl Failing {
    fn compile(fails: &Fails) -> Result<Failing, String> {
        let compile = |text: &str| Template::compile(&text.into());
        Ok(Failing {
            when: compile(&fails.when)?,
            message: compile(&fails.message)?,
            error: fails.error.as_deref().map(compile).transpose()?,
        })
    }

    /// Fails when it is to.
    async fn check(&self, service: &str, world: &dyn World, globals: &Map) -> Result<(), NodeError> {
        if !self.when.holds(world, globals).await? {
            return Ok(());
        }
        let said = part::lenient::to_text(self.message.value(world, globals).await?);
        let mut error = NodeError::bad_data(format!("{service}: {said}")).permanent();
        if let Some(template) = &self.error {
            let carried = template.value(world, globals).await?;
            error.context = Some(carried.clone());
            error.carried = Some(carried);
        }
        Err(error)
    }
}

impl Compiled {
    fn new(
        exchange: &Exchange,
        manifest: &Manifest,
        known: &indexmap::IndexMap<String, crate::manifest::Param>,
        sends: &[String],
    ) -> Result<Compiled, String> {
        let paging = exchange
            .paging
            .as_ref()
            .map(|name| manifest.paging.get(name).cloned().ok_or_else(|| no_paging(manifest, name)));
        Ok(Compiled {
            request: Request::compile(exchange, manifest, known, sends)?,
            items: exchange.items.clone(),
            each: exchange.each.clone(),
            paging: paging.transpose()?,
            download: exchange.download.clone(),
            expect: exchange.expect.clone(),
            graphql: exchange.graphql.is_some(),
            recall: Recall::default(),
        })
    }

    fn about(&self, download: bool) -> About<'_> {
        About { expect: &self.expect, download, recall: self.recall, key_field: self.request.key_field() }
    }

    /// What of a body becomes items.
    fn items(&self, body: &Value) -> Vec<Value> {
        if self.download.is_some() {
            return vec![json!({})];
        }
        let below = if self.graphql { body["data"].clone() } else { body.clone() };
        let found = match &self.items {
            Some(place) => path::at(&below, place).unwrap_or_default(),
            None => below,
        };
        let list = match found {
            Value::Array(list) => list,
            Value::Null => return Vec::new(),
            other => vec![other],
        };
        match &self.each {
            Some(place) => list.iter().filter_map(|element| path::at(element, place)).collect(),
            None => list,
        }
    }
}

fn no_paging(manifest: &Manifest, name: &str) -> String {
    match crate::written::nearest(name, manifest.paging.keys().map(String::as_str)) {
        Some(near) => format!("`paging`: there is no `{name}`; did you mean `{near}`?"),
        None => format!("`paging`: there is no `{name}`; say it at the top of the manifest, under `paging`"),
    }
}

/// All steps; what is wrong with them is told at once.
fn steps_of(
    manifest: &Arc<Manifest>,
    known: &indexmap::IndexMap<String, crate::manifest::Param>,
    steps: &[crate::manifest::Step],
) -> Result<Vec<Step>, String> {
    let (mut compiled, mut faults) = (Vec::new(), Vec::new());
    for step in steps {
        match step_of(manifest, known, step) {
            Ok(step) => compiled.push(step),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(compiled) } else { Err(faults.join("; ")) }
}

fn step_of(
    manifest: &Arc<Manifest>,
    known: &indexmap::IndexMap<String, crate::manifest::Param>,
    step: &crate::manifest::Step,
) -> Result<Step, String> {
    let at = |error: String| format!("step `{}`: {error}", step.name);
    let compile =
        |text: &Option<String>| text.as_ref().map(|text| Template::compile(&text.as_str().into())).transpose();
    let until = match &step.until {
        Some(until) => {
            let done = Template::compile(&until.done.as_str().into()).map_err(at)?;
            Some((done, until.pause.0.as_millis() as u64, until.most.max(1)))
        }
        None => None,
    };
    Ok(Step {
        name: step.name.clone(),
        when: compile(&step.when).map_err(at)?,
        over: compile(&step.over).map_err(at)?,
        until,
        exchange: Compiled::new(&step.exchange, manifest, known, &step.params).map_err(at)?,
    })
}
