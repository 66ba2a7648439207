//! Links for stakeholders: who can issue one, what becomes of it, and how little it opens.

use crate::harness::{Client, TestApp, id};
use aerodb_control::web::policy::{ACTS, Needs, READS};
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn secret_of(link: &Value) -> String {
    link["path"].as_str().expect("a path").replace("/link/", "")
}

fn wanted(number: u8, name: &str, expires: &str) -> Value {
    json!({"link_id": id(number), "name": name, "scope": "cluster", "expires": expires})
}

async fn log(app: &TestApp) -> Vec<Value> {
    let page = app.auditor().get("/api/v1/log?limit=200").await.expect(200).json();
    page["records"].as_array().expect("records").clone()
}

/// C10.2: only the form uses a link up, and only once; a scanner that follows links uses none.
#[tokio::test]
async fn a_link_is_exchanged_by_its_form_once_and_by_no_number_of_looks() {
    let app = TestApp::new().await;
    let link = app.link(1, "board", "cluster").await;
    let (path, secret) = (link["path"].as_str().expect("a path"), secret_of(&link));
    let before = app.record_kinds().await;
    for _ in 0..20 {
        let page = app.anonymous().get(path).await.expect(200);
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        assert!(page.body.contains("action=\"/link\"") && !page.body.contains("<script"));
    }
    assert_eq!(app.record_kinds().await, before, "looking leaves nothing");
    let form = [("token", secret.as_str())];
    let opened = app.anonymous().post_form("/link", &form).await.expect(303);
    assert_eq!(opened.location.as_deref(), Some("/"));
    let cookie = opened.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "=aerodb_stakeholder_"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&secret), "another secret");
    let again = app.anonymous().post_form("/link", &form).await.expect(410);
    assert!(again.body.contains("link_spent") && !again.headers.contains_key(header::SET_COOKIE));
    assert_eq!(app.record_kinds().await[before.len()..], ["link_used", "denied"]);
    let used = log(&app).await[1].clone();
    let actor = json!({"name": "board", "role": "stakeholder", "via": "link"});
    assert_eq!((&used["entry"]["link_id"], &used["actor"]), (&json!(id(1)), &actor));
    // The link itself is the credential of nothing.
    let bearer = Client::new(app.house.console.clone(), Some(secret));
    bearer.get("/api/v1/overview").await.expect(401);
    let cookie = cookie.split(';').next().expect("a pair");
    let request = Request::get("/").header(header::COOKIE, cookie);
    let request = request.body(Body::empty()).expect("a request");
    let page = app.anonymous().send(request).await.expect(200).body;
    assert!(page.contains("board") && page.contains("stakeholder"), "{page}");
}

/// C10.2: what a link shows is a closed list.
#[tokio::test]
async fn a_stakeholder_reads_what_the_link_names_and_nothing_else() {
    let app = TestApp::new().await;
    for number in [1, 2] {
        app.operator().request(number, "switchover", json!({"to": "n2"})).await.expect(201);
    }
    let board = app.stakeholder(3, "board", &id(1)).await;
    let mut told = (0, 0);
    for (_, path, needs) in READS {
        let path = path
            .replace("/nodes/{id}", "/nodes/n1")
            .replace("{key}/{node}", "host_maintenance/n1")
            .replace("{id}", &id(1));
        let path = path.replace("{seq}", "0").replace("{hash}", &"0".repeat(64));
        let path = path.replace("{kind}", "switchover").replace("{token}", "spent");
        let path = path.replace("{*place}", "entries/000.p/1");
        let status = board.head_status(&path).await;
        match needs {
            Needs::Anyone => assert!([200, 303].contains(&status), "{path}: {status}"),
            Needs::Onlooker => {
                assert_eq!(status, 200, "{path}");
                told.0 += 1;
            }
            Needs::Viewer | Needs::Auditor | Needs::Operator => {
                assert_eq!(status, 403, "{path}");
                told.1 += 1;
            }
        }
    }
    println!("{} routes shown, {} refused", told.0, told.1);
    board.get(&format!("/actions/{}", id(2))).await.expect(403);
    let missing = board.get(&format!("/actions/{}", id(9))).await.expect(403);
    assert!(missing.body.contains("not_permitted"), "whether there is one is not told");
    let plain = app.stakeholder(4, "press", "cluster").await;
    plain.get("/timeline?kind=actions&node=n2").await.expect(200);
    plain.get(&format!("/actions/{}", id(1))).await.expect(403);
    // Which records are of an account would say its name: nobody who has none learns it by asking.
    for name in ["olga", "nobody"] {
        let asked = plain.get(&format!("/timeline?actor={name}")).await.expect(403).body;
        assert!(asked.contains("not_permitted"), "{asked}");
    }
    app.operator().get("/timeline?actor=olga").await.expect(200);
}

