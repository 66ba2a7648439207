//! The program itself over PostgreSQL servers: founded, prepared, verified, served and stopped.

use crate::postgres::kernel_config::credential;
use crate::postgres::machine::{CANARY, NODES, TestCluster};
use crate::postgres_bench::node::SUPERUSER;
use crate::serve::server::ServerDir;
use aerodb_control::kernel::postgres::config::OwnSchema;
use aerodb_control::kernel::postgres::prepare::{
    LoginRole, OBSERVER_ROLE, OPERATOR_ROLE, OWN_DATABASE, PrepareOptions, script,
};
use serde_json::Value;
use std::fs;
use std::process::Output;

/// A place whose settings name a cluster.
pub(super) fn place(cluster: &TestCluster) -> ServerDir {
    let place = ServerDir::new();
    for role in [OBSERVER_ROLE, OPERATOR_ROLE] {
        credential(place.folder(), role);
    }
    let node = |(number, name): (usize, &str)| {
        let (host, port) = cluster.address(number).expect("a node");
        format!("{name} = \"{host}:{port}\"")
    };
    let nodes: Vec<_> = NODES.into_iter().enumerate().map(node).collect();
    let table = format!(
        "[control.postgres]\nnodes = {{ {} }}\nobserver-password-file = \"{OBSERVER_ROLE}.password\"\n\
         operator-password-file = \"{OPERATOR_ROLE}.password\"\nconnect-seconds = 2\nobserve-seconds = 2\n\
         [package",
        nodes.join(", ")
    );
    let settings = fs::read_to_string(place.settings()).expect("the settings");
    let settings = settings
        .replace("kernel = \"embedded\"\nnodes = 3\n", "kernel = \"postgres\"\n")
        .replace("data-api = \"127.0.0.1:0\"\n", "")
        .replacen("[package", &table, 1);
    fs::write(place.settings(), settings).expect("a file");
    place
}

pub(super) fn run(place: &ServerDir, words: &[&str]) -> (Option<i32>, String) {
    let output = place.command(None, words, "");
    let Output { status, stdout, stderr } = &output;
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(!said.contains(CANARY), "{said}");
    (status.code(), said)
}

pub(super) const INIT: [&str; 3] = ["init", "--config", "Leptos.toml"];

#[test]
fn nothing_is_founded_that_no_server_vouches_for_and_a_start_tolerates_their_silence() {
    let mut cluster = TestCluster::new();
    let place = place(&cluster);
    for (words, says) in [
        (&["init", "--config", "Leptos.toml", "--nodes", "3"][..], "nodes: absent"),
        (
            &["serve", "--config", "Leptos.toml", "--data-listen", "127.0.0.1:0"][..],
            "data-api: absent",
        ),
        (&["serve", "--config", "Leptos.toml"][..], "a start founds none"),
    ] {
        let (code, said) = run(&place, words);
        assert!(code == Some(1) && said.contains(says), "{words:?}: {said}");
    }
    for number in [0, 1, 2] {
        cluster.node_mut(number).unwrap().stop_immediately().unwrap();
    }
    let (code, said) = run(&place, &INIT);
    assert!(
        code == Some(1) && said.contains("n3 at ") && said.contains("nothing was founded"),
        "{said}"
    );
    assert!(!place.data().exists(), "nothing is left");
    cluster.node_mut(0).unwrap().start().unwrap();
    let before = cluster.node(0).unwrap().sql(OWN_DATABASE, "select count(*) from cp.receipt");
    let (code, said) = run(&place, &INIT);
    assert_eq!(code, Some(0), "{said}");
    for part in ["Nothing was founded or changed in the servers", "n1 at ", "n2 at ", "key: "] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let after = cluster.node(0).unwrap().sql(OWN_DATABASE, "select count(*) from cp.receipt");
    assert_eq!(before.unwrap(), after.unwrap());
    let (code, said) = run(&place, &INIT);
    assert!(code == Some(1) && said.contains("nothing was founded"), "{said}");
    cluster.node_mut(0).unwrap().stop_immediately().unwrap();
    let server = place.start(None);
    assert_eq!(server.data, "", "its servers serve data");
    let session = server.set_up();
    let (status, observed) = server.get(&session, "/api/v1/cluster");
    assert_eq!(status, 200, "{observed}");
    assert_eq!(observed["identity"]["kernel"], "postgres");
    let (_, log) = server.get(&session, "/api/v1/log?kind=boot");
    let values = &log["records"][0]["record"]["entry"];
    let text = log.to_string();
    assert!(text.contains("postgres.operator-password-file") && !text.contains(CANARY), "{values}");
    server.kill();
    let (code, said) = run(&place, &["verify-log", "data"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("it is of PostgreSQL servers"), "{said}");
    // The same directory under the other kernel.
    let settings = fs::read_to_string(place.settings()).expect("the settings");
    let (before, after) = settings.split_once("[control.postgres]").expect("a table");
    let (_, after) = after.split_once("[package").expect("a table");
    let other = format!("{before}nodes = 3\ndata-api = \"127.0.0.1:0\"\n[package{after}");
    fs::write(place.settings(), other.replace("\"postgres\"", "\"embedded\"")).expect("a file");
    let (code, said) = run(&place, &["serve", "--config", "Leptos.toml"]);
    assert!(code == Some(1) && said.contains("is of the kernel postgres"), "{said}");
}

#[test]
fn the_script_is_printed_as_it_is_and_rights_are_verified_on_every_node() {
    let mut cluster = TestCluster::new();
    let place = place(&cluster);
    let (code, said) = run(&place, &["kernel", "postgres", "prepare", "--logins", "app,web"]);
    let logins = ["app", "web"].map(|role| LoginRole::parse(role).expect("a role")).to_vec();
    let options = PrepareOptions { version: None, logins, own_schema: OwnSchema::Present };
    assert_eq!((code, said), (Some(0), script(&options).expect("a script").to_string()));
    let (code, _) = run(&place, &["kernel", "postgres", "prepare", "--logins", "app,app"]);
    assert_eq!(code, Some(2));
    let verify = ["kernel", "postgres", "verify", "--config", "Leptos.toml"];
    let (code, said) = run(&place, &verify);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("nothing is missing, and nothing is too much").count(), 3, "{said}");
    let primary = cluster.node(0).unwrap();
    primary.sql(SUPERUSER, "alter role aerodb_operator superuser").unwrap();
    cluster.node_mut(2).unwrap().stop().unwrap();
    let (code, said) = run(&place, &[&verify[..], &["--json"]].concat());
    assert_eq!(code, Some(12), "{said}");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["nodes"][0]["wrong"][0]["right"], "superuser", "{said}");
    assert!(said["nodes"][2]["unread"].is_string(), "{said}");
}
