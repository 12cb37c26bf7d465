//! `fishplate connector drift`: whether a connector still says what the vendor's own document says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use connectors::drift::{self, Finding, Kind, Level};
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
      against the document that the manifest names under `openapi`
  fishplate connector drift ./ticketbox --openapi https://developers.ticketbox.example/openapi.yaml
      against a document of the vendor's site
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
    let place = place_of(options, &connector, &folder)?;
    let document = read(&place).await?;
    let fixtures = fixture::cases(&folder).map_err(|fault| Problem::new(Code::UnreadableFile, fault))?;
    let mut found = drift::against(&connector.manifest, &fixtures, &document)?;
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
                output::line(format!("  not judged, because they ask elsewhere: {}", found.skipped.join(", ")));
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

/// Where the document is: an address, or a file.
fn place_of(options: &Drift, connector: &Connector, folder: &Path) -> Result<String, Problem> {
    if let Some(given) = &options.openapi {
        return Ok(given.clone());
    }
    let published = connector.manifest.openapi.as_ref();
    let file = published.and_then(|published| published.file.as_ref());
    let place = file.map(|file| folder.join(file).display().to_string());
    place.or_else(|| published.and_then(|published| published.url.clone())).ok_or_else(|| {
        let detail = format!("the manifest of `{}` names no document", connector.manifest.connector);
        Problem::new(Code::Malformed, detail)
            .hint("name one with `--openapi`, or write `openapi: { url: … }` into the manifest")
    })
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
