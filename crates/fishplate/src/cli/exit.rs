//! Exit codes: the same for every command.

use model::{Code, Problem};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line is not right.
    Usage = 2,
    /// The input was refused.
    Refused = 3,
    /// There is no such thing.
    NotFound = 4,
    /// Somebody else changed it first, or something uses it.
    Conflict = 5,
    /// The token is missing, wrong or too weak.
    Denied = 6,
    /// The server cannot be reached.
    Unreachable = 7,
    /// The run ended with an error or was canceled.
    RunFailed = 8,
}

/// The table in `--help`; `docs/cli.md` has the same.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line is not right
  3  the input was refused
  4  there is no such thing
  5  somebody else changed it first, or something uses it
  6  the token is missing, wrong or too weak
  7  the server cannot be reached
  8  the run ended with an error or was canceled";

impl Exit {
    /// The code for a problem.
    pub fn of(problem: &Problem) -> Exit {
        match (problem.code, problem.code.status()) {
            (Code::DialFailed, _) => Exit::Unreachable,
            (_, 401 | 403) => Exit::Denied,
            (_, 404) => Exit::NotFound,
            (_, 409 | 412) => Exit::Conflict,
            (_, 400..=499) => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}
