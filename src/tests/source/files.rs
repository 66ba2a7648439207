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

    /// The lines that are code: without comments, and without what is compiled into tests only.
    ///
    /// The formatter holds what this relies on: an item ends on a line that begins where the item begins.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut skipped: Option<usize> = None;
        let mut is_code = move |line: &str| {
            let text = line.trim_start();
            let indent = line.len() - text.len();
            match skipped {
                None if text == "#[cfg(test)]" => {
                    skipped = Some(indent);
                    false
                }
                None => !text.starts_with("//"),
                Some(begun) => {
                    let ends = [";", "}", ","].iter().any(|end| text.ends_with(end));
                    if begun == indent && ends && !text.starts_with('#') {
                        skipped = None;
                    }
                    false
                }
            }
        };
        let numbered = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        numbered.filter(move |(_, line)| is_code(line))
    }
}

#[test]
fn code_is_what_is_not_for_tests_alone() {
    let text = "a\n#[cfg(test)]\nmod b;\n// c\nd {\n    #[cfg(test)]\n    e: None,\n    f\n}\n\
                #[cfg(test)]\n#[allow(x)]\nmod g {\n    h;\n}\ni\n";
    let source = Source { path: String::new(), text: text.to_owned() };
    let code: Vec<_> = source.code().collect();
    assert_eq!(code, [(1, "a"), (5, "d {"), (8, "    f"), (9, "}"), (15, "i")]);
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
