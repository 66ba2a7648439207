//! Every test that goes through a public door, in one binary.

mod data_api;
mod embedded_bench;
mod embedded_kernel;
mod kernel_contract;
mod node_store;
