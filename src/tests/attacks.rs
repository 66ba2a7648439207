//! What an attacker sends, and what comes out of it.

pub mod canaries;
pub mod fuzz;
pub mod fuzz_requests;
pub mod hostile;
pub mod inert;
pub mod payloads;
