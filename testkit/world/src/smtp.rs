//! A server that takes mail, for tests: aiosmtpd from the system's packages, with encryption and logins. It puts what it
//! takes into a folder, one file a mail, or into somebody's Maildir.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::daemon::{self, Daemon, accepts, free_port, package};
use crate::dovecot::certificate;

/// The user that may log in.
pub const USER: &str = "ada";
/// The user's password.
pub const PASSWORD: &str = "Dwarf-7";

const SCRIPT: &str = r#"
import asyncio, json, os, pathlib, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

port, mode, folder, user, password = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4], sys.argv[5]
count = 0

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        if b"Subject: refuse me" in envelope.content:
            return "554 5.7.1 this looks like spam"
        name = f"{1600000000 + count}.M{count}P{os.getpid()}.test"
        about = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "user": session.auth_data and session.auth_data.login.decode(), "tls": mode == "tls" or session.ssl is not None}
        (folder / "about").mkdir(exist_ok=True)
        (folder / "tmp").mkdir(exist_ok=True)
        (folder / "new").mkdir(exist_ok=True)
        (folder / "about" / name).write_text(json.dumps(about))
        (folder / "tmp" / name).write_bytes(envelope.content)
        (folder / "tmp" / name).chmod(0o666)
        (folder / "tmp" / name).rename(folder / "new" / name)
        if b"Subject: hang up" in envelope.content:
            os._exit(1)
        return f"250 2.0.0 taken as {count}"

class Auth:
    def __call__(self, server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=good, handled=False, auth_data=data if good else None)

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("server.pem", "server.key")

def make():
    secured = mode == "starttls"
    return SMTP(Handler(), hostname="mail.test", authenticator=Auth(), auth_required=mode != "open", auth_require_tls=secured,
                tls_context=context if secured else None, require_starttls=secured, enable_SMTPUTF8=True)

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", port, ssl=context if mode == "tls" else None)
    await server.serve_forever()

asyncio.run(main())
"#;

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In the clear, by anybody.
    Open,
    /// In the clear, after a login.
    Plain,
    /// Over TLS, after a login.
    Tls,
    /// After STARTTLS and a login.
    StartTls,
}

/// A server under way.
#[derive(Debug)]
pub struct Server {
    /// Its port.
    pub port: u16,
    /// The certificate that it shows, as PEM.
    pub certificate: String,
    folder: PathBuf,
    _daemon: Daemon,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Sender, recipients, user and whether it came encrypted.
    pub about: serde_json::Value,
    /// The mail.
    pub mail: Vec<u8>,
}

/// Starts one that puts mail into a folder of its own.
pub fn start(mode: Mode) -> Result<Server> {
    start_into(mode, None)
}

/// Starts one that puts mail into that folder.
pub fn start_into(mode: Mode, into: Option<&Path>) -> Result<Server> {
    package("aiosmtpd", &["python3-aiosmtpd"])?;
    let own = daemon::folder("smtp")?;
    let certificate = certificate(own.path())?;
    let folder = into.map_or_else(|| own.path().join("mail"), Path::to_owned);
    fs::create_dir_all(&folder)?;
    fs::write(own.path().join("server.py"), SCRIPT)?;
    let port = free_port();
    let word = match mode {
        Mode::Open => "open",
        Mode::Plain => "plain",
        Mode::Tls => "tls",
        Mode::StartTls => "starttls",
    };
    // The system's own Python has the package; another one may come first in the path.
    let mut command = Command::new("/usr/bin/python3");
    command.arg("server.py").arg(port.to_string()).arg(word).arg(&folder).args([USER, PASSWORD]);
    let daemon = Daemon::start(command, own, || accepts(port))?;
    Ok(Server { port, certificate, folder, _daemon: daemon })
}

impl Server {
    /// What it took, in order.
    pub fn taken(&self) -> Result<Vec<Taken>> {
        let mut taken = BTreeMap::new();
        let about = self.folder.join("about");
        for file in fs::read_dir(&about).into_iter().flatten() {
            let name = file?.file_name();
            let mail = fs::read(self.folder.join("new").join(&name)).context("a mail that was taken")?;
            let number = name.to_string_lossy().split('.').next().unwrap_or_default().to_owned();
            taken.insert(number, Taken { about: serde_json::from_slice(&fs::read(about.join(&name))?)?, mail });
        }
        Ok(taken.into_values().collect())
    }
}
