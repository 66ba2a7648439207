//! Who somebody is by the word of others: a provider of OpenID Connect, or a proxy in front of the
//! console that knows its people.
//!
//! This room asks, checks what it is told, and says who was vouched for, as values that nobody else can
//! make. It asks while somebody signs in and at no other time. It never makes an account or a session,
//! never chooses a role, follows no redirection, and believes nothing that is not signed by a key of the
//! one provider that the settings name, or sent by the one proxy that knows the secret.

pub mod openid;
pub mod proxy;

mod claims;
mod http;
mod keys;
mod pending;
mod settings;
mod unproven;

pub use claims::Vouched;
pub use openid::Openid;
pub use proxy::{Named, Proxy};
pub use settings::{ClaimRole, OpenidSettings, OpenidTable, SettingError};
pub use unproven::Unproven;

/// The ways to sign in besides the accounts of this control plane. Without settings there are none.
#[derive(Debug, Default)]
pub struct Identity {
    /// The provider of OpenID Connect.
    pub openid: Option<Openid>,
    /// The proxy.
    pub proxy: Option<Proxy>,
}
