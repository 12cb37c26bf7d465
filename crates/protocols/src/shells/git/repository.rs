//! A repository below the folder for files, and git in it, without anything in it telling git to run a program.
//!
//! Whoever may write files into the folder could write a repository's settings. So those are read first, and git is not
//! started with one that is not known to be harmless; hooks, file monitors, helpers, signatures and attributes of the
//! system are switched off on top, by settings that outrank the repository's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Code;
use part::folder::Folder;
use part::powers::{Power, Powers};
use part::{CallFailure, Category, NodeError};
use tokio_util::sync::CancellationToken;

use super::remote::Way;
use crate::shells::process::{self, Ended};

/// Longest time of one command.
const LONGEST: Duration = Duration::from_secs(1800);

/// Settings that outrank those of a repository.
const SETTINGS: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("core.sshCommand", "false"),
    ("core.gitProxy", "false"),
    ("core.askPass", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.protectNTFS", "true"),
    ("core.protectHFS", "true"),
    // A link that a stranger has committed becomes a file that says where it would lead.
    ("core.symlinks", "false"),
    ("credential.helper", ""),
    ("protocol.allow", "never"),
    ("protocol.ext.allow", "never"),
    ("protocol.file.allow", "never"),
    ("http.followRedirects", "false"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("push.gpgSign", "false"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
];

/// Git, below a folder.
pub(super) struct Git<'a> {
    pub(super) powers: &'a Powers,
    pub(super) folder: &'a Folder,
    pub(super) cancel: &'a CancellationToken,
}

/// A repository that may be worked in.
pub(super) struct Repository {
    /// Where the command starts.
    place: PathBuf,
    data: PathBuf,
    work: Option<PathBuf>,
}

impl Git<'_> {
    /// Finds the repository that a folder is in; it and its data lie below the folder for files.
    pub(super) async fn repository(&self, name: &str) -> Result<Repository, CallFailure> {
        let place = self.folder.place(name)?;
        let missing = || {
            let detail = format!("`{name}` is in no git repository below the folder for files");
            CallFailure::from(NodeError::bad_data(detail).hint("clone one first, or name its folder"))
        };
        // Links in the name were followed and lead nowhere else; from here on they are gone.
        let place = place.canonicalize().map_err(|_| missing())?;
        if !place.is_dir() || !place.starts_with(self.folder.root()) {
            return Err(missing());
        }
        for folder in place.ancestors().take_while(|folder| folder.starts_with(self.folder.root())) {
            let data = folder.join(".git");
            let found = match data.symlink_metadata() {
                Ok(about) if about.is_dir() => Repository { place: place.clone(), data, work: Some(folder.to_owned()) },
                // A file or link in its place leads to data elsewhere.
                Ok(_) => return Err(refused(&folder.join(".git"), "is no folder").into()),
                Err(_) if is_bare(folder) => Repository { place: place.clone(), data: folder.to_owned(), work: None },
                Err(_) => continue,
            };
            self.check(&found).await?;
            return Ok(found);
        }
        Err(missing())
    }

    /// Refuses a repository that would have git look elsewhere or run something.
    async fn check(&self, repository: &Repository) -> Result<(), CallFailure> {
        for name in ["commondir", "config.worktree", "objects/info/alternates", "objects/info/http-alternates"] {
            if repository.data.join(name).symlink_metadata().is_ok() {
                return Err(refused(&repository.data, &format!("leads elsewhere by its `{name}`")).into());
            }
        }
        for name in ["config", "HEAD", "objects", "refs", "index", "info", "logs", "packed-refs"] {
            if repository.data.join(name).symlink_metadata().is_ok_and(|about| about.is_symlink()) {
                return Err(refused(&repository.data, &format!("has a link as its `{name}`")).into());
            }
        }
        let listed = ["config", "--local", "--no-includes", "--list", "--name-only", "-z"];
        let ended = self.run(Some(repository), &listed, None).await?;
        for name in ended.stdout().split('\0').filter(|name| !name.is_empty()) {
            if !is_harmless(name) {
                let why =
                    format!("holds the setting `{}`, which may run a program or lead elsewhere", name.escape_default());
                return Err(refused(&repository.data, &why).into());
            }
        }
        Ok(())
    }

    /// Runs git. A failure is what it says; where it says nothing it has not failed, as when there is nothing to do.
    pub(super) async fn run<T: AsRef<str>>(
        &self,
        repository: Option<&Repository>,
        arguments: &[T],
        way: Option<&Way>,
    ) -> Result<Ended, CallFailure> {
        self.powers.require(Power::Git)?;
        let mut command = process::program("git", self.powers);
        let mut settings: Vec<(String, String)> =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let nowhere = tempfile::tempdir().map_err(|_| {
            NodeError::new(Code::DiskFull, Category::Unavailable, "no folder can be made for git to be at home in")
        })?;
        command.env("HOME", nowhere.path()).env("XDG_CONFIG_HOME", nowhere.path());
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "false"),
            ("SSH_ASKPASS", "false"),
            ("GIT_SSH_COMMAND", "false"),
            ("GIT_PROXY_COMMAND", "false"),
            ("GIT_PAGER", "cat"),
            ("GIT_EDITOR", "false"),
            ("GIT_SEQUENCE_EDITOR", "false"),
            ("GIT_MERGE_AUTOEDIT", "no"),
            ("GIT_ALLOW_PROTOCOL", ""),
            ("GIT_OPTIONAL_LOCKS", "0"),
        ] {
            command.env(name, value);
        }
        match repository {
            Some(repository) => {
                command.current_dir(&repository.place).env("GIT_DIR", &repository.data);
                if let Some(work) = &repository.work {
                    command.env("GIT_WORK_TREE", work);
                }
                settings.push(("safe.directory".into(), "*".into()));
            }
            None => {
                command.current_dir(nowhere.path());
            }
        }
        if let Some(way) = way {
            settings.extend(way.settings());
            command.envs(way.environment());
        }
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (at, (name, value)) in settings.into_iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), name).env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        command.args(arguments.iter().map(AsRef::as_ref));
        let ended = process::run(command, LONGEST, self.cancel).await?;
        if let Some(failure) = way.and_then(Way::take_error) {
            return Err(failure);
        }
        let said = ended.stderr();
        if ended.status.success() || said.trim().is_empty() {
            return Ok(ended);
        }
        let category = match said.contains("Authentication failed") || said.contains("could not read Username") {
            true => Category::Auth,
            false => Category::BadData,
        };
        Err(NodeError::new(Code::StepFailed, category, said.trim()).into())
    }
}

