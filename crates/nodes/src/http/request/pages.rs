//! Pagination: one call after the other, until an answer says that it was the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::template::Params as Templates;
use model::{Code, Item, Map, Problem, Value};
use part::exchange::{Content, Plan};
use part::{Category, Ctx, NodeError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::params::Params;
use super::send;
use super::{Answered, SHORT_PAUSE, output, pause};
use crate::lenient::{self, Millis};

/// Pages that are fetched at most, whatever the answers say.
const MOST_PAGES: u32 = 100_000;
/// So many answers in a row that are the same end it: the service does not look at what changes.
const IDENTICAL: u32 = 5;

/// Call page after page. Expressions see `$response` (`{body, headers, statusCode}` of the page before),
/// `$pageCount` and `$request`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaginationForm {
    /// What changes from page to page.
    #[serde(default)]
    mode: Mode,
    /// `update`: parameters that are set before each call.
    #[serde(default)]
    parameters: Vec<Change>,
    /// `nextUrl`: expression that gives the address of the next page.
    #[serde(default)]
    next_url: String,
    /// When the last page is reached.
    #[serde(default)]
    complete_when: CompleteWhen,
    /// `status`: the statuses that say so.
    #[serde(default)]
    status_codes: Vec<u16>,
    /// `expression`: expression that is true when the last page is reached.
    #[serde(default)]
    complete: String,
    /// Pages at most.
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    max_pages: Option<u32>,
    /// Pause between pages.
    #[serde(default = "none")]
    interval: Millis,
}

