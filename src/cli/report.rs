//! What a command leaves to be printed.

use super::exit::Exit;
use crate::text::lines::TextLines;

/// What a command that was carried out has to say.
pub(super) struct Report {
    /// For people.
    pub(super) text: TextLines,
    /// For programs: the answer of the server.
    pub(super) json: String,
    /// What became of it.
    pub(super) exit: Exit,
}