impl Repository {
    /// The name of its file of settings, as git shows it.
    pub(super) fn settings_file(&self) -> String {
        let file = self.data.join("config");
        let below = self.work.as_ref().and_then(|work| file.strip_prefix(work).ok());
        below.unwrap_or(Path::new("config")).display().to_string()
    }
}

fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

fn refused(place: &Path, why: &str) -> NodeError {
    let detail = format!("the repository at `{}` {why}", place.display());
    NodeError::new(Code::InvalidParameter, Category::Refused, detail)
        .hint("make the repository by cloning it with this node, and set nothing but names and remotes")
        .permanent()
}

/// Whether a setting only says how things are written, who writes, or which branch belongs to which remote.
pub(super) fn is_harmless(name: &str) -> bool {
    const WHOLE: &[&str] = &[
        "author.email",
        "author.name",
        "branch.autosetupmerge",
        "branch.autosetuprebase",
        "committer.email",
        "committer.name",
        "core.abbrev",
        "core.autocrlf",
        "core.bare",
        "core.bigfilethreshold",
        "core.compression",
        "core.eol",
        "core.filemode",
        "core.ignorecase",
        "core.logallrefupdates",
        "core.precomposeunicode",
        "core.quotepath",
        "core.repositoryformatversion",
        "core.safecrlf",
        "core.sharedrepository",
        "core.symlinks",
        "extensions.objectformat",
        "fetch.prune",
        "fetch.prunetags",
        "i18n.commitencoding",
        "i18n.logoutputencoding",
        "init.defaultbranch",
        "merge.ff",
        "merge.conflictstyle",
        "pull.ff",
        "pull.rebase",
        "push.autosetupremote",
        "push.default",
        "push.followtags",
        "user.email",
        "user.name",
    ];
    const REMOTE: &[&str] =
        &["fetch", "mirror", "prune", "prunetags", "push", "pushurl", "skipdefaultupdate", "tagopt", "url"];
    const BRANCH: &[&str] = &["description", "merge", "pushremote", "rebase", "remote"];
    let name = name.trim();
    let Some((section, rest)) = name.split_once('.') else { return false };
    let section = section.to_ascii_lowercase();
    match (section.as_str(), rest.rsplit_once('.')) {
        ("remote", Some((_, last))) => REMOTE.contains(&last.to_ascii_lowercase().as_str()),
        ("branch", Some((_, last))) => BRANCH.contains(&last.to_ascii_lowercase().as_str()),
        (_, None) => WHOLE.contains(&name.to_ascii_lowercase().as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_run_something_are_not_harmless() {
        for name in ["user.name", "User.Email", "remote.origin.url", "branch.a.b.merge", "core.bare", "pull.rebase"] {
            assert!(is_harmless(name), "{name}");
        }
        for name in [
            "core.hooksPath",
            "core.fsmonitor",
            "core.sshCommand",
            "core.gitProxy",
            "core.pager",
            "core.editor",
            "core.worktree",
            "core.attributesFile",
            "core.askPass",
            "core.alternateRefsCommand",
            "alias.log",
            "credential.helper",
            "credential.https://x.helper",
            "diff.external",
            "diff.x.textconv",
            "diff.x.command",
            "filter.x.clean",
            "filter.x.smudge",
            "filter.x.process",
            "merge.x.driver",
            "remote.origin.uploadpack",
            "remote.origin.receivepack",
            "remote.origin.vcs",
            "remote.origin.proxy",
            "url.x.insteadOf",
            "include.path",
            "includeIf.gitdir:x.path",
            "http.proxy",
            "http.https://x.proxy",
            "gpg.program",
            "gpg.ssh.defaultKeyCommand",
            "protocol.allow",
            "uploadpack.packObjectsHook",
            "submodule.x.update",
            "trailer.x.command",
            "pager.log",
            "sequence.editor",
            "extensions.worktreeConfig",
            "extensions.partialClone",
            "hook.x.command",
            "url",
            "branch.x.mergeOptions",
            "man.x.cmd",
            "gc.recentObjectsHook",
            "core",
            "",
        ] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}
