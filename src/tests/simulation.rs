//! Seeded runs of the whole system in virtual time: the node loop, the network between the nodes, the
//! stores, the switchboard, the workflow and its ledger, on real SQLite files.
//!
//! It drives the code that runs, not a copy of it. Three things are replaced. The kernel has no
//! thread, so whoever asks it serves the request. Messages travel in a [`network_faults::NetworkFaults`] of the seed, which
//! also loses some without a word, as the network of the process never does. And the process runs on the failing disk of `fault_disk.c`, which stops at a chosen call, fails a
//! chosen file, and takes away what was written and not synced. After every event the functions
//! named `invariant_*` hold. One seed decides everything, so a seed that fails is a whole report.

mod actions;
mod heal;
mod history;
mod invariants;
mod lost;
mod network_faults;
mod parts;
mod power;
mod process;
mod run;
mod world;
