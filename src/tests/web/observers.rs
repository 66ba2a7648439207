//! The listener of observers: it reads, and nothing else exists there (C10.2).

use crate::harness::{TestApp, id};
use crate::serve::server::{PROGRAM, ServerDir};
use aerodb_control::web::policy::{ACTS, READS, is_for_observers};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

fn concrete(path: &str) -> String {
    let path = path
        .replace("/nodes/{id}", "/nodes/n1")
        .replace("{key}/{node}", "host_maintenance/n1")
        .replace("{seq}", "0");
    let path = path.replace("{kind}", "switchover").replace("{hash}", &"0".repeat(64));
    let path = path.replace("{*place}", "entries/000.p/1");
    path.replace("{id}", &id(1)).replace("{token}", "spent").replace("{name}", "metrics")
}

/// C10.2: by construction, not by refusal.
#[tokio::test]
async fn not_one_route_that_acts_exists_there_for_anybody() {
    let app = TestApp::new().await;
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
    let link = app.link(2, "board", "cluster").await;
    let head = app.auditor().get("/api/v1/log/head").await.expect(200).json();
    let before = app.cluster().await["write_fence"].clone();
    let mut tried = 0;
    let clients = [app.operator(), app.observer(), app.auditor(), app.program(), app.anonymous()];
    for client in &clients {
        let client = app.at_observers(client);
        for (_, path, _) in ACTS {
            let path = concrete(path);
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let request = Request::builder().method(method).uri(&path);
                let status =
                    client.send(request.body(Body::empty()).expect("a request")).await.status;
                assert!([404, 405].contains(&status.as_u16()), "{path}: {status}");
                tried += 1;
            }
        }
        let secret = link["path"].as_str().expect("a path");
        for path in ["/login", "/setup/spent", secret, "/access/all"] {
            client.get(path).await.expect(404);
        }
    }
    println!("{tried} attempts, each at nothing");
    assert_eq!(app.auditor().get("/api/v1/log/head").await.expect(200).json(), head);
    assert_eq!(app.cluster().await["write_fence"], before);
}

#[tokio::test]
async fn whoever_has_a_session_or_a_token_reads_there_as_an_observer_and_is_offered_nothing() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let board = app.stakeholder(2, "board", &id(1)).await;
    let mut pages = 0;
    for (route, path, _) in READS.iter().filter(|(route, _, _)| is_for_observers(*route)) {
        let path = concrete(path);
        for client in [app.operator(), app.auditor(), app.program()] {
            let (here, there) = (app.at_observers(&client), client);
            let status = there.head_status(&path).await;
            assert_eq!(here.head_status(&path).await, status, "{path}");
        }
        if path.starts_with("/api/") || format!("{route:?}") == "Preferences" {
            continue;
        }
        for client in [app.operator(), app.auditor(), board.clone()] {
            let page = app.at_observers(&client).get(&path).await.body;
            assert_eq!(page.matches("method=\"post\"").count(), 0, "{path}");
            assert!(!page.contains("href=\"/login\""), "{path}");
            pages += 1;
        }
    }
    println!("{pages} pages without a form that writes");
    let session = app.at_observers(&app.operator()).get("/api/v1/session").await.expect(200).json();
    assert_eq!((&session["name"], &session["role"]), (&json!("olga"), &json!("observer")));
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_sees_anything_there_or_is_sent_to_sign_in() {
    let app = TestApp::new().await;
    let nobody = app.at_observers(&app.anonymous());
    for path in ["/", "/log", "/actions", "/api/v1/overview", "/api/v1/events", "/metrics"] {
        let reply = nobody.get(path).await.expect(401);
        assert!(reply.location.is_none() && !reply.body.contains("n1"), "{path}");
        assert!(!reply.body.contains("href=\"/login\""), "{path}");
    }
    nobody.get("/healthz").await.expect(200);
    nobody.get("/readyz").await.expect(200);
}

/// C8.3: a use that is seen there only is not noted, because nothing there writes.
#[tokio::test]
async fn a_session_that_is_used_there_alone_ends_as_if_it_were_not_used() {
    let app = TestApp::new().await;
    let olga = app.operator();
    for _ in 0..59 {
        app.clock.advance_millis(60_000);
        app.at_observers(&olga).get("/api/v1/overview").await.expect(200);
    }
    app.clock.advance_millis(60_000);
    app.at_observers(&olga).get("/api/v1/overview").await.expect(401);
    olga.get("/api/v1/overview").await.expect(401);
}

/// The process itself: the setting opens the listener, and a stop closes it with the others.
#[test]
fn a_server_that_is_told_so_listens_for_observers_and_says_where() {
    let place = ServerDir::new();
    let settings = std::fs::read_to_string(place.settings()).expect("the settings");
    let told = settings.replace("[control]\n", "[control]\nobserver-listen = \"127.0.0.1:0\"\n");
    std::fs::write(place.settings(), told).expect("a file");
    place.init();
    let mut command = Command::new(PROGRAM);
    command.arg("serve").arg("--config").arg(place.settings()).current_dir(place.folder());
    let mut server = command
        .args(["--listen", "127.0.0.1:0", "--log", "off"])
        .env_remove("LEPTOS_SITE_ADDR")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let said = BufReader::new(server.stdout.take().expect("a pipe")).lines();
    let said: Vec<String> =
        said.map_while(Result::ok).take_while(|line| !line.starts_with("ready")).collect();
    let at = |name: &str| said.iter().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let (console, observers) = (at("console: "), at("observers: "));
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let status = |address: &Option<String>, path: &str| {
        let address = address.as_ref().expect("it says where it listens");
        agent.get(format!("{address}{path}")).call().expect("an answer").status().as_u16()
    };
    assert_eq!((status(&console, "/login"), status(&observers, "/login")), (200, 404));
    assert_eq!((status(&console, "/healthz"), status(&observers, "/healthz")), (200, 200));
    let posted = agent.post(format!("{}/freeze", observers.expect("there"))).send_empty();
    assert_eq!(posted.expect("an answer").status().as_u16(), 404);
    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    assert!(told.expect("a signal").success());
    assert!(server.wait().expect("a status").success(), "it stops, this listener included");
}
