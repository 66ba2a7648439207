//! The AeroDB control plane.

pub mod model;

#[cfg(feature = "ssr")]
pub mod kernel;
#[cfg(feature = "ssr")]
pub mod store;
