//! Where a person's sessions are kept between commands: one file, for its owner only.

use super::address::Address;
use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The form of the file.
const FILE_VERSION: u32 = 1;
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One session of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedSession {
    /// The account.
    pub(super) name: ActorName,
    /// Its role when the session began.
    pub(super) role: ActorRole,
    /// The secret.
    pub(super) token: String,
    /// When it ends at the latest.
    pub(super) expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    sessions: BTreeMap<String, SavedSession>,
}

/// The file of sessions cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// No folder is known to keep it in.
    #[error("neither XDG_CONFIG_HOME nor HOME names a folder to keep the session in")]
    NoFolder,
    /// Others could have read or changed it.
    #[error("{path} can be used by others (mode {mode:o}); make it 600 or remove it")]
    Exposed {
        /// The session file.
        path: PathBuf,
        /// The permission bits that were found, as `stat` gives them.
        mode: u32,
    },
    /// It is not a file of sessions.
    #[error("{path} is not a session file of this program; remove it and sign in again")]
    Unreadable {
        /// The session file, which is left as it is.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// The file of sessions.
pub(super) struct SessionFile {
    folder: PathBuf,
}

impl SessionFile {
    /// The file of the person who runs the command.
    pub(super) fn of_person() -> Result<Self, SessionError> {
        let absolute = |name| {
            std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute())
        };
        let base = absolute("XDG_CONFIG_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".config")))
            .ok_or(SessionError::NoFolder)?;
        Ok(Self { folder: base.join("aerodb-control") })
    }

    /// The session for this server, where there is one.
    pub(super) fn load(&self, url: &Address) -> Result<Option<SavedSession>, SessionError> {
        Ok(self.read()?.sessions.remove(url.as_str()))
    }

    /// Keeps a session for this server, in place of an earlier one.
    pub(super) fn save(&self, url: &Address, session: SavedSession) -> Result<(), SessionError> {
        let mut contents = self.read()?;
        contents.sessions.insert(url.as_str().to_owned(), session);
        self.write(&contents)
    }

    /// Forgets the session for this server.
    pub(super) fn remove(&self, url: &Address) -> Result<(), SessionError> {
        let mut contents = self.read()?;
        match contents.sessions.remove(url.as_str()) {
            Some(_) => self.write(&contents),
            None => Ok(()),
        }
    }

    /// Where the file is.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("session.json")
    }

    fn read(&self) -> Result<Contents, SessionError> {
        let path = self.path();
        let empty = Contents { version: FILE_VERSION, sessions: BTreeMap::new() };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(empty),
            Err(source) => return Err(SessionError::Io { path, source }),
        };
        let io = |source| SessionError::Io { path: path.clone(), source };
        // Of the open file, not of the name: the name can change in between.
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SessionError::Exposed { path, mode });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io)?;
        let contents: Option<Contents> = serde_json::from_str(&text).ok();
        contents
            .filter(|contents| contents.version == FILE_VERSION)
            .ok_or(SessionError::Unreadable { path })
    }

    fn write(&self, contents: &Contents) -> Result<(), SessionError> {
        let text = serde_json::to_vec_pretty(contents).expect("sessions hold text keys only");
        let temporary = self.folder.join(format!("session.json.{}", std::process::id()));
        self.replace(&temporary, &text).map_err(|source| {
            let _ = fs::remove_file(&temporary);
            SessionError::Io { path: self.path(), source }
        })
    }

    /// A whole file or the one before it, never a part: written beside it, then renamed.
    fn replace(&self, temporary: &Path, text: &[u8]) -> io::Result<()> {
        if let Some(parent) = self.folder.parent() {
            fs::create_dir_all(parent)?;
        }
        if !self.folder.is_dir() {
            DirBuilder::new().mode(0o700).create(&self.folder)?;
        }
        // `create_new` opens nothing that somebody else put there, and follows no link.
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(temporary, self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, SessionFile) {
        let dir = tempfile::tempdir().expect("a folder");
        let file = SessionFile { folder: dir.path().join("config/aerodb-control") };
        (dir, file)
    }

    fn stored(token: &str) -> SavedSession {
        SavedSession {
            name: ActorName::parse("ada").expect("valid"),
            role: ActorRole::Operator,
            token: token.to_owned(),
            expires_at: Timestamp::from_millis(0),
        }
    }

    fn url(text: &str) -> Address {
        Address::parse(text).expect("valid")
    }

    #[test]
    fn a_session_is_kept_for_its_own_server_only() {
        let (_dir, file) = file();
        let (a, b) = (url("http://a:1"), url("http://b:1"));
        assert_eq!(file.load(&a).expect("no file"), None);
        file.save(&a, stored("one")).expect("saved");
        assert_eq!(file.load(&b).expect("read"), None);
        file.save(&b, stored("two")).expect("saved");
        assert_eq!(file.load(&a).expect("read"), Some(stored("one")));
        file.remove(&a).expect("removed");
        assert_eq!(file.load(&a).expect("read"), None);
        assert_eq!(file.load(&b).expect("read"), Some(stored("two")));
    }

    #[test]
    fn nobody_else_can_read_the_file_or_look_into_its_folder() {
        let (_dir, file) = file();
        file.save(&url("http://a:1"), stored("one")).expect("saved");
        file.save(&url("http://a:1"), stored("two")).expect("saved");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!(mode(&file.path()), 0o600);
        assert_eq!(mode(&file.folder), 0o700);
        let names: Vec<_> = fs::read_dir(&file.folder).expect("readable").collect();
        assert_eq!(names.len(), 1, "a temporary file was left behind");
    }

    #[test]
    fn a_file_that_others_can_use_is_refused() {
        let (_dir, file) = file();
        file.save(&url("http://a:1"), stored("one")).expect("saved");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).expect("ours");
        let error = file.load(&url("http://a:1")).expect_err("exposed");
        assert!(error.to_string().contains("mode 640"), "{error}");
    }

    #[test]
    fn a_file_of_another_form_is_refused_and_kept() {
        let (_dir, file) = file();
        file.save(&url("http://a:1"), stored("one")).expect("saved");
        for text in ["", "{}", "{\"version\":2,\"sessions\":{}}"] {
            fs::write(file.path(), text).expect("ours");
            assert!(file.load(&url("http://a:1")).is_err(), "{text}");
            assert!(file.save(&url("http://a:1"), stored("two")).is_err(), "{text}");
            assert_eq!(fs::read_to_string(file.path()).expect("kept"), text);
        }
    }
}
