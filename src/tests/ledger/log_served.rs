//! The log over HTTP, for tools that verify one: the files of an export as they are asked for, and the
//! command that verifies what a control plane shows.

use crate::harness::{PASSWORD, TestApp};
use crate::serve::server::{PROGRAM, ServerDir};
use aerodb_control::ledger::{existing_key, export};
use aerodb_control::serve::ambient::SystemRoom;
use aerodb_control::store::DATABASE_FILE;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tower::ServiceExt as _;

/// The files below a directory, by their names from there.
fn names(dir: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            names(dir, &path, found);
        } else {
            found.push(path.strip_prefix(dir).expect("below it").to_owned());
        }
    }
}

async fn file(app: &TestApp, token: &str, name: &str) -> (u16, Vec<u8>) {
    let request = Request::get(format!("/api/v1/log/{name}"))
        .header(header::HOST, "127.0.0.1:7400")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Body::empty()).expect("a request");
    let answer = app.house.console.clone().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.into_body().collect().await.expect("a body").to_bytes().to_vec())
}

#[tokio::test]
async fn every_file_of_an_export_is_served_byte_for_byte_to_whoever_may_read_the_log() {
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", serde_json::json!({"to": "n2"})).await;
    let token = app.house.access.sign_in("anna", PASSWORD).await.expect("anna").token;
    let token = token.expect("a session");
    for _ in 0..260 {
        let failed = app.house.access.sign_in("nobody", PASSWORD).await;
        assert!(failed.is_err(), "a record each");
    }
    let target = app.dir().join("export");
    let signer = existing_key(app.dir(), None).expect("a key").expect("a key");
    let database = app.dir().join(DATABASE_FILE);
    export(&database, &signer, &target, &SystemRoom, &mut |_| ()).expect("exported");
    let mut found = Vec::new();
    names(&target, &target, &mut found);
    assert!(found.len() >= 8, "{found:?}");
    for name in &found {
        let text = name.to_str().expect("text");
        let (status, bytes) = file(&app, &token, text).await;
        assert_eq!(status, 200, "{text}");
        assert!(bytes == std::fs::read(target.join(name)).expect("a file"), "{text}");
    }
    // A file that was not full is still there when the log has grown.
    let (_, full) = file(&app, &token, "tile/entries/000").await;
    let (status, part) = file(&app, &token, "tile/entries/000.p/7").await;
    assert!(status == 200 && !part.is_empty() && full.starts_with(&part));
    let missing = format!("blobs/{}", "0".repeat(64));
    for name in ["tile/0/001", "tile/entries/001.p/200", "tile/0/000.p/0", "tile/0/0", &missing] {
        assert_eq!(file(&app, &token, name).await.0, 404, "{name}");
    }
    for name in ["checkpoint", "vkey", "tile/0/000", "tile/entries/000.p/7", &missing] {
        assert_eq!(file(&app, "nobody", name).await.0, 401, "{name}");
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn what_a_control_plane_shows_is_verified_and_a_change_behind_its_back_is_named() {
    let place = ServerDir::new();
    let server = place.start(None);
    server.set_up();
    let url = server.console.clone();
    let verify = |more: &[&str]| {
        let output = place.command(Some(&server), &[&["verify-log", &url], more].concat(), "");
        (output.status.code().expect("a code"), said(&output))
    };
    let (code, text) = verify(&[]);
    assert_eq!(code, 8, "nobody is signed in: {text}");
    let login = place.command(Some(&server), &["login", "olga"], &format!("{PASSWORD}\n"));
    assert_eq!(login.status.code(), Some(0), "{login:?}");
    let (code, text) = verify(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("records of {url} were recomputed")), "{text}");
    assert!(text.contains("the proofs that it gives"), "{text}");
    let head = text.lines().find_map(|line| line.strip_prefix("head: ")).expect("a head");
    assert_eq!(verify(&["--expect", head]).0, 0, "a head that was noted");
    let (size, _) = head.split_once(':').expect("a size");
    let later = format!("{}:{}", size.parse::<u64>().expect("a number") + 9, "0".repeat(64));
    let (code, text) = verify(&["--expect", &later]);
    assert_eq!(code, 11, "an older copy: {text}");
    let (code, text) = verify(&["--key", "aerodb/x+00000000+AQ=="]);
    assert_eq!(code, 2, "{text}");

    let connection = Connection::open(place.data().join(DATABASE_FILE)).expect("the file");
    let bend = "DROP TRIGGER leaf_update;
                UPDATE leaf SET bytes = CAST(replace(bytes, 'olga', 'olaf') AS BLOB)
                WHERE seq = 3";
    connection.execute_batch(bend).expect("bent");
    let (code, text) = verify(&[]);
    assert_eq!(code, 11, "{text}");
    assert!(text.contains("record 3: it does not have its hash in the tile"), "{text}");

    let nowhere = place.command(None, &["verify-log", "http://127.0.0.1:1"], "");
    assert_eq!(nowhere.status.code(), Some(10), "{}", said(&nowhere));
    let tls = place.command(None, &["verify-log", "https://127.0.0.1:1"], "");
    assert_eq!(tls.status.code(), Some(10), "{}", said(&tls));
}

#[test]
fn the_key_is_changed_offline_only_and_a_stop_at_any_point_of_it_loses_no_log() {
    let place = ServerDir::new();
    let server = place.start(None);
    server.set_up();
    let login = place.command(Some(&server), &["login", "olga"], &format!("{PASSWORD}\n"));
    assert_eq!(login.status.code(), Some(0), "{login:?}");
    let first = std::fs::read_to_string(place.data().join("log.key")).expect("a key");
    let rotate = |crash_at: Option<&str>| {
        let mut command = Command::new(PROGRAM);
        command.args(["rotate-log-key", "--reason", "the laptop was lost", "--config"]);
        command.arg(place.settings());
        command.envs(crash_at.map(|point| ("AERODB_CRASH_AT", point)));
        command.output().expect("the program ends")
    };
    let output = rotate(None);
    assert_eq!(output.status.code(), Some(9), "a control plane runs: {}", said(&output));
    server.terminate();
    assert!(server.ended_well());
    let noted = place.command(None, &["export-log", "before", "--config", "Leptos.toml"], "");
    let noted = said(&noted);
    let noted = noted.lines().find_map(|line| line.strip_prefix("key: ")).expect("a key");

    // Each stop is followed by a start, which signs with whatever key the log names.
    for (point, finished) in [("log_key.made", false), ("log_key.recorded", true)] {
        assert_eq!(rotate(Some(point)).status.code(), None, "{point}");
        let server = place.start(None);
        let verify = ["verify-log", &server.console, "--key", noted];
        let login = place.command(Some(&server), &["login", "olga"], &format!("{PASSWORD}\n"));
        assert_eq!(login.status.code(), Some(0), "{login:?}");
        let output = place.command(Some(&server), &verify, "");
        assert_eq!(output.status.code(), Some(0), "{point}: {}", said(&output));
        server.terminate();
        assert!(server.ended_well());
        let output = rotate(None);
        assert_eq!(output.status.code(), Some(0), "{point}: {}", said(&output));
        let stood = said(&output).contains("It stands, and the old key is gone now");
        assert_eq!(stood, finished, "{point}: {}", said(&output));
    }
    let last = std::fs::read_to_string(place.data().join("log.key")).expect("a key");
    assert_ne!(first, last);
    let verify = ["verify-log", "--config", "Leptos.toml", "--key", noted];
    let output = place.command(None, &verify, "");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}
