//! The AeroDB control plane.

pub mod model;

#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod explain;

#[cfg(feature = "ssr")]
pub mod kernel;
