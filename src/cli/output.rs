//! What a command prints, and what becomes of it where that fails.
//!
//! A reader that went away has seen what it wanted: nothing is said and nothing changes. Anything else,
//! such as a full disk, means that somebody will read half of an answer: it is said on standard error,
//! and no such command ends with 0.

use super::exit::Exit;
use std::io::{self, ErrorKind, Write as _};

/// How many records between two signs of progress: less than a second of work.
const PROGRESS_RECORDS: u64 = 100_000;

/// Whether somebody still reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputReader {
    /// Everything was taken.
    Present,
    /// The other end is closed: a further part is written for nobody.
    Gone,
}

/// Writes to standard output.
///
/// # Errors
/// When not all of it could be written, and not because nobody reads it.
pub(super) fn show(text: &str) -> io::Result<OutputReader> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(OutputReader::Present),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(OutputReader::Gone),
        Err(error) => Err(error),
    }
}

/// Writes the last of an answer to standard output, and says how the command then ends.
pub(super) fn finish(text: &str, exit: Exit) -> Exit {
    match show(text) {
        Ok(_) => exit,
        Err(error) => failed(&error, exit),
    }
}

/// Says that standard output failed, beside what the command came to: that is not changed by it.
pub(super) fn failed(error: &io::Error, exit: Exit) -> Exit {
    complain(&format!(
        "Standard output was not written whole: {error}.\nWithout that the command would have ended \
         with {}: {}\n",
        exit.code(),
        exit.meaning()
    ));
    if exit == Exit::Done { Exit::Local } else { exit }
}

/// Writes to standard error. Where that fails too, nobody is left to be told.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says on standard error how far a long log is.
pub(super) fn progress(done: &'static str) -> impl FnMut(u64) {
    move |records| {
        if records > 0 && records.is_multiple_of(PROGRESS_RECORDS) {
            complain(&format!("{records} records {done} so far\n"));
        }
    }
}
