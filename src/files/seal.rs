//! The seal beside a database: whose file it is, and how many commits were made.
//!
//! SQLite takes a write-ahead log that was cut or lost for one that is shorter. So every commit raises
//! a number in the database, and the same number is written here when the commit is done. It is not
//! synced: a kill does not lose it, and a power cut leaves one that is too small, never one that is
//! too large. So a database that holds fewer commits than its seal has lost some.

use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// More than a seal is long: what is longer is something else.
const BYTES_MAX: u64 = 1024;

/// The open seal of one database.
#[derive(Debug)]
pub struct FileDigest {
    file: File,
    of: PathBuf,
    owner: String,
}

/// What a seal says against its database. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FileDigestError {
    /// No seal stands beside the database.
    #[error("{} is missing", path.display())]
    Missing {
        /// Where the seal should be.
        path: PathBuf,
    },
    /// It is not what was written.
    #[error("{} is damaged: it is not what was written", path.display())]
    Damaged {
        /// The seal that does not read.
        path: PathBuf,
    },
    /// It belongs to another database.
    #[error("{} belongs to {found}, and the database beside it to {owner}", path.display())]
    Foreign {
        /// The seal that names another owner.
        path: PathBuf,
        /// Whose seal it is.
        found: String,
        /// Whose database stands beside it.
        owner: String,
    },
    /// The database is older than it was, or lost its write-ahead log.
    #[error("{} holds {held} commits, and {made} were made: it, or its write-ahead log, is older than it was", of.display())]
    Older {
        /// The database file, without its write-ahead log.
        of: PathBuf,
        /// How many commits it holds.
        held: u64,
        /// How many were made.
        made: u64,
    },
    /// It cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        doing: &'static str,
        /// The seal that the operation was for.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl FileDigest {
    /// Where the seal of a database stands: `node.seal` beside `node.sqlite`.
    #[must_use]
    pub fn path(of: &Path) -> PathBuf {
        of.with_extension("seal")
    }

    /// Makes the seal of a database that was just made, durably but for the name: whoever makes the
    /// database syncs the directory. `owner` is one word that no other database has.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn create(of: &Path, owner: &str, commits: u64) -> Result<Self, FileDigestError> {
        let path = Self::path(of);
        let made = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = made.map_err(|source| FileDigestError::Io { doing: "make", path, source })?;
        let seal = Self { file, of: of.to_owned(), owner: owner.to_owned() };
        seal.note_durably(commits)?;
        Ok(seal)
    }

    /// Makes the seal of a database anew, in the place of one that is missing or says something else.
    /// There is the old one or the new one at any moment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(of: &Path, owner: &str, commits: u64) -> Result<Self, FileDigestError> {
        let (path, unfinished) = (Self::path(of), of.with_extension("seal.unfinished"));
        let failed = |doing| {
            let path = path.clone();
            move |source| FileDigestError::Io { doing, path, source }
        };
        match std::fs::remove_file(&unfinished) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed("replace")(e)),
            _ => {}
        }
        let made =
            File::options().read(true).write(true).create_new(true).mode(0o600).open(&unfinished);
        let file = made.map_err(failed("replace"))?;
        let seal = Self { file, of: of.to_owned(), owner: owner.to_owned() };
        seal.note_durably(commits)?;
        std::fs::rename(&unfinished, &path).map_err(failed("replace"))?;
        Ok(seal)
    }

    /// Opens the seal of a database, and compares the two: `held` is how many commits it holds.
    ///
    /// # Errors
    /// When the seal is missing, damaged or another's, or the database holds fewer commits than were
    /// made.
    pub fn open(of: &Path, owner: &str, held: u64) -> Result<Self, FileDigestError> {
        let path = Self::path(of);
        let file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(FileDigestError::Missing { path });
            }
            Err(source) => return Err(FileDigestError::Io { doing: "open", path, source }),
        };
        let (found, made) = read(&file, &path)?;
        if found != owner {
            return Err(FileDigestError::Foreign { path, found, owner: owner.to_owned() });
        }
        if held < made {
            return Err(FileDigestError::Older { of: of.to_owned(), held, made });
        }
        Ok(Self { file, of: of.to_owned(), owner: owner.to_owned() })
    }

    /// Reads whose seal stands beside a path and how many commits it names, also where the database
    /// is gone.
    ///
    /// # Errors
    /// When the seal is missing or damaged.
    pub fn look(of: &Path) -> Result<(String, u64), FileDigestError> {
        let path = Self::path(of);
        match File::open(&path) {
            Ok(file) => read(&file, &path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(FileDigestError::Missing { path }),
            Err(source) => Err(FileDigestError::Io { doing: "open", path, source }),
        }
    }

    /// Notes how many commits were made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&self, commits: u64) -> Result<(), FileDigestError> {
        let line = line(&self.owner, commits);
        let written = self.file.write_all_at(line.as_bytes(), 0);
        written.map_err(|source| self.failed("write", source))
    }

    /// The same, on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    pub fn note_durably(&self, commits: u64) -> Result<(), FileDigestError> {
        self.note(commits)?;
        self.file.sync_all().map_err(|source| self.failed("sync", source))
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> FileDigestError {
        FileDigestError::Io { doing, path: Self::path(&self.of), source }
    }
}

