//! A cluster is founded by an act of its own, once, and by no start (C2.1, C6.3).

use crate::serve::server::ServerDir;
use aerodb_control::files::private;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

fn serve(place: &ServerDir) -> Output {
    let serve = ["serve", "--config", "Leptos.toml", "--listen", "127.0.0.1:0"];
    place.command(None, &serve, "")
}

fn init(place: &ServerDir) -> Output {
    place.command(None, &["init", "--config", "Leptos.toml"], "")
}

fn refused(output: &Output, parts: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_start_founds_nothing_where_there_is_nothing() {
    let place = ServerDir::new();
    refused(&serve(&place), &["holds no cluster", "a start founds none", "aerodb-control init"]);
    assert!(!place.data().exists());
    private::create_directory(&place.data()).expect("a directory");
    refused(&serve(&place), &["holds no cluster", "aerodb-control init"]);
    assert_eq!(fs::read_dir(place.data()).expect("a directory").count(), 0);
}

#[test]
fn nothing_is_founded_where_there_is_something() {
    let place = ServerDir::new();
    private::create_directory(&place.data()).expect("a directory");
    fs::write(place.data().join("notes.txt"), "mine").expect("a file");
    refused(&init(&place), &["holds notes.txt", "nothing was founded"]);
    let wide = place.folder().join("wide");
    fs::create_dir(&wide).expect("a directory");
    fs::set_permissions(&wide, fs::Permissions::from_mode(0o755)).expect("open to others");
    let founds = ["init", "--config", "Leptos.toml", "--data", "wide"];
    let restores = ["kernel", "restore", "no_backup", "--into", "wide"];
    for words in [&founds[..], &restores[..]] {
        refused(&place.command(None, words, ""), &["wide", "open to others", "chmod 700"]);
        assert_eq!(fs::read_dir(&wide).expect("a directory").count(), 0, "{words:?}");
    }
    let names: Vec<_> = fs::read_dir(place.data()).expect("a directory").collect();
    assert_eq!(names.len(), 1, "{names:?}");
    fs::remove_file(place.data().join("notes.txt")).expect("a file");
    fs::create_dir(place.data().join("lost+found")).expect("a directory");
    assert!(init(&place).status.success(), "what a file system puts there is nothing");
    let before = fs::read(place.data().join("control.sqlite")).expect("the log");
    refused(&init(&place), &["holds control.s", "nothing was founded"]);
    assert_eq!(fs::read(place.data().join("control.sqlite")).expect("the log"), before);
}

/// Killed at any point, it is not finished by a start, and is by who asks again. It is on record once.
#[test]
fn a_founding_that_was_killed_is_ended_by_who_asks_again() {
    for point in ["log_made", "laid_out", "key_made", "recorded"] {
        let place = ServerDir::new();
        let crash = format!("founding.{point}");
        let mut killed = std::process::Command::new(crate::serve::server::PROGRAM);
        killed.args(["init", "--config", "Leptos.toml"]).current_dir(place.folder());
        let killed = killed.env("AERODB_CRASH_AT", &crash).output().expect("the program starts");
        assert!(!killed.status.success(), "{crash}: {killed:?}");
        refused(&serve(&place), &["did not come to its end", "nothing was served", "init"]);
        let done = init(&place);
        assert!(done.status.success(), "{crash}: {done:?}");
        let server = place.start(None);
        let session = server.set_up();
        let (_, cluster) = server.get(&session, "/api/v1/cluster");
        assert_eq!((&cluster["primary"], &cluster["epoch"]), (&json!("n1"), &json!(1)), "{crash}");
        let (_, log) = server.get(&session, "/api/v1/log?kind=founded");
        assert_eq!(log["records"].as_array().map(Vec::len), Some(1), "{crash}: {log}");
        assert_eq!(log["records"][0]["seq"], 0, "{crash}: {log}");
        server.kill();
        let verified = place.command(None, &["verify-log", "--config", "Leptos.toml"], "");
        assert!(verified.status.success(), "{crash}: {verified:?}");
    }
}

/// n1 becomes primary once, by the founding. Whatever is lost later, no start makes it that again.
#[test]
fn the_first_primary_is_made_once() {
    let place = ServerDir::new();
    for primary in [json!("n1"), json!(null), json!(null)] {
        let server = place.start(None);
        let session = if server.setup.is_some() { server.set_up() } else { server.sign_in() };
        let (_, cluster) = server.get(&session, "/api/v1/cluster");
        assert_eq!(cluster["primary"], primary);
        server.kill();
    }
}
