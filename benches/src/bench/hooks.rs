//! Webhooks that are answered by a workflow: a small one, a chain of forty pure nodes, code over a thousand items.

use anyhow::{Result, ensure};

use super::{Case, Options, hook, measure, places};
use crate::load::Load;
use crate::report::Report;
use crate::server::Server;
use crate::workflows;

/// Connections of the cases.
const CONNECTIONS: [usize; 3] = [1, 16, 64];

pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    for (store, place) in places(report)? {
        let server = place.start()?;
        server.activate("small", &workflows::set_if("small"))?;
        server.activate("chain", &workflows::chain40("chain"))?;
        server.activate("code", &workflows::code1000("code"))?;
        let items = workflows::items1000();
        for connections in CONNECTIONS {
            let small = hook(&server, "small", workflows::ORDER, connections, options.time);
            let keyed = Load { keyed: true, ..small.clone() };
            let chain = hook(&server, "chain", workflows::ORDER, connections, options.time);
            let code = hook(&server, "code", &items, connections, options.time);
            let goal = |steps, goal_cpu_ms| Case { name: "", store, steps, goal_cpu_ms: Some(goal_cpu_ms) };
            for (name, load, case) in [
                ("webhook → set → if → respond", small, goal(None, 0.08)),
                ("the same, each with a dedupe key", keyed, goal(None, 0.08)),
                ("chain of 40 set nodes", chain, goal(Some(40), 0.005)),
                ("code over 1,000 items", code, goal(None, 1.5)),
            ] {
                saved(&server, || {
                    let row = measure(&Case { name, ..case }, &load, &server.processes())?;
                    ensure!(row.errors == 0, "{} answers of `{name}` were errors", row.errors);
                    report.row(row);
                    Ok(())
                })?;
            }
        }
        server.stop()?;
    }
    Ok(())
}

/// Does something and looks whether every run that it began is stored as completed.
fn saved(server: &Server, act: impl FnOnce() -> Result<()>) -> Result<()> {
    act()?;
    server.processes().settle();
    let counts = server.runs()?;
    ensure!(counts.of("completed") == counts.all(), "not every run is completed: {counts:?}");
    Ok(())
}
