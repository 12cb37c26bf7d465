//! What the operator lets workflows do to machines, beyond calling services: off unless it is switched on.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use model::Code;

use crate::{Category, NodeError};

/// Something that workflows may do only where the operator lets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    /// Commands on other machines, over SSH.
    Ssh,
    /// Commands on the server's own machine.
    Commands,
    /// The server's own `git`, in the folder for files.
    Git,
}

impl Power {
    /// All of them.
    pub const ALL: [Power; 3] = [Power::Ssh, Power::Commands, Power::Git];

    /// As `--allow` names it.
    pub fn name(self) -> &'static str {
        match self {
            Power::Ssh => "ssh",
            Power::Commands => "commands",
            Power::Git => "git",
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Power {
    type Err = String;

    fn from_str(text: &str) -> Result<Power, String> {
        Power::ALL.into_iter().find(|power| power.name() == text).ok_or_else(|| {
            format!("expected {}, found `{text}`", Power::ALL.map(|power| format!("`{power}`")).join(", "))
        })
    }
}

/// What is switched on. Nothing, unless somebody says so.
#[derive(Clone, Default)]
pub struct Powers {
    /// What workflows may do.
    pub allowed: BTreeSet<Power>,
    /// The environment of programs that they start: never the server's own, which holds its secrets.
    pub environment: Vec<(OsString, OsString)>,
}

impl Powers {
    /// These, and an environment in which programs are found.
    pub fn of(allowed: impl IntoIterator<Item = Power>) -> Powers {
        let path = ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        Powers { allowed: allowed.into_iter().collect(), environment: vec![path] }
    }

    /// Refuses what is not switched on, and says how it is.
    ///
    /// # Errors
    /// It is not.
    pub fn require(&self, power: Power) -> Result<(), NodeError> {
        if self.allowed.contains(&power) {
            return Ok(());
        }
        let what = match power {
            Power::Ssh => "run commands on other machines over SSH",
            Power::Commands => "run commands on the server's machine",
            Power::Git => "run the server's `git`",
        };
        let detail = format!("this server does not let workflows {what}");
        let hint = format!("start it with `--allow {power}`, or with `{power}` in `FISHPLATE_ALLOW`");
        Err(NodeError::new(Code::InvalidParameter, Category::Refused, detail).hint(hint).permanent())
    }
}

impl fmt::Debug for Powers {
    // Values of the environment are nobody's business.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Powers").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_unless_it_is_switched_on() {
        for power in Power::ALL {
            let refused = Powers::default().require(power).unwrap_err();
            assert!(refused.permanent && refused.problem.hint.unwrap().contains(&format!("--allow {power}")));
            assert!(Powers::of([power]).require(power).is_ok());
            assert_eq!(power.name().parse(), Ok(power));
        }
        assert!(Powers::of([Power::Git]).require(Power::Commands).is_err());
        assert_eq!("shell".parse::<Power>().unwrap_err(), "expected `ssh`, `commands`, `git`, found `shell`");
    }
}
