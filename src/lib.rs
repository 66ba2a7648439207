//! The AeroDB control plane.

#[cfg(feature = "ssr")]
pub mod authority;
pub mod ledger;
pub mod model;

#[cfg(feature = "ssr")]
pub mod kernel;
#[cfg(feature = "ssr")]
pub mod store;
