//! Durable effects: steps whose intent and outcome are on disk, without HTTP as in a durable execution engine, and
//! with a call to a local server.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{CONNECTIONS, Case, Options, hook, hook_at, measure, places};
use crate::echo::Echo;
use crate::processes::Processes;
use crate::report::Report;
use crate::{server, steps, workflows};

pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    for (store, place) in places(report)? {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve-steps").arg(place.data());
        command.args(place.database_url());
        let (mut child, said) = server::start(command)?;
        let processes = Processes::below([child.id()].into_iter().chain(place.others().iter().copied()));
        let measured = (|| {
            let address = said["address"].as_str().and_then(|address| address.strip_prefix("http://")?.parse().ok());
            let address = address.with_context(|| format!("the server of steps said {said}"))?;
            for steps in steps::STEPS {
                let name = format!("durable steps × {steps}, no HTTP");
                for connections in CONNECTIONS {
                    let load = hook_at(address, &format!("s{steps}"), r#"{"n":1}"#, connections, options.time);
                    let case = Case { name: &name, store, steps: Some(steps), goal_cpu_ms: Some(0.06) };
                    let (row, _) = measure(&case, &load, &processes)?;
                    ensure!(row.errors == 0, "{} answers of `{name}` were errors", row.errors);
                    report.row(row);
                }
            }
            anyhow::Ok(())
        })();
        server::stop(&mut child)?;
        measured?;
    }

    let echo = Echo::start()?;
    let url = format!("http://{}/echo", echo.address);
    for (store, place) in places(report)? {
        let server = place.start()?;
        for steps in [1, 3] {
            let path = format!("call{steps}");
            server.activate(&path, &workflows::calls(&path, steps, &url))?;
            let name = format!("HTTP calls × {steps}");
            for connections in CONNECTIONS {
                let load = hook(&server, &path, workflows::ORDER, connections, options.time);
                let case = Case { name: &name, store, steps: Some(steps), goal_cpu_ms: None };
                let (row, _) = measure(&case, &load, &server.processes())?;
                ensure!(row.errors == 0, "{} answers of `{name}` were errors", row.errors);
                report.row(row);
            }
        }
        server.stop()?;
    }
    Ok(())
}
