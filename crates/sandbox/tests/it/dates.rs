//! Dates, numbers and words in many zones and locales: the answers of node and the real Luxon, row by row.

use serde_json::Value;

use crate::kit::items;

const TABLE: &str = include_str!("../dates.json");

#[tokio::test]
async fn dates_and_numbers_read_as_in_node() {
    let rows: Vec<(String, Value)> = serde_json::from_str(TABLE).unwrap();
    let sources: Vec<&str> = rows.iter().map(|(source, _)| source.as_str()).collect();
    let code = format!(
        "const {{ Info, IANAZone }} = luxon; const run = (text) => {{ try {{ return JSON.parse(JSON.stringify( \
         new Function('Info', 'IANAZone', 'return (' + text + ')')(Info, IANAZone) ?? null)) }} catch (error) {{ \
         return 'throws ' + error.name + ' ' + error.message }} }}; return [{{ json: {{ all: {}.map(run) }} }}]",
        serde_json::to_string(&sources).unwrap()
    );
    let found = items(&code, &[]).await;
    let wrong: Vec<String> = rows
        .iter()
        .zip(found[0]["json"]["all"].as_array().unwrap())
        .filter(|((_, expect), found)| expect != *found)
        .map(|((source, expect), found)| format!("{source}\n   gives {found}\n  wanted {expect}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows differ\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