fn none() -> Millis {
    Millis(0)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Parameters of the call.
    #[default]
    Update,
    /// The address, which the answer names.
    NextUrl,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum CompleteWhen {
    /// An answer without items.
    #[default]
    Empty,
    /// Certain statuses.
    Status,
    /// An expression.
    Expression,
}

/// A parameter that is set before each call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Where it is set.
    #[serde(default, rename = "in")]
    place: Place,
    /// Name.
    name: String,
    /// Value, mostly an expression over `$response` or `$pageCount`.
    value: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Place {
    /// In the query.
    #[default]
    Query,
    /// In the headers.
    Header,
    /// In the body.
    Body,
}

/// Pagination, compiled.
pub struct Pagination {
    form: PaginationForm,
    /// `{url, values: […]}`, evaluated before a page.
    before: Templates,
    /// `{complete}`, evaluated after a page.
    after: Templates,
}

impl Pagination {
    /// Checks the form and compiles its expressions.
    pub fn compile(value: &Value) -> Result<Pagination, Vec<Problem>> {
        let refuse = |detail: String, pointer: &str| {
            vec![Problem::new(Code::InvalidParameter, detail).at(format!("/params/pagination{pointer}"))]
        };
        let form: PaginationForm = read(value).map_err(|detail| refuse(detail, ""))?;
        if form.mode == Mode::Update {
            if form.parameters.is_empty() {
                return Err(refuse("at least one parameter must change, or it would never end".into(), "/parameters"));
            }
            for (at, change) in form.parameters.iter().enumerate() {
                if change.name.is_empty() || change.value == "" {
                    return Err(refuse("name and value must be given".into(), &format!("/parameters/{at}")));
                }
            }
        }
        if form.mode == Mode::NextUrl && form.next_url.is_empty() {
            return Err(refuse("the next URL must be given".into(), "/nextUrl"));
        }
        if form.complete_when == CompleteWhen::Expression && !form.complete.starts_with('=') {
            return Err(refuse("it must be an expression".into(), "/complete"));
        }
        let values: Vec<&Value> = form.parameters.iter().map(|change| &change.value).collect();
        let url = if form.mode == Mode::NextUrl { json!(form.next_url) } else { Value::Null };
        let compile = |value: Value| {
            let map = value.as_object().cloned().unwrap_or_default();
            let below = |problem: Problem| problem.below("/params/pagination");
            Templates::compile(&map).map_err(|problems| problems.into_iter().map(below).collect::<Vec<_>>())
        };
        let before = compile(json!({ "url": url, "values": values }))?;
        let after = compile(json!({ "complete": form.complete }))?;
        Ok(Pagination { form, before, after })
    }

    /// Calls page after page for one item.
    pub(super) async fn run(
        &self,
        ctx: &Ctx,
        params: &Params,
        item: &Arc<Item>,
        position: usize,
        base: Plan,
        fresh: &AtomicBool,
    ) -> Result<Answered, NodeError> {
        let mut globals = Map::new();
        globals.insert("$request".into(), base.view());
        globals.insert("$response".into(), json!({}));
        globals.insert("$pageCount".into(), 0.into());
        let most = self.form.max_pages.unwrap_or(MOST_PAGES).clamp(1, MOST_PAGES);
        let expected = match self.form.complete_when {
            CompleteWhen::Status => self.form.status_codes.as_slice(),
            _ => &[],
        };
        let mut answers = Vec::new();
        let (mut same, mut last) = (0, None);
        for page in 0..most {
            let plan = self.page(ctx, item, position, &base, &globals, page).await?;
            let made = AtomicBool::new(false);
            let name = format!("page {}", page + 1);
            let answer = send::call(ctx, params, &plan, position, name, expected, &made).await?;
            fresh.fetch_or(made.load(Ordering::Relaxed), Ordering::Relaxed);
            let body = output::body_value(ctx, params, &answer).await?;
            same = if last.as_ref() == Some(&answer["body"]) { same + 1 } else { 1 };
            last = Some(answer["body"].clone());
            let empty = match &body {
                Value::Array(list) => list.is_empty(),
                other => !truthy(other),
            };
            globals["$response"] =
                json!({ "body": body, "headers": answer["headers"], "statusCode": answer["status"] });
            globals["$pageCount"] = (page + 1).into();
            let complete = match self.form.complete_when {
                CompleteWhen::Empty => empty,
                CompleteWhen::Status => answer["status"]
                    .as_u64()
                    .is_some_and(|status| expected.iter().any(|code| u64::from(*code) == status)),
                CompleteWhen::Expression => {
                    let result = ctx.host().resolve_with(&self.after, item, position, &globals).await?;
                    result.get("complete").is_some_and(truthy)
                }
            };
            answers.push(answer);
            if complete || page + 1 == most {
                break;
            }
            if same == IDENTICAL {
                let detail = format!("the answer was the same {IDENTICAL} times, so no further page was asked for");
                return Err(NodeError::new(Code::UpstreamProtocol, Category::BadData, detail)
                    .hint("change what is updated from page to page, or when pagination is complete")
                    .permanent());
            }
            let interval = self.form.interval.0;
            if interval > 0 && made.load(Ordering::Relaxed) {
                if interval > SHORT_PAUSE {
                    return Ok(Answered::Pause(ctx.now() + i64::from(page + 1) * interval as i64));
                }
                pause(ctx, interval).await?;
            }
        }
        Ok(Answered::All(answers))
    }

    async fn page(
        &self,
        ctx: &Ctx,
        item: &Arc<Item>,
        position: usize,
        base: &Plan,
        globals: &Map,
        page: u32,
    ) -> Result<Plan, NodeError> {
        let values = ctx.host().resolve_with(&self.before, item, position, globals).await?;
        let mut plan = base.clone();
        if self.form.mode == Mode::NextUrl {
            match values.get("url").and_then(Value::as_str).filter(|url| !url.trim().is_empty()) {
                // The answer's address is whole: the query of the first call is in it already.
                Some(url) => match base.url.join(url.trim()) {
                    Ok(url) if page > 0 || url.has_host() => {
                        plan.url = send::parse_url(url.as_str())?;
                        if page > 0 {
                            plan.query = Map::new();
                        }
                    }
                    _ => return Err(NodeError::bad_data(format!("the next URL `{url}` is no URL"))),
                },
                None if page > 0 => {
                    let hint = "let pagination be complete when the answer names no next page";
                    return Err(NodeError::bad_data("the answer names no next URL").hint(hint));
                }
                None => {}
            }
            return Ok(plan);
        }
        let list = values.get("values").and_then(Value::as_array).cloned().unwrap_or_default();
        for (change, value) in self.form.parameters.iter().zip(list) {
            match change.place {
                Place::Query => drop(plan.query.insert(change.name.clone(), value)),
                Place::Header => drop(plan.headers.insert(change.name.to_ascii_lowercase(), value)),
                Place::Body => match &mut plan.body {
                    Content::Json(Value::Object(map)) | Content::Form(map) => {
                        drop(map.insert(change.name.clone(), value))
                    }
                    Content::None => plan.body = Content::Json(json!({ (change.name.as_str()): value })),
                    _ => return Err(NodeError::bad_data("only a JSON or form body can be changed from page to page")),
                },
            }
        }
        Ok(plan)
    }
}

/// JavaScript's truth.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn read(value: &Value) -> Result<PaginationForm, String> {
    let mut value = value.clone();
    // Statuses may be written with commas, as n8n does.
    if let Some(Value::String(text)) = value.get("statusCodes") {
        let codes: Vec<Value> =
            text.split(',').filter_map(|code| code.trim().parse::<u16>().ok()).map(Value::from).collect();
        value["statusCodes"] = codes.into();
    }
    PaginationForm::deserialize(value).map_err(|error| error.to_string())
}
