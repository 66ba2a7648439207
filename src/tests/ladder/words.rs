//! The words of the kernel that is compiled in, which nobody says of another one.

/// What must stand nowhere.
const FOREIGN: &[&str] = &[
    "voter",
    "quorum",
    "fence",
    "epoch",
    "learner",
    "raft",
    "log index",
    "majority",
    "switchover",
    "failover",
    "purge_log",
    "take_offline",
    "embedded",
];

/// Names in stored forms: they were written into logs that are never changed, and are read by programs.
const STORED: &[(&str, &str)] = &[
    ("\"expected_epoch\"", "a field of the record `dispatched`, since the first version"),
    ("\"epoch\"", "a field of receipts and of the record `stopped`, and a subject of findings"),
];

/// What holds one by accident of spelling, or is the name of a file of the program's tests.
const OTHERS: &[&str] = &["draft", "src/tests/kernel/embedded.rs"];

/// Every foreign word of a text, with what stands around it.
pub(super) fn foreign(text: &str) -> Vec<String> {
    let mut text = text.to_lowercase();
    for word in STORED.iter().map(|(word, _)| *word).chain(OTHERS.iter().copied()) {
        text = text.replace(word, "");
    }
    let around = |(at, _): (usize, &str)| {
        let from = text[..at].char_indices().rev().nth(40).map_or(0, |(at, _)| at);
        text[from..].chars().take(100).collect::<String>()
    };
    FOREIGN.iter().filter_map(|word| text.match_indices(word).next().map(around)).collect()
}

#[test]
fn a_foreign_word_is_found_and_a_stored_name_is_none() {
    assert_eq!(foreign("the Quorum of n1").len(), 1);
    assert_eq!(foreign(r#"{"expected_epoch": 3, "epoch": null}, a draft"#), Vec::<String>::new());
}
