//! The AeroDB control plane.

#[cfg(feature = "ssr")]
pub mod authority;
#[cfg(feature = "hydrate")]
pub mod browser;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod crash;
#[cfg(feature = "ssr")]
pub mod explain;
#[cfg(feature = "ssr")]
pub mod kernel;
pub mod ledger;
pub mod model;
#[cfg(feature = "ssr")]
pub mod observe;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
pub mod store;
pub mod ui;
#[cfg(feature = "ssr")]
pub mod web;
#[cfg(feature = "ssr")]
pub mod workflow;
