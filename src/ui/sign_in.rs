//! What the pages show that people sign in at.

use crate::model::refusal::Refusal;

/// The ways to sign in besides a name and a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherWays {
    /// What people call the provider of OpenID Connect, where the settings name one.
    pub provider: Option<String>,
    /// Whether a proxy in front of the console may say who somebody is.
    pub by_proxy: bool,
}

/// The sign-in form.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// The address to go to afterwards, on this site.
    pub next: Option<String>,
    /// Whether the person came to prove anew who they are, at the provider (C3.1).
    pub anew: bool,
    /// The name that was typed before, so that it need not be typed again.
    pub name: Option<String>,
    /// The other ways.
    pub others: OtherWays,
    /// Why the attempt before was refused.
    pub refusal: Option<Refusal>,
}

/// The way to a provider, for a browser that does not go by itself.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// What people call it.
    pub provider: String,
    /// Where to go, with the question in it.
    pub address: String,
    /// What for.
    pub way: ProviderRedirect,
}

/// What a browser is sent to a provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderRedirect {
    /// To be asked who is there.
    In,
    /// To be signed out there too.
    Out,
}

/// What a provider sent a browser back with. Nothing was done with it yet.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    /// What people call the provider.
    pub provider: String,
    /// As it was sent to the provider.
    pub state: String,
    /// For the provider, once.
    pub code: String,
    /// Which provider says so, where it says it.
    pub issuer: Option<String>,
    /// Why it vouches for nobody, in its code; nothing else is there then.
    pub error: Option<String>,
}

/// The form behind the one-time set-up link.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// The token of the link.
    pub token: String,
    /// The name that was typed before.
    pub name: Option<String>,
    /// Why the attempt before was refused.
    pub refusal: Option<Refusal>,
}
