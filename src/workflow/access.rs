//! Accounts, sessions and tokens: every change of who may do what, with its record in the same
//! transaction, so that neither can exist without the other (C9.1, C10.1).

use super::record::came_or_went;
use crate::authority::clock::Latest;
use crate::authority::stored::{password_mark, secret_mark, session_mark};
use crate::authority::{
    Authority, Carrier, Credential, Denied, HashedPassword, NewPassword, Operator, PasswordCost,
    Proven, ReauthLifetime, Viewer, sessions, setup_link, tokens,
};
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::model::actor::{Actor, ActorRole, CredentialKind};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::answer::SessionAnswer;
use crate::model::record::{EndedBecause, Entry};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::ActorName;
use crate::observe::unreadable;
use crate::store::{Store, StoreError, WriteError};
use std::sync::Arc;

/// The name that a record carries for somebody with write access to the data directory.
const CONSOLE: &str = "console";
/// What everybody calls what is signed in to.
const PRODUCT: &str = "aerodb-control";
/// What stands in the record of a failed sign-in for a name that nobody has.
const NO_ACCOUNT: &str = "(a name without an account)";

/// Changes accounts and sessions, and answers who is asking.
#[derive(Clone)]
pub struct Access {
    pub(super) store: Store,
    pub(super) ledger: Ledger,
    pub(super) authority: Authority,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pub(super) latest: Latest,
    pub(super) carrier: Carrier,
}

/// A change that was given up, with its reason.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Refused(Box<Refusal>),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}

impl WriteError for Failed {
    fn storage(&self) -> Option<&StoreError> {
        match self {
            Self::Denied(error) => error.storage(),
            Self::Ledger(error) => error.storage(),
            Self::Refused(_) => None,
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Denied(denied) => denied.refusal(),
            Failed::Ledger(error) => unreadable(error),
            Failed::Refused(refusal) => *refusal,
        }
    }
}

