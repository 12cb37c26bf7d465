//! `fishplate shadow`: the same events in n8n and here, and what differs.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::Method;
use indicatif::ProgressBar;
use model::{Code, HumanDuration, Problem, Scope, Value};
use serde_json::json;
use store::Store;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::import_n8n::Reach;
use super::lone::{Lone, Start};
use super::{Exit, Global, Output, output, up};
use crate::peer::api::{Listed, Peer, way_out};
use crate::shadow::compare::{Place, Rules};
use crate::shadow::event::{Event, Exchange, Took};
use crate::shadow::executions::{Recorded, Set};
use crate::shadow::proxy::Proxy;
use crate::shadow::sides::{Side, Sides, address};
use crate::shadow::tally::Tally;

/// What follows the options in `--help`.
const EXAMPLES: &str = "\
Examples:
  fishplate shadow --n8n https://n8n.example.com --from-executions 200 --workflow 'Order intake'
      runs what n8n has recorded again, here; nothing goes out, no traffic is needed
  fishplate shadow --n8n http://127.0.0.1:5678 --here http://127.0.0.1:8321 --listen 127.0.0.1:8400 --log shadow.jsonl
      takes a caller's requests on port 8400, answers with n8n's answers, sends the same to both
  fishplate shadow --n8n http://127.0.0.1:5678 --replay shadow.jsonl --ignore '$..at' --any-order
      sends what was logged once more to both

With --listen and --replay both sides do all that they do: mail is sent twice, rows are written twice. Send only what
changes nothing (--only GET), close the way out here with an `egress` resource, pin the nodes that have effects, or let
workflows ask for the header x-fishplate-shadow, which --mark sends to the side whose answer nobody gets.

The exit code is 1 when something differs.";

/// What `shadow` takes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Shadow {
    /// Address of n8n
    #[arg(long, value_name = "URL")]
    n8n: String,
    /// Address of ours; without it, `--server`
    #[arg(long, value_name = "URL")]
    here: Option<String>,
    /// Take requests on this address, and send each to both
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["replay", "from_executions"])]
    listen: Option<SocketAddr>,
    /// Whose answer the caller gets
    #[arg(long, value_enum, default_value_t = Side::N8n)]
    answer: Side,
    /// Send only requests of this method to both, others to the answering side alone; may be said more than once
    #[arg(long, value_name = "METHOD")]
    only: Vec<Method>,
    /// Tell the side whose answer nobody gets, with the header `x-fishplate-shadow: 1`
    #[arg(long)]
    mark: bool,
    /// Stop after so many requests
    #[arg(long, value_name = "NUMBER")]
    count: Option<usize>,
    /// Send the events of this file, a line of JSON each, to both
    #[arg(long, value_name = "FILE", conflicts_with = "from_executions")]
    replay: Option<PathBuf>,
    /// Run so many of n8n's newest executions again, here, from what n8n has recorded
    #[arg(long, value_name = "NUMBER")]
    from_executions: Option<usize>,
    /// With `--from-executions`: only of this workflow, by title or n8n's id
    #[arg(long, value_name = "TITLE", requires = "from_executions")]
    workflow: Option<String>,
    /// With `--from-executions`: compare the last node only, not each
    #[arg(long, requires = "from_executions")]
    last: bool,
    /// Do not look at this place of a body, such as `$.at`, `$.items[*].id` or `$..id`; may be said more than once
    #[arg(long, value_name = "PLACE")]
    ignore: Vec<Place>,
    /// The order of lists does not count
    #[arg(long)]
    any_order: bool,
    /// Two times that are no further apart count as the same, such as `1m`
    #[arg(long, value_name = "TIME", default_value = "0s")]
    slack: HumanDuration,
    /// Compare this header, too; may be said more than once
    #[arg(long, value_name = "NAME")]
    header: Vec<String>,
    /// File to which each event is added with what came of it
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write headers that let somebody in to the log, too, so that `--replay` can send them
    #[arg(long, requires = "log")]
    log_secrets: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Shadow {
    fn rules(&self) -> Rules {
        Rules {
            ignore: self.ignore.clone(),
            any_order: self.any_order,
            slack: self.slack.0,
            headers: self.header.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    fn sides(&self, global: &Global) -> Result<Sides, Problem> {
        let scope = |text: &str, flag: &str| {
            text.parse().map_err(|error| Problem::new(Code::InvalidName, format!("`{flag} {text}`: {error}")))
        };
        Ok(Sides {
            outbound: way_out()?,
            n8n: address(&self.n8n, "--n8n")?,
            here: self.here_url(global)?,
            scope: Scope {
                workspace: scope(&global.workspace, "--workspace")?,
                environment: scope(&global.environment, "--environment")?,
            },
            answer: self.answer,
            only: self.only.clone(),
            mark: self.mark,
            insecure: self.reach.insecure(),
            timeout: self.reach.timeout(),
            rules: self.rules(),
        })
    }

    fn here_url(&self, global: &Global) -> Result<Url, Problem> {
        match &self.here {
            Some(here) => address(here, "--here"),
            None => address(&global.server, "--server"),
        }
    }
}

/// `fishplate shadow`.
pub async fn shadow(global: &Global, options: Shadow) -> Result<Exit, Problem> {
    let mut book = Book::open(global, &options)?;
    match (options.listen, &options.replay, options.from_executions) {
        (Some(listen), ..) => proxy(global, &options, listen, &mut book).await?,
        (_, Some(file), _) => replay(global, &options, file, &mut book).await?,
        (_, _, Some(count)) => executions(&options, count, &mut book).await?,
        (None, None, None) => {
            let problem = Problem::new(Code::Malformed, "there is nothing to send to both sides");
            return Err(problem.hint("say `--from-executions 100`, `--replay FILE` or `--listen 127.0.0.1:8400`"));
        }
    }
    Ok(book.close(global))
}

async fn proxy(global: &Global, options: &Shadow, listen: SocketAddr, book: &mut Book) -> Result<(), Problem> {
    let sides = options.sides(global)?;
    let proxy = Proxy::bind(listen).await?;
    let address = proxy.address;
    match global.output {
        Output::Json => output::line(json!({ "address": format!("http://{address}") }).to_string()),
        Output::Text => {
            let whose = if sides.answer == Side::N8n { "n8n" } else { "Fishplate" };
            output::line(format!("shadowing on http://{address}: callers get {whose}'s answers; Ctrl-C ends it"));
        }
    }
    warn_of_effects(options);
    let stop = CancellationToken::new();
    let told = stop.clone();
    let most = options.count.unwrap_or(usize::MAX);
    let mut seen = 0;
    let taking = proxy.run(sides, stop.clone(), |exchange| {
        book.add(None, exchange);
        seen += 1;
        if seen >= most {
            told.cancel();
        }
    });
    tokio::pin!(taking);
    tokio::select! {
        () = taking.as_mut() => return Ok(()),
        () = up::told_to_stop() => stop.cancel(),
    }
    taking.await;
    Ok(())
}

/// Said where nobody can overlook it, and out of the way of programs.
fn warn_of_effects(options: &Shadow) {
    if options.only.iter().all(|method| !method.is_safe()) || options.only.iter().any(|method| !method.is_safe()) {
        eprintln!(
            "both sides do everything they do: what they send and write happens twice. See `fishplate shadow --help` \
             for how to avoid that"
        );
    }
}

async fn replay(global: &Global, options: &Shadow, file: &Path, book: &mut Book) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(Code::UnreadableFile, format!("`{}` cannot be read: {error}", file.display()))
    };
    let sides = options.sides(global)?;
    let mut events = Vec::new();
    for (at, line) in BufReader::new(File::open(file).map_err(unreadable)?).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if !line.trim().is_empty() {
            events.push(Event::read(&line, at + 1)?);
        }
    }
    warn_of_effects(options);
    let wanted = |event: &Event| event.method.parse().is_ok_and(|method: Method| sides.doubles(&method));
    let most = options.count.unwrap_or(usize::MAX);
    for event in events.into_iter().filter(wanted).take(most) {
        let exchange = sides.both(event).await;
        book.add(None, exchange);
    }
    Ok(())
}

