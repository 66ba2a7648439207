//! The files that say whom to believe: certificates, and secrets that nobody else may read.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Why a file of certificates or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialFileError {
    /// It is not there, or may not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is not in the form that is read.
    #[error("it is not PEM: {0}")]
    Pem(pem::Error),
    /// It is PEM and holds nothing of the kind.
    #[error("it holds no {0}")]
    Empty(&'static str),
    /// Whoever has an account on the machine could read it.
    #[error("everybody on this machine can read the {what} (mode {mode:o}); take that away")]
    Exposed {
        /// What it holds.
        what: &'static str,
        /// The mode of the file.
        mode: u32,
    },
}

/// Reads the certificates of a file in PEM form.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialFileError> {
    let text = std::fs::read(path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = read.map_err(CredentialFileError::Pem)?;
    if found.is_empty() { Err(CredentialFileError::Empty("certificate")) } else { Ok(found) }
}

/// Opens a file with a secret that somebody else put there. A group of its own may read it: that is how
/// some systems share secrets with services.
///
/// # Errors
/// When it cannot be opened, or everybody can read it.
pub fn open_secret(path: &Path, what: &'static str) -> Result<File, CredentialFileError> {
    let file = File::open(path)?;
    // Of the open file, not of the name: the name can change in between.
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o007 != 0 { Err(CredentialFileError::Exposed { what, mode }) } else { Ok(file) }
}