impl Access {
    /// The accounts of this store.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        cost: PasswordCost,
    ) -> Self {
        let store = ledger.store().clone();
        let authority = Authority::new(store.reader(), cost);
        let latest = Latest::default();
        // A clock that was put back while nothing ran is noticed by the last record.
        let reader = ledger.reader();
        let last = reader.head().ok().and_then(|head| head.size.checked_sub(1));
        if let Some(Ok(Some(last))) = last.map(|seq| reader.record(seq)) {
            let _ = latest.went_back(last.record.at);
        }
        let carrier = Carrier::default();
        Self { store, ledger, authority, clock, entropy, latest, carrier }
    }

    /// The same, where a proof of identity lasts this long.
    #[must_use]
    pub fn proving(self, lasts: ReauthLifetime) -> Self {
        Self { authority: self.authority.proving(lasts), ..self }
    }

    /// The same, for browsers: the sessions that it begins are carried in cookies, and in nothing else.
    #[must_use]
    pub fn for_browsers(&self) -> Self {
        Self { carrier: Carrier::Cookie, ..self.clone() }
    }

    /// What answers who holds a credential, and can do nothing else.
    #[must_use]
    pub fn authority(&self) -> Authority {
        self.authority.clone()
    }

    /// The operator behind a credential.
    ///
    /// # Errors
    /// When there is none, it has ended, is a program's, or the role is another one.
    pub fn operator(&self, credential: Option<&Credential>) -> Result<Operator, Denied> {
        let credential = credential.ok_or_else(Denied::without_credential)?;
        self.authority.operator(credential, self.clock.now())
    }

    /// Whoever is behind a credential.
    ///
    /// # Errors
    /// When there is none, or it has ended.
    pub fn viewer(&self, credential: Option<&Credential>) -> Result<Viewer, Denied> {
        let credential = credential.ok_or_else(Denied::without_credential)?;
        self.authority.viewer(credential, self.clock.now())
    }

    /// Notes that a session is in use. Best effort: it is no record, and a session that cannot be
    /// noted ends earlier, never later.
    pub async fn note_seen(&self, credential: &Credential) {
        let _ = self.authority.note_seen(&self.store, credential, self.clock.now()).await;
    }

    /// Issues the one-time link, where no operator exists; an earlier link ends.
    ///
    /// # Errors
    /// `audit_unavailable`.
    pub async fn issue_setup_link(&self) -> Result<Option<String>, Refusal> {
        let (ledger, entropy, now) = self.parts();
        let issued = self.store.write(move |tx| -> Result<Option<String>, Failed> {
            let Some(secret) = setup_link::issue(tx, &*entropy, now)? else { return Ok(None) };
            ledger.append_in(tx, vec![Draft::new(None, None, Entry::SetupLinkIssued {})])?;
            Ok(Some(secret.reveal().to_owned()))
        });
        Ok(issued.await?)
    }

    /// Makes the first operator through the one-time link, and signs in. Whatever it is refused for
    /// is recorded (C9.4).
    ///
    /// # Errors
    /// `setup_link_spent`; `input_invalid`; `audit_unavailable`.
    pub async fn redeem_setup_link(
        &self,
        link: &str,
        name: &str,
        password: &str,
    ) -> Result<SessionAnswer, Refusal> {
        match self.first_operator(link, name, password).await {
            Err(refusal) if refusal.code != RefusalCode::AuditUnavailable => {
                let attempt = "set up".to_owned();
                let entry =
                    Entry::Denied { attempt, refusal: refusal.without_input(), times: None };
                let recorded = self.ledger.append(vec![Draft::new(None, None, entry)]).await;
                Err(recorded.map_or_else(unreadable, |_| refusal))
            }
            other => other,
        }
    }

    async fn first_operator(
        &self,
        link: &str,
        name: &str,
        password: &str,
    ) -> Result<SessionAnswer, Refusal> {
        self.authority.check_setup_link(link).map_err(|denied| denied.refusal())?;
        let name = ActorName::parse(name)?;
        let password = self.hash(password, &name).await?;
        let (ledger, entropy, now) = self.parts();
        let (link, carrier) = (link.to_owned(), self.carrier);
        let redeemed = self.store.write(move |tx| -> Result<SessionAnswer, Failed> {
            let marks = [Some(password_mark(&password)), None];
            let proven = setup_link::redeem(tx, &link, &name, &password, now)?;
            let actor = Actor {
                name: name.clone(),
                role: ActorRole::Operator,
                via: CredentialKind::SetupLink,
            };
            let created = Entry::AccountCreated { name, role: ActorRole::Operator, identity: None };
            came_or_went(tx, &ledger, actor, created, marks)?;
            begin(tx, &ledger, proven.carried(carrier), &*entropy, now)
        });
        Ok(redeemed.await?)
    }

    /// Signs a person in.
    ///
    /// # Errors
    /// `sign_in_failed`, recorded; `too_many_attempts`; `audit_unavailable`.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<SessionAnswer, Refusal> {
        let proven = match self.authority.sign_in(name, password).await {
            Ok(proven) => proven,
            Err(denied) => return Err(self.sign_in_failed(name, &denied).await),
        };
        let (ledger, entropy, now) = self.parts();
        let proven = proven.carried(self.carrier);
        let begun = self
            .store
            .write(move |tx| -> Result<_, Failed> { begin(tx, &ledger, proven, &*entropy, now) });
        Ok(begun.await?)
    }

    /// Records the name only if it is an account: people type passwords into the wrong field, and
    /// what is in the log stays there.
    async fn sign_in_failed(&self, name: &str, denied: &Denied) -> Refusal {
        let is_known = self.authority.knows(name).unwrap_or(false);
        let name = if is_known { name } else { NO_ACCOUNT }.to_owned();
        let draft = Draft::new(None, None, Entry::SignInFailed { name });
        match self.ledger.append(vec![draft]).await {
            Ok(_) => denied.refusal(),
            Err(unrecorded) => unreadable(unrecorded),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it has ended already; `audit_unavailable`.
    pub async fn sign_out(&self, credential: Credential) -> Result<(), Refusal> {
        let (ledger, _, now) = self.parts();
        let ended = self.store.write(move |tx| -> Result<(), Failed> {
            let ended = session_mark(tx, &credential)?;
            let actor = sessions::end(tx, &credential, now)?;
            came_or_went(tx, &ledger, actor, Entry::SignedOut {}, [None, ended])
        });
        Ok(ended.await?)
    }

    /// Issues a token for a program that reads.
    ///
    /// # Errors
    /// `input_invalid`, also when the name is taken or the time too long; `audit_unavailable`.
    pub async fn issue_token(&self, name: &str, lasts_ms: i64) -> Result<SessionAnswer, Refusal> {
        let name = ActorName::parse(name)?;
        let (ledger, entropy, now) = self.parts();
        let issued = self.store.write(move |tx| -> Result<SessionAnswer, Failed> {
            let issued = tokens::issue(tx, &name, lasts_ms, &*entropy, now)?;
            let expires_at = issued.expires_at;
            let entry = Entry::TokenIssued { name: name.clone(), expires_at };
            let mark = secret_mark(&issued.secret);
            let draft = Draft::new(Some(console()), None, entry).marked(Some(mark), None);
            ledger.append_in(tx, vec![draft])?;
            let token = Some(issued.secret.reveal().to_owned());
            Ok(SessionAnswer { name, role: ActorRole::Observer, token, expires_at })
        });
        Ok(issued.await?)
    }

    pub(super) async fn hash(
        &self,
        password: &str,
        of: &ActorName,
    ) -> Result<HashedPassword, Refusal> {
        let log = self.ledger.reader().log_key().map_err(unreadable)?;
        // The log is called after its cluster.
        let log = log.as_ref().map_or("", |key| key.name());
        let names: Vec<&str> = log.split('/').chain([PRODUCT, of.as_str()]).collect();
        let password = NewPassword::parse(password, &names)?;
        let hashed = self.authority.hash_password(password, &*self.entropy).await;
        hashed.map_err(|denied| denied.refusal())
    }

    pub(super) fn parts(&self) -> (Ledger, Arc<dyn Entropy>, Timestamp) {
        let now = self.clock.now();
        // What is issued now is compared with the clock later: that it was seen to be this late counts.
        let _ = self.latest.went_back(now);
        (self.ledger.clone(), Arc::clone(&self.entropy), now)
    }
}

/// Starts a session and records it: the one place where any way to sign in ends.
pub(super) fn begin(
    tx: &rusqlite::Transaction<'_>,
    ledger: &Ledger,
    proven: Proven,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<SessionAnswer, Failed> {
    let started = sessions::start(tx, proven, entropy, now)?;
    let (actor, by) = (started.actor.clone(), started.by);
    let mark = session_mark(tx, &Credential::of(&started.secret))?;
    came_or_went(tx, ledger, actor.clone(), Entry::SignedIn { by }, [mark, None])?;
    if started.ended > 0 {
        let (because, sessions) = (EndedBecause::TooManySessions, started.ended);
        let (tokens, links) = (Vec::new(), Vec::new());
        let entry = Entry::AccessEnded { because, sessions, tokens, links };
        came_or_went(tx, ledger, actor, entry, [None, None])?;
    }
    Ok(SessionAnswer {
        name: started.actor.name,
        role: started.actor.role,
        token: Some(started.secret.reveal().to_owned()),
        expires_at: started.expires_at,
    })
}

/// Somebody who can write to the data directory, and so needs no password.
pub(super) fn console() -> Actor {
    let name = ActorName::parse(CONSOLE).expect("the constant is a name");
    Actor { name, role: ActorRole::Operator, via: CredentialKind::Console }
}
