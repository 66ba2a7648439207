//! No password leaves the file that it stands in.

use super::app::PgApp;
use super::machine::{CANARY, TestCluster};
use crate::postgres_bench::node::SUPERUSER;
use aerodb_control::kernel::postgres::prepare::OPERATOR_ROLE;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder but those that passwords are for.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.file_name().unwrap().to_str().unwrap().ends_with(".password") {
            found.push(path);
        }
    }
    found
}

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

/// C10.1: neither where it is accepted nor where it is refused, and not where a server tells it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_password_is_on_a_page_in_an_error_or_in_a_file_that_is_kept() {
    let app = PgApp::over(TestCluster::new()).await;
    let n1 = app.cluster.node(0).unwrap();
    // What somebody wrote by hand, with a password in it, which any monitor could read.
    let (host, port) = app.cluster.address(0).unwrap();
    let conninfo = format!(
        "alter system set primary_conninfo = 'host={host} port={port} user=replicator \
         password=replicator-{CANARY} application_name=n2'"
    );
    let n2 = app.cluster.node(1).unwrap();
    n2.sql(SUPERUSER, &conninfo).unwrap();
    n2.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    let rules =
        app.refuses("write_upstream", json!({"node": "n2", "upstream": "n3"}), json!({})).await;
    assert!(rules.contains(&"conninfo_without_secret".to_owned()), "{rules:?}");
    app.runs("checkpoint", json!({"node": "n1"})).await;
    // A password that the server does not take any more.
    n1.sql(SUPERUSER, &format!("alter role {OPERATOR_ROLE} password 'another-{CANARY}'")).unwrap();
    let explained =
        app.asks("checkpoint", json!({"node": "n1"}), json!({})).await.expect(201).json();
    let answer = app.olga.confirm(&explained).await;
    assert_eq!(answer.json()["stage"], "refused", "{}", answer.body);
    let mut seen = vec![answer.body];
    for path in [
        "/",
        "/nodes/n1",
        "/nodes/n2",
        "/actions",
        "/log",
        "/timeline",
        "/api/v1/cluster",
        "/api/v1/log?limit=200",
        "/api/v1/kernel/events",
        "/api/v1/kernel/spec",
    ] {
        seen.push(app.anna.get(path).await.body);
    }
    for body in &seen {
        assert!(!holds_canary(body.as_bytes()), "{body}");
    }
    for path in files(app.dir()) {
        assert!(!holds_canary(&fs::read(&path).unwrap()), "{}", path.display());
    }
    let credential = app.dir().join(format!("{OPERATOR_ROLE}.password"));
    assert!(holds_canary(&fs::read(credential).unwrap()), "the search finds it where it is");
}
