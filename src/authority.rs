//! Who is asking, and what that allows: the identity boundary (C10).
//!
//! Outside this room an [`Operator`] cannot be made, copied from text or obtained from a token, so
//! a function that takes one cannot be reached by anybody else. Roles are read from the account for
//! every request. This room writes no records: whoever changes a row here puts the record of it
//! into the same transaction. It never locks an account, and keeps the hash of a secret only.
//!
//! A function that takes `&Operator` refuses every other capability when it is compiled:
//!
//! ```
//! use aerodb_control::authority::{Operator, Viewer};
//! fn mutate(_: &Operator) {}
//! fn page(_: &Viewer) {}
//! fn both(operator: &Operator, viewer: &Viewer) {
//!     mutate(operator);
//!     page(viewer);
//! }
//! ```
//! ```compile_fail,E0308
//! use aerodb_control::authority::{Operator, Viewer};
//! fn mutate(_: &Operator) {}
//! fn page(_: &Viewer) {}
//! fn both(operator: &Operator, viewer: &Viewer) {
//!     mutate(viewer);
//!     page(viewer);
//! }
//! ```
//!
//! Nor can one be made out of its parts:
//!
//! ```
//! use aerodb_control::{authority::Operator, model::actor::Actor};
//! fn name(operator: &Operator) -> &Actor {
//!     operator.actor()
//! }
//! ```
//! ```compile_fail,E0451
//! use aerodb_control::authority::{Operator, Viewer};
//! fn forge(viewer: Viewer) -> Operator {
//!     Operator { viewer }
//! }
//! ```

pub mod accounts;
pub mod clock;
mod common_passwords;
pub mod links;
pub mod providers;
pub mod reauth;
pub mod sessions;
pub mod setup_link;
pub mod stored;
pub mod tokens;

mod access;
mod capability;
mod claim;
mod credential;
mod denied;
mod names;
mod password;

pub use capability::{Auditor, Observer, Operator, Proven, Reader, Stakeholder, Viewer};
pub use claim::{Authorized, Claim};
pub use credential::{Carrier, Credential, Secret};
pub use denied::Denied;
pub use password::{
    HashedPassword, NewPassword, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordCost,
};
pub use reauth::{ReauthLifetime, ReauthSession};

use crate::model::access_list::AccessPart;
use crate::model::actor::{ActorRole, AuthMethod};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::link::{AccessAnswer, EverybodyAnswer};
use crate::model::text::ActorName;
use crate::store::{Store, StoreReader};
use password::Passwords;

/// Answers who holds a credential. It reads, and does not need the store to take writes.
#[derive(Clone, Debug)]
pub struct Authority {
    reader: StoreReader,
    passwords: Passwords,
    reauth_lifetime: ReauthLifetime,
}

impl Authority {
    /// The accounts, sessions and tokens in the file that `reader` reads.
    #[must_use]
    pub fn new(reader: StoreReader, cost: PasswordCost) -> Self {
        let reauth_lifetime = ReauthLifetime::default();
        Self { reader, passwords: Passwords::new(cost), reauth_lifetime }
    }

    /// The same, where a proof of identity lasts this long.
    #[must_use]
    pub fn proving(self, reauth_lifetime: ReauthLifetime) -> Self {
        Self { reauth_lifetime, ..self }
    }

    /// Anybody who is signed in, and any program with a token: what a page needs.
    ///
    /// # Errors
    /// When the credential is unknown or has ended.
    pub fn viewer(&self, credential: &Credential, now: Timestamp) -> Result<Viewer, Denied> {
        let holder = self.reader.read(|connection| credential.holder(connection, now))?;
        let is_recent = holder.proof.is_some_and(|proof| self.reauth_lifetime.holds(&proof, now));
        Ok(Viewer::new(holder, credential.clone(), is_recent))
    }

    /// What stands behind an operator, to be looked at again where what they do is recorded.
    #[must_use]
    pub fn claim(&self, operator: &Operator) -> Claim {
        operator.claim(self.reauth_lifetime)
    }

    /// Whether this was issued or used at a time that is yet to come, so that it has ended.
    #[must_use]
    pub fn is_ahead(&self, credential: &Credential, now: Timestamp) -> bool {
        let denied = self.onlooker(credential, now).err();
        denied
            .is_some_and(|why| matches!(why, Denied::NotSignedIn { why } if why == sessions::AHEAD))
    }

    /// Whoever may look: anybody with an account or a token, and a stakeholder with the session of a
    /// link. A stakeholder is no [`Viewer`], so nothing that takes one can be reached with it.
    ///
    /// # Errors
    /// When the credential is unknown or has ended.
    pub fn onlooker(&self, credential: &Credential, now: Timestamp) -> Result<Reader, Denied> {
        let guest = self.reader.read(|connection| credential.stakeholder(connection, now))?;
        match guest {
            Some(links::LinkGuest { actor, shows, expires_at }) => {
                Ok(Reader::Stakeholder(Stakeholder::new(actor, shows, expires_at)))
            }
            None => self.viewer(credential, now).map(Reader::Viewer),
        }
    }

    /// The links, the tokens, and the sessions of whoever asks.
    ///
    /// # Errors
    /// When the accounts cannot be read, or a key is none of the list.
    pub fn access(
        &self,
        viewer: &Viewer,
        part: Option<&AccessPart>,
        now: Timestamp,
    ) -> Result<AccessAnswer, Denied> {
        let name = &viewer.actor().name;
        self.reader.read(|connection| access::of_one(connection, name, part, now))
    }

