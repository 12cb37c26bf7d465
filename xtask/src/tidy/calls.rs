//! Calls that only their owner may make.

use super::code::{code_only, is_test_file, shipped};
use super::{Finding, Rule, Tree};

pub const RULE: Rule = Rule {
    name: "calls",
    why: "time, chance, network, disk and tasks come in through one owner each, so that everything else can be tested",
    mend: "use what the finding names; a new owner gets a line with its reason in xtask/tidy.allow",
    check,
};

struct Ban {
    part: &'static str,
    /// Beginnings of paths or macros, whole words.
    needles: &'static [&'static str],
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        part: "wall-clock",
        needles: &["SystemTime::now", "Zoned::now", "Timestamp::now", "Utc::now", "Local::now"],
        instead: "take the time from the caller: `Ctx`, the port's clock, or an argument in milliseconds",
    },
    Ban {
        part: "clock",
        needles: &["Instant::now"],
        instead: "measure where I/O is made; decisions take times as arguments",
    },
    Ban {
        part: "randomness",
        needles: &["rand::", "SystemRandom", "getrandom", "fastrand::", "RandomState::new"],
        instead: "take a seed from the caller (`Ctx`), or ask `auth` for ids and keys",
    },
    Ban {
        part: "environment",
        needles: &["env::var", "env::var_os", "env::vars", "env::set_var", "env::remove_var"],
        instead: "read it in `fishplate`'s configuration and pass it on as an option",
    },
    Ban { part: "http-client", needles: &["reqwest::"], instead: "call `outbound`, the one way out" },
    Ban {
        part: "dial",
        needles: &["TcpStream::connect", "UnixStream::connect", "UdpSocket::bind", "UdpSocket::connect"],
        instead: "call `outbound::dial`, the one way out",
    },
    Ban {
        part: "sql",
        needles: &["rusqlite::", "tokio_postgres::", "deadpool_postgres::"],
        instead: "add a query to `store`",
    },
    Ban { part: "javascript", needles: &["rquickjs::"], instead: "send a job to `sandbox`" },
    Ban {
        part: "spawn",
        needles: &["tokio::spawn", "task::spawn", "thread::spawn", "thread::Builder"],
        instead: "run it as a `Service` or in a `JoinSet`, so that somebody waits for its end",
    },
    Ban {
        part: "process",
        needles: &["Command::new", "process::exit", "process::abort"],
        instead: "children are `sandbox`'s; end by returning an exit code",
    },
    Ban { part: "block", needles: &["thread::sleep", "block_on"], instead: "await a timer or a signal" },
    Ban {
        part: "print",
        needles: &["println!", "eprintln!", "print!", "eprint!"],
        instead: "log with `tracing`; people are spoken to by `fishplate`'s command line",
    },
];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.ending(".rs").filter(|(path, _)| !is_test_file(path)) {
        let code = code_only(source);
        for (at, line) in shipped(&code).lines().enumerate() {
            for ban in BANS {
                if let Some(needle) = ban.needles.iter().find(|needle| calls(line, needle)) {
                    let what = format!("`{}`: {}", needle.trim_end_matches(':'), ban.instead);
                    findings.push(Finding { part: Some(ban.part), ..Finding::at(path, at + 1, what) });
                }
            }
        }
    }
    findings
}

/// The line has the needle as whole words.
fn calls(line: &str, needle: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(needle).any(|(at, _)| {
        let starts = !line[..at].ends_with(is_word);
        let open = !needle.ends_with(is_word);
        starts && (open || !line[at + needle.len()..].starts_with(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::findings;
    use super::*;

    #[test]
    fn calls_are_found_in_shipped_code_only() {
        let source = "\
fn a() {
    let now = std::time::SystemTime::now(); // SystemTime::now
    say(\"tokio::spawn\");
    Operand::Nothing;
    aws_lc_rs::rand::fill(&mut bytes);
}
#[cfg(test)]
mod tests {
    fn b() { std::env::var(\"A\"); }
}
";
        let found = findings(&RULE, &[("crates/a/src/a.rs", source), ("testkit/src/a.rs", source)]);
        assert_eq!(
            found,
            [
                "crates/a/src/a.rs:2 `SystemTime::now`: take the time from the caller: `Ctx`, the port's clock, or \
                 an argument in milliseconds",
                "crates/a/src/a.rs:5 `rand`: take a seed from the caller (`Ctx`), or ask `auth` for ids and keys",
            ]
        );
    }

    #[test]
    fn every_ban_bites() {
        for needle in BANS.iter().flat_map(|ban| ban.needles) {
            let source = format!("fn a() {{ {needle}x }}\n{needle}(1);");
            assert!(!findings(&RULE, &[("crates/a/src/a.rs", &source)]).is_empty(), "{needle}");
        }
    }
}
