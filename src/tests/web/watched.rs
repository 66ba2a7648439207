//! What watches the cluster from outside: as often as it likes, with the observations that the cluster is worth,
//! and with rules and a dashboard that name only what there is.

use crate::harness::TestApp;
use crate::kernel::mute::MuteApp;
use crate::source::files::root;
use aerodb_control::observe::shared::SHARED_FOR_MS;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PREFIX: &str = "aerodb_control_";
/// Figures of an encrypted console alone: the tests of certificates read it.
const OF_CERTIFICATES: &str = "aerodb_control_certificate_expiry_timestamp_seconds";

async fn scrape(app: &TestApp) -> String {
    app.program().get("/metrics").await.expect(200).body
}

async fn observations(app: &TestApp) -> u64 {
    let text = scrape(app).await;
    let count = "aerodb_control_observation_duration_seconds_count ";
    let line = text.lines().find_map(|line| line.strip_prefix(count));
    line.expect("a count").parse().expect("a number")
}

/// C8.3: nobody makes the cluster work by asking often, least of all somebody who has not signed in.
#[tokio::test]
async fn however_often_it_is_asked_the_cluster_is_observed_once_until_it_changes_or_time_goes_by() {
    let app = TestApp::new().await;
    let before = observations(&app).await;
    for _ in 0..40 {
        app.anonymous().get("/readyz").await.expect(200);
        scrape(&app).await;
    }
    assert_eq!(observations(&app).await, before, "nothing happened");
    app.kernel().partition(&aerodb_control::model::text::NodeId::numbered(3)).await;
    let text = scrape(&app).await;
    assert!(text.contains("aerodb_control_node_reachable{node=\"n3\"} 0\n"), "{text}");
    let changed = observations(&app).await;
    assert!(changed > before, "a change is seen at once");
    let limit = i64::try_from(SHARED_FOR_MS).unwrap();
    app.clock.advance_millis(limit - 1);
    assert_eq!(observations(&app).await, changed);
    app.clock.advance_millis(1);
    assert_eq!(observations(&app).await, changed + 1, "and nothing is older than that");
    app.clock.jump_millis(-2 * limit);
    assert_eq!(
        observations(&app).await,
        changed + 2,
        "nor does a clock that is set back make it so"
    );
}

/// C8.4: what is not known has no value, not even the last one.
#[tokio::test]
async fn a_cluster_that_is_not_observed_has_no_figures() {
    let app = MuteApp::new().await;
    let of_cluster = ["primary_present", "writes_stopped", "nodes ", "node_reachable", "node_lag"];
    let text = app.olga.get("/metrics").await.expect(200).body;
    for name in of_cluster {
        assert!(text.contains(&format!("{PREFIX}{name}")), "{name}: {text}");
    }
    MuteApp::set(&app.link.is_cut);
    // A refused request is on record, so that the last observation serves nobody any more.
    app.olga.request(1, "stop_writes", json!({})).await.expect(502);
    let text = app.olga.get("/metrics").await.expect(200).body;
    assert!(text.contains("aerodb_control_cluster_observed 0\n"), "{text}");
    for name in of_cluster {
        assert!(!text.contains(&format!("{PREFIX}{name}")), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_freeze_and_an_action_in_doubt_are_figures() {
    let app = MuteApp::new().await;
    let figures = async || app.olga.get("/metrics").await.expect(200).body;
    let text = figures().await;
    for none in ["action_in_doubt 0\n", "frozen 0\n"] {
        assert!(text.contains(&format!("{PREFIX}{none}")), "{none}: {text}");
    }
    let explained = app.olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    app.olga.confirm(&explained).await.expect(200);
    assert!(figures().await.contains("aerodb_control_action_in_doubt 1\n"));
    let reason = json!({"reason": "an audit", "freeze_id": crate::harness::id(9)});
    app.olga.post("/api/v1/freeze", &reason).await.expect(200);
    assert!(figures().await.contains("aerodb_control_frozen 1\n"));
}

/// The names of series in a text, with what stands in braces after each.
fn named(text: &str) -> Vec<(String, String)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for part in text.split(PREFIX).skip(1) {
        let end = part.find(|c| !is_name(c)).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let matchers = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        found.push((format!("{PREFIX}{name}"), matchers.unwrap_or_default().to_owned()));
    }
    found
}

/// Every series that a control plane can have, over both shapes of a kernel.
async fn every_series() -> String {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.run(1, "verify_node", json!({"node": "n2"})).await;
    olga.request(2, "take_offline", json!({"node": "n1"})).await;
    app.observer().request(3, "stop_writes", json!({})).await.expect(403);
    app.kernel().partition(&aerodb_control::model::text::NodeId::numbered(3)).await;
    format!("{}{}", scrape(&app).await, crate::ladder::figures_of_one_that_is_cut_off().await)
}

fn invariant_named_series_exist(file: &str, text: &str, series: &str) {
    let named = named(text);
    assert!(named.len() > 10, "{file}: {named:?}");
    for (name, matchers) in named {
        if name == OF_CERTIFICATES {
            continue;
        }
        let lines: Vec<_> = series
            .lines()
            .filter(|line| {
                line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            })
            .collect();
        assert!(!lines.is_empty(), "{file} names {name}, which is no series");
        // What is unknown depends on the day: the test below reads those names.
        let depends = |matcher: &&str| matcher.contains("$job") || matcher.starts_with("series=");
        for matcher in matchers.split(',').filter(|matcher| !depends(matcher)) {
            let has = |line: &&&str| line.contains(matcher);
            assert!(
                lines.iter().any(|line| has(&line)),
                "{file}: {name} with {matcher}: {lines:?}"
            );
        }
    }
}

#[tokio::test]
async fn rules_and_dashboard_name_only_series_that_exist() {
    let series = every_series().await;
    let rules = std::fs::read_to_string(root().join("deploy/alerts.yml")).expect("the rules");
    let expressions: Vec<_> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    let alerts = rules.lines().filter(|line| line.trim().starts_with("- alert: ")).count();
    assert_eq!(expressions.len(), alerts, "each rule has one expression, in one line");
    invariant_named_series_exist("alerts.yml", &expressions.join("\n"), &series);
    let dashboard = std::fs::read_to_string(root().join("deploy/grafana.json")).expect("a file");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut queries = String::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{panel}");
        assert!(panel["description"].as_str().is_some_and(|about| about.ends_with('.')), "{panel}");
        for target in panel["targets"].as_array().expect("targets") {
            queries.push_str(target["expr"].as_str().expect("a query"));
            queries.push('\n');
        }
    }
    invariant_named_series_exist("grafana.json", &queries, &series);
}

/// A rule about what is unknown has to name a series that can be.
#[tokio::test]
async fn rules_about_what_is_unknown_name_series_that_can_be_unknown() {
    let series = every_series().await;
    let rules = std::fs::read_to_string(root().join("deploy/alerts.yml")).expect("the rules");
    let named: Vec<_> = rules
        .split("series_unknown{series=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a name"))
        .collect();
    assert_eq!(named.len(), 4, "{named:?}");
    for name in named {
        let is_series = |line: &str| line.starts_with(&format!("{PREFIX}{name}"));
        assert!(series.lines().any(is_series), "{name}");
    }
}