/// What stands in the file: for one owner always of the same length, and written in one piece.
fn line(owner: &str, commits: u64) -> String {
    let text = format!("2 {owner} {commits:020}");
    format!("{text} {}\n", hex::encode(Sha256::digest(text.as_bytes())))
}

fn read(file: &File, path: &Path) -> Result<(String, u64), FileDigestError> {
    let mut text = String::new();
    match file.take(BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::InvalidData => {
            return Err(FileDigestError::Damaged { path: path.to_owned() });
        }
        Err(source) => {
            return Err(FileDigestError::Io { doing: "read", path: path.to_owned(), source });
        }
    }
    parse(&text).ok_or_else(|| FileDigestError::Damaged { path: path.to_owned() })
}

fn parse(text: &str) -> Option<(String, u64)> {
    let mut words = text.trim_end().split(' ').skip(1);
    let (owner, commits) = (words.next()?, words.next()?.parse().ok()?);
    (text == line(owner, commits)).then(|| (owner.to_owned(), commits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_holds_fewer_commits_than_were_made_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let of = dir.path().join("node.sqlite");
        let seal = FileDigest::create(&of, "n1", 0).expect("a seal");
        seal.note(41).expect("a note");
        assert!(matches!(
            FileDigest::open(&of, "n1", 40),
            Err(FileDigestError::Older { held: 40, made: 41, .. })
        ));
        FileDigest::open(&of, "n1", 41).expect("as many");
        FileDigest::open(&of, "n1", 42).expect("a kill between commit and note leaves one more");
        assert_eq!(FileDigest::look(&of).expect("a seal"), ("n1".to_owned(), 41));
    }

    #[test]
    fn a_seal_of_another_database_or_with_a_flipped_bit_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let of = dir.path().join("node.sqlite");
        assert!(matches!(FileDigest::open(&of, "n1", 0), Err(FileDigestError::Missing { .. })));
        FileDigest::create(&of, "n2", 7).expect("a seal");
        assert!(matches!(FileDigest::open(&of, "n1", 9), Err(FileDigestError::Foreign { .. })));
        let path = FileDigest::path(&of);
        let good = std::fs::read(&path).expect("the seal");
        for at in 0..good.len() {
            let mut bad = good.clone();
            *bad.get_mut(at).expect("a byte") ^= 1;
            std::fs::write(&path, &bad).expect("written");
            assert!(FileDigest::open(&of, "n2", 9).is_err(), "byte {at}");
        }
        std::fs::write(&path, b"").expect("emptied");
        assert!(matches!(FileDigest::look(&of), Err(FileDigestError::Damaged { .. })));
    }
}
