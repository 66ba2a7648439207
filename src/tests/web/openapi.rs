//! The description of the API is the one that is checked in, holds every route, and tells the truth.

use crate::harness::{PASSWORD, TestApp, confirmation, id};
use crate::kernel::mute::MuteApp;
use crate::kernel_words::CATALOGUE;
use crate::source::files::root;
use crate::web::described::{document, misfits, seen};
use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::model::refusal::RefusalCode;
use aerodb_control::web::openapi;
use aerodb_control::web::policy::{ACTS, READS};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Compares a generated file with the one that is checked in, or writes it when snapshots are.
#[track_caller]
pub fn is_checked_in(path: &str, text: &str) {
    let place = root().join(path);
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        std::fs::write(&place, text).expect("a file");
    }
    let kept = std::fs::read_to_string(&place).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).position(|(a, b)| a != b);
    let at = differs.map_or_else(|| "its end".to_owned(), |line| format!("line {}", line + 1));
    assert!(kept == text, "{path} differs at {at}; run the test with INSTA_UPDATE=always");
}

/// C11.1: the console, the command line and other programs are clients of one described API.
#[test]
fn the_description_of_the_api_is_the_one_that_is_checked_in() {
    is_checked_in("docs/openapi.json", &openapi::text(CATALOGUE));
    for spec in COMPILED_IN.iter().filter(|spec| spec.kind != "embedded") {
        let path = format!("docs/openapi-{}.json", spec.kind);
        is_checked_in(&path, &openapi::text(spec.into()));
    }
}

fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = document()["paths"].as_object().expect("paths");
    let each = |(path, item): (&String, &'static Value)| {
        let methods = item.as_object().expect("methods");
        methods.iter().map(|(m, o)| (m.clone(), path.clone(), o)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

#[test]
fn every_route_for_programs_is_described_once_and_no_page_is() {
    let reads = READS.iter().map(|(_, path, needs)| ("get", *path, *needs));
    let acts = ACTS.iter().map(|(_, path, needs)| ("post", *path, *needs));
    let mut wanted = BTreeSet::new();
    for (method, path, needs) in reads.chain(acts) {
        let is_page =
            !path.starts_with("/api/") && !matches!(path, "/healthz" | "/readyz" | "/metrics");
        if !is_page {
            let path = path.replace("{*", "{");
            let operation = &document()["paths"][&path][method];
            assert_eq!(operation["x-needs"], needs.word(), "{method} {path}");
            wanted.insert((method.to_owned(), path));
        }
    }
    let found = operations();
    let names: BTreeSet<_> = found.iter().map(|(_, _, o)| o["operationId"].to_string()).collect();
    assert_eq!(names.len(), found.len(), "each has a name of its own");
    assert_eq!(found.into_iter().map(|(m, p, _)| (m, p)).collect::<BTreeSet<_>>(), wanted);
}

/// C4.2: every way to be refused is said before it happens.
#[test]
fn every_refusal_is_described_where_it_can_be_met() {
    let mut listed = BTreeSet::new();
    for (_, _, operation) in operations() {
        for response in operation["responses"].as_object().expect("responses").values() {
            for code in response["x-refusals"].as_array().into_iter().flatten() {
                listed.insert(code.as_str().expect("a code").to_owned());
            }
        }
    }
    // What no route of the API meets: of pages, of a command, and of an address.
    let elsewhere = [
        "setup_link_spent",
        "link_spent",
        "in_use",
        "method_not_allowed",
        "sign_in_spent",
        "identity_unproven",
        "not_admitted",
        "provider_unreachable",
    ];
    let all = RefusalCode::ALL.iter().map(|code| code.id().to_owned());
    let wanted: BTreeSet<_> = all.filter(|id| !elsewhere.contains(&id.as_str())).collect();
    assert_eq!(listed, wanted);
    let schema = &document()["components"]["schemas"]["RefusalCode"];
    for code in RefusalCode::ALL {
        assert!(misfits(schema, &json!(code.id())).is_empty(), "{}", code.id());
    }
    assert!(!misfits(schema, &json!("promoted")).is_empty());
}

#[test]
fn an_answer_with_a_field_too_few_or_too_many_is_found_out() {
    let schema = json!({ "$ref": "#/components/schemas/SessionAnswer" });
    let good = json!({"name": "ada", "role": "operator", "expires_at": "2026-01-31T09:30:00.000Z"});
    assert_eq!(misfits(&schema, &good), Vec::<String>::new());
    let changed = |key: &str, value: Value| {
        let mut bad = good.clone();
        bad[key] = value;
        misfits(&schema, &bad).len()
    };
    assert_eq!(changed("password", json!("x")), 1, "a field that nobody described");
    assert_eq!(changed("role", json!("owner")), 1);
    assert_eq!(changed("name", json!("Ada Lovelace")), 1);
    assert_eq!(misfits(&schema, &json!({"name": "ada"})).len(), 2, "two fields are missing");
}

/// Every JSON answer is met once; the harness holds each of them against its description.
#[tokio::test]
async fn every_json_answer_is_as_described() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    olga.request(1, "switchover", json!({"to": "n2"})).await.expect(200);
    olga.confirm(&explained).await.expect(200);
    olga.confirm(&explained).await.expect(200);
    olga.request(2, "switchover", json!({"to": "n2"})).await.expect(412);
    olga.request(3, "purge_log", json!({"node": "n1", "up_to": "1"})).await;
    olga.request(4, "stop_writes", json!({})).await.expect(201);
    let why = json!({"reason": "not now"});
    olga.post(&format!("/api/v1/actions/{}/withdraw", id(4)), &why).await.expect(200);
    let moved = olga.request(5, "stop_writes", json!({})).await.expect(201).json();
    olga.run(6, "take_offline", json!({"node": "n3"})).await;
    olga.confirm(&moved).await.expect(409);
    let freeze = json!({"freeze_id": id(7), "reason": "an audit"});
    let frozen = olga.post("/api/v1/freeze", &freeze).await.expect(200).json();
    olga.get("/api/v1/overview").await.expect(200);
    let lift = json!({"freeze": frozen["freeze"]["seq"].to_string(), "reason": "over"});
    olga.post("/api/v1/unfreeze", &lift).await.expect(200);
    let log = olga.get("/api/v1/log?kind=executed").await.expect(200).json();
    let kept = log["records"][0]["entry"]["snapshot"].as_str().expect("an observation");
    let window = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z";
    for path in [
        "/api/v1/cluster",
        "/api/v1/nodes/n3",
        "/api/v1/nodes/n3/overview",
        "/api/v1/checklists/host_maintenance/n3",
        "/api/v1/timeline",
        &format!("/api/v1/observations/{kept}"),
        "/api/v1/catalogue",
        "/api/v1/explain?kind=failover&to=n3&reason=x",
        "/api/v1/actions",
        "/api/v1/actions?limit=2",
        &format!("/api/v1/actions/{}", id(1)),
        &format!("/api/v1/actions/{}/report", id(1)),
        &format!("/api/v1/actions/{}/report", id(5)),
        &format!("/api/v1/report?{window}"),
        "/api/v1/log?limit=200",
        "/api/v1/log/0",
        "/api/v1/log/head",
        "/api/v1/log/proof/0",
        "/api/v1/log/consistency?from=1",
        "/api/v1/session",
        "/api/v1/access",
        "/api/v1/kernel/events",
        "/api/v1/kernel/spec",
        "/api/v1/actions.json",
        "/api/v1/log.json",
        "/api/v1/openapi.json",
    ] {
        olga.get(path).await.expect(200);
    }
    app.auditor().get("/api/v1/access/all").await.expect(200);
    let link = json!({"link_id": id(8), "name": "board", "scope": "cluster", "expires": "1d"});
    olga.post("/api/v1/links", &link).await.expect(201);
    olga.post("/api/v1/links", &link).await.expect(200);
    let revoke = format!("/api/v1/links/{}/revoke", id(8));
    olga.post(&revoke, &json!({})).await.expect(200);
    let person = json!({"name": "olga", "password": PASSWORD});
    app.anonymous().post("/api/v1/login", &person).await.expect(200);
    app.sign_in("olga").await.post("/api/v1/logout", &json!({})).await.expect(204);
    olga.post("/api/v1/tokens/metrics/revoke", &json!({})).await.expect(200);
    let open = crate::workflow::finding::with_an_open_action().await;
    open.operator().get(&format!("/api/v1/actions/{}", id(1))).await.expect(200);
    let resolve = format!("/api/v1/actions/{}/resolve", id(1));
    open.operator().post(&resolve, &why).await.expect(200);
    let mute = MuteApp::new().await;
    let explained = mute.olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    mute.olga.post(&format!("/api/v1/actions/{}/confirm", id(1)), &confirmation(&explained)).await;
    mute.olga.get("/api/v1/overview").await.expect(200);
    let found = json!({"executed": "yes", "evidence": "seen"});
    mute.olga.post(&format!("/api/v1/actions/{}/finding", id(1)), &found).await.expect(200);
    let mut looked = 0;
    for (method, path, operation) in operations() {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let status: u16 = status.parse().expect("a status");
            if response["content"]["application/json"].is_object() {
                let name = operation["operationId"].as_str().expect("a name").to_owned();
                assert!(seen().contains(&(name, status)), "{method} {path} {status}");
                looked += 1;
            }
        }
    }
    println!("{looked} kinds of JSON answers, each held against its description");
}

