//! `core.merge`: brings items of several inputs together.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{
    Ctx, Descriptor, Effect, Group, Indices, Items, Node, NodeError, NodeType, Origin, Origins, Outcome, Outputs,
    PortOutput, Ports, Required, Source, Typed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::join::{self, Clash};
use super::{merge_keyed, merge_n8n, merge_sql};
use crate::path::Path;

/// Most inputs that a merge may have.
const MOST_INPUTS: u16 = 10;

/// Most sources that are listed for one item; beyond them its origin is unknown.
const MOST_SOURCES: usize = 4096;

/// What `core.merge` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// How items are brought together.
    #[serde(default)]
    pub mode: Mode,
    /// How items are combined (`mode: combine`).
    #[serde(default)]
    combine_by: CombineBy,
    /// Number of inputs, 2 to 10.
    #[serde(default = "two", deserialize_with = "crate::convert::whole")]
    #[expect(dead_code, reason = "read when the node is prepared, as ports depend on it")]
    number_inputs: u16,
    /// Names of the fields that must be equal, separated by commas.
    #[serde(default)]
    fields_to_match: String,
    /// The fields that must be equal have other names on each side: they are those of `pairs`.
    #[serde(default)]
    advanced: bool,
    /// Names of the fields that must be equal, one of each side.
    #[serde(default)]
    pairs: Vec<Pair>,
    /// Which items are put out.
    #[serde(default)]
    join_mode: JoinMode,
    /// Whose fields the items have.
    #[serde(default)]
    output_data_from: DataFrom,
    /// What happens to fields that several items have.
    #[serde(default)]
    clash: Clash,
    /// What happens when several items match.
    #[serde(default)]
    multiple_matches: MultipleMatches,
    /// Small differences of type do not count: `3` matches `"3"`.
    #[serde(default)]
    fuzzy_compare: bool,
    /// Dots in names are part of the name.
    #[serde(default)]
    disable_dot_notation: bool,
    /// Items without a counterpart are put out, too (`combineBy: combineByPosition`).
    #[serde(default)]
    include_unpaired: bool,
    /// What is put out (`mode: chooseBranch`).
    #[serde(default)]
    output: Output,
    /// Number of the input whose items are put out, counted from 1.
    #[serde(default = "one", deserialize_with = "crate::convert::whole")]
    use_data_of_input: u16,
    /// The query over the tables `input1`, `input2` … in SQLite's dialect (`mode: combineBySql`).
    #[serde(default = "join_query", deserialize_with = "crate::lenient::text")]
    query: String,
    /// Values of the `?` in the query: a list, or a text with commas.
    #[serde(default)]
    query_parameters: Value,
    /// What comes out when the query gives no rows.
    #[serde(default)]
    empty_query_result: merge_sql::EmptyResult,
    /// Name of the first input's field (modes of n8n's version 1).
    #[serde(default, rename = "propertyName1")]
    pub property1: String,
    /// Name of the second input's field (modes of n8n's version 1).
    #[serde(default, rename = "propertyName2")]
    pub property2: String,
    /// When the second input's values replace the first's (`mode: mergeByKey`).
    #[serde(default)]
    pub overwrite: merge_keyed::Overwrite,
    /// How many items are put out (`mode: mergeByIndex`).
    #[serde(default)]
    pub join: merge_keyed::Join,
    /// Details that differ between n8n's versions.
    #[serde(default)]
    rules: Rules,
}

/// How items are brought together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// One input's items after the other's.
    #[default]
    Append,
    /// Items of the inputs become one item.
    Combine,
    /// One input's items, when all have come.
    ChooseBranch,
    /// What a query gives.
    CombineBySql,
    /// Items of the first input with a match in the second (n8n's version 1).
    KeepKeyMatches,
    /// Items of the first input, with the fields of their match (n8n's version 1).
    MergeByKey,
    /// Items of the first input without a match in the second (n8n's version 1).
    RemoveKeyMatches,
    /// Items at the same place become one (n8n's version 1).
    MergeByIndex,
    /// One input's items (n8n's version 1).
    PassThrough,
    /// A single empty item (n8n's version 1).
    Wait,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
