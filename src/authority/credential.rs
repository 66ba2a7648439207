//! Secrets as they leave this room, and what is kept of one that comes back: its hash.

use super::{Denied, links, sessions, tokens};
use crate::model::actor::{Actor, ActorRole, AuthMethod, Reauthentication};
use crate::model::ambient::{Entropy, Timestamp};
use crate::model::canonical::Hash;
use rusqlite::Connection;
use std::fmt;

/// What a secret is for. Its prefix says so to people, and to tools that look for leaked secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Session,
    SessionCookie,
    Token,
    SetupLink,
    Link,
    Stakeholder,
    StakeholderCookie,
}

/// How the secret of a session is sent. A browser sends a cookie to every port of a host, so whatever
/// else listens there may read one; what it reads is worth nothing where a program sends its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// By a program, in a header that it writes itself.
    #[default]
    Bearer,
    /// By a browser, in a cookie.
    Cookie,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Session => "aerodb_session_",
            Self::SessionCookie => "aerodb_session_cookie_",
            Self::Token => "aerodb_token_",
            Self::SetupLink => "aerodb_setup_",
            Self::Link => "aerodb_link_",
            Self::Stakeholder => "aerodb_stakeholder_",
            Self::StakeholderCookie => "aerodb_stakeholder_cookie_",
        }
    }

    /// The session of a person.
    pub(super) fn session(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Bearer => Self::Session,
            Carrier::Cookie => Self::SessionCookie,
        }
    }

    /// The session of a link.
    pub(super) fn stakeholder(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Bearer => Self::Stakeholder,
            Carrier::Cookie => Self::StakeholderCookie,
        }
    }
}

/// A secret that was just made, to be shown or sent once. It does not print itself.
pub struct Secret {
    purpose: Purpose,
    text: String,
}

impl Secret {
    pub(super) fn new(purpose: Purpose, entropy: &dyn Entropy) -> Self {
        Self { purpose, text: format!("{}{}", purpose.prefix(), hex::encode(entropy.bytes())) }
    }

    /// The text to hand over.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    pub(super) fn hash(&self) -> Hash {
        Hash::of(self.text.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The hash of a secret that has the right form. 256 random bits need no slow hash, and looking a
/// hash up by its value tells a guesser nothing about the secret.
pub(super) fn hash_of(purpose: Purpose, text: &str) -> Option<Hash> {
    let digits = text.strip_prefix(purpose.prefix())?;
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (digits.len() == 64 && digits.bytes().all(lower_hex)).then(|| Hash::of(text.as_bytes()))
}

/// What came with a request: a session of a person, a token of a program, or the session that a
/// stakeholder's link was exchanged for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credential {
    purpose: Purpose,
    hash: Hash,
}

impl Credential {
    /// Reads the text of a cookie or a bearer token; `None` when it is neither. The secret itself
    /// is not kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let read = |carrier| Self::sent(text, carrier);
        read(Carrier::Bearer).or_else(|| read(Carrier::Cookie))
    }

    /// Reads a text that was sent in this way; `None` for what is never sent so.
    #[must_use]
    pub fn sent(text: &str, carrier: Carrier) -> Option<Self> {
        let sessions = [Purpose::session(carrier), Purpose::stakeholder(carrier)];
        let token = (carrier == Carrier::Bearer).then_some(Purpose::Token);
        let mut purposes = sessions.into_iter().chain(token);
        purposes.find_map(|purpose| hash_of(purpose, text).map(|hash| Self { purpose, hash }))
    }

    /// What it is for: another secret of the same session is for the same.
    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What comes back of a secret that was just made.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        Self { purpose: secret.purpose, hash: secret.hash() }
    }

    pub(super) fn hash(&self) -> Hash {
        self.hash
    }

    pub(super) fn holder(
        &self,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<CredentialHolder, Denied> {
        match self.purpose {
            Purpose::Session | Purpose::SessionCookie => {
                sessions::holder(connection, self.hash, now)
            }
            Purpose::Token => tokens::holder(connection, self.hash, now),
            // A stakeholder is known, and is nobody who may do what an account may.
            Purpose::Stakeholder | Purpose::StakeholderCookie => {
                let actor = links::holder(connection, self.hash, now)?.actor;
                Err(Denied::NotPermitted { actor, required: ActorRole::Observer })
            }
            Purpose::SetupLink | Purpose::Link => {
                Err(Denied::not_signed_in("A link is no session."))
            }
        }
    }

    /// Who holds the session of a link; `None` where this is the credential of an account.
    pub(super) fn stakeholder(
        &self,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Option<links::LinkGuest>, Denied> {
        match self.purpose {
            Purpose::Stakeholder | Purpose::StakeholderCookie => {
                links::holder(connection, self.hash, now).map(Some)
            }
            Purpose::Session
            | Purpose::SessionCookie
            | Purpose::Token
            | Purpose::SetupLink
            | Purpose::Link => Ok(None),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({:?}, ..)", self.purpose)
    }
}

/// Who holds a credential that has not ended.
pub(super) struct CredentialHolder {
    pub(super) actor: Actor,
    pub(super) expires_at: Timestamp,
    /// By what the session began; `None` for a token, which is none.
    pub(super) begun_by: Option<AuthMethod>,
    /// When and how the person proved who they are; `None` where that is not known, and for a token,
    /// which is no person.
    pub(super) proof: Option<Reauthentication>,
    /// When the session was last noted as in use; `None` for a token, which does not idle.
    pub(super) last_seen: Option<Timestamp>,
}

impl CredentialHolder {
    pub(super) fn is_note_due(&self, now: Timestamp) -> bool {
        self.last_seen.is_some_and(|seen| now >= seen.plus_millis(sessions::NOTE_EVERY_MS))
    }
}
