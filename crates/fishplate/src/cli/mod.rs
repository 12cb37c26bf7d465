//! The command line: what may be asked, and who answers it.

mod accounts;
mod check;
mod client;
mod connect;
mod connector;
mod doctor;
mod exit;
mod files;
mod import_n8n;
mod listen;
mod lone;
mod output;
mod people;
mod resources;
mod run;
mod runs;
mod scopes;
mod shadow;
mod up;
mod webhooks;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

/// Fishplate joins systems: events arrive, workflows run durably, and whoever looks can see what happened and mend it.
#[derive(Parser, Debug)]
#[command(name = "fishplate", version, about, after_help = exit::HELP, max_term_width = 100)]
struct Command {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every command understands.
#[derive(Args, Debug, Clone)]
pub struct Global {
    /// Folder that holds everything: database, blobs, key and token
    #[arg(long, global = true, env = "FISHPLATE_DATA", value_name = "FOLDER", default_value = "fishplate-data")]
    data: PathBuf,
    /// Folder of connectors of one's own; without it, `connectors` in the data folder
    #[arg(long, global = true, env = "FISHPLATE_CONNECTORS", value_name = "FOLDER")]
    connectors: Option<PathBuf>,
    /// Address of the server that commands talk to
    #[arg(long, global = true, env = "FISHPLATE_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8321")]
    server: String,
    /// Token to show the server; without it, the file `token` in the data folder is read
    #[arg(long, global = true, env = "FISHPLATE_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Workspace
    #[arg(long, global = true, env = "FISHPLATE_WORKSPACE", default_value = "main")]
    workspace: String,
    /// Environment
    #[arg(long, global = true, env = "FISHPLATE_ENVIRONMENT", default_value = "prod")]
    environment: String,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Start the server
    Up(up::Options),
    /// Read workflows: a running n8n, its exports, or Fishplate's own YAML and JSON
    Import(files::Import),
    /// Write resources out
    Export(files::Export),
    /// Write resources from files, all or none
    Apply(files::Apply),
    /// Show a resource, or all of a kind
    Get(resources::Get),
    /// Compare files or revisions with what is stored
    Diff(resources::Diff),
    /// Bring an earlier revision back, as a new one
    Rollback(resources::Rollback),
    /// Make a revision of a workflow live
    Activate(resources::Activate),
    /// Take a workflow out of service
    Deactivate(resources::Deactivate),
    /// Set a secret of a connection; the value is read from standard input
    Secret(resources::Secret),
    /// Connect an account on an outside service
    Connect(connect::Connect),
    /// Run a workflow file without a server
    Run(run::Run),
    /// Let the webhooks of a draft hear a test event, or send live ones on to a laptop
    Listen(listen::Listen),
    /// Send the same events to n8n and here, and show what differs
    Shadow(shadow::Shadow),
    /// Look at runs and steer them
    Runs {
        #[command(subcommand)]
        verb: runs::Runs,
    },
    /// Look at workspaces and environments, and make them
    Scopes {
        #[command(subcommand)]
        verb: scopes::Scopes,
    },
    /// Look at people, let them in, and change what they may do
    User {
        #[command(subcommand)]
        verb: people::People,
    },
    /// Make a one-time link by which whoever opens it becomes an owner
    OwnerLink,
    /// Work on runs that failed and wait for somebody
    Dead {
        #[command(subcommand)]
        verb: runs::Dead,
    },
    /// Post events to subscribers, and see what became of them
    Webhooks {
        #[command(subcommand)]
        verb: webhooks::Webhooks,
    },
    /// Take a backup of a running server
    Backup(files::Backup),
    /// Put a backup into an empty data folder
    Restore(files::Restore),
    /// Judge files without a server
    Check(check::Check),
    /// Look at connectors, and write new ones
    Connector {
        #[command(subcommand)]
        verb: connector::Connectors,
    },
    /// Look whether everything that Fishplate needs is there
    Doctor(doctor::Doctor),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Connectors of the operator's own.
fn take_in_connectors(global: &Global) {
    let folder = global.connectors.clone().unwrap_or_else(|| global.data.join("connectors"));
    if global.connectors.is_none() && !folder.is_dir() {
        return;
    }
    for fault in connectors::catalog::take_in(&folder) {
        eprintln!("a connector is left out: {fault}");
    }
}

/// Reads the command line, does what it says, and gives the exit code.
pub fn main() -> Exit {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            // Printing fails only when the terminal is gone, and then nobody reads a complaint about it.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let global = command.global;
    if let Verb::Completions { shell } = command.verb {
        clap_complete::generate(shell, &mut Command::command(), "fishplate", &mut std::io::stdout());
        return Exit::Done;
    }
    take_in_connectors(&global);
    let runtime = match up::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            return Exit::Failed;
        }
    };
    let output = global.output;
    let answer = runtime.block_on(async move {
        match command.verb {
            Verb::Up(options) => up::run(&global, options).await,
            Verb::Import(options) => files::import(&global, options).await,
            Verb::Export(options) => files::export(&global, options).await,
            Verb::Apply(options) => files::apply(&global, options).await,
            Verb::Get(options) => resources::get(&global, options).await,
            Verb::Diff(options) => resources::diff(&global, options).await,
            Verb::Rollback(options) => resources::rollback(&global, options).await,
            Verb::Activate(options) => resources::activate(&global, options).await,
            Verb::Deactivate(options) => resources::deactivate(&global, options).await,
            Verb::Secret(options) => resources::secret(&global, options).await,
            Verb::Connect(options) => connect::connect(&global, options).await,
            Verb::Run(options) => run::run(&global, options).await,
            Verb::Listen(options) => listen::listen(&global, options).await,
            Verb::Shadow(options) => shadow::shadow(&global, options).await,
            Verb::Runs { verb } => runs::runs(&global, verb).await,
            Verb::Scopes { verb } => scopes::scopes(&global, verb).await,
            Verb::User { verb } => people::people(&global, verb).await,
            Verb::OwnerLink => people::owner_link(&global).await,
            Verb::Dead { verb } => runs::dead(&global, verb).await,
            Verb::Webhooks { verb } => webhooks::webhooks(&global, verb).await,
            Verb::Backup(options) => files::backup(&global, options).await,
            Verb::Restore(options) => files::restore(&global, options).await,
            Verb::Check(options) => check::check(&global, options).await,
            Verb::Connector { verb } => connector::connector(&global, verb).await,
            Verb::Doctor(options) => doctor::doctor(&global, options).await,
            Verb::Completions { .. } => Ok(Exit::Done),
        }
    });
    // Blocking work of a library that never ends must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    answer.unwrap_or_else(|problem| output::problem(output, &problem))
}
