//! The file that holds the key of the log. It is made once, and replaced only by a rotation.
//!
//! A rotation writes the new key beside the old one, then the record that names it, and then puts it
//! in the old one's place. Which of the two files holds the key is for the log to say, so a stop in
//! the middle leaves one of them standing, and nothing has to be finished before the log can be used.

use super::note::{LogKey, LogSigner, NoteError};
use crate::model::ambient::Entropy;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The name of the file in the data directory.
pub const KEY_FILE: &str = "log.key";
/// The name of a new key until it stands in the place of the old one.
pub const NEXT_KEY_FILE: &str = "log.key.next";
/// Where a key is written before it has its name.
const UNFINISHED: &str = "log.key.unfinished";
/// A key is about 150 bytes; what is longer is something else.
const KEY_BYTES_MAX: u64 = 1024;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others than its owner could have read or changed it.
    #[error(
        "{} is open to others than its owner (mode {mode:03o}): make it 600, after making sure that nobody has read it",
        path.display()
    )]
    Exposed {
        /// The file of the signing key.
        path: PathBuf,
        /// The permission bits that were found, as `stat` gives them.
        mode: u32,
    },
    /// The file holds no key.
    #[error("{}: {source}", path.display())]
    Bad {
        /// The file of the signing key.
        path: PathBuf,
        /// What is wrong with it.
        source: NoteError,
    },
    /// The file holds the key of another log, or another key than the log names.
    #[error("{} is not the key of this log: it is {found}, and the log names {named}", path.display())]
    Other {
        /// The file that holds the other key.
        path: PathBuf,
        /// The key that is in it.
        found: String,
        /// The key, or the name of the log, that was expected.
        named: String,
    },
    /// The log names a key, and it is not there. A new one would hide that.
    #[error("{} is missing, and the log is signed with {named}: put it back", path.display())]
    Missing {
        /// Where the signing key has to be put back.
        path: PathBuf,
        /// The key that the log names.
        named: String,
    },
    /// The file could not be made or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file that the operation was for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Reads the key of the log `name` from a data directory, and makes it where the log names none yet.
/// `named` is the key that the log names.
///
/// # Errors
/// When the file is open to others, is no key or another one, or is missing though the log names it.
pub fn open_key(
    dir: &Path,
    name: &str,
    named: Option<&LogKey>,
    entropy: &dyn Entropy,
) -> Result<LogSigner, KeyError> {
    let path = dir.join(KEY_FILE);
    let signer = match (existing_key(dir, named)?, named) {
        (Some(signer), _) => signer,
        (None, Some(named)) => {
            return Err(KeyError::Missing { path, named: named.to_string() });
        }
        (None, None) => make(dir, KEY_FILE, name, entropy)?,
    };
    let key = signer.public();
    let expected = named.map_or_else(|| name.to_owned(), ToString::to_string);
    if key.name() == name && named.is_none_or(|named| *named == key) {
        return Ok(signer);
    }
    Err(KeyError::Other { path, found: key.to_string(), named: expected })
}

/// Reads the key in a data directory; `None` where there is none. Of an old and a new one it is the
/// one that the log names, and where it names neither the old one.
///
/// # Errors
/// When the file is open to others, or is no key.
pub fn existing_key(dir: &Path, named: Option<&LogKey>) -> Result<Option<LogSigner>, KeyError> {
    let found = read(&dir.join(KEY_FILE))?;
    let is_named = |signer: &LogSigner| named.is_none_or(|named| *named == signer.public());
    if found.as_ref().is_some_and(is_named) {
        return Ok(found);
    }
    let next = read(&dir.join(NEXT_KEY_FILE))?;
    Ok(next.filter(|next| named.is_some() && is_named(next)).or(found))
}

/// Makes a new key beside the old one. What an earlier rotation left there that no record names is
/// replaced: it has never signed a head.
///
/// # Errors
/// When the file cannot be made.
pub fn make_next(dir: &Path, name: &str, entropy: &dyn Entropy) -> Result<LogSigner, KeyError> {
    make(dir, NEXT_KEY_FILE, name, entropy)
}

/// Puts the new key in the place of the old one, which is gone then: nobody can sign with it any more.
///
/// # Errors
/// When the file is not there, or cannot be renamed.
pub fn take_next(dir: &Path) -> Result<(), KeyError> {
    let next = dir.join(NEXT_KEY_FILE);
    fs::rename(&next, dir.join(KEY_FILE))
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(|source| KeyError::File { path: next, source })
}

fn read(path: &Path) -> Result<Option<LogSigner>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let signer = LogSigner::parse(text.strip_suffix('\n').unwrap_or(&text));
    signer.map(Some).map_err(|source| KeyError::Bad { path: path.to_owned(), source })
}

/// Makes the key. The file has its name only when it is whole and on the disk.
fn make(dir: &Path, file: &str, name: &str, entropy: &dyn Entropy) -> Result<LogSigner, KeyError> {
    let (path, unfinished) = (dir.join(file), dir.join(UNFINISHED));
    let bad = |source| KeyError::Bad { path: path.clone(), source };
    let signer = LogSigner::new(name, &entropy.bytes()).map_err(bad)?;
    let failed = |source| KeyError::File { path: path.clone(), source };
    // What a crash left there has never signed anything.
    match fs::remove_file(&unfinished) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(failed)?;
    writeln!(file, "{}", signer.secret_text()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&unfinished, &path).map_err(failed)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
    Ok(signer)
}
