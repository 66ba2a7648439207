//! Nouns that take model values and draw them. The server alone draws.
//!
//! No component reads anything, keeps anything, or knows which page it stands on.

pub mod attestations;
pub mod badge;
pub mod cluster_facts;
pub mod copyable;
pub mod effects;
pub mod events;
pub mod explanation;
pub mod forms;
pub mod items;
pub mod kept;
pub mod list_filter;
pub mod nodes;
pub mod notice;
pub mod outcome;
pub mod overview;
pub mod positions;
pub mod progress;
pub mod prospects;
pub mod records;
pub mod rules;
pub mod stakeholder;
pub mod status;
pub mod timeline_filter;
pub mod topology;
pub mod trace;
pub mod trouble;
pub mod words;