async fn executions(options: &Shadow, count: usize, book: &mut Book) -> Result<(), Problem> {
    let peer = Peer::new(options.reach.address(&options.n8n)?)?;
    let workflow = match &options.workflow {
        Some(wanted) => Some(find_workflow(&peer, wanted).await?),
        None => None,
    };
    let mut query = vec![("includeData", "false")];
    query.extend(workflow.as_deref().map(|id| ("workflowId", id)));
    let listed = match peer.list(&["executions"], &query, count, |_| ()).await? {
        Listed::All(listed) => listed,
        Listed::Closed(why) => return Err(peer.closed("executions", &why)),
    };
    let store = Store::temporary().await?;
    let clock = Arc::new(Set::default());
    let set = clock.clone();
    // Nothing is given that leads out.
    let lone = Lone::start(store, Default::default(), |ports| ports.clock = set).await?;
    let catalogue = crate::parts::catalogue().snapshot();
    let bar = output::progress(Some(listed.len() as u64), "running again");
    let rules = options.rules();
    let mut done = Ok(());
    for entry in &listed {
        bar.inc(1);
        done = again(&peer, entry, &lone, &clock, &catalogue, &rules, options.last, book).await;
        if done.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
    lone.stop().await;
    done
}

#[allow(clippy::too_many_arguments, reason = "what the loop above holds, for one turn of it")]
async fn again(
    peer: &Peer,
    entry: &Value,
    lone: &Lone,
    clock: &Set,
    catalogue: &part::catalogue::Snapshot,
    rules: &Rules,
    last: bool,
    book: &mut Book,
) -> Result<(), Problem> {
    let id = entry["id"].as_str().map_or_else(|| entry["id"].to_string(), str::to_owned);
    let whole = peer.get(&["executions", &id], &[("includeData", "true")]).await?;
    let recorded = match whole.as_ref().map(|whole| Recorded::read(whole, catalogue)) {
        Some(Ok(recorded)) => recorded,
        Some(Err(problem)) => {
            book.skip(&problem);
            return Ok(());
        }
        None => {
            book.skip(&Problem::new(Code::NotFound, format!("execution {id} is gone from n8n")));
            return Ok(());
        }
    };
    clock.to(recorded.started_at);
    let start = Start { input: recorded.input.clone(), output: recorded.output, use_pins: true, start_at: None };
    let began = auth::now_millis();
    let outcome = lone.run(recorded.name.as_str(), &recorded.spec, start, Duration::from_secs(60)).await;
    let millis = (auth::now_millis() - began) as f64;
    let differences = match &outcome {
        Ok(here) => recorded.differences(here, rules, last),
        Err(problem) => {
            book.skip(&Problem { detail: format!("execution {id}: {}", problem.detail), ..problem.clone() });
            return Ok(());
        }
    };
    let took = |millis: f64| Some(Took { status: Some(200), millis, ..Took::default() });
    let event = Event {
        at: recorded.started_at,
        method: "EXECUTION".into(),
        path: format!("/executions/{id}"),
        ..Event::default()
    };
    let same = differences.is_empty();
    let exchange = Exchange { event, n8n: took(recorded.millis), here: took(millis), same, differences };
    book.add(Some(&recorded.title), exchange);
    Ok(())
}

async fn find_workflow(peer: &Peer, wanted: &str) -> Result<String, Problem> {
    let all = match peer.list(&["workflows"], &[("excludePinnedData", "true")], usize::MAX, |_| ()).await? {
        Listed::All(all) => all,
        Listed::Closed(why) => return Err(peer.closed("workflows", &why)),
    };
    let fits = |one: &&Value| one["name"] == wanted || one["id"] == wanted;
    let found = all.iter().find(fits).and_then(|one| one["id"].as_str());
    found.map(str::to_owned).ok_or_else(|| {
        let titles: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).take(20).collect();
        Problem::new(Code::NotFound, format!("n8n has no workflow `{wanted}`"))
            .hint(format!("it has {}", titles.join(", ")))
    })
}

