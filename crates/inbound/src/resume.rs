//! Addresses that resume a waiting run: signed, so that nobody can guess one.
//!
//! `/resume/<run>/<step>/<signature>` in the default scope, `/resume/<workspace>/<environment>/<run>/…` elsewhere.

use aws_lc_rs::hmac;
use model::{Code, Problem, RunId, Scope};

/// Makes and checks resume addresses.
pub struct Signer {
    key: hmac::Key,
    base: Option<String>,
}

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Where the run is.
    pub scope: Scope,
    /// The run.
    pub run: RunId,
    /// The step that waits.
    pub step: u32,
}

/// Where a visitor of a form is led who has sent a page: to whatever the run shows next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Where the run is.
    pub scope: Scope,
    /// The run.
    pub run: RunId,
    /// The step whose page was sent; absent: the run's first page.
    pub from: Option<u32>,
}

impl Signer {
    /// A signer with that secret; at least 32 random bytes. `base` is the server's public address without a path,
    /// such as `https://hooks.example.com`, if it has one.
    pub fn new(secret: &[u8], base: Option<&str>) -> Signer {
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        Signer { key: hmac::Key::new(hmac::HMAC_SHA256, secret), base }
    }

    /// The address at which people look at a run; absent when the server has no public one.
    pub fn run_url(&self, run: RunId) -> Option<String> {
        Some(format!("{}/runs/{run}", self.base.as_ref()?))
    }

    /// The address of a wait; absent when the server has no public one.
    pub fn url(&self, wait: &Wait) -> Option<String> {
        Some(format!("{}{}", self.base.as_ref()?, self.path(wait)))
    }

    /// The path of a wait.
    pub fn path(&self, wait: &Wait) -> String {
        let signature = hex(&self.sign(&message(wait)));
        let Wait { scope, run, step } = wait;
        match *scope == Scope::default() {
            true => format!("/resume/{run}/{step}/{signature}"),
            false => format!("/resume/{}/{}/{run}/{step}/{signature}", scope.workspace, scope.environment),
        }
    }

    /// Reads what follows `/resume/` and checks the signature. A wrong address does not tell what is wrong with it.
    pub fn read(&self, rest: &str) -> Result<Wait, Problem> {
        let refuse = || Problem::new(Code::NoSuchEndpoint, "this is no address that resumes a run");
        // n8n lets a suffix follow that tells several waits apart; the step does that here.
        let parts: Vec<&str> = rest.split('/').collect();
        let (scope, parts) = match parts.as_slice() {
            [run, ..] if run.starts_with("run_") => (Scope::default(), parts.as_slice()),
            [workspace, environment, rest @ ..] => {
                let workspace = workspace.parse().map_err(|_| refuse())?;
                (Scope { workspace, environment: environment.parse().map_err(|_| refuse())? }, rest)
            }
            _ => return Err(refuse()),
        };
        let [run, step, signature, ..] = parts else { return Err(refuse()) };
        let run = run.parse().map_err(|_| refuse())?;
        let wait = Wait { scope, run, step: step.parse().map_err(|_| refuse())? };
        let signature = unhex(signature).ok_or_else(refuse)?;
        hmac::verify(&self.key, message(&wait).as_bytes(), &signature).map_err(|_| refuse())?;
        Ok(wait)
    }

    /// The path of a visit.
    pub fn visit(&self, visit: &Visit) -> String {
        let Visit { scope, run, .. } = visit;
        let signature = hex(&self.sign(&visit.message()));
        format!("/form-run/{}/{}/{run}/{}/{signature}", scope.workspace, scope.environment, visit.place())
    }

    /// Reads what follows `/form-run/` and checks the signature.
    pub fn read_visit(&self, rest: &str) -> Result<Visit, Problem> {
        let refuse = || Problem::new(Code::NoSuchEndpoint, "this is no address of a form that was sent");
        let parts: Vec<&str> = rest.split('/').collect();
        let [workspace, environment, run, from, signature] = parts[..] else { return Err(refuse()) };
        let workspace = workspace.parse().map_err(|_| refuse())?;
        let scope = Scope { workspace, environment: environment.parse().map_err(|_| refuse())? };
        let from = match from {
            "start" => None,
            step => Some(step.parse().map_err(|_| refuse())?),
        };
        let visit = Visit { scope, run: run.parse().map_err(|_| refuse())?, from };
        let signature = unhex(signature).ok_or_else(refuse)?;
        hmac::verify(&self.key, visit.message().as_bytes(), &signature).map_err(|_| refuse())?;
        Ok(visit)
    }

    fn sign(&self, message: &str) -> Vec<u8> {
        hmac::sign(&self.key, message.as_bytes()).as_ref().to_vec()
    }
}

impl Visit {
    fn place(&self) -> String {
        self.from.map_or_else(|| "start".to_owned(), |step| step.to_string())
    }

    fn message(&self) -> String {
        format!("visit\n{}\n{}\n{}", self.scope, self.run, self.place())
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn message(wait: &Wait) -> String {
    format!("resume\n{}\n{}\n{}", wait.scope, wait.run, wait.step)
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(workspace: &str) -> Wait {
        let scope = Scope { workspace: workspace.parse().unwrap(), environment: "prod".parse().unwrap() };
        Wait { scope, run: RunId::from_parts(5, 6), step: 7 }
    }

    #[test]
    fn addresses_come_back_and_forged_ones_do_not() {
        let signer = Signer::new(&[1; 32], Some("https://a.example/"));
        for workspace in ["main", "client"] {
            let wait = wait(workspace);
            let url = signer.url(&wait).unwrap();
            let rest = url.strip_prefix("https://a.example/resume/").unwrap();
            assert_eq!(signer.read(rest).unwrap(), wait);
            assert_eq!(signer.read(&format!("{rest}/suffix")).unwrap(), wait);
            assert!(Signer::new(&[2; 32], None).read(rest).is_err());
            assert!(signer.read(&rest.replace("/7/", "/8/")).is_err(), "another step");
            assert!(signer.read(&rest[..rest.len() - 1]).is_err());
        }
        let signer = Signer::new(&[1; 32], None);
        for from in [None, Some(7)] {
            let visit = Visit { scope: Scope::default(), run: RunId::from_parts(5, 6), from };
            let path = signer.visit(&visit);
            let rest = path.strip_prefix("/form-run/").unwrap();
            assert_eq!(signer.read_visit(rest).unwrap(), visit);
            assert!(signer.read_visit(&rest.replace("/start/", "/7/").replace("/7/", "/8/")).is_err());
            assert!(signer.read(rest).is_err(), "it resumes nothing");
        }
        for wrong in ["", "x", "a/b/c", "run_1/2/zz", "é/é/é/é/é"] {
            assert_eq!(signer.read(wrong).unwrap_err().code, Code::NoSuchEndpoint, "{wrong}");
        }
    }
}
