//! What a server says when it says no, and what that proves.

use crate::kernel::postgres::config::PasswordFileError;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio_postgres::error::{DbError, Severity};

/// Why there is no connection. No statement was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The file of the password cannot be used; nothing was sent at all.
    #[error("{why}")]
    Password {
        /// Which file, and what is wrong with it.
        why: String,
    },
    /// Nothing answers at the address.
    #[error("{why}")]
    Unreachable {
        /// What the system says.
        why: String,
    },
    /// The two could not agree on encryption, or on who the other is.
    #[error("{why}")]
    Untrusted {
        /// What was found.
        why: String,
    },
    /// The server refuses the session, such as with 53300 where it has no more.
    #[error("{code}: {message}")]
    Refused {
        /// The SQLSTATE.
        code: String,
        /// The words of the server.
        message: String,
    },
    /// It took too long.
    #[error("no session within {} ms", after.as_millis())]
    Deadline {
        /// How long was waited.
        after: Duration,
    },
}

impl From<PasswordFileError> for ConnectError {
    fn from(error: PasswordFileError) -> Self {
        Self::Password { why: error.to_string() }
    }
}

/// Why a statement has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The server answered with an error, and the session goes on. The transaction of the statement was
    /// rolled back; what a statement did outside of it stays done.
    #[error("{code}: {message}")]
    Refused {
        /// The SQLSTATE.
        code: String,
        /// The words of the server.
        message: String,
    },
    /// The session ended, or its answer cannot be read. It proves nothing.
    #[error("{why}")]
    Lost {
        /// What is known.
        why: String,
    },
    /// No answer came in time. It proves nothing, and the statement may still run.
    #[error("no answer within {} ms", after.as_millis())]
    Deadline {
        /// How long was waited.
        after: Duration,
    },
}

/// What the server said besides its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNotice {
    /// Such as `WARNING`, whatever language the server speaks.
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// The words of the server.
    pub message: String,
}

impl fmt::Display for ServerNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.message)
    }
}

/// Why a server that was reached gave no session.
pub(super) fn not_connected(error: &tokio_postgres::Error) -> ConnectError {
    if let Some(said) = error.as_db_error() {
        return ConnectError::Refused { code: code(said), message: words(said) };
    }
    // What a certificate or a key is refused for is invalid data; anything else of the system's is a
    // connection that ended.
    let of_system = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let has_ended = of_system.is_some_and(|error| error.kind() != io::ErrorKind::InvalidData);
    let why = chain(error);
    if error.is_closed() || has_ended {
        ConnectError::Unreachable { why }
    } else {
        ConnectError::Untrusted { why }
    }
}

/// What an error of a running session proves. Past a fatal one there is no session that could say what
/// became of the statement.
pub(super) fn judged(error: tokio_postgres::Error) -> SqlError {
    match error.as_db_error() {
        Some(said) if said.parsed_severity() == Some(Severity::Error) => {
            SqlError::Refused { code: code(said), message: words(said) }
        }
        Some(said) => {
            SqlError::Lost { why: format!("{} {}: {}", said.severity(), code(said), words(said)) }
        }
        None => SqlError::Lost { why: chain(&error) },
    }
}

pub(super) fn notice(said: &DbError) -> ServerNotice {
    let severity = said.parsed_severity().map(|severity| severity.to_string());
    ServerNotice {
        severity: severity.unwrap_or_else(|| said.severity().to_owned()),
        code: code(said),
        message: words(said),
    }
}

fn code(said: &DbError) -> String {
    said.code().code().to_owned()
}

/// The words of the server, with what it adds to them.
fn words(said: &DbError) -> String {
    let mut words = said.message().to_owned();
    for (name, more) in [("DETAIL", said.detail()), ("HINT", said.hint())] {
        if let Some(more) = more {
            words.push_str(&format!(" {name}: {more}"));
        }
    }
    words
}

/// An error and what caused it.
pub(super) fn chain(error: &tokio_postgres::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    said
}