/// The book-keeping of one shadowing: sums, log, and what is said on the way.
struct Book {
    tally: Tally,
    log: Option<File>,
    log_secrets: bool,
    bar: ProgressBar,
    output: Output,
    skipped: Vec<String>,
}

impl Book {
    fn open(global: &Global, options: &Shadow) -> Result<Book, Problem> {
        let open = |path: &PathBuf| {
            let mut file = File::options();
            file.create(true).append(true);
            // What passes by may be nobody else's business.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
            file.open(path).map_err(|error| {
                Problem::new(Code::UnreadableFile, format!("`{}` cannot be written: {error}", path.display()))
            })
        };
        Ok(Book {
            tally: Tally::default(),
            log: options.log.as_ref().map(open).transpose()?,
            log_secrets: options.log_secrets,
            bar: output::progress(None, "waiting for events"),
            output: global.output,
            skipped: Vec::new(),
        })
    }

    fn add(&mut self, name: Option<&str>, mut exchange: Exchange) {
        let event = name.map_or_else(|| format!("{} {}", exchange.event.method, exchange.event.path), str::to_owned);
        let told = self.tally.add(&event, &exchange);
        if self.output == Output::Text {
            self.bar.suspend(|| told.iter().for_each(|one| output::line(one.text())));
        }
        if !self.log_secrets {
            exchange.event.mask();
        }
        if let (Some(log), Ok(line)) = (&mut self.log, serde_json::to_string(&exchange)) {
            // A log on a full disk must not take the traffic down.
            if let Err(error) = writeln!(log, "{line}") {
                self.bar.suspend(|| eprintln!("the log cannot be written: {error}"));
                self.log = None;
            }
        }
        self.bar.set_message(self.live());
        self.bar.set_position(self.tally.events() as u64);
    }

    fn skip(&mut self, problem: &Problem) {
        self.skipped.push(problem.detail.clone());
        if self.output == Output::Text {
            self.bar.suspend(|| output::line(format!("not comparable: {}", problem.detail)));
        }
    }

    /// The table so far, for whoever watches.
    fn live(&self) -> String {
        let (head, rows) = self.tally.report().table();
        format!("\n{}\n", output::rows(&head, &rows).join("\n"))
    }

    fn close(self, global: &Global) -> Exit {
        self.bar.finish_and_clear();
        let report = self.tally.report();
        if global.output == Output::Json {
            let mut whole = serde_json::to_value(&report).unwrap_or_default();
            whole["skipped"] = json!(self.skipped);
            output::line(whole.to_string());
        } else {
            let (head, rows) = report.table();
            output::table(&head, &rows);
            if !self.skipped.is_empty() {
                output::line(format!("{} could not be compared", self.skipped.len()));
            }
            match report.clocks() {
                0 => {}
                clocks => output::line(format!(
                    "{clocks} differences are between two times less than a minute apart; `--slack 1m` takes them for the same"
                )),
            }
        }
        if report.total.different > 0 { Exit::Failed } else { Exit::Done }
    }
}
