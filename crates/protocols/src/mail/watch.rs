//! Listens to a mailbox. A mail is marked as read, and the place behind it remembered, only once its run is there to
//! stay; ended at any line, the same mail is found again and is the same event.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream;
use model::{Binary, Item};
use part::listen::{Ear, Source};
use part::{ByteStream, NodeError};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::imap::{Kept, Mailbox};
use super::message::{self, Mail, Wanted};
use super::trigger::{After, First, Params, SERVICE, SLOT};
use super::{REACH, criteria};
use crate::listens;

/// Under which the place in the mailbox is kept.
const PLACE: &str = "place";

/// Hears of mail.
pub(super) struct Watch;

/// How far the mailbox was heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    /// The mailbox's numbering; another one begins anew.
    validity: u32,
    /// The last mail that was heard.
    last: u32,
}

impl Source for Watch {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(listens::until_stopped(ear, listen(ear)))
    }
}

async fn listen(ear: &Ear) -> Result<(), NodeError> {
    let params: Params = ear.settings()?;
    let query = criteria::parse(&params.criteria)?;
    loop {
        let mut login = ear.login(SLOT).await?;
        if params.accept_invalid_certificates {
            login = ear.outbound().without_checks(login)?;
        }
        let mut meta = ear.meta(SLOT);
        meta.deadline = REACH;
        let mailbox = Mailbox::open(ear.outbound(), &login, meta, &params.mailbox).await?;
        ear.alive();
        let mut hearing = Hearing::begin(ear, &params, &query, mailbox).await?;
        let stays = Duration::try_from_secs_f64(params.reconnect_minutes * 60.0).ok().filter(|stays| !stays.is_zero());
        let begun = Instant::now();
        while stays.is_none_or(|stays| begun.elapsed() < stays) {
            hearing.hear().await?;
            hearing.mailbox.wait().await?;
            ear.alive();
        }
        hearing.mailbox.close().await;
    }
}

/// A mailbox that is listened to.
struct Hearing<'a> {
    ear: &'a Ear,
    params: &'a Params,
    query: &'a str,
    mailbox: Mailbox,
    place: Place,
    /// Mails that were heard since the mailbox was opened, where the place does not tell.
    heard: HashSet<u32>,
}

impl<'a> Hearing<'a> {
    async fn begin(
        ear: &'a Ear,
        params: &'a Params,
        query: &'a str,
        mailbox: Mailbox,
    ) -> Result<Hearing<'a>, NodeError> {
        let validity = mailbox.validity;
        let kept = ear.recall(PLACE).await?;
        let kept: Option<Place> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        let place = match kept {
            Some(place) if place.validity == validity => place,
            // The numbers mean other mails now. To hear one twice is less bad than never to hear it.
            Some(_) => {
                tracing::warn!(workflow = %ear.info().workflow, mailbox = params.mailbox, "the mailbox was numbered anew");
                Place { validity, last: 0 }
            }
            None if params.first == First::All => Place { validity, last: 0 },
            None => Place { validity, last: mailbox.next.saturating_sub(1) },
        };
        let hearing = Hearing { ear, params, query, mailbox, place, heard: HashSet::new() };
        if kept != Some(place) {
            hearing.remember().await?;
        }
        Ok(hearing)
    }

    async fn remember(&self) -> Result<(), NodeError> {
        let place = serde_json::to_vec(&self.place).map_err(|error| NodeError::bug(error.to_string()))?;
        Ok(self.ear.remember(PLACE, place).await?)
    }

    /// Makes events of all mails that are new.
    async fn hear(&mut self) -> Result<(), NodeError> {
        let behind = self.place.last.saturating_add(1);
        let found = match self.params.only_new {
            true => self.mailbox.search(&format!("{} UID {behind}:*", self.query)).await?,
            false => self.mailbox.search(self.query).await?,
        };
        for uid in found {
            // `n:*` names the last mail even when that is before n.
            let known = if self.params.only_new { uid < behind } else { self.heard.contains(&uid) };
            if known {
                continue;
            }
            let kept = self.mailbox.fetch(uid, || self.ear.alive()).await?;
            self.admit(uid, &kept).await?;
            if self.params.after == After::Read {
                self.mailbox.mark_read(uid).await?;
            }
            if self.params.only_new {
                self.place.last = uid;
                self.remember().await?;
            } else {
                self.heard.insert(uid);
            }
            self.ear.alive();
        }
        Ok(())
    }

    async fn admit(&self, uid: u32, kept: &Kept) -> Result<(), NodeError> {
        let wanted = Wanted {
            format: self.params.format,
            attachments: self.params.attachments,
            attributes: self.params.attributes,
        };
        let source = kept.source.clone();
        // A reader that gives up on what a stranger wrote must not end the listening.
        let read = tokio::task::spawn_blocking(move || message::read(&source, uid, &wanted)).await;
        let mut mail = match read {
            Ok(mail) => mail,
            Err(_) => {
                message::reduced(&kept.source, uid, "the mail is broken in a way that its reader does not survive")
            }
        };
        if kept.cut {
            mail.json.insert("truncated".into(), true.into());
        }
        let key = || Some(format!("{}/{}/{uid}", self.params.mailbox, self.place.validity));
        let id = mail.message_id.clone().unwrap_or_default();
        let item = self.item(mail).await?;
        let problem = match self.ear.admit(vec![item], key()).await {
            Ok(run) => {
                tracing::debug!(%run, uid, message_id = id, "a mail has started a run");
                return Ok(());
            }
            Err(problem) => problem,
        };
        if problem.code != model::Code::TooLarge {
            return Err(problem.into());
        }
        // Whoever may write to the mailbox could otherwise stop it with one large mail.
        let mail = message::reduced(&kept.source, uid, &problem.detail);
        let item = self.item(mail).await?;
        self.ear.admit(vec![item], key()).await?;
        Ok(())
    }

    async fn item(&self, mail: Mail) -> Result<Item, NodeError> {
        let mut item = Item::new(mail.json);
        for (number, file) in mail.files.into_iter().enumerate() {
            let mut about = Binary {
                file_extension: formats::kind::extension(&file.mime_type),
                mime_type: file.mime_type,
                ..Binary::default()
            };
            if let Some((stem, extension)) = file.name.as_deref().and_then(|name| name.rsplit_once('.'))
                && !stem.is_empty()
                && !extension.is_empty()
            {
                about.file_extension = Some(extension.to_owned());
            }
            about.file_name = file.name;
            let content: ByteStream = Box::pin(stream::once(std::future::ready(Ok(file.content))));
            let written = self.ear.write_file(content, about).await?;
            item.set_file(format!("{}{number}", self.params.prefix), written);
        }
        Ok(item)
    }
}
