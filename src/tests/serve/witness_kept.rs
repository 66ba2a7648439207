//! Copies of one side of a data directory, and what is put in its place: for tests in which log and
//! kernel are not of one moment.

use aerodb_control::model::text::Reason;
use aerodb_control::serve::{Examined, ServeError, examine_with};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// One side of a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The audit log, with everything beside it that begins with its name.
    Log,
    /// The kernel, all of it.
    Kernel,
}

impl Side {
    fn holds(self, name: &str) -> bool {
        match self {
            Self::Log => name.starts_with("control.s"),
            Self::Kernel => name == "kernel",
        }
    }
}

/// Copies one side away.
pub fn keep(dir: &Path, side: Side) -> TempDir {
    let kept = tempfile::tempdir().expect("a directory");
    copy(dir, kept.path(), side);
    kept
}

/// Puts the copy in the place of what is there.
pub fn put_back(kept: &Path, dir: &Path, side: Side) {
    remove(dir, side);
    copy(kept, dir, side);
}

fn remove(dir: &Path, side: Side) {
    for entry in fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        if side.holds(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
                .expect("it is removed");
        }
    }
}

fn copy(from: &Path, to: &Path, side: Side) {
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        if side.holds(&entry.file_name().to_string_lossy()) {
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a directory");
        for entry in fs::read_dir(from).expect("a directory") {
            let entry = entry.expect("an entry");
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).expect("a copy");
    }
}

/// Compares both sides of a directory that nobody serves, as the command does.
pub async fn examined(dir: &Path) -> Examined {
    let config = crate::serve::opened::config(dir, 3);
    let clock = crate::still_time::ManualClock::new();
    let ambient = crate::serve::opened::ambient(clock, Arc::default());
    examine_with(&config, ambient).await.expect("both sides open")
}

/// Accepts what is found, with this name typed.
pub async fn accept(dir: &Path, typed: &str) -> Result<u64, String> {
    let reason = Reason::parse("the other copy is lost").expect("a reason");
    let accepted = examined(dir).await.accept(typed, reason, "root (uid 0)".to_owned()).await;
    accepted.map(|stored| stored.record.seq).map_err(|error: ServeError| error.to_string())
}
