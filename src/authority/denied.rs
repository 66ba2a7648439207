//! Why somebody may not, as the one error of this room.

use crate::model::action::ActionId;
use crate::model::actor::{Actor, ActorRole};
use crate::model::invariant::Invariant;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::{ActorName, InputError};
use crate::store::{StoreError, WriteError};

/// Why it was denied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no credential, or none that is good now.
    #[error("{why}")]
    NotSignedIn {
        /// A sentence for whoever holds it.
        why: &'static str,
    },
    /// Somebody is signed in, and may not do this.
    #[error("{} has the role {}, and {required} is needed", actor.name, actor.role)]
    NotPermitted {
        /// Whoever is signed in, with the role that they have.
        actor: Actor,
        /// The role that is needed.
        required: ActorRole,
    },
    /// Wrong name or password, or there is no such account.
    #[error("wrong name or password")]
    SignInFailed,
    /// The places for checking passwords are taken.
    #[error("too many sign-ins are being checked")]
    TooManyAttempts,
    /// The set-up link is not the current one, was used, or an operator exists.
    #[error("the set-up link is not valid, or was used")]
    SetupLinkSpent,
    /// The link is not known, was used, was revoked, or has expired.
    #[error("the link is not valid, or was used")]
    LinkSpent,
    /// Another link was issued under this id.
    #[error("the id {0} stands for another link")]
    LinkReused(ActionId),
    /// There is no link of this id.
    #[error("there is no link {0}")]
    NoSuchLink(ActionId),
    /// A provider says which role the account has.
    #[error("a provider says which role {0} has")]
    RoleIsGiven(ActorName),
    /// A provider says who signs in with the account.
    #[error("{0} signs in by the word of a provider, and has no password")]
    NoPassword(ActorName),
    /// A provider vouched for somebody who has no role here.
    #[error("what the provider says gives no role")]
    NoRole {
        /// What it said in the claims that give roles.
        said: String,
    },
    /// A provider vouched for somebody with roles that exclude one another.
    #[error("what the provider says gives roles that exclude one another")]
    RolesExclude {
        /// What it said in the claims that give roles.
        said: String,
    },
    /// A provider vouched for somebody whose account was removed here.
    #[error("the account {0} was removed")]
    Removed(ActorName),
    /// A provider vouched for somebody new, under a name that no account can get.
    #[error("the name that the provider gives cannot be the name of an account")]
    Unnamed {
        /// The name, quoted, or that there was none.
        found: String,
    },
    /// A proxy named somebody that it cannot name.
    #[error("the proxy named {0}, who has no account here that it could")]
    NotOfProxy(ActorName),
    /// There is no token of this name.
    #[error("there is no token {0}")]
    NoSuchToken(ActorName),
    /// The account has this role already.
    #[error("{name} is {role} already")]
    SameRole {
        /// The account that was to be changed.
        name: ActorName,
        /// The role that it has and was to get.
        role: ActorRole,
    },
    /// There is an account, a token or a link of this name.
    #[error("the name {0} is taken")]
    NameTaken(ActorName),
    /// The name reads as that of a role, of a node, or of the program itself.
    #[error("the name {0} is reserved")]
    NameReserved(ActorName),
    /// There is no account of this name.
    #[error("there is no {0}")]
    NoSuchName(ActorName),
    /// Without this account nobody could act any more.
    #[error("{0} is the last operator")]
    LastOperator(ActorName),
    /// A field is not what it must be.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The file could not be read, or takes no writes.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed: a fault of this program.
    #[error("a password could not be hashed: {0}")]
    Hashing(String),
}

impl From<rusqlite::Error> for Denied {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl WriteError for Denied {
    fn storage(&self) -> Option<&StoreError> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl Denied {
    /// The request came without a session or a token.
    #[must_use]
    pub fn without_credential() -> Self {
        Self::not_signed_in("Sign in first.")
    }

    pub(super) fn not_signed_in(why: &'static str) -> Self {
        Self::NotSignedIn { why }
    }

    /// Who was denied, where that is known: what a record of the denial names.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        if let Self::NotPermitted { actor, .. } = self { Some(actor) } else { None }
    }

