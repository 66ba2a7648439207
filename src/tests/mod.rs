//! Every test that goes through a public door, in one binary.

mod embedded_bench;
mod kernel_contract;
