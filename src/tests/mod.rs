//! Every test that goes through a public door, in one binary.
#![allow(missing_docs, reason = "a test's name is its sentence")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(unreachable_pub, reason = "a test binary has no public door of its own")]
#![allow(clippy::print_stdout, reason = "a test that counts says what it counted")]

mod attacks;
mod authority;
mod cli;
#[allow(dead_code, reason = "the rest of it is for the simulation")]
mod fault_panel;
mod faults;
mod harness;
mod identity;
mod in_epoch;
mod islands;
mod kernel;
mod kernel_words;
mod ladder;
mod ledger;
mod legal_steps;
mod postgres;
#[allow(dead_code, reason = "the rest of it is for the trial of `make run-postgres`")]
#[path = "postgres_bench/bench.rs"]
mod postgres_bench;
mod records;
mod serve;
mod source;
mod still_time;
mod store;
mod ui;
mod web;
mod workflow;
