//! The one way to act.

pub mod attestations;
pub mod audit_first;
pub mod check;
pub mod clocks;
pub mod completeness;
pub mod completeness_cli;
pub mod completeness_first;
pub mod duplicates;
pub mod exactly_once;
pub mod explanations;
pub mod finding;
pub mod freeze;
pub mod freeze_again;
pub mod idle;
pub mod invariants;
pub mod model;
pub mod requests;
pub mod two_operators;
pub mod world;