/// C3.1, C9.4, C10.2.
#[tokio::test]
async fn no_mutating_route_answers_a_stakeholder_anything_but_a_recorded_refusal() {
    let app = TestApp::new().await;
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
    let board = app.stakeholder(2, "board", &id(1)).await;
    let actor = json!({"name": "board", "role": "stakeholder", "via": "link"});
    let mut tried = 0;
    // Everybody may sign in, and whoever looks may stop looking: that is the test after this.
    let refused = |needs| !matches!(needs, Needs::Anyone | Needs::Onlooker);
    for (_, path, needs) in ACTS.iter().filter(|(_, _, needs)| refused(*needs)) {
        let path = path.replace("{id}", &id(1)).replace("{name}", "metrics");
        let before = app.record_kinds().await.len();
        let reply = if path.starts_with("/api/") {
            board.post(&path, &json!({})).await
        } else {
            board.post_form(&path, &[]).await
        };
        assert_eq!(reply.status.as_u16(), 403, "{path}, {}: {}", needs.word(), reply.body);
        assert!(!reply.headers.contains_key(header::SET_COOKIE), "{path}");
        let records = log(&app).await;
        assert_eq!(records.len(), before + 1, "{path}");
        assert_eq!(
            (&records[0]["entry"]["kind"], &records[0]["actor"]),
            (&json!("denied"), &actor)
        );
        tried += 1;
    }
    println!("{tried} routes that write, each refused and recorded");
    for path in ["/", "/timeline", &format!("/actions/{}", id(1))] {
        let page = board.get(path).await.expect(200).body;
        let forms = page.matches("method=\"post\"").count();
        let out = page.matches("action=\"/logout\"").count();
        assert_eq!((forms, out), (1, 1), "{path}");
        let at_observers = app.at_observers(&board).get(path).await.expect(200).body;
        assert_eq!(at_observers.matches("method=\"post\"").count(), 0, "{path}");
    }
}

/// C9.1, C10.2.
#[tokio::test]
async fn a_stakeholder_signs_out_and_neither_the_session_nor_the_link_opens_anything_again() {
    let app = TestApp::new().await;
    let (link, board) = {
        let link = app.link(2, "board", "cluster").await;
        let secret = link["path"].as_str().expect("a path").replace("/link/", "");
        let session = app.house.access.redeem_link(&secret).await.expect("a good link");
        (secret, Client::new(app.house.console.clone(), session.token))
    };
    let other = app.stakeholder(3, "press", "cluster").await;
    board.post("/api/v1/logout", &json!({})).await.expect(204);
    let last = log(&app).await.remove(0);
    assert_eq!(last["entry"], json!({"kind": "signed_out"}));
    assert_eq!(last["actor"], json!({"name": "board", "role": "stakeholder", "via": "link"}));
    for path in ["/api/v1/overview", "/api/v1/events"] {
        board.get(path).await.expect(401);
    }
    board.post("/api/v1/logout", &json!({})).await.expect(401);
    app.house.access.redeem_link(&link).await.expect_err("it was used");
    other.get("/api/v1/overview").await.expect(200);
    let shown = app.operator().get("/api/v1/access").await.expect(200).json();
    let shown = shown["links"].as_array().expect("links").iter().find(|l| l["name"] == "board");
    assert!(!shown.expect("the link")["ended_at"].is_null());
    // It can still be withdrawn, which says that nobody shall have it.
    let path = format!("/api/v1/links/{}/revoke", id(2));
    let revoked = app.operator().post(&path, &json!({})).await.expect(200).json();
    assert!(!revoked["ended_at"].is_null() && !revoked["revoked_at"].is_null());
}

