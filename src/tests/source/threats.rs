//! The threat model names tests, and each of them is there.

use crate::source::contract::all_tests;
use crate::source::files::root;
use std::collections::BTreeSet;

/// The cells of the rows of the document, but for those of the head.
fn rows(document: &str) -> Vec<Vec<String>> {
    let lines = document.lines().filter(|line| line.starts_with("| "));
    let rows = lines.filter(|line| !line.starts_with("| #") && !line.starts_with("| ---"));
    let cells = |line: &str| {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// The names in backticks.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_threat_has_a_mitigation_and_a_test_that_is_there() {
    let document =
        std::fs::read_to_string(root().join("docs/threat-model.md")).expect("a document");
    let tests: BTreeSet<String> = all_tests().into_iter().map(|place| place.name).collect();
    let rows = rows(&document);
    assert!(rows.len() >= 25, "{} threats", rows.len());
    let mut total = 0;
    for (number, row) in rows.iter().enumerate() {
        let [at, asset, threat, mitigation, proof] = &row[..] else { panic!("{row:?}") };
        assert_eq!(at, &(number + 1).to_string(), "they are counted");
        assert!(!asset.is_empty() && !threat.is_empty() && !mitigation.is_empty(), "{row:?}");
        let proofs = named(proof);
        assert!(!proofs.is_empty(), "threat {at} has no test");
        for name in proofs {
            assert!(tests.contains(name), "threat {at}: there is no test {name}");
            total += 1;
        }
    }
    println!("{} threats, {total} tests", rows.len());
}
