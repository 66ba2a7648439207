//! The log: what it takes, how it is read, and how it is verified.

pub mod appended;
pub mod attacks;
pub mod clock;
pub mod export;
pub mod exports;
pub mod filter;
pub mod heads;
pub mod log_pages;
pub mod log_proofs;
pub mod log_served;
pub mod note;
pub mod read;
pub mod replayed;
pub mod rotation;
pub mod tamper;
pub mod tree;
