//! The commands of `docs/install.md` fit together: what `init` founds there, `serve` there serves.

use crate::serve::server::{PROGRAM, ServerDir};
use crate::source::files::root;
use std::path::Path;
use std::process::{Command, Output};

/// Options that name what a test has no need of, each with one value.
const OUTSIDE: [&str; 5] = ["--listen", "--name", "--tls-cert", "--tls-key", "--log"];

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect(file).replace("\\\n", " ")
}

/// The part of the page under a heading.
fn section(heading: &str) -> String {
    let page = text("docs/install.md");
    let part = page.split("\n## ").find(|part| part.starts_with(heading)).expect(heading);
    part.to_owned()
}

/// The arguments of the program from one of its commands on, with the places of a test.
fn arguments(text: &str, command: &str, place: &ServerDir) -> Vec<String> {
    let begins = |line: &&str| line.split_whitespace().any(|word| word == command);
    let line = text.lines().find(begins).expect(command);
    let mut words = line.split_whitespace().skip_while(|word| *word != command);
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "--config" => found.extend([word.to_owned(), place.settings().display().to_string()]),
            "--data" => found.extend([word.to_owned(), place.data().display().to_string()]),
            _ if OUTSIDE.contains(&word) => {}
            _ => {
                found.push(word.to_owned());
                continue;
            }
        }
        words.next();
    }
    found
}

/// Founds with the one and serves with the other.
fn invariant_served(place: &ServerDir, init: &[String], serve: &[String]) {
    let init: Vec<&str> = init.iter().map(String::as_str).collect();
    let founded = place.command(None, &init, "");
    assert!(founded.status.success(), "{init:?}: {founded:?}");
    let serve: Vec<&str> = serve.iter().skip(1).map(String::as_str).collect();
    let server = place.start_with(&serve).unwrap_or_else(|said| panic!("{serve:?}: {said}"));
    server.terminate();
    assert!(server.ended_well());
}

#[test]
fn the_container_serves_the_cluster_that_it_founded() {
    let (place, page) = (ServerDir::new(), section("Container"));
    let (init, serve) = (arguments(&page, "init", &place), arguments(&page, "serve", &place));
    invariant_served(&place, &init, &serve);
}

#[test]
fn the_service_serves_the_cluster_that_was_founded_for_it() {
    for heading in ["Debian package", "systemd without the package"] {
        let (place, page) = (ServerDir::new(), section(heading));
        // The settings are those that are installed, on ports that are free and with the files of a test.
        let installed = text("deploy/settings.toml");
        assert!(installed.contains("data = \"/var/lib/aerodb-control\""), "{installed}");
        let site = place.folder().join("site").display().to_string();
        let settings = installed
            .replace("/var/lib/aerodb-control", &place.data().display().to_string())
            .replace("127.0.0.1:7410", "127.0.0.1:0");
        let settings = format!("{settings}[package.metadata.leptos]\nsite-root = \"{site}\"\n");
        std::fs::write(place.settings(), settings).expect("a file");
        let unit = text("deploy/aerodb-control.service");
        let (init, serve) = (arguments(&page, "init", &place), arguments(&unit, "serve", &place));
        invariant_served(&place, &init, &serve);
    }
}

/// The program alone in a folder: no checkout above it, and no settings.
fn alone(folder: &Path, words: &[&str]) -> Output {
    let program = folder.join("aerodb-control");
    if !program.exists() && std::fs::hard_link(PROGRAM, &program).is_err() {
        std::fs::copy(PROGRAM, &program).expect("a copy");
    }
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).env_remove("LEPTOS_SITE_ADDR");
    command.output().expect("the program ends")
}

#[test]
fn a_program_without_a_settings_file_asks_where_the_data_is_and_makes_nothing_meanwhile() {
    let folder = tempfile::tempdir().expect("a directory");
    for words in [&["init"][..], &["serve"], &["config", "show"], &["verify-log"]] {
        let refused = alone(folder.path(), words);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("no data directory is named: say --data DIR"), "{words:?}: {said}");
    }
    let entries = || std::fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(entries(), 1, "the program and nothing else");
    let founded = alone(folder.path(), &["init", "--data", "trial"]);
    assert!(founded.status.success(), "{founded:?}");
    assert_eq!(entries(), 2, "the data is where it was said");
    let verified = alone(folder.path(), &["verify-log", "--data", "trial"]);
    assert!(verified.status.success(), "{verified:?}");
    let shown = alone(folder.path(), &["config", "show", "--data", "trial"]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.starts_with("file: none\n"), "{shown}");
}
