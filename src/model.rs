//! The shared words: pure values that the server, the command line and the browser all speak.
//!
//! Nothing here reads a clock, draws a random number, does I/O, is asynchronous, or holds an
//! unordered map, so equal inputs give equal bytes everywhere (C5.1). What crosses the wire or is
//! hashed is defined here once. This room imports no other room.

pub mod access_list;
pub mod action;
pub mod actor;
pub mod ambient;
pub mod answer;
pub mod attestation;
pub mod body;
pub mod canonical;
pub mod checklist;
pub mod cluster;
#[cfg(feature = "ssr")]
pub mod compared;
pub mod contract;
pub mod event;
pub mod explanation;
#[cfg(feature = "ssr")]
pub mod export;
pub mod facts;
pub mod finding;
pub mod invariant;
pub mod kept;
pub mod link;
pub mod log_filter;
pub mod node_answer;
pub mod pinned;
pub mod progress;
pub mod receipt;
pub mod record;
#[cfg(feature = "ssr")]
pub mod redact;
pub mod refusal;
pub mod report;
#[cfg(feature = "ssr")]
mod schema;
pub mod sensitive;
pub mod session;
pub mod spec;
pub mod stage;
pub mod status;
pub mod text;
pub mod timeline;
pub mod timeline_filter;
pub mod trace;
mod v1;
pub mod word;
