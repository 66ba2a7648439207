//! Every test that goes through a public door, in one binary.

mod authority;
mod ledger;
mod ledger_read;
mod ledger_tamper;
mod records;
mod store;