/// C4.2: what the description forbids the server refuses, and what it asks for the server asks for.
#[tokio::test]
async fn a_body_is_taken_only_as_it_is_described() {
    let app = TestApp::new().await;
    let mut tried = 0;
    for (_, path, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else {
            continue;
        };
        let path = path.replace("{id}", &id(1)).replace("{name}", "metrics");
        let described = &document()["components"]["schemas"][name];
        let good = match name {
            "SignInBody" => json!({"name": "olga", "password": "wrong"}),
            "RequestBody" => {
                json!({"action_id": id(9), "kind": "failover", "params": {"to": "n2"}, "reason": "r"})
            }
            "ConfirmBody" => {
                json!({"digest": "00".repeat(32), "typed_target": "n2", "after_refusal": "7"})
            }
            "ReasonBody" => json!({"reason": "r"}),
            "FindingBody" => json!({"executed": "no", "evidence": "e"}),
            "FreezeBody" => json!({"freeze_id": id(8), "reason": "r"}),
            "UnfreezeBody" => json!({"freeze": "0", "reason": "r"}),
            "LinkBody" => {
                json!({"link_id": id(7), "name": "board", "scope": "cluster", "expires": "1h"})
            }
            "NothingBody" => json!({}),
            other => panic!("say what a good {other} is"),
        };
        assert_eq!(misfits(schema, &good), Vec::<String>::new(), "{name}");
        let mut bad = good.clone();
        bad["force"] = json!("yes");
        assert!(!misfits(schema, &bad).is_empty(), "{name}: {bad}");
        app.operator().post(&path, &bad).await.expect(400);
        for field in described["required"].as_array().into_iter().flatten() {
            // An action without parameters may leave them out; clients that are generated never do.
            if field == "params" {
                continue;
            }
            let mut bad = good.clone();
            bad.as_object_mut().expect("an object").remove(field.as_str().expect("a name"));
            assert!(!misfits(schema, &bad).is_empty(), "{name}: {bad}");
            let reply = app.operator().post(&path, &bad).await.expect(400);
            assert_eq!(reply.json()["refusal"]["field"], *field, "{path}");
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried}");
}
