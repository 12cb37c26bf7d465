//! `fishplate connector drift`: whether a connector still says what the vendor's own document says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use connectors::drift::{self, Drift as Found, Finding, Kind, Level};
use connectors::manifest::Published;
use connectors::{Connector, catalog, fixture};
use model::{Code, Problem, ScopeId};
use outbound::{EgressRules, Meta, NoCredentials, Outbound, Request};
use sandbox::Sandbox;
use serde_json::json;

use super::super::{Exit, Global, Output, output};
use super::{folder_of, sandbox, unreadable};

/// What follows the options in `--help`.
const EXAMPLES: &str = "\
Examples:
  fishplate connector drift ticketbox
      against what the manifest names under `openapi` and `graphqlSchema`
  fishplate connector drift ./ticketbox --openapi https://developers.ticketbox.example/openapi.yaml
      against a document of the vendor's site
  fishplate connector drift ticketbox --schema schema.graphql
      its GraphQL against the vendor's schema, as SDL or as the answer to an introspection
  fishplate --output json connector drift ticketbox --openapi openapi.json
      for CI: the exit code is 3 when something breaks, and 0 when there are warnings and news only";

/// Operations of the document that are named when there are more.
const SHOWN_NEWS: usize = 10;
/// Largest document.
const LARGEST: u64 = 64 << 20;

/// What `drift` takes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Drift {
    /// Folder of a connector, or its name in the catalogue's folder
    connector: PathBuf,
    /// The document, OpenAPI 3.x or Swagger 2.0, as JSON or YAML; without it, the one that the manifest names
    #[arg(long, value_name = "FILE_OR_URL")]
    openapi: Option<String>,
    /// The schema of its GraphQL, as SDL or as the JSON that answers an introspection; without it, the one that the
    /// manifest names
    #[arg(long, value_name = "FILE_OR_URL")]
    schema: Option<String>,
    /// Name every operation that the connector does not have
    #[arg(long)]
    all: bool,
    /// Folder that connectors lie in
    #[arg(long, value_name = "FOLDER", default_value = "catalog/connectors")]
    catalog: PathBuf,
}

/// `fishplate connector drift`.
pub async fn drift(global: &Global, options: &Drift) -> Result<Exit, Problem> {
    let folder = folder_of(&options.connector, &options.catalog)?;
    let connector = catalog::of_folder(&folder).map_err(|fault| Problem::new(Code::InvalidSpec, fault))?;
    let places = places_of(options, &connector, &folder)?;
    let fixtures = fixture::cases(&folder).map_err(|fault| Problem::new(Code::UnreadableFile, fault))?;
    let mut found: Option<Found> = None;
    for (place, kind) in &places {
        let text = read(place).await?;
        let drift = match kind {
            Document::OpenApi => drift::against(&connector.manifest, &fixtures, &text)?,
            Document::Schema => drift::against_schema(&connector.manifest, &fixtures, &text)?,
        };
        found = Some(match found {
            Some(before) => before.and(drift),
            None => drift,
        });
    }
    let mut found = found.unwrap_or_default();
    let places: Vec<&str> = places.iter().map(|(place, _)| place.as_str()).collect();
    let place = places.join(" and ");
    let sandbox = sandbox()?;
    found.findings.splice(0..0, failing(&folder, &connector, &sandbox).await?);
    sandbox.shutdown().await;
    let count = |level: Level| found.findings.iter().filter(|finding| finding.level == level).count();
    let (breaks, warns, tells) = (count(Level::Breaks), count(Level::Warns), count(Level::Tells));
    match global.output {
        Output::Json => output::json(&json!({
            "ok": breaks == 0, "connector": connector.manifest.connector, "document": place, "breaks": breaks,
            "warns": warns, "tells": tells, "compared": found.compared, "described": found.described,
            "skipped": found.skipped, "items": found.findings,
        })),
        Output::Text => {
            let name = &connector.manifest.connector;
            output::line(format!(
                "{name}: {} requests against {} operations of {place}",
                found.compared, found.described
            ));
            for (level, head) in [(Level::Breaks, "breaks"), (Level::Warns, "look at"), (Level::Tells, "new")] {
                let all: Vec<&Finding> = found.findings.iter().filter(|finding| finding.level == level).collect();
                let most = if level == Level::Tells && !options.all { SHOWN_NEWS } else { usize::MAX };
                for finding in all.iter().take(most) {
                    let operation = finding.operation.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                    output::line(format!("  {head}  {operation}{}", finding.detail));
                }
                if all.len() > most {
                    output::line(format!("  {head}  {} more operations; `--all` names them", all.len() - most));
                }
            }
            if !found.skipped.is_empty() {
                let why = "not judged, because they ask elsewhere or otherwise";
                output::line(format!("  {why}: {}", found.skipped.join(", ")));
            }
            output::line(match (breaks, warns) {
                (0, 0) => "  nothing has changed".to_owned(),
                (0, _) => format!("  nothing breaks; {warns} to look at"),
                _ => format!("  {breaks} break; {warns} to look at"),
            });
        }
    }
    Ok(if breaks == 0 { Exit::Done } else { Exit::Refused })
}

