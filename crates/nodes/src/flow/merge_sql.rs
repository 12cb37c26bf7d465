//! Combining inputs by an SQL query: each input is a table, `input1`, `input2` and so on.
//!
//! The dialect is SQLite's, and n8n's is AlaSQL's; see ADR 8.

use std::time::Duration;

use model::{Code, Item, Value};
use part::ctx::{Query, QueryError};
use part::{Category, Ctx, NodeError, Origin, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

/// Longest time of a query, as in n8n.
const TIME: Duration = Duration::from_secs(30);
/// Most rows that a query may give.
const ROWS: usize = 1_000_000;

/// What comes out when a query gives no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmptyResult {
    /// No items.
    #[default]
    Empty,
    /// One item, `{"success": true}`.
    Success,
}

/// Runs a query over the inputs.
pub async fn merge(
    ctx: &mut Ctx,
    inputs: u16,
    query: &str,
    params: &Value,
    empty: EmptyResult,
) -> Result<Outcome, NodeError> {
    let mut tables = Vec::with_capacity(usize::from(inputs));
    for input in 0..inputs {
        tables.push((format!("input{}", input + 1), ctx.input(input).collect(ctx.spool()).await?));
    }
    let job = Query { tables, sql: query.to_owned(), params: values(params)?, time: TIME, rows: ROWS };
    let rows = ctx.query(job).await.map_err(refusal)?;
    let mut outputs = ctx.outputs(1);
    if rows.is_empty() && empty == EmptyResult::Success {
        let item = Item::from_value(serde_json::json!({ "success": true }));
        outputs.push(0, item, Origin::Unknown).await?;
    }
    for row in rows {
        outputs.push(0, Item::new(row), Origin::Unknown).await?;
    }
    outputs.done().await
}

/// The values of the query's `?`: a list, or a text with commas, of which numbers are numbers.
fn values(params: &Value) -> Result<Vec<Value>, NodeError> {
    let number = |text: &str| match text.parse::<f64>() {
        Ok(number) if number.is_finite() => text.parse::<i64>().map_or_else(|_| number.into(), Value::from),
        _ => text.into(),
    };
    match params {
        Value::Null => Ok(Vec::new()),
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(text.split(',').map(|part| number(part.trim())).collect()),
        Value::Number(number) => Ok(vec![Value::Number(number.clone())]),
        Value::Array(list) => match list.iter().position(|value| value.is_array() || value.is_object()) {
            None => Ok(list.clone()),
            Some(at) => {
                let detail = format!("Query parameter {} must be a string, number, boolean, or null", at + 1);
                Err(NodeError::parameter("/params/queryParameters", detail))
            }
        },
        _ => {
            let detail = "Query parameters must be a string, number, or array";
            Err(NodeError::parameter("/params/queryParameters", detail))
        }
    }
}

fn refusal(error: QueryError) -> NodeError {
    let less = "filter or aggregate the items before they are merged, or query fewer of them at a time";
    match error {
        QueryError::Late => {
            let detail = format!("the query took longer than {} seconds", TIME.as_secs());
            NodeError::new(Code::CodeTimeout, Category::Code, detail).hint(less)
        }
        QueryError::Canceled => {
            NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled while a query ran")
        }
        QueryError::Refused(said) => {
            let mut error = NodeError::parameter("/params/query", format!("the query cannot be run: {said}"));
            error.category = Category::Code;
            error.hint("queries are written in SQLite's dialect over the tables `input1`, `input2` …")
        }
        QueryError::Limit(said) => NodeError::new(Code::TooLarge, Category::BadData, said).hint(less),
        QueryError::Broken => NodeError::bug("a query ended without a result"),
    }
}

#[cfg(test)]
mod tests {
    use model::Code;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::run;

    use super::super::merge::Merge;
    use super::*;

    fn people() -> [Value; 2] {
        [json!([{ "name": "a", "n": 1 }, { "name": "b", "n": 2 }]), json!([{ "id": "b", "city": "Graz" }])]
    }

    fn by_sql(query: &str, more: Value) -> Value {
        let mut params = json!({ "mode": "combineBySql", "query": query });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    fn rows(query: &str, more: Value) -> Value {
        run(&Merge, by_sql(query, more), &people()).unwrap()[0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::runs(&Merge, by_sql("SELECT *, random() AS r FROM input1", json!({})), &people());
    }

    #[test]
    fn the_query_that_n8n_proposes_joins_two_inputs() {
        let found = rows("SELECT * FROM input1 LEFT JOIN input2 ON input1.name = input2.id", json!({}));
        assert_eq!(found, json!([{ "name": "a", "n": 1 }, { "name": "b", "n": 2, "id": "b", "city": "Graz" }]));
    }

    #[test]
    fn inputs_without_common_fields_are_put_side_by_side() {
        let params = by_sql(
            "SELECT input1.stdout AS CPU, input2.stdout AS Disk, input3.stdout AS RAM FROM input1 \
             LEFT JOIN input2 ON input1.name = input2.id LEFT JOIN input3 ON input1.name = input3.id",
            json!({ "numberInputs": 3 }),
        );
        let inputs = ["12", "80", "40"].map(|stdout| json!([{ "stdout": stdout }]));
        let found = run(&Merge, params, &inputs).unwrap();
        assert_eq!(found, [json!([{ "CPU": "12", "Disk": "80", "RAM": "40" }])]);
    }

    #[test]
    fn expressions_and_parameters_fill_the_query() {
        assert_eq!(rows("=SELECT name FROM input1 WHERE n = {{ $json.n }}", json!({})), json!([{ "name": "a" }]));
        let with = |params: Value| {
            rows("SELECT name FROM input1 WHERE n = ? AND name = ?", json!({ "queryParameters": params }))
        };
        assert_eq!(with(json!("2, b")), json!([{ "name": "b" }]));
        assert_eq!(with(json!([1, "a"])), json!([{ "name": "a" }]));
        let wrong = by_sql("SELECT ?", json!({ "queryParameters": [{}] }));
        let error = run(&Merge, wrong, &people()).unwrap_err();
        assert_eq!(error.problem.detail, "Query parameter 1 must be a string, number, boolean, or null");
    }

    #[test]
    fn nothing_found_gives_what_is_asked_for() {
        let none = "SELECT * FROM input1 WHERE n > 5";
        assert_eq!(rows(none, json!({})), json!([]));
        assert_eq!(rows(none, json!({ "emptyQueryResult": "success" })), json!([{ "success": true }]));
    }

    #[test]
    fn a_query_that_cannot_be_run_says_why() {
        let error = run(&Merge, by_sql("SELEKT 1", json!({})), &people()).unwrap_err();
        assert_eq!(error.problem.code, Code::InvalidParameter);
        assert!(error.problem.detail.contains("SELEKT"), "{error}");
        assert!(error.problem.hint.unwrap().contains("SQLite"));
    }
}
