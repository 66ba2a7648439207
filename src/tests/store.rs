//! One SQLite file: who may open it, and what ends all writing.

pub mod file;
pub mod migration;
pub mod seal;
