//! Measures the real binary: `benches bench [--long] [--only PART,…] [--seconds N]`, with `PEERS=n8n,restate,node-red`
//! in the environment for neighbours beside it.
//!
//! What this program must never do: measure a build that is not `--release`, or settings that are not the default.
//!
//! Start reading at [`bench::run`], then [`load`] (the load generator) and [`processes`] (what things cost).

mod bench;
mod client;
mod echo;
mod load;
mod processes;
mod report;
mod server;
mod steps;
mod workflows;

use std::time::Duration;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("bench") => bench::run(&bench_options(arguments)?),
        Some("serve-steps") => {
            let data = arguments.next().context("`serve-steps` wants a folder")?;
            steps::serve(data.into(), arguments.next())
        }
        _ => bail!("expected `bench`"),
    }
}

fn bench_options(mut arguments: impl Iterator<Item = String>) -> Result<bench::Options> {
    let peers = std::env::var("PEERS").unwrap_or_default();
    let peers = peers.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let mut options = bench::Options { long: false, only: Vec::new(), time: Duration::from_secs(5), peers };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--long" => options.long = true,
            "--only" => {
                let names = arguments.next().context("`--only` wants names of parts")?;
                options.only = names.split(',').map(str::to_owned).collect();
            }
            "--seconds" => {
                let seconds = arguments.next().and_then(|text| text.parse().ok());
                options.time = Duration::from_secs_f64(seconds.context("`--seconds` wants a number")?);
            }
            other => bail!("`{other}` is not known; expected `--long`, `--only` or `--seconds`"),
        }
    }
    Ok(options)
}
