//! The AeroDB control plane.

pub mod model;

#[cfg(feature = "ssr")]
pub mod crash;
#[cfg(feature = "ssr")]
pub mod kernel;
