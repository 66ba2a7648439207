//! Every test that goes through a public door, in one binary.
#![allow(missing_docs, reason = "a test's name is its sentence")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(unreachable_pub, reason = "a test binary has no public door of its own")]
#![allow(clippy::print_stdout, reason = "a test that counts says what it counted")]

mod access_matrix;
mod audit_first;
mod authority;
mod bad_input;
mod campaign;
mod campaign_checks;
mod campaign_clients;
mod campaign_controls;
mod campaign_net;
mod campaign_writes;
mod cli;
mod completeness;
mod completeness_cli;
mod crash_points;
mod data_api;
mod duplicates;
mod durable;
mod embedded_bench;
mod embedded_kernel;
mod events;
mod exactly_once;
mod explanations;
mod fault_disk;
mod fault_files;
#[allow(dead_code, reason = "the rest of it is for the simulation")]
mod fault_panel;
mod fault_requests;
mod fault_sweep;
mod finding;
mod freeze;
mod harness;
mod idle;
mod interference;
mod kernel_backup;
mod kernel_checkpoint;
mod kernel_contract;
mod kernel_damage;
mod kernel_events;
mod kernel_members;
mod kernel_verify;
mod layers;
mod ledger;
mod ledger_attacks;
mod ledger_export;
mod ledger_filter;
mod ledger_heads;
mod ledger_note;
mod ledger_read;
mod ledger_rotation;
mod ledger_tamper;
mod ledger_tree;
mod log_pages;
mod log_proofs;
mod log_served;
mod mute_kernel;
mod node_checkpoint;
mod node_store;
mod pages_fixtures;
mod pages_render;
mod prepared;
mod records;
mod report;
mod second;
mod server;
mod slow_clients;
mod source;
mod store;
mod tidy;
mod workflow;
mod workflow_check;
mod workflow_model;
