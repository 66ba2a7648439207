//! The AeroDB control plane.

pub mod model;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod explain;

#[cfg(feature = "ssr")]
pub mod kernel;

#[cfg(feature = "ssr")]
pub mod web;

#[cfg(feature = "hydrate")]
pub mod browser;
