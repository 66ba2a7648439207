//! The commands of `deploy/README.md` fit together: what `init` founds there, `serve` there serves.

use crate::serve::server::{PROGRAM, ServerDir};
use crate::source::files::root;
use std::process::Command;

/// Options that name what a test has no need of, each with one value.
const OUTSIDE: [&str; 5] = ["--listen", "--name", "--tls-cert", "--tls-key", "--log"];

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect(file).replace("\\\n", " ")
}

/// The part of the page under a heading.
fn section(heading: &str) -> String {
    let page = text("deploy/README.md");
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
    let founded = Command::new(PROGRAM).args(init).output().expect("it runs");
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
    let (place, page) = (ServerDir::new(), section("systemd"));
    // The settings are the project's own, changed as the page says, on ports that are free.
    let sed = page.lines().find(|line| line.starts_with("sed ")).expect("a sed");
    let sed = sed.split(" > ").next().expect("a command");
    let made = Command::new("sh").args(["-c", sed]).current_dir(root()).output().expect("sed");
    let made = String::from_utf8(made.stdout).expect("text");
    assert!(made.contains("site-root = \"/usr/lib/aerodb-control/site\""), "{made}");
    let site = place.folder().join("site").display().to_string();
    let made = made
        .replace("/usr/lib/aerodb-control/site", &site)
        .replace("hash-files = true", "hash-files = false")
        .replace("127.0.0.1:7410", "127.0.0.1:0");
    std::fs::write(place.settings(), made).expect("a file");
    let unit = text("deploy/aerodb-control.service");
    let (init, serve) = (arguments(&page, "init", &place), arguments(&unit, "serve", &place));
    invariant_served(&place, &init, &serve);
}
