//! `config show` and `config check`: what is in force and where it came from, and what is wrong, while nothing
//! is started.

use crate::serve::server::{PROGRAM, ServerDir};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

fn runs(dir: &ServerDir, words: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.args(words).current_dir(dir.folder()).envs(variables.iter().copied());
    let done = command.env_remove("LEPTOS_SITE_ADDR").output().expect("the program ends");
    Ended {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).expect("text"),
        err: String::from_utf8(done.stderr).expect("text"),
    }
}

fn setting(shown: &str, name: &str) -> Value {
    let shown: Value = serde_json::from_str(shown).expect("JSON");
    let settings = shown["settings"].as_array().expect("a list");
    settings.iter().find(|setting| setting["name"] == name).expect(name).clone()
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("the settings");
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).expect("a file");
}

#[test]
fn every_setting_is_shown_with_where_it_came_from_and_no_secret_is() {
    let dir = ServerDir::new();
    let secret = dir.folder().join("proxy.secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").expect("a file");
    dir.set("proxy-addresses = [\"127.0.0.1\"]\nproxy-name-header = \"x-user\"");
    dir.set("proxy-secret-header = \"x-secret\"\nproxy-secret-file = \"proxy.secret\"");
    let words = ["config", "show", "--nodes", "5", "--data", "elsewhere", "--json"];
    let variables = [("AERODB_CONTROL_CLUSTER", "blue"), ("AERODB_CONTROL_DATA", "nowhere")];
    let shown = runs(&dir, &words, &variables);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    for (name, value, from) in [
        ("control.nodes", "5".to_owned(), "option"),
        (
            "control.data",
            format!("{:?}", dir.folder().canonicalize().unwrap().join("elsewhere")),
            "option",
        ),
        ("control.cluster", "\"blue\"".to_owned(), "environment"),
        ("control.environment", "\"test\"".to_owned(), "file"),
        ("control.production", "false".to_owned(), "default"),
    ] {
        let setting = setting(&shown.out, name);
        assert_eq!(setting["value"], value, "{name}");
        assert_eq!(setting["source"]["from"], from, "{name}");
    }
    assert_eq!(setting(&shown.out, "control.cluster")["source"]["name"], "AERODB_CONTROL_CLUSTER");
    let file = setting(&shown.out, "control.proxy-secret-file");
    assert!(file["value"].as_str().expect("text").contains("proxy.secret"), "the path is shown");
    assert!(!shown.out.contains("0123456789abcdef"), "what it holds is not");
    let text = runs(&dir, &["config", "show"], &variables);
    assert!(text.out.contains("environment, AERODB_CONTROL_DATA"), "{}", text.out);
    assert!(!dir.data().exists() && !dir.folder().join("elsewhere").exists(), "nothing was made");
}

/// What the two commands say is what a start does.
#[test]
fn what_check_refuses_a_start_refuses_and_what_it_accepts_a_start_accepts() {
    let dir = ServerDir::new();
    let accepted = runs(&dir, &["config", "check", "Leptos.toml"], &[]);
    assert_eq!((accepted.code, accepted.err.as_str()), (Some(0), ""), "{}", accepted.out);
    assert!(!dir.data().exists(), "a check makes nothing");
    dir.start_or_say().err().expect("nothing was founded");
    dir.init();
    drop(dir.start_or_say().expect("it starts"));

    edit(&dir.settings(), "nodes = 3", "nodes = 3\nnodez = 3");
    edit(&dir.settings(), "site-root", "site-rot = \"x\"\nsite-root");
    edit(&dir.settings(), "\"test\"", "\"Test Room\"");
    let refused = runs(&dir, &["config", "check", "Leptos.toml", "--json"], &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    let found: Value = serde_json::from_str(&refused.out).expect("JSON");
    let problems = found["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), 2, "{found}");
    let said = dir.start_or_say().err().expect("it does not start");
    for problem in problems {
        assert!(said.contains(problem["what"].as_str().expect("text")), "{said}");
    }
}

#[test]
fn check_reads_the_files_that_the_settings_name_and_the_addresses_too() {
    let dir = ServerDir::new();
    dir.set("tls-cert = \"c.pem\"\ntls-key = \"k.pem\"\nobserver-listen = \"10.0.0.1:1\"");
    edit(&dir.settings(), "127.0.0.1:0\"\nreauth", "10.0.0.2:0\"\nreauth");
    std::fs::remove_dir_all(dir.folder().join("site")).expect("a site");
    let refused = runs(&dir, &["config", "check", "Leptos.toml"], &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    for named in
        ["aerodb-control.js", "the data API would listen on 10.0.0.2", "c.pem", "3 problems"]
    {
        assert!(refused.out.contains(named), "{named}: {}", refused.out);
    }
    let missing = runs(&dir, &["config", "check", "elsewhere.toml"], &[]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.out.contains("elsewhere.toml: No such file"), "{}", missing.out);
}

/// A file that is right under a variable is said to be so, and which variable that was.
#[test]
fn check_names_the_variables_that_win_over_the_file() {
    let dir = ServerDir::new();
    edit(&dir.settings(), "nodes = 3", "nodes = \"three\"");
    let variables = [("AERODB_CONTROL_NODES", "3")];
    let refused = runs(&dir, &["config", "check", "Leptos.toml"], &[]);
    assert!(refused.out.contains("line 4, \"nodes\": "), "{}", refused.out);
    let accepted = runs(&dir, &["config", "check", "Leptos.toml"], &variables);
    assert_eq!(accepted.code, Some(0), "{}", accepted.out);
    assert!(
        accepted.out.contains("wins over the file here: AERODB_CONTROL_NODES"),
        "{}",
        accepted.out
    );
    let bad = runs(&dir, &["config", "show"], &[("AERODB_CONTROL_NODES", "many")]);
    assert!(bad.err.contains("environment, AERODB_CONTROL_NODES"), "{}", bad.err);
    assert_eq!((bad.code, bad.out.as_str()), (Some(1), ""));
}
