//! Every test that goes through a public door, in one binary.

mod cli;
