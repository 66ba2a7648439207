//! `--version` says which forms of files the program writes, and the files say the same.

use crate::serve::server::{PROGRAM, ServerDir};
use rusqlite::Connection;
use std::path::Path;
use std::process::Command;

fn printed(option: &str) -> String {
    let done = Command::new(PROGRAM).arg(option).output().expect("the program ends");
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).expect("text")
}

fn number(file: &Path, query: &str) -> i64 {
    let connection = Connection::open(file).expect("a database");
    connection.query_row(query, [], |row| row.get(0)).expect(query)
}

#[test]
fn the_versions_that_are_printed_are_those_of_the_files_that_are_made() {
    let dir = ServerDir::new();
    dir.init();
    let kernel = dir.data().join("kernel");
    let log = number(&dir.data().join("control.sqlite"), "PRAGMA user_version");
    let node = number(&kernel.join("n1/node.sqlite"), "SELECT format FROM node");
    let cluster = number(&kernel.join("switchboard.sqlite"), "SELECT format FROM cluster");
    let forms =
        format!("stored forms: control.sqlite {log}, node {node}, cluster metadata {cluster}, ");
    for option in ["--version", "-V"] {
        let printed = printed(option);
        let lines: Vec<_> = printed.lines().collect();
        let [program, commit, said] = lines.as_slice() else { panic!("{printed}") };
        assert_eq!(*program, format!("aerodb-control {}", env!("CARGO_PKG_VERSION")));
        assert!(commit.starts_with("commit: "), "{commit}");
        assert!(said.starts_with(&forms), "{said}, and the files: {forms}");
        assert!(said.contains("postgres journal "), "{said}");
    }
}