    /// The answer for whoever asked. It carries nothing about other accounts or about the server.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::NotSignedIn { why } => {
                Refusal::new(RefusalCode::NotSignedIn, format!("{why} Nothing was done."))
            }
            Self::NotPermitted { actor, required } => not_permitted(actor, *required),
            Self::SignInFailed => {
                Refusal::new(RefusalCode::SignInFailed, "Wrong name or password.")
            }
            Self::TooManyAttempts => Refusal::new(
                RefusalCode::TooManyAttempts,
                "Too many passwords are being checked at once. Nothing was checked.",
            ),
            Self::SetupLinkSpent => Refusal::new(
                RefusalCode::SetupLinkSpent,
                "The set-up link is not valid any more. While there is no operator, each start of \
                 the control plane prints a new one.",
            ),
            Self::LinkSpent => Refusal::new(
                RefusalCode::LinkSpent,
                "The link is not valid: it was used, withdrawn, has ended, or never was one. \
                 Whoever sent it can issue another.",
            ),
            Self::LinkReused(id) => {
                let sentence = format!("Another link was issued under {id}. Nothing was done.");
                Refusal::new(RefusalCode::IdReused, sentence)
            }
            Self::NoSuchLink(id) => {
                let sentence = format!("There is no link {id}. Nothing was done.");
                Refusal::new(RefusalCode::NotFound, sentence)
            }
            Self::NoSuchToken(name) => {
                let sentence = format!("There is no token {name}. Nothing was done.");
                Refusal::new(RefusalCode::NotFound, sentence)
            }
            Self::SameRole { name, role } => {
                named("role", name, &format!("another role than {role}"))
            }
            Self::RoleIsGiven(name) => {
                named("name", name, "an account whose role no provider says at each sign-in")
            }
            Self::NoPassword(name) => {
                named("name", name, "an account that signs in with a password of its own")
            }
            Self::NoRole { said } => not_admitted(
                "The provider says who this is, and nothing that gives a role here.",
                said,
                "a value that the setting openid-roles names",
            ),
            Self::RolesExclude { said } => not_admitted(
                "The provider gives roles that exclude one another: nobody acts and audits.",
                said,
                "values that give one of operator and auditor",
            ),
            Self::Removed(name) => not_admitted(
                "The account of this person was removed here.",
                name.as_str(),
                "an account that was not removed",
            ),
            Self::Unnamed { found } => not_admitted(
                "The provider gives no name under which an account can be made.",
                found,
                "a name that no account, no token and no link ever had, of a-z 0-9 - . _ @",
            ),
            Self::NotOfProxy(name) => not_admitted(
                "The proxy names somebody who has no account here that it can sign in.",
                name.as_str(),
                "an account that was made here and not removed",
            ),
            Self::NameTaken(name) => {
                named("name", name, "a name that no account, no token and no link ever had")
            }
            Self::NameReserved(name) => named(
                "name",
                name,
                "a name that reads as no role, no node and no part of the system",
            ),
            Self::NoSuchName(name) => named("name", name, "the name of an account"),
            Self::LastOperator(name) => named("role", name, "operator: nobody else is one"),
            Self::Input(error) => error.clone().into(),
            Self::Store(StoreError::Held { why }) => Refusal::mismatch(why),
            Self::Store(error) if error.is_failure() => {
                let sentence = format!("{error}. Nothing was done.");
                Refusal::new(RefusalCode::AuditUnavailable, sentence)
                    .citing([Invariant::AuditFirst])
            }
            Self::Store(_) | Self::Hashing(_) => {
                let sentence = "The accounts could not be read. Nothing was done.";
                Refusal::new(RefusalCode::Internal, sentence)
            }
        }
    }
}

fn not_permitted(actor: &Actor, required: ActorRole) -> Refusal {
    let via = serde_json::to_value(actor.via).ok();
    let via = via.as_ref().and_then(|v| v.as_str()).unwrap_or("another way").replace('_', "-");
    let cited = (required == ActorRole::Operator).then_some(Invariant::OperatorIntent);
    Refusal::new(RefusalCode::NotPermitted, "The role does not permit this. Nothing was done.")
        .citing(cited)
        .with_evidence(
            format!("{} as {} by {via}", actor.name, actor.role),
            format!("a session of an account with the role {required}"),
        )
}

fn not_admitted(why: &str, found: &str, required: &str) -> Refusal {
    Refusal::new(RefusalCode::NotAdmitted, format!("{why} Nobody was signed in."))
        .with_evidence(found, required)
}

fn named(field: &str, name: &ActorName, required: &str) -> Refusal {
    InputError::new(field, name.as_str(), required).into()
}
