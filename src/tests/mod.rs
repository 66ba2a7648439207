//! Every test that goes through a public door, in one binary.
#![allow(missing_docs, reason = "a test's name is its sentence")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(unreachable_pub, reason = "a test binary has no public door of its own")]
#![allow(clippy::print_stdout, reason = "a test that counts says what it counted")]

mod access_matrix;
mod audit_first;
mod authority;
mod bad_input;
mod cli;
mod completeness;
mod completeness_cli;
mod crash_points;
mod data_api;
mod embedded_bench;
mod embedded_kernel;
mod exactly_once;
mod explanations;
mod finding;
mod freeze;
mod harness;
mod idle;
mod kernel_backup;
mod kernel_checkpoint;
mod kernel_contract;
mod kernel_events;
mod kernel_members;
mod kernel_verify;
mod layers;
mod ledger;
mod ledger_export;
mod ledger_heads;
mod ledger_note;
mod ledger_read;
mod ledger_tamper;
mod ledger_tree;
mod log_proofs;
mod mute_kernel;
mod node_checkpoint;
mod node_store;
mod pages_fixtures;
mod pages_render;
mod records;
mod server;
mod source;
mod store;
mod tidy;
mod workflow;
mod workflow_check;
mod workflow_model;
