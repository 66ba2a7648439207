//! Who acts: a name and a role. The proof of it is in `authority`; these are only the words.

use crate::model::ambient::Timestamp;
use crate::model::text::{ActorName, InputError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What somebody may do (C10.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorRole {
    /// Sees.
    Observer,
    /// Asks and confirms.
    Operator,
    /// Sees, and verifies the whole log.
    Auditor,
    /// Sees what one link shows, with what is sensitive redacted. No account has this role.
    Stakeholder,
}

impl ActorRole {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Observer, Self::Operator, Self::Auditor, Self::Stakeholder];
    /// The roles that an account can have.
    pub const OF_ACCOUNTS: [Self; 3] = [Self::Observer, Self::Operator, Self::Auditor];

    /// The role in words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Stakeholder => "stakeholder",
        }
    }

    /// Parses the role of an account.
    ///
    /// # Errors
    /// When it is none of the three that an account can have.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::OF_ACCOUNTS
            .into_iter()
            .find(|role| role.word() == text)
            .ok_or_else(|| InputError::new("role", text, "observer, operator or auditor"))
    }
}

impl fmt::Display for ActorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The person or program behind a record: name, role, and how it proved who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Actor {
    /// The account.
    pub name: ActorName,
    /// The role it had then.
    pub role: ActorRole,
    /// `session`, `token`, `link` or `console` (someone with write access to the data directory).
    pub via: CredentialKind,
}

/// That a person proved who they are: when, and how (C3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Reauthentication {
    /// When, by the clock of the control plane; by that of the provider where it was there.
    pub at: Timestamp,
    /// How.
    pub by: ReauthMethod,
}

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReauthMethod {
    /// By signing in with the password or the set-up link: the session began with it.
    SignIn,
    /// To a provider of OpenID Connect, by its word: before the session began, perhaps long before.
    Provider,
    /// With the password of the account, asked for in the session.
    Password,
}

impl ReauthMethod {
    /// The way in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Provider => "provider",
            Self::Password => "password",
        }
    }

    /// Parses the word.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let known = [Self::SignIn, Self::Provider, Self::Password];
        let found = known.into_iter().find(|by| by.word() == text);
        found.ok_or_else(|| InputError::new("proved_by", text, "sign_in, provider or password"))
    }
}

impl fmt::Display for Reauthentication {
    /// `by signing in at TIME`, or `to the provider at TIME, by its clock`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.by {
            ReauthMethod::SignIn => "by signing in",
            ReauthMethod::Provider => {
                return write!(f, "to the provider at {}, by its clock", self.at);
            }
            ReauthMethod::Password => "with the password",
        };
        write!(f, "{how} at {}", self.at)
    }
}

/// Who a person is to a provider of OpenID Connect. It never gives the subject to anybody else, which is
/// more than can be said of a name or of the address of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProviderIdentity {
    /// The provider, by the address that it calls itself.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
}

/// By what a person proved who they are when a session began. A session carries the same authority
/// whichever it was, the role of its account; it is not the same proof of identity (C3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// The name and the password of an account of this control plane.
    Password,
    /// The one-time set-up link, which made the account.
    SetupLink,
    /// A provider of OpenID Connect signed that this is the person.
    Openid,
    /// A proxy in front of the console that knows the person named the account.
    Proxy,
}

impl AuthMethod {
    /// Every means.
    pub const ALL: [Self; 4] = [Self::Password, Self::SetupLink, Self::Openid, Self::Proxy];

    /// The means in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SetupLink => "setup_link",
            Self::Openid => "openid",
            Self::Proxy => "proxy",
        }
    }

    /// The means as people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SetupLink => "set-up link",
            Self::Openid => "OpenID Connect",
            Self::Proxy => "proxy",
        }
    }

    /// Parses the word.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let required = "password, setup_link, openid or proxy";
        let found = Self::ALL.into_iter().find(|means| means.word() == text);
        found.ok_or_else(|| InputError::new("means", text, required))
    }
}

/// How an actor proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A person's session, from signing in.
    Session,
    /// A program's token: reads, never confirms (C3.1).
    Token,
    /// A stakeholder's link: sees what the link names, and nothing else (C10.2).
    Link,
    /// The one-time set-up link of an installation without an operator.
    SetupLink,
    /// The word of a provider of OpenID Connect, while somebody signs in.
    Openid,
    /// A command run on the data directory itself.
    Console,
}

impl CredentialKind {
    /// The way in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Link => "link",
            Self::SetupLink => "setup_link",
            Self::Openid => "openid",
            Self::Console => "console",
        }
    }
}
