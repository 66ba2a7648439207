//! A second control plane on the same ledger or on the same kernel is refused, also while the first
//! one hangs; what the first one holds is given back when it ends, however it ends.

use crate::harness::id;
use crate::serve::prepared::{copy, prepared};
use crate::serve::server::{ServerDir, TestServer};
use serde_json::json;
use std::path::Path;

/// Tries to serve the data of a place; what it said on its way out.
fn refused(place: &ServerDir) -> String {
    let settings = place.settings();
    let serve = ["serve", "--config", settings.to_str().expect("text"), "--listen", "127.0.0.1:0"];
    let output = place.command(None, &serve, "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A place with a ledger of its own and the kernel of another place.
fn sharing_the_kernel_of(first: &ServerDir) -> ServerDir {
    let second = prepared().place();
    let kernel = second.data().join("kernel");
    std::fs::remove_dir_all(&kernel).expect("a directory");
    std::os::unix::fs::symlink(first.data().join("kernel"), kernel).expect("a link");
    second
}

/// The first one works, as if nothing had been tried.
fn works(server: &TestServer, number: u8) {
    let session = prepared().session();
    let node = if number.is_multiple_of(2) { "bring_online" } else { "take_offline" };
    let explained = server.request(&session, &id(number), node, json!({"node": "n3"}));
    let (status, done) = server.confirm(&session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
}

#[test]
fn a_second_one_is_refused_while_the_first_runs_and_while_it_hangs() {
    let first = prepared().place();
    let server = first.start(None);
    let other_ledger = sharing_the_kernel_of(&first);
    let mut number = 0;
    for hangs in [false, true] {
        if hangs {
            server.signal("-STOP");
        }
        let said = refused(&first);
        assert!(said.contains("another control plane"), "{said}");
        let said = refused(&other_ledger);
        assert!(said.contains("in use by another process"), "{said}");
        if hangs {
            server.signal("-CONT");
        }
        number += 1;
        works(&server, number);
    }
    server.kill();
    let second = first.start(None);
    works(&second, 3);
}

/// The locks of earlier versions were files, and whoever removed them could start a second server.
#[test]
fn a_second_one_is_refused_whatever_files_are_removed_from_the_directory() {
    let first = prepared().place();
    let server = first.start(None);
    for entry in std::fs::read_dir(first.data()).expect("the directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "lock") {
            std::fs::remove_file(path).expect("a lock file");
        }
    }
    server.signal("-STOP");
    let said = refused(&first);
    assert!(said.contains("another control plane"), "{said}");
    server.signal("-CONT");
    works(&server, 1);
}

#[test]
fn a_second_one_on_a_copy_of_the_ledger_is_refused_by_the_kernel() {
    let first = prepared().place();
    let server = first.start(None);
    let second = sharing_the_kernel_of(&first);
    for name in ["control.sqlite", "control.sqlite-wal", "control.seal", "log.key"] {
        let from = first.data().join(name);
        std::fs::copy(from, second.data().join(name)).expect("a copy");
    }
    server.signal("-STOP");
    assert!(refused(&second).contains("in use by another process"));
    server.kill();
    // The copy is of the same log and the same cluster: with the first one gone, it is the log.
    drop(second.start(None));
}

#[test]
fn a_copy_of_everything_is_another_installation_and_both_run() {
    let first = prepared().place();
    let server = first.start(None);
    let second = ServerDir::new();
    copy(Path::new(&first.data()), &second.data());
    let other = second.start(None);
    works(&server, 1);
    works(&other, 1);
}
