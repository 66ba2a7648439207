//! The project's own source, as the tests about its shape read it.

use std::path::{Path, PathBuf};

/// One file of the project.
pub struct Source {
    /// Its path from the project's folder, with forward slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The room that the file belongs to: `src/kernel/embedded.rs` is in `kernel`.
    pub fn room(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        let first = inner.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The lines that are code: without comments, and without the unit tests at the end.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let until_tests = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        until_tests
            .enumerate()
            .map(|(i, line)| (i + 1, line))
            .filter(move |(_, line)| is_code(line))
    }
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `src`, in order.
pub fn rust() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| Source {
            text: std::fs::read_to_string(&path).expect("source is text"),
            path: path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned(),
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { collect(&path, into) } else { into.push(path) }
    }
}
