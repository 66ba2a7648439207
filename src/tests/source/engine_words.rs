//! The words of the embedded engine stand in its own room, and nowhere else: whatever looks for one of
//! them elsewhere would know a kernel that it must not know.

use crate::source::files::root;
use std::path::{Path, PathBuf};

const WORDS: [&str; 6] = ["voter", "quorum", "fence", "epoch", "learner", "raft"];

/// Where one of them stands all the same: the file, what it says there, and why.
const LEFT: &[(&str, &[&str], &str)] = &[
    (
        "src/model/receipt.rs",
        &["rename = \"epoch\""],
        "stored: a member of every receipt, in logs and in kernels, since the first version",
    ),
    (
        "src/model/record.rs",
        &["rename = \"expected_epoch\"", "rename = \"epoch\""],
        "stored: members of the records dispatched and stopped, which are hashed as they are",
    ),
    ("src/model/finding.rs", &["rename = \"epoch\""], "stored: the subject of an accepted finding"),
    ("src/cli/exit.rs", &["\"epoch\": 1"], "a receipt as a server answers it, in a test"),
    ("src/serve/ambient.rs", &["UNIX_EPOCH"], "the beginning of time, of the standard library"),
    (
        "src/text/fixtures.rs",
        &[
            "Fence",
            "epoch: Fact",
            "last_epoch: Fact",
            "write_fence",
            "voters",
            "quorum",
            "pinned.epoch",
            "\"raft: transfer leader to n2\"",
        ],
        "a state of the embedded kernel, for tests",
    ),
    ("src/text/overview.rs", &["\\nEpoch: 3\\n"], "what a test reads of that state"),
];

/// Words that hold one of them by accident of spelling.
const OTHERS: [&str; 2] = ["draft", "Draft"];

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { collect(&path, into) } else { into.push(path) }
    }
}

/// Every text of the program outside the engine's room and the tests.
fn texts() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in ["src", "style"] {
        collect(&root().join(folder), &mut paths);
    }
    paths.sort();
    let text = |path: PathBuf| {
        let name =
            path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        let is_own = ["src/kernel/embedded", "src/kernel/postgres", "src/tests/"]
            .iter()
            .any(|own| name.starts_with(own));
        let text = std::fs::read_to_string(&path).ok().filter(|_| !is_own)?;
        Some((name, text))
    };
    paths.into_iter().filter_map(text).collect()
}

/// C1.3: nothing outside the kernel re-interprets it.
#[test]
fn the_words_of_the_engine_stand_in_its_room_and_where_a_stored_form_has_them() {
    let texts = texts();
    assert!(texts.len() > 300, "the program was looked at: {}", texts.len());
    let mut found = Vec::new();
    for (name, text) in &texts {
        let left = LEFT.iter().find(|(path, ..)| path == name);
        let left = left.map_or(&[] as &[&str], |(_, left, _)| *left);
        for (number, line) in text.lines().enumerate() {
            let rest =
                left.iter().chain(&OTHERS).fold(line.to_owned(), |l, word| l.replace(word, ""));
            let rest = rest.to_lowercase();
            if let Some(word) = WORDS.iter().find(|word| rest.contains(**word)) {
                found.push(format!("{name}:{}: {word}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is not there any more is no exception any more.
#[test]
fn every_exception_is_still_one() {
    let texts = texts();
    for (path, left, why) in LEFT {
        let text = texts.iter().find(|(name, _)| name == path).map(|(_, text)| text);
        let text = text.unwrap_or_else(|| panic!("{path} is gone"));
        for word in *left {
            assert!(text.contains(word), "{path} has no {word} any more: {why}");
        }
        assert!(!why.is_empty(), "{path}");
    }
}
