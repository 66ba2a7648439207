//! The project as text: its shape, its documents, its evidence.

pub mod contract;
pub mod documents;
pub mod engine_words;
pub mod files;
pub mod layers;
pub mod supply;
pub mod threats;
pub mod tidy;
pub mod tree;
pub mod words;