/// Fixtures that do not hold.
async fn failing(folder: &Path, connector: &Connector, sandbox: &Sandbox) -> Result<Vec<Finding>, Problem> {
    let outcomes = fixture::run_all(folder, connector, sandbox).await;
    let outcomes = outcomes.map_err(|fault| Problem::new(Code::UnreadableFile, fault))?;
    let fails = |outcome: fixture::Outcome| {
        let detail = format!("the fixture `{}` does not hold: {}", outcome.case, outcome.fault?);
        Some(Finding::new(Kind::FixtureFails, Some(&outcome.operation), detail))
    };
    Ok(outcomes.into_iter().filter_map(fails).collect())
}

/// What a vendor publishes.
enum Document {
    OpenApi,
    Schema,
}

/// Where the vendor's documents are, each as an address or a file: those of the options, or else those of the manifest.
fn places_of(options: &Drift, connector: &Connector, folder: &Path) -> Result<Vec<(String, Document)>, Problem> {
    let given = [(&options.openapi, Document::OpenApi), (&options.schema, Document::Schema)];
    let given: Vec<_> = given.into_iter().filter_map(|(place, kind)| Some((place.clone()?, kind))).collect();
    if !given.is_empty() {
        return Ok(given);
    }
    let manifest = &connector.manifest;
    let named = [(&manifest.openapi, Document::OpenApi), (&manifest.graphql_schema, Document::Schema)];
    let place = |published: &Published| {
        let file = published.file.as_ref().map(|file| folder.join(file).display().to_string());
        file.or_else(|| published.url.clone())
    };
    let named = named.into_iter().filter_map(|(published, kind)| Some((place(published.as_ref()?)?, kind)));
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        let detail = format!("the manifest of `{}` names no document", manifest.connector);
        let word = if manifest.graphql.is_some() { "graphqlSchema" } else { "openapi" };
        let option = if manifest.graphql.is_some() { "--schema" } else { "--openapi" };
        let hint = format!("name one with `{option}`, or write `{word}: {{ url: … }}` into the manifest");
        return Err(Problem::new(Code::Malformed, detail).hint(hint));
    }
    Ok(named)
}

async fn read(place: &str) -> Result<Vec<u8>, Problem> {
    if !place.starts_with("https://") && !place.starts_with("http://") {
        return std::fs::read(place).map_err(|error| unreadable(Path::new(place), &error));
    }
    let url =
        place.parse().map_err(|error| Problem::new(Code::Malformed, format!("`{place}` is no address: {error}")))?;
    let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
    let way = Outbound::new(options, Arc::new(NoCredentials));
    let way = way.map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    let mut meta = Meta::new(ScopeId(1));
    meta.follow_redirects = 5;
    meta.max_body = LARGEST;
    let answer = way.send(Request::new(http::Method::GET, url), meta).await;
    let answer = answer.map_err(|error| error.problem())?;
    if !answer.status.is_success() {
        return Err(Problem::new(Code::UpstreamStatus, format!("`{place}` answers with status {}", answer.status)));
    }
    Ok(answer.bytes(LARGEST).await.map_err(|error| error.problem())?.to_vec())
}