/// C10.2: withdrawn means withdrawn, for what is open too.
#[tokio::test]
async fn revoking_a_link_ends_its_session_and_its_stream_at_once() {
    let app = TestApp::new().await;
    let board = app.stakeholder(1, "board", "cluster").await;
    let press = app.stakeholder(2, "press", "cluster").await;
    let mut ear = board.response("/api/v1/events").await.into_body();
    assert!(ear.frame().await.is_some(), "the present state");
    app.observer().post(&format!("/api/v1/links/{}/revoke", id(1)), &json!({})).await.expect(403);
    board.get("/api/v1/overview").await.expect(200);
    let path = format!("/api/v1/links/{}/revoke", id(1));
    let revoked = app.operator().post(&path, &json!({})).await.expect(200).json();
    assert!(revoked["revoked_at"].is_string() && revoked.get("path").is_none(), "{revoked}");
    assert!(ear.frame().await.is_none(), "the stream has ended");
    board.get("/api/v1/overview").await.expect(401);
    board.get("/").await.expect(303);
    press.get("/api/v1/overview").await.expect(200);
    let again = app.operator().post(&path, &json!({})).await.expect(200).json();
    assert_eq!((&again["duplicate"], &again["revoked_at"]), (&json!(true), &revoked["revoked_at"]));
    let unused = app.link(3, "late", "cluster").await;
    let path = format!("/api/v1/links/{}/revoke", id(3));
    app.operator().post(&path, &json!({})).await.expect(200);
    app.anonymous().post_form("/link", &[("token", &secret_of(&unused))]).await.expect(410);
}

#[tokio::test]
async fn a_link_ends_at_its_time_and_is_never_longer_than_a_week() {
    let app = TestApp::new().await;
    let olga = app.operator();
    for (number, expires) in [(1, "8d"), (2, "0h"), (3, "169h"), (4, "forever"), (5, "-1h")] {
        let reply = olga.post("/api/v1/links", &wanted(number, "board", expires)).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], "expires", "{expires}");
    }
    let board = app.stakeholder(6, "board", "cluster").await;
    let unused = app.link(7, "press", "cluster").await;
    app.clock.advance_millis(DAY_MS - 1);
    board.get("/api/v1/overview").await.expect(200);
    app.clock.advance_millis(1);
    board.get("/api/v1/overview").await.expect(401);
    app.anonymous().post_form("/link", &[("token", &secret_of(&unused))]).await.expect(410);
}

/// C7.2.
#[tokio::test]
async fn a_repeated_issue_is_one_link_and_shows_its_secret_once() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let body = wanted(1, "board", "1h");
    let first = olga.post("/api/v1/links", &body).await.expect(201).json();
    app.clock.advance_millis(1_000);
    let again = olga.post("/api/v1/links", &body).await.expect(200).json();
    assert_eq!((&again["duplicate"], again.get("path")), (&json!(true), None));
    assert_eq!(again["expires_at"], first["expires_at"], "it lasts no longer by that");
    let other = olga.post("/api/v1/links", &wanted(1, "others", "1h")).await.expect(422);
    assert_eq!(other.code(), "action_id_reused");
    for taken in ["board", "olga", "metrics"] {
        let reply = olga.post("/api/v1/links", &wanted(2, taken, "1h")).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], "name", "{taken}");
    }
    let access = olga.get("/api/v1/access").await.expect(200).json();
    assert_eq!(access["links"].as_array().expect("links").len(), 1);
}

/// C10.1: the secret is shown where it is made and nowhere else.
#[tokio::test]
async fn no_secret_of_a_link_or_of_its_session_is_kept_or_shown_again() {
    let app = TestApp::new().await;
    let form = [
        ("link_id", id(1)),
        ("name", "board".to_owned()),
        ("scope", "cluster".to_owned()),
        ("expires", "1h".to_owned()),
    ];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = app.operator().post_form("/links", &form).await.expect(201).body;
    let secret = page.split("/link/").nth(1).expect("the address").get(..76).expect("a secret");
    assert!(secret.starts_with("aerodb_link_"), "{secret}");
    assert!(page.contains("http://127.0.0.1:7400/link/") && page.contains("camera-code"));
    let again = app.operator().post_form("/links", &form).await.expect(200).body;
    assert!(!again.contains("aerodb_link_") && !again.contains("camera-code"));
    let opened = app.anonymous().post_form("/link", &[("token", secret)]).await.expect(303);
    let cookie = opened.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    let session = cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
    let mut read = String::new();
    for path in ["/api/v1/log?limit=200", "/log", "/timeline", "/access", "/api/v1/access"] {
        read.push_str(&app.operator().get(path).await.expect(200).body);
    }
    for path in ["/access/all", "/api/v1/access/all"] {
        read.push_str(&app.auditor().get(path).await.expect(200).body);
    }
    assert!(read.contains("board"), "the link is in what was read");
    for file in std::fs::read_dir(app.dir()).expect("a folder") {
        let path = file.expect("an entry").path();
        if path.is_file() {
            read.push_str(&String::from_utf8_lossy(&std::fs::read(path).expect("a file")));
        }
    }
    for secret in [secret, &session] {
        assert!(!read.contains(secret));
    }
}

