//! The command that stands on an explanation does what it says: run as it is printed, in a shell, it
//! asks for the same thing and gets the same digest, for every kind of action.

use crate::kernel_words::kinds;
use crate::serve::prepared::{explained, prepared};
use crate::serve::server::PROGRAM;
use serde_json::Value;
use std::process::Command;

/// An explanation without how much room the disk has, which others take and give back all the time: what is
/// said of it is evidence, and in no digest.
fn but_for_room(explanation: &Value) -> Value {
    let mut explanation = explanation.clone();
    if let Some(checks) = explanation["checks"].as_array_mut() {
        checks.retain(|check| check["invariant"] != "copy_has_room");
    }
    explanation
}

/// C5.1: the browser, the API and the command line give the same explanation, byte for byte.
#[test]
fn the_command_on_every_explanation_gives_the_digest_that_stands_beside_it() {
    for kind in kinds() {
        let route = prepared().route(kind);
        let place = prepared().place();
        let server = place.start(None);
        let session = prepared().session();
        prepared().walk(&server, &route.before);
        let shown = explained(&server, &session, kind, &route.params);
        let command = shown["explanation"]["command"].as_str().expect("a command");
        let bin = place.folder().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::os::unix::fs::symlink(PROGRAM, bin.join("aerodb-control")).expect("a link");
        let run = |line: &str| {
            let path = format!("{}:/usr/bin:/bin", bin.display());
            Command::new("sh")
                .args(["-c", line])
                .env_clear()
                .env("PATH", path)
                .env("HOME", place.folder())
                .env("AERODB_CONTROL_URL", &server.console)
                .env("AERODB_CONTROL_TOKEN", &session.0)
                .output()
                .expect("a shell")
        };
        let ended = run(&format!("{command} --json"));
        assert_eq!(ended.status.code(), Some(0), "{command}: {ended:?}");
        let asked: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        assert_eq!(asked["digest"], shown["digest"], "{command}");
        let explanations = [&asked, &shown].map(|answer| but_for_room(&answer["explanation"]));
        assert_eq!(explanations[0], explanations[1], "{command}");
        // Asked for is not confirmed: without the digest nothing is sent.
        let id = asked["id"].as_str().expect("an id");
        let ended = run(&format!("aerodb-control confirm {id}"));
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let (_, still) = server.get(&session, &format!("/api/v1/actions/{id}"));
        assert_eq!(still["stage"], "explained", "{kind}");
        server.kill();
    }
}
