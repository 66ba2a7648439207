//! Routes, answers and refusals.

pub mod access_matrix;
pub mod bad_input;
pub mod described;
pub mod etags;
pub mod events;
pub mod figures;
pub mod followed;
pub mod go;
pub mod lists;
pub mod observers;
pub mod openapi;
pub mod redaction;
pub mod report;
pub mod watched;
