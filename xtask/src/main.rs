//! Chores of the repository: `cargo xtask <command>`. One line of [`COMMANDS`] and one file for each.

mod bridge_n8n;
mod diff_n8n;
mod error_pages;
mod move_n8n;
mod node_pages;
mod openapi;
mod tidy;
mod with_postgres;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(Vec<OsString>) -> Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "bridge-n8n",
        about: "starts a real n8n and a server of ours, and tries the bridge between them in both directions",
        run: bridge_n8n::run,
    },
    Command {
        name: "diff-n8n",
        about: "[file…]  asks a real n8n what it makes of the cases of testkit/differential, and compares ours with it",
        run: diff_n8n::run,
    },
    Command { name: "error-pages", about: "makes a page for every problem code that has none", run: error_pages::run },
    Command {
        name: "supported",
        about: "shows how many public workflows come over with every node understood, and what the others lack",
        run: |_| diff_n8n::show("supported"),
    },
    Command {
        name: "honoured",
        about: "shows how many nodes of public workflows import with every parameter honoured, and what the others ask for",
        run: |_| diff_n8n::show("honoured"),
    },
    Command {
        name: "move-n8n",
        about: "starts a real n8n, writes down what its API answers, and runs the tests of moving and shadowing against it",
        run: move_n8n::run,
    },
    Command {
        name: "node-pages",
        about: "makes the page of every node type and connector, in docs/nodes and docs/connectors",
        run: node_pages::run,
    },
    Command {
        name: "openapi",
        about: "brings the web app's copy of the API's document, and the types made of it, up to date",
        run: openapi::run,
    },
    Command { name: "tidy", about: "[rule…]  checks the rules of the repository", run: tidy::run },
    Command {
        name: "with-postgres",
        about: "-- <command…>  runs a command with FISHPLATE_TEST_POSTGRES set to a server that ends with it",
        run: with_postgres::run,
    },
];

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let name = arguments.next().unwrap_or_default();
    match COMMANDS.iter().find(|command| name == command.name) {
        Some(command) => (command.run)(arguments.collect()),
        None => {
            eprintln!("usage: cargo xtask <command>");
            COMMANDS.iter().for_each(|command| eprintln!("  {:<16} {}", command.name, command.about));
            Ok(ExitCode::from(2))
        }
    }
}
