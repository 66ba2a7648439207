//! The console: pages drawn from values on the server, and islands that the browser brings to life.
//!
//! A page is a pure function of its data: equal data give equal bytes, but for the nonce (C5.1).
//! The server reads the data, hands it over, and sends what comes back. This room never reads the
//! cluster, the ledger, a clock or a request, and holds no handle to anything. It defines no server
//! function. Whatever changes something is a plain HTML form that the `web` room answers; the parts
//! that run in the browser read, and never write (C2.4, C8.3).
//!
//! There is one drawing, on the server. What follows the cluster on an open page is a part of that page,
//! drawn again by the server and put in place whole; the browser's half has no page, no component and no
//! form of a cluster.

// The islands, which both halves have.
pub mod client_chrome;
pub mod copy;
pub mod filter;
pub mod live;
pub mod verify;

// What draws is the server's alone.
#[cfg(feature = "ssr")]
pub mod access;
#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
mod nav;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod parts;
#[cfg(feature = "ssr")]
pub mod preferences;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(feature = "ssr")]
mod views;

// How a part of a page takes the place of another; only the browser has a document.
#[cfg(feature = "hydrate")]
mod place;

#[cfg(feature = "ssr")]
pub use self::{
    access::{AccessView, ConsoleScope, IssuedView, OpenLink},
    components::forms::ProofShown,
    nav::NavItem,
    parts::Part,
    shell::document,
    sign_in::{Leaving, OtherWays, ProviderRedirect, Returned, SetUp, SignIn},
    views::*,
};

/// A number with its noun: `1 rule`, `2 rules`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