enum CombineBy {
    /// Items with equal fields.
    #[default]
    #[serde(rename = "combineByFields")]
    Fields,
    /// Items at the same place.
    #[serde(rename = "combineByPosition")]
    Position,
    /// Every item of the first input with every one of the second.
    #[serde(rename = "combineAll")]
    All,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pair {
    /// Name of the field of the first input.
    #[serde(default)]
    field1: String,
    /// Name of the field of the second input.
    #[serde(default)]
    field2: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum JoinMode {
    /// Those that match, united.
    #[default]
    KeepMatches,
    /// Those that match nothing.
    KeepNonMatches,
    /// Those that match, united, then those that do not.
    KeepEverything,
    /// All of the first input, united with what matches.
    #[serde(rename = "enrichInput1")]
    EnrichFirst,
    /// All of the second input, united with what matches.
    #[serde(rename = "enrichInput2")]
    EnrichSecond,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
enum DataFrom {
    /// Both inputs'.
    #[default]
    #[serde(rename = "both")]
    Both,
    /// The first input's.
    #[serde(rename = "input1")]
    First,
    /// The second input's.
    #[serde(rename = "input2")]
    Second,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum MultipleMatches {
    /// One item for each.
    #[default]
    All,
    /// The first one counts.
    First,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Output {
    /// The items of an input.
    #[default]
    SpecifiedInput,
    /// A single empty item.
    Empty,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
enum Rules {
    /// A field to match by must be in some item of each input; combining by position with no items gives the others.
    #[serde(rename = "2")]
    V2,
    /// As 2, but no item needs the fields to match by.
    #[serde(rename = "2.1")]
    V2_1,
    /// The newest.
    #[default]
    #[serde(rename = "3")]
    V3,
}

fn join_query() -> String {
    "SELECT * FROM input1 LEFT JOIN input2 ON input1.name = input2.id".into()
}
fn one() -> u16 {
    1
}
fn two() -> u16 {
    2
}

/// Brings items of several inputs together.
pub struct Merge;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.merge",
    version: 1,
    title: "Merge",
    summary: "Brings items of several inputs together",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["join", "append", "combine", "wait", "union", "lookup"],
};

impl NodeType for Merge {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let refuse = |code, detail: &str, pointer: &str| vec![Problem::new(code, detail).at(pointer.to_owned())];
        let fixed = |key: &str| node.params.get(key).cloned();
        let mode: Mode = fixed("mode").map_or(Ok(Mode::default()), serde_json::from_value).map_err(|_| {
            refuse(Code::NotRunnable, "the mode decides about the inputs and takes no expression", "/params/mode")
        })?;
        let by_position = fixed("combineBy").is_some_and(|by| by == "combineByPosition");
        let many = matches!(mode, Mode::Append | Mode::ChooseBranch | Mode::CombineBySql)
            || (mode == Mode::Combine && by_position);
        let count = fixed("numberInputs")
            .map_or(Some(2), |count| crate::js::number(&count).clamp(0.0, 99.0).to_string().parse().ok());
        let inputs = match count {
            Some(count) if many && (2..=MOST_INPUTS).contains(&count) => count,
            _ if !many => 2,
            _ => return Err(refuse(Code::InvalidParameter, "a merge has 2 to 10 inputs", "/params/numberInputs")),
        };
        let required = if mode == Mode::ChooseBranch { Required::These(vec![0, 1]) } else { Required::Any };
        Ok(Arc::new(Prepared { params, inputs, required }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.merge", versions: &[1.0, 2.0, 2.1, 3.0, 3.1, 3.2] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // There is one choice each, and choices of a mode that is not the node's.
        &["chooseBranchMode", "output", "combinationMode"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(merge_n8n::lift(node)))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        merge_n8n::lower(node, to.version)
    }
}

struct Prepared {
    params: Typed<Params>,
    inputs: u16,
    required: Required,
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports { inputs: self.inputs, required: self.required.clone(), ..Ports::ONE }
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.merge(ctx))
    }
}

impl Prepared {
    async fn merge(&self, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(&self.params).await?;
        match (params.mode, params.combine_by) {
            (Mode::Append, _) => Ok(append(ctx, self.inputs)),
            (Mode::ChooseBranch | Mode::PassThrough, _) if params.output == Output::SpecifiedInput => {
                if params.use_data_of_input == 0 || params.use_data_of_input > self.inputs {
                    let detail = format!("Input {} doesn't exist", params.use_data_of_input);
                    let error = NodeError::parameter("/params/useDataOfInput", detail);
                    return Err(error.hint(format!("the node has {} inputs, counted from 1", self.inputs)));
                }
                Ok(select(ctx, params.use_data_of_input - 1))
            }
            (Mode::ChooseBranch | Mode::PassThrough | Mode::Wait, _) => empty_item(ctx, params.mode).await,
            (Mode::Combine, CombineBy::Fields) => by_fields(ctx, &params).await,
            (Mode::Combine, CombineBy::Position) => by_position(ctx, &params, self.inputs).await,
            (Mode::Combine, CombineBy::All) => all(ctx, &params).await,
            (Mode::CombineBySql, _) => {
                let (query, values) = (&params.query, &params.query_parameters);
                merge_sql::merge(ctx, self.inputs, query, values, params.empty_query_result).await
            }
            _ => merge_keyed::merge(ctx, &params).await,
        }
    }
}

/// Everything of one input, by reference.
pub fn select(ctx: &Ctx, input: u16) -> Outcome {
    Outcome::Done(vec![PortOutput::Select { input, indices: Indices::all(ctx.input(input).len()) }])
}

/// Positions of one input, by reference.
pub fn pick(input: u16, positions: impl IntoIterator<Item = usize>) -> Outcome {
    let indices = positions.into_iter().map(|position| position as u32).collect();
    Outcome::Done(vec![PortOutput::Select { input, indices }])
}

/// One input after the other: by reference when only one has items.
pub fn append(ctx: &Ctx, inputs: u16) -> Outcome {
    let full: Vec<u16> = (0..inputs).filter(|input| !ctx.input(*input).is_empty()).collect();
    if let [] | [_] = full.as_slice() {
        return select(ctx, full.first().copied().unwrap_or(0));
    }
    let parts: Vec<Items> = full.iter().map(|input| ctx.input(*input)).collect();
    let source = |(input, part): (&u16, &Items)| {
        let input = *input;
        (0..part.len() as u32).map(move |item| Origin::One(Source { input, item }))
    };
    let origins: Origins = full.iter().zip(&parts).flat_map(source).collect();
    Outcome::Done(vec![PortOutput::Items { items: Items::concat(&parts), origins }])
}

async fn empty_item(ctx: &Ctx, mode: Mode) -> Result<Outcome, NodeError> {
    let inputs = if mode == Mode::Wait { 0..1 } else { 0..2 };
    let sources: Vec<(usize, usize)> =
        inputs.flat_map(|input| (0..ctx.input(input).len()).map(move |item| (usize::from(input), item))).collect();
    let origin = if sources.len() > MOST_SOURCES { Origin::Unknown } else { join::origin(sources) };
    let mut outputs = ctx.outputs(1);
    outputs.push(0, Item::default(), origin).await?;
    outputs.done().await
}

fn matched_fields(params: &Params) -> Result<Vec<(Path, Path)>, NodeError> {
    let dots = !params.disable_dot_notation;
    let pairs = match params.advanced {
        true => params.pairs.clone(),
        false => params
            .fields_to_match
            .split(',')
            .map(str::trim)
            .map(|name| Pair { field1: name.into(), field2: name.into() })
            .collect(),
    };
    let refuse = |detail: String| {
        Err(NodeError::parameter(if params.advanced { "/params/pairs" } else { "/params/fieldsToMatch" }, detail))
    };
    if let [Pair { field1, field2 }] = pairs.as_slice()
        && field1.is_empty()
        && field2.is_empty()
    {
        let detail = "You need to define at least one pair of fields in \"Fields to Match\" to match on";
        return refuse(detail.into());
    }
    let unnamed = |pair: &Pair| pair.field1.is_empty() || pair.field2.is_empty();
    if let Some(index) = pairs.iter().position(unnamed) {
        let (number, Pair { field1, field2 }) = (index + 1, &pairs[index]);
        let place = format!("for pair {number}, field 1 = '{field1}', field 2 = '{field2}'");
        return refuse(format!("You need to define both fields in \"Fields to Match\" {place}"));
    }
    Ok(pairs.iter().map(|pair| (Path::new(&pair.field1, dots), Path::new(&pair.field2, dots))).collect())
}

async fn by_fields(ctx: &Ctx, params: &Params) -> Result<Outcome, NodeError> {
    use JoinMode::*;
    let fields = matched_fields(params)?;
    let first = ctx.input(0).collect(ctx.spool()).await?;
    let second = ctx.input(1).collect(ctx.spool()).await?;
    if params.rules == Rules::V2 {
        required(&first, fields.iter().map(|(field, _)| field), "Input 1")?;
        required(&second, fields.iter().map(|(_, field)| field), "Input 2")?;
    }
    let (mode, from) = (params.join_mode, params.output_data_from);
    if first.is_empty() || second.is_empty() {
        let nothing = match mode {
            KeepMatches => true,
            KeepNonMatches => {
                (first.is_empty() && from == DataFrom::First) || (second.is_empty() && from == DataFrom::Second)
            }
            EnrichFirst => first.is_empty(),
            EnrichSecond => second.is_empty(),
            KeepEverything => false,
        };
        return Ok(if nothing { pick(0, []) } else { append(ctx, 2) });
    }
    if fields.is_empty() {
        return Ok(match mode {
            KeepNonMatches | EnrichFirst => select(ctx, 0),
            KeepMatches | KeepEverything | EnrichSecond => pick(0, []),
        });
    }
    let only_first = params.multiple_matches == MultipleMatches::First;
    let alike = params.fuzzy_compare.then_some(join::alike as join::Alike);
    let matches = join::find(&first, &second, &fields, alike, only_first);
    match (mode, from) {
        (KeepMatches, DataFrom::First) => return Ok(pick(0, matches.pairs.into_iter().map(|(position, _)| position))),
        (KeepMatches, DataFrom::Second) => return Ok(pick(1, matches.matched2)),
        (KeepNonMatches, DataFrom::First) => return Ok(pick(0, matches.unmatched1)),
        (KeepNonMatches, DataFrom::Second) => return Ok(pick(1, matches.unmatched2)),
        _ => {}
    }
    let mut outputs = ctx.outputs(1);
    if mode == KeepNonMatches {
        alone(&mut outputs, &first, &matches.unmatched1, 0, |item| source_named(item, "input1")).await?;
        alone(&mut outputs, &second, &matches.unmatched2, 1, |item| source_named(item, "input2")).await?;
        return outputs.done().await;
    }
    let clash = &params.clash;
    let prefer_first = match clash.preferred() {
        Some(input) => input == 0,
        None => clash.resolve_clash.is_empty() && mode == EnrichSecond,
    };
    for (position, found) in &matches.pairs {
        for other in found {
            let mut parts = [(0, &*first[*position]), (1, &*second[*other])];
            let mut sources = [(0, *position), (1, *other)];
            if prefer_first {
                parts.reverse();
                sources.reverse();
            }
            outputs.push(0, clash.unite(parts), join::origin(sources)).await?;
        }
    }
    if matches!(mode, KeepEverything | EnrichFirst) {
        alone(&mut outputs, &first, &matches.unmatched1, 0, |item| clash.alone(item, 0)).await?;
    }
    if matches!(mode, KeepEverything | EnrichSecond) {
        alone(&mut outputs, &second, &matches.unmatched2, 1, |item| clash.alone(item, 1)).await?;
    }
    outputs.done().await
}

fn required<'a>(items: &[Arc<Item>], mut fields: impl Iterator<Item = &'a Path>, input: &str) -> Result<(), NodeError> {
    match fields.find(|field| items.iter().all(|item| field.get(&item.json).is_none())) {
        None => Ok(()),
        Some(field) => {
            let detail = format!("Field '{}' is not present in any of items in '{input}'", field.name());
            Err(NodeError::bad_data(detail))
        }
    }
}

fn source_named(item: &Arc<Item>, name: &str) -> Arc<Item> {
    let mut item = Item::clone(item);
    item.json.insert("_source".into(), Value::from(name));
    Arc::new(item)
}

async fn alone(
    outputs: &mut Outputs,
    items: &[Arc<Item>],
    positions: &[usize],
    input: usize,
    make: impl Fn(&Arc<Item>) -> Arc<Item>,
) -> Result<(), NodeError> {
    for position in positions {
        outputs.push(0, make(&items[*position]), join::origin([(input, *position)])).await?;
    }
    Ok(())
}

async fn by_position(ctx: &Ctx, params: &Params, inputs: u16) -> Result<Outcome, NodeError> {
    let mut columns = Vec::new();
    for input in 0..inputs {
        columns.push(ctx.input(input).collect(ctx.spool()).await?);
    }
    if params.rules < Rules::V3 && columns.iter().any(|items| items.is_empty()) {
        return Ok(append(ctx, inputs));
    }
    let lengths = columns.iter().map(|items| items.len());
    let count = if params.include_unpaired { lengths.max() } else { lengths.min() }.unwrap_or(0);
    let preferred = params.clash.preferred().unwrap_or(columns.len() - 1);
    let mut outputs = ctx.outputs(1);
    for position in 0..count {
        let at = |input: usize| columns.get(input).and_then(|items| items.get(position)).map(|item| (input, &**item));
        let mut united = params.clash.unite((0..columns.len()).filter_map(at));
        // n8n lays the preferred item over all of them once more, under the names that it came with.
        if let Some((_, item)) = at(preferred) {
            params.clash.lay_over(&mut united, item);
        }
        let present = (0..columns.len()).filter(|input| at(*input).is_some());
        let origin = join::origin(present.map(|input| (input, position)));
        outputs.push(0, united, origin).await?;
    }
    outputs.done().await
}

async fn all(ctx: &Ctx, params: &Params) -> Result<Outcome, NodeError> {
    let mut sides = [(0, ctx.input(0).collect(ctx.spool()).await?), (1, ctx.input(1).collect(ctx.spool()).await?)];
    if params.clash.preferred() == Some(0) {
        sides.reverse();
    }
    let [(left, outer), (right, inner)] = sides;
    let mut outputs = ctx.outputs(1);
    for (i, a) in outer.iter().enumerate() {
        for (j, b) in inner.iter().enumerate() {
            let united = params.clash.unite([(left, &**a), (right, &**b)]);
            outputs.push(0, united, join::origin([(left, i), (right, j)])).await?;
        }
    }
    outputs.done().await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn people() -> [Value; 2] {
        [
            json!([{ "id": 1, "name": "Ann" }, { "id": 2, "name": "Bob" }, { "id": 2, "name": "Bea" }, { "name": "?" }]),
            json!([{ "id": 2, "city": "Graz", "name": "B." }, { "id": 3, "city": "Wien" }]),
        ]
    }

    fn combine(more: Value) -> Value {
        let mut params = json!({ "mode": "combine", "fieldsToMatch": "id" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    fn joined(more: Value) -> Value {
        run(&Merge, combine(more), &people()).unwrap()[0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Merge);
        contract::runs(&Merge, combine(json!({})), &people());
        contract::runs(&Merge, json!({}), &people());
    }

    #[test]
    fn inputs_are_appended_by_reference_where_that_is_possible() {
        let bench = |inputs: &[Value]| {
            let params = json!({ "numberInputs": 3 });
            Bench::new(&Merge, params).unwrap().run(inputs).unwrap()
        };
        let one = bench(&[json!([]), json!([{ "a": 1 }]), json!([])]);
        assert!(one.selects(0));
        assert_eq!(one.json(), [json!([{ "a": 1 }])]);
        let all = bench(&[json!([{ "a": 1 }]), json!([]), json!([{ "a": 2 }, { "a": 3 }])]);
        assert_eq!(all.json(), [json!([{ "a": 1 }, { "a": 2 }, { "a": 3 }])]);
        assert_eq!(all.origins(0), [[(0, 0)], [(2, 0)], [(2, 1)]]);
        assert_eq!(bench(&[]).json(), [json!([])]);
    }

    #[test]
    fn matches_are_united_and_the_rest_goes_where_it_should() {
        let graz = |name: &str| json!({ "id": 2, "name": name, "city": "Graz" });
        assert_eq!(joined(json!({})), json!([graz("B."), graz("B.")]));
        assert_eq!(joined(json!({ "clash": { "resolveClash": "preferInput1" } }))[1]["name"], "Bea");
        assert_eq!(
            joined(json!({ "outputDataFrom": "input1" })),
            json!([{ "id": 2, "name": "Bob" }, { "id": 2, "name": "Bea" }])
        );
        assert_eq!(joined(json!({ "outputDataFrom": "input2" })), json!([people()[1][0]]));
        let everything = joined(json!({ "joinMode": "keepEverything" }));
        let rest = json!([{ "id": 1, "name": "Ann" }, { "name": "?" }, { "id": 3, "city": "Wien" }]);
        assert_eq!(everything.as_array().unwrap()[2..], rest.as_array().unwrap()[..]);
        let left = joined(json!({ "joinMode": "enrichInput1" }));
        assert_eq!(left.as_array().unwrap().len(), 4);
        let right = joined(json!({ "joinMode": "enrichInput2" }));
        assert_eq!((&right[0]["name"], &right[2]), (&json!("Bob"), &json!({ "id": 3, "city": "Wien" })));
        let suffixed = joined(json!({ "joinMode": "enrichInput1", "clash": { "resolveClash": "addSuffix" } }));
        assert_eq!(suffixed[0], json!({ "id_1": 2, "name_1": "Bob", "id_2": 2, "city_2": "Graz", "name_2": "B." }));
        assert_eq!(suffixed[2], json!({ "id_1": 1, "name_1": "Ann" }));
    }

    #[test]
    fn what_does_not_match_can_be_asked_for() {
        let rest = |from: &str| joined(json!({ "joinMode": "keepNonMatches", "outputDataFrom": from }));
        assert_eq!(rest("input1"), json!([{ "id": 1, "name": "Ann" }, { "name": "?" }]));
        assert_eq!(rest("input2"), json!([{ "id": 3, "city": "Wien" }]));
        assert_eq!(rest("both")[2], json!({ "id": 3, "city": "Wien", "_source": "input2" }));
    }

    #[test]
    fn many_matches_and_small_differences() {
        let inputs = [
            json!([{ "id": "1", "n": { "k": 1 } }]),
            json!([{ "id": 1, "x": 1 }, { "id": 1, "x": 2 }, { "m": { "k": 1 } }]),
        ];
        let count = |more: Value| run(&Merge, combine(more), &inputs).unwrap()[0].as_array().unwrap().len();
        assert_eq!(count(json!({})), 0);
        assert_eq!(count(json!({ "fuzzyCompare": true })), 2);
        assert_eq!(count(json!({ "fuzzyCompare": true, "multipleMatches": "first" })), 1);
        assert_eq!(count(json!({ "advanced": true, "pairs": [{ "field1": "n.k", "field2": "m.k" }] })), 1);
    }

    #[test]
    fn an_empty_input_ends_or_passes() {
        let run = |mode: &str, inputs: [Value; 2]| {
            run(&Merge, combine(json!({ "joinMode": mode })), &inputs).unwrap()[0].clone()
        };
        let some = || json!([{ "id": 1 }]);
        assert_eq!(run("keepMatches", [some(), json!([])]), json!([]));
        assert_eq!(run("keepEverything", [json!([]), some()]), some());
        assert_eq!(run("enrichInput1", [some(), json!([])]), some());
        assert_eq!(run("enrichInput1", [json!([]), some()]), json!([]));
        assert_eq!(run("enrichInput2", [some(), json!([])]), json!([]));
    }

    #[test]
    fn fields_to_match_must_be_named() {
        let fails = |more: Value| failure(&Merge, combine(more), &people());
        let none = "You need to define at least one pair of fields in \"Fields to Match\" to match on";
        assert_eq!(fails(json!({ "fieldsToMatch": "" })), none);
        assert!(fails(json!({ "fieldsToMatch": "id," })).starts_with("You need to define both fields"));
        let old = json!({ "rules": "2", "fieldsToMatch": "nowhere" });
        assert_eq!(fails(old), "Field 'nowhere' is not present in any of items in 'Input 1'");
    }

    #[test]
    fn positions_and_all_pairs_can_be_combined() {
        let inputs =
            [json!([{ "a": 1, "k": "x" }, { "a": 2 }]), json!([{ "b": 1, "k": "y" }]), json!([{ "c": 1 }, { "c": 2 }])];
        let by = |more: Value| {
            let mut params = json!({ "mode": "combine", "combineBy": "combineByPosition", "numberInputs": 3 });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            run(&Merge, params, &inputs).unwrap()[0].clone()
        };
        assert_eq!(by(json!({})), json!([{ "a": 1, "k": "y", "b": 1, "c": 1 }]));
        assert_eq!(by(json!({ "includeUnpaired": true }))[1], json!({ "a": 2, "c": 2 }));
        assert_eq!(by(json!({ "clash": { "resolveClash": "preferInput1" } }))[0]["k"], "x");
        let all = json!({ "mode": "combine", "combineBy": "combineAll" });
        let pairs = [json!([{ "a": 1 }, { "a": 2 }]), json!([{ "b": 1 }, { "b": 2 }])];
        assert_eq!(run(&Merge, all, &pairs).unwrap()[0].as_array().unwrap().len(), 4);
    }

    #[test]
    fn a_branch_is_chosen_when_all_have_come() {
        let bench = |params: Value| Bench::new(&Merge, params).unwrap();
        let mut second = bench(json!({ "mode": "chooseBranch", "useDataOfInput": 2 }));
        assert_eq!(second.node().ports().required, Required::These(vec![0, 1]));
        let ran = second.run(&people()).unwrap();
        assert!(ran.selects(0));
        assert_eq!(ran.json(), [people()[1].clone()]);
        let empty = bench(json!({ "mode": "chooseBranch", "output": "empty" })).run(&people()).unwrap();
        assert_eq!(empty.json(), [json!([{}])]);
        assert_eq!(empty.origins(0)[0].len(), 6);
        let wrong = failure(&Merge, json!({ "mode": "chooseBranch", "useDataOfInput": 5 }), &people());
        assert_eq!(wrong, "Input 5 doesn't exist");
    }

    #[test]
    fn ports_follow_the_parameters() {
        let inputs = |params: Value| Bench::new(&Merge, params).map(|bench| bench.node().ports().inputs);
        assert_eq!(inputs(json!({ "numberInputs": 5 })), Ok(5));
        assert_eq!(inputs(json!({ "mode": "combine", "numberInputs": 5 })), Ok(2));
        assert_eq!(inputs(json!({ "mode": "combineBySql", "numberInputs": 3 })), Ok(3));
        assert!(inputs(json!({ "numberInputs": 11 })).is_err());
    }

    #[test]
    fn the_second_version_s_names_are_understood() {
        let lifted = |version, parameters: Value| {
            let node = n8n::Node {
                name: "Merge".into(),
                node_type: "n8n-nodes-base.merge".into(),
                version,
                parameters: parameters.as_object().cloned().unwrap(),
                credentials: Map::new(),
                webhook_id: None,
            };
            contract::round_trip(&Merge, &node);
            Value::Object(Merge.lift(&node).unwrap().params)
        };
        let fields = json!({ "mode": "combine", "mergeByFields": { "values": [{ "field1": "id", "field2": "id" }] }, "options": {} });
        assert_eq!(run(&Merge, lifted(2.1, fields), &people()).unwrap()[0].as_array().unwrap().len(), 2);
        let position = lifted(2.0, json!({ "mode": "combine", "combinationMode": "mergeByPosition" }));
        assert_eq!(run(&Merge, position, &[json!([]), json!([{ "b": 1 }])]).unwrap(), [json!([{ "b": 1 }])]);
        let choose = lifted(2.1, json!({ "mode": "chooseBranch", "output": "input2" }));
        assert_eq!(run(&Merge, choose, &people()).unwrap(), [people()[1].clone()]);
        let newest = lifted(3.2, json!({ "mode": "combine", "fieldsToMatchString": "id", "joinMode": "enrichInput1" }));
        assert_eq!(run(&Merge, newest, &people()).unwrap()[0].as_array().unwrap().len(), 4);
    }
}