/// C10.1: what is an auditor's alone is not an operator's, and the other way round.
#[tokio::test]
async fn an_auditor_sees_everybody_and_acts_on_nothing_and_an_operator_the_other_way_round() {
    let app = TestApp::new().await;
    app.stakeholder(1, "board", "cluster").await;
    let all = app.auditor().get("/api/v1/access/all").await.expect(200).json();
    for (list, count) in [("accounts", 3), ("sessions", 3), ("links", 1), ("tokens", 1)] {
        assert_eq!(all[list].as_array().expect(list).len(), count, "{list}");
    }
    for path in ["/access/all", "/api/v1/access/all"] {
        app.auditor().get(path).await.expect(200);
        for client in [app.operator(), app.observer(), app.program()] {
            client.get(path).await.expect(403);
        }
    }
    app.auditor().post("/api/v1/links", &wanted(2, "press", "1h")).await.expect(403);
    let own = app.operator().get("/api/v1/access").await.expect(200).json();
    let sessions = own["sessions"].as_array().expect("sessions");
    assert!(sessions.len() == 1 && sessions[0]["account"] == "olga", "{own}");
    let page = app.observer().get("/access").await.expect(200).body;
    assert_eq!(page.matches("method=\"post\"").count(), 1, "signing out and nothing else");
    let changed = app.house.access.change_role("anna", "operator").await.expect("a change");
    assert_eq!(changed.sessions_ended, 1);
    app.auditor().get("/api/v1/log").await.expect(401);
    let anna = app.sign_in("anna").await;
    anna.get("/api/v1/access/all").await.expect(403);
    let changed = anna.get("/api/v1/log?kind=role_changed").await.expect(200).json();
    let entry = &changed["records"][0]["entry"];
    assert_eq!((&entry["from"], &entry["to"]), (&json!("auditor"), &json!("operator")));
}

/// C10.2: what the file promises about links, it promises to every client of it.
#[tokio::test]
async fn the_file_itself_refuses_to_give_a_link_back_or_to_change_what_it_shows() {
    let app = TestApp::new().await;
    app.stakeholder(1, "board", "cluster").await;
    let file = app.dir().join("control.sqlite");
    let connection = rusqlite::Connection::open(file).expect("the file");
    for change in [
        "UPDATE link SET session = NULL, used_ms = NULL",
        "UPDATE link SET expires_ms = expires_ms + 1",
        "UPDATE link SET shows = zeroblob(16)",
        "UPDATE link SET name = 'olga'",
        "DELETE FROM link",
    ] {
        assert!(connection.execute(change, []).is_err(), "{change}");
    }
    connection.execute("UPDATE link SET revoked_ms = 1", []).expect("once");
    assert!(connection.execute("UPDATE link SET revoked_ms = NULL", []).is_err());
}

/// C10.2: nothing that a stakeholder is shown can be computed from a guess at what is hidden.
#[tokio::test]
async fn the_id_of_an_observation_that_a_stakeholder_sees_follows_from_what_they_see() {
    let app = TestApp::new().await;
    let board = app.stakeholder(1, "board", "cluster").await;
    let whole = app.operator().get("/api/v1/overview").await.expect(200).json();
    let shown = board.get("/api/v1/overview").await.expect(200).json();
    assert_eq!(
        shown["state"]["observation"]["observed_at"],
        whole["state"]["observation"]["observed_at"]
    );
    let (hidden, seen) =
        (&whole["state"]["observation"]["id"], &shown["state"]["observation"]["id"]);
    assert_ne!(hidden, seen);
    let mut state = shown["state"].clone();
    state["observation"]["id"] = json!("");
    let parsed: aerodb_control::model::cluster::ClusterState =
        serde_json::from_value(state).expect("a state");
    let bytes = aerodb_control::model::canonical::canonical_json(&parsed);
    let hash = aerodb_control::model::canonical::Hash::of(&bytes).to_string();
    assert_eq!(seen.as_str(), Some(format!("obs-{}", &hash[..16]).as_str()));
}
