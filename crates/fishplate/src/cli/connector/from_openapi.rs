//! `fishplate connector from-openapi`: a connector of a vendor's document.

use std::path::PathBuf;

use clap::Args;
use connectors::catalog;
use connectors::openapi::{self, Document, Made};
use model::{Code, Name, Problem};
use serde_json::json;

use super::{Exit, Global, Output, output, write};

/// Documents of so many bytes take long enough to say what is being done.
const LARGE: u64 = 1 << 20;
/// Notes that are shown; the rest is counted.
const SHOWN_NOTES: usize = 12;

const EXAMPLES: &str = "\
Examples:
  fishplate connector from-openapi ticketbox.yaml
  fishplate connector from-openapi openapi.json --name ticketbox --base https://api.ticketbox.example/v1
  curl -fLo openapi.json https://developers.ticketbox.example/openapi.json

The document is one of OpenAPI 3.x or Swagger 2.0. Files that it refers to are read, addresses are not.
See docs/guides/write-a-connector.md for what to look at afterwards.";

/// What `from-openapi` takes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FromOpenapi {
    /// The document, JSON or YAML
    document: PathBuf,
    /// Name of the connector, without dots; without it, it is made of the document's title
    #[arg(long)]
    name: Option<Name>,
    /// Address that paths are appended to, where the document names none, or another than yours
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// Folder that connectors lie in
    #[arg(long, value_name = "FOLDER", default_value = "catalog/connectors")]
    catalog: PathBuf,
}

/// `fishplate connector from-openapi`.
pub fn from_openapi(global: &Global, options: &FromOpenapi) -> Result<Exit, Problem> {
    if let Some(name) = options.name.as_ref().filter(|name| name.as_str().contains('.')) {
        let problem = Problem::new(
            Code::Malformed,
            format!("`{name}` has a dot, which stands between a connector and its operations"),
        );
        return Err(problem.hint(format!("for example `--name {}`", name.as_str().replace('.', "-"))));
    }
    if let Some(base) = options.base.as_ref().filter(|base| !base.starts_with("http") && !base.starts_with('{')) {
        let problem = Problem::new(Code::Malformed, format!("`{base}` is no address"));
        return Err(problem.hint("it begins with `https://`, or with a setting such as `{address}`"));
    }
    let size = std::fs::metadata(&options.document).map_or(0, |about| about.len());
    let bar = (size >= LARGE).then(|| output::progress(None, &format!("operations are made of {} MB", size >> 20)));
    if let Some(bar) = &bar {
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
    }
    let wanted = openapi::Options { name: options.name.clone(), base: options.base.clone() };
    let making = || {
        let document = Document::open(&options.document)?;
        let made = openapi::make(&document, &wanted)?;
        Ok::<_, Problem>((document, made))
    };
    let made = making();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let (document, mut made) = made?;
    if catalog::named(made.name.as_str()).is_some() {
        made.notes.insert(0, format!("a connector `{0}` is shipped already, and a server leaves this one out: choose another name, for example `--name my-{0}`", made.name));
    }
    let folder = options.catalog.join(made.name.as_str());
    write(&folder, &made.manifest, &made.fixtures)?;
    match global.output {
        Output::Json => output::json(&json!({
            "connector": made.name, "folder": folder, "operations": made.operations, "described": made.described,
            "base": made.base, "probe": made.probe, "paged": made.paged, "notes": made.notes,
            "accounts": made.accounts.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect::<Vec<_>>(),
        })),
        Output::Text => told(&document, &made, &folder.display().to_string(), options).iter().for_each(output::line),
    }
    Ok(Exit::Done)
}

/// What came of it, what to look at, and what to do next.
fn told(document: &Document, made: &Made, folder: &str, options: &FromOpenapi) -> Vec<String> {
    let mut lines = vec![format!(
        "{folder}: {} operations of {} in the document ({})",
        made.operations,
        made.described,
        document.version()
    )];
    lines.push(format!("  address   {}", made.base));
    let accounts: Vec<String> = made.accounts.iter().map(|(name, kind)| format!("{name} ({kind})")).collect();
    lines.push(format!("  accounts  {}", if accounts.is_empty() { "none".to_owned() } else { accounts.join(", ") }));
    if let Some(probe) = &made.probe {
        lines.push(format!("  probe     {probe}"));
    }
    if made.paged > 0 {
        lines.push(format!("  paging    recognised in {} operations", made.paged));
    }
    if !made.notes.is_empty() {
        lines.push("look at:".to_owned());
        lines.extend(made.notes.iter().take(SHOWN_NOTES).map(|note| format!("  - {note}")));
        if made.notes.len() > SHOWN_NOTES {
            lines.push(format!("  - and {} more; `--output json` has all of them", made.notes.len() - SHOWN_NOTES));
        }
    }
    let usual = options.catalog == std::path::Path::new("catalog/connectors");
    let place = if usual { made.name.to_string() } else { folder.to_owned() };
    let operation = made.probe.as_deref().or(made.fixtures.first().map(|(name, _)| name.as_str())).unwrap_or("me.get");
    lines.push("next:".to_owned());
    lines.push(format!("  fishplate connector test {place}"));
    lines.push(format!("  fishplate connector record {place} {operation} --connection account.json"));
    lines.push(format!("  FISHPLATE_CONNECTORS={} fishplate up", options.catalog.display()));
    lines
}
