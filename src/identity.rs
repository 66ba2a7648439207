//! Who somebody is by the word of others: a provider of OpenID Connect, or a proxy in front of the
//! console that knows its people.
//!
//! This room asks, checks what it is told, and says who was vouched for, as values that nobody else can
//! make. It asks while somebody signs in and at no other time. It never makes an account or a session,
//! never chooses a role, follows no redirection, and believes nothing that is not signed by a key of the
//! one provider that the settings name, or sent by the one proxy that knows the secret.

pub mod openid;
pub mod proxy;

mod authn_error;
mod claims;
mod http;
mod keys;
mod pending;
mod settings;

pub use authn_error::AuthnError;
pub use claims::VerifiedIdentity;
pub use openid::Openid;
pub use proxy::{ProxyName, TrustedProxy};
pub use settings::{ClaimRole, OpenidSettings, OpenidTable, SettingError};

/// The ways to sign in besides the accounts of this control plane. Without settings there are none.
#[derive(Debug, Default)]
pub struct IdentityProviders {
    /// The provider of OpenID Connect.
    pub openid: Option<Openid>,
    /// The reverse proxy that names accounts in a header.
    pub proxy: Option<TrustedProxy>,
}
