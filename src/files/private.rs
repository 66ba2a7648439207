//! Files and directories that only their owner can read, whatever the mask of the process is.

use super::FileError;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The permissions of a directory: its owner, and nobody else.
const DIRECTORY_MODE: u32 = 0o700;
/// The permissions of a file.
const FILE_MODE: u32 = 0o600;

/// Makes one directory; its parent exists.
///
/// # Errors
/// When there is something of that name already, or it cannot be made.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().mode(DIRECTORY_MODE).create(path);
    made.map_err(|source| FileError::io("make the directory", path, source))
}

/// Makes a directory and those above it, where they do not exist. What exists keeps its permissions.
///
/// # Errors
/// When one cannot be made.
pub fn create_directories(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path);
    made.map_err(|source| FileError::io("make the directory", path, source))
}

/// Makes a new file, to be written.
///
/// # Errors
/// When there is something of that name already, or it cannot be made.
pub fn create_file(path: &Path) -> Result<File, FileError> {
    let made =
        OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(path);
    made.map_err(|source| FileError::io("make", path, source))
}

/// Sees that nobody but the owner reaches what is in a directory.
///
/// # Errors
/// [`FileError::Exposed`] names its permissions; when it cannot be read.
pub fn check_directory(path: &Path) -> Result<(), FileError> {
    let required = DIRECTORY_MODE;
    let meta = fs::metadata(path).map_err(|source| FileError::io("read", path, source))?;
    let mode = meta.permissions().mode() & 0o777;
    // Rights of the owner alone.
    if mode | 0o700 == 0o700 {
        Ok(())
    } else {
        Err(FileError::Exposed { path: path.to_owned(), mode, required })
    }
}

/// Reads a file with a secret, at most one byte more than `bytes_max`: who asks sees that it is longer.
/// What waits for a writer, such as a pipe, is read as empty.
///
/// # Errors
/// [`FileError::Exposed`] where others than the owner reach it; when it cannot be read.
pub fn read_secret(path: &Path, bytes_max: usize) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::io("read", path, source);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| failed(e.into()))?;
    let file = File::from(file);
    // Of the open file, not of the name: the name can change in between.
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode | 0o700 != 0o700 {
        let path = path.to_owned();
        return Err(FileError::Exposed { path, mode, required: FILE_MODE });
    }
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_alone_and_what_others_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let (inner, file) = (dir.path().join("a/b"), dir.path().join("a/b/c"));
        create_directories(&inner).expect("made");
        create_file(&file).expect("made");
        assert_eq!((mode(&inner), mode(&file)), (0o700, 0o600));
        check_directory(&inner).expect("private");
        fs::set_permissions(&inner, Permissions::from_mode(0o755)).expect("opened to others");
        let exposed = check_directory(&inner);
        assert!(matches!(exposed, Err(FileError::Exposed { mode: 0o755, .. })), "{exposed:?}");
    }
}
