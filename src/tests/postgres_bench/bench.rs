//! Real PostgreSQL clusters on this machine, made to be thrown away: for the tests of the kernel, and for
//! `make run-postgres`.
//!
//! Every server is the child of a guard ([`guard`]), a shell that holds the other end of a pipe: when this
//! process ends, however it ends, the pipe closes and the guard stops its server. Nothing is left behind.

pub mod binaries;
pub mod cluster;
pub mod guard;
pub mod node;
pub mod proxy;
pub mod template;
pub mod workspace;

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a cluster for a trial could not do: what was found, and what was tried.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrialError(String);

impl TrialError {
    /// An error with this sentence.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// Says what was tried when the system refused.
    pub fn io(tried: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let tried = tried.into();
        move |error| Self(format!("{error}: {tried}"))
    }
}

/// How long anything may take that a server of a trial is asked for.
pub const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks until a fact is there.
///
/// # Errors
/// When it is not after [`PATIENCE`], or the look itself fails.
#[expect(clippy::disallowed_methods, reason = "a server of another process is waited for")]
pub fn until<T>(
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>, TrialError>,
) -> Result<T, TrialError> {
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if began.elapsed() > PATIENCE {
            return Err(TrialError::new(format!("not within {} s: {what}", PATIENCE.as_secs())));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Writes a new file that nobody but its owner can read.
///
/// # Errors
/// When it is there already, or cannot be written.
pub fn private(path: &Path, text: &str) -> Result<(), TrialError> {
    let file = File::options().create_new(true).write(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(TrialError::io(format!("to write {}", path.display())))
}
