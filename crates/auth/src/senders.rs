//! Webhooks of senders whose secret a connection holds: whether they are theirs, and what they are.

use model::{Code, Name, Problem, ScopeId};

use crate::connection::Scheme;
use crate::signature::{Incoming, Keys, Place, Refusal, Signature, Verdict, presets};
use crate::vault::{Vault, unusable};

/// What is said to somebody whose webhook is none of the sender's.
fn unproven(connection: &Name, refusal: &Refusal) -> Problem {
    if let Refusal::BadSecret(_) = refusal {
        let detail = format!("connection `{connection}` cannot check anybody: {refusal}");
        return Problem::new(Code::ConnectionMissing, detail);
    }
    tracing::warn!(%connection, reason = refusal.reason(), "a webhook was refused: {refusal}");
    refusal.problem()
}

impl Vault {
    /// Whether a webhook comes from the sender whose secret a `webhook` connection holds, and what it is.
    pub async fn judge(&self, scope: ScopeId, connection: &Name, request: &Incoming<'_>) -> Result<Verdict, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let fault = |reason: &str| Problem::new(Code::ConnectionMissing, format!("connection `{connection}` {reason}"));
        let Scheme::Webhook { sender, signature, previous_ends_on } = &opened.connection.auth else {
            return Err(fault("holds no secret of a sender").hint("choose a connection of type `webhook`"));
        };
        let known = sender.as_deref().and_then(presets::named).map(|preset| &preset.signature);
        let Some(signature) = signature.as_deref().or(known) else {
            return Err(fault("says of no sender how it signs"));
        };
        let secret = opened.secrets.get("secret").map_err(|reason| fault(&reason))?;
        let ends = previous_ends_on.as_deref().and_then(crate::calendar::end_of_day);
        let is_over = ends.is_some_and(|ends| ends / 1000 <= request.now);
        let previous = opened.secrets.find("previousSecret").filter(|_| !is_over);
        let signing: Vec<&[u8]> = [Some(secret), previous].into_iter().flatten().collect();
        let verify_token = opened.secrets.find("verifyToken");
        let keys = Keys { signing: &signing, verify_token };
        signature.judge(keys, request).map_err(|refusal| unproven(connection, &refusal))
    }

    /// Where the sender whose secret a `webhook` connection holds says of an event which kind it is of, if it does.
    pub async fn event_type(&self, scope: ScopeId, connection: &Name) -> Result<Option<Place>, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let Scheme::Webhook { sender, signature, .. } = &opened.connection.auth else { return Ok(None) };
        let known = sender.as_deref().and_then(presets::named).map(|preset| &preset.signature);
        Ok(signature.as_deref().or(known).and_then(|signature| signature.event_type.clone()))
    }

    /// The same for a service whose account a connection is, and that signs with a secret of it. `verify_token` is what
    /// the service was told to show when it asks whether somebody is there.
    pub async fn judge_by(
        &self,
        scope: ScopeId,
        (connection, field): (&Name, &str),
        signature: &Signature,
        verify_token: &str,
        request: &Incoming<'_>,
    ) -> Result<Verdict, Problem> {
        let opened = self.opened(scope, connection).await.map_err(|error| unusable(connection, error))?;
        let secret = opened.secrets.get(field).map_err(|reason| {
            let detail = format!("connection `{connection}` {reason}, which its service signs webhooks with");
            Problem::new(Code::ConnectionMissing, detail)
        })?;
        let keys = Keys { signing: &[secret], verify_token: Some(verify_token.as_bytes()) };
        signature.judge(keys, request).map_err(|refusal| unproven(connection, &refusal))
    }
}
