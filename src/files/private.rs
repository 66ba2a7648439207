//! Files and directories that only their owner can read, whatever the mask of the process is.

use super::FileError;
use std::fs::{self, DirBuilder, File, OpenOptions};
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