    /// Every account, session, link and token, for an auditor and nobody else.
    ///
    /// # Errors
    /// When the accounts cannot be read, or a key is none of the list.
    pub fn everybody(
        &self,
        _: &Auditor,
        part: Option<&AccessPart>,
        now: Timestamp,
    ) -> Result<EverybodyAnswer, Denied> {
        self.reader.read(|connection| access::of_all(connection, part, now))
    }

    /// A person who is signed in as an operator now. A token never yields one (C3.1).
    ///
    /// # Errors
    /// When the credential is unknown, has ended, is a token, or the role is another one.
    pub fn operator(&self, credential: &Credential, now: Timestamp) -> Result<Operator, Denied> {
        Operator::of(self.with_role(credential, ActorRole::Operator, now)?)
    }

    /// An account or a token whose role is observer.
    ///
    /// # Errors
    /// When the credential is unknown or has ended, or the role is another one.
    pub fn observer(&self, credential: &Credential, now: Timestamp) -> Result<Observer, Denied> {
        self.with_role(credential, ActorRole::Observer, now).map(Observer::new)
    }

    /// An account whose role is auditor. The role is one of three, so nobody acts and audits in one
    /// session.
    ///
    /// # Errors
    /// When the credential is unknown or has ended, or the role is another one.
    pub fn auditor(&self, credential: &Credential, now: Timestamp) -> Result<Auditor, Denied> {
        self.with_role(credential, ActorRole::Auditor, now).map(Auditor::new)
    }

    fn with_role(
        &self,
        credential: &Credential,
        required: ActorRole,
        now: Timestamp,
    ) -> Result<Viewer, Denied> {
        let viewer = match self.viewer(credential, now) {
            // A stakeholder: what is missing is the role that was asked for.
            Err(Denied::NotPermitted { actor, .. }) => {
                return Err(Denied::NotPermitted { actor, required });
            }
            other => other?,
        };
        if viewer.actor().role == required {
            Ok(viewer)
        } else {
            Err(Denied::NotPermitted { actor: viewer.actor().clone(), required })
        }
    }

    /// Checks a name and a password. An unknown name takes the same time and gives the same answer
    /// as a wrong password.
    ///
    /// # Errors
    /// [`Denied::SignInFailed`]; [`Denied::TooManyAttempts`] when too many wait already.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<Proven, Denied> {
        let name = ActorName::parse(name).ok();
        let stored = match &name {
            Some(name) => self.reader.read(|c| accounts::password_of(c, name))?,
            None => None,
        };
        let known = stored.is_some();
        let matches = self.passwords.verify(stored, password.to_owned()).await?;
        match name.filter(|_| known && matches) {
            Some(name) => Ok(Proven::by_password(name)),
            None => Err(Denied::SignInFailed),
        }
    }

    /// Whether there is an account of this name: what a record of a failed sign-in may repeat.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn knows(&self, name: &str) -> Result<bool, Denied> {
        let Ok(name) = ActorName::parse(name) else { return Ok(false) };
        Ok(self.reader.read(|c| accounts::role_of(c, &name))?.is_some())
    }

    /// Whose session this is, and by what it was begun, whether or not it has ended; `None` for what is no
    /// session of an account.
    ///
    /// # Errors
    /// When the sessions cannot be read.
    pub fn begun_by(
        &self,
        credential: &Credential,
    ) -> Result<Option<(ActorName, AuthMethod)>, Denied> {
        self.reader.read(|connection| sessions::begun_by(connection, credential.hash()))
    }

    /// Whether this account is one of an operator now.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn is_operator(&self, name: &ActorName) -> Result<bool, Denied> {
        let role = self.reader.read(|connection| accounts::role_of(connection, name))?;
        Ok(role == Some(ActorRole::Operator))
    }

    /// Hashes a new password, away from the threads that serve requests.
    ///
    /// # Errors
    /// [`Denied::TooManyAttempts`] when too many wait already.
    pub async fn hash_password(
        &self,
        password: NewPassword,
        entropy: &dyn Entropy,
    ) -> Result<HashedPassword, Denied> {
        self.passwords.hash(password, entropy.bytes()).await
    }

    /// Whether a set-up link could be redeemed now: asked before a password is hashed for it, so
    /// that a stranger cannot make the server hash.
    ///
    /// # Errors
    /// [`Denied::SetupLinkSpent`].
    pub fn check_setup_link(&self, link: &str) -> Result<(), Denied> {
        self.reader.read(|connection| setup_link::check(connection, link))
    }

    /// Notes that a session is in use, at most once a minute. Best effort: when the store takes no
    /// writes, sessions still work, and end one idle period after they were last noted.
    ///
    /// # Errors
    /// When the credential has ended, or the store takes no writes; a caller that serves a page may
    /// ignore it.
    pub async fn note_seen(
        &self,
        store: &Store,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<(), Denied> {
        let holder = self.reader.read(|connection| credential.holder(connection, now))?;
        if !holder.is_note_due(now) {
            return Ok(());
        }
        let credential = credential.clone();
        store.write(move |transaction| sessions::note(transaction, &credential, now)).await
    }
}
