//! The command line, as a program of its own.

pub mod answered;
pub mod completions;
pub mod output;
pub mod served;
pub mod settings;
pub mod shown_commands;
pub mod version;
pub mod whole_lists;
