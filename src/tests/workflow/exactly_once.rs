//! One confirmation, one execution, however often and however strangely it is delivered (C7).

use crate::harness::{TestApp, confirmation, id};
use serde_json::{Value, json};

fn count(kinds: &[String], kind: &str) -> usize {
    kinds.iter().filter(|k| *k == kind).count()
}

/// C7.1, C7.2.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_deliveries_of_one_confirmation_execute_once() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let explained = explained.json();
    let deliveries: Vec<_> = (0..50)
        .map(|_| {
            let (client, explained) = (app.operator(), explained.clone());
            tokio::spawn(async move { client.confirm(&explained).await.expect(200).json() })
        })
        .collect();
    let mut answers: Vec<Value> = Vec::new();
    for delivery in deliveries {
        answers.push(delivery.await.expect("an answer"));
    }
    let firsts = answers.iter().filter(|answer| answer["duplicate"] == false).count();
    assert_eq!(firsts, 1);
    for answer in &answers {
        assert_eq!(answer["stage"], "executed");
        assert_eq!(answer["outcome"]["receipt"], answers[0]["outcome"]["receipt"]);
    }
    let kinds = app.record_kinds().await;
    assert_eq!((count(&kinds, "dispatched"), count(&kinds, "executed")), (1, 1));
    assert_eq!(count(&kinds, "duplicate"), 49);
    assert_eq!(app.cluster().await["epoch"], 2);
}

/// C5.2, C7.2.
#[tokio::test]
async fn a_confirmation_a_year_later_is_answered_with_the_first_outcome() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let first = app.operator().confirm(&explained.json()).await.expect(200).json();
    app.operator().run(2, "switchover", json!({"to": "n1"})).await;
    app.clock.advance_millis(365 * 24 * 3_600_000);
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    let again = olga.confirm(&explained.json()).await.expect(200).json();
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["outcome"]["receipt"], first["outcome"]["receipt"]);
    let cluster = olga.get("/api/v1/cluster").await.expect(200).json();
    assert_eq!(cluster["epoch"], 3, "nothing ran again");
}

/// C5.2, C7.2.
#[tokio::test]
async fn the_same_request_again_is_the_same_action_and_another_under_its_id_is_refused() {
    let app = TestApp::new().await;
    let first =
        app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    let again =
        app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(200).json();
    assert_eq!((&again["digest"], &again["duplicate"]), (&first["digest"], &json!(true)));
    let other = app.operator().request(1, "switchover", json!({"to": "n3"})).await.expect(422);
    assert_eq!(other.code(), "action_id_reused");
    assert_eq!(other.json()["refusal"]["invariants"], json!(["action_id_once"]));
    let kinds = app.record_kinds().await;
    assert_eq!((count(&kinds, "requested"), count(&kinds, "duplicate")), (1, 1));
}

#[tokio::test]
async fn a_rejected_request_is_rejected_again_when_it_is_repeated() {
    let app = TestApp::new().await;
    let ask = || async { app.operator().request(1, "resume_writes", json!({})).await.expect(412) };
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first.json()["refusal"], again.json()["refusal"]);
    assert_eq!(count(&app.record_kinds().await, "requested"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_deliveries_of_one_request_make_one_action() {
    let app = TestApp::new().await;
    let deliveries: Vec<_> = (0..30)
        .map(|_| {
            let client = app.operator();
            tokio::spawn(async move { client.request(1, "stop_writes", json!({})).await })
        })
        .collect();
    let mut created = 0;
    for delivery in deliveries {
        let reply = delivery.await.expect("an answer");
        assert!(matches!(reply.status.as_u16(), 200 | 201), "{}", reply.body);
        created += usize::from(reply.status.as_u16() == 201);
    }
    assert_eq!(created, 1);
    assert_eq!(count(&app.record_kinds().await, "requested"), 1);
}

/// C4.3.
#[tokio::test]
async fn while_one_action_runs_another_is_turned_away_and_told_which() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let first = olga.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    let second = olga.request(2, "stop_writes", json!({})).await.expect(201).json();
    // On one thread the second is polled when the first waits for its record to be durable.
    let (one, two) = tokio::join!(olga.confirm(&first), olga.confirm(&second));
    one.expect(200);
    let two = two.expect(409);
    assert_eq!(two.code(), "busy");
    assert_eq!(two.json()["refusal"]["action_id"], id(1));
    assert_eq!(two.json()["refusal"]["invariants"], json!(["one_at_a_time"]));
    assert_eq!(app.cluster().await["write_fence"], "lifted");
}

/// C2.6, C6.2.
#[tokio::test]
async fn a_client_that_goes_away_does_not_cancel_what_it_confirmed() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let explained = explained.json();
    let client = app.operator();
    {
        let body = confirmation(&explained);
        let path = format!("/api/v1/actions/{}/confirm", id(1));
        let delivery = client.post(&path, &body);
        tokio::pin!(delivery);
        // Polled until it has begun, then dropped, as the server does with a closed connection.
        let begun = async {
            while !app.record_kinds().await.contains(&"confirmed".to_owned()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = begun => {}
            _ = &mut delivery => {}
        }
    }
    app.house.quiet().await;
    let kinds = app.record_kinds().await;
    assert_eq!(count(&kinds, "executed"), 1, "{kinds:?}");
    assert_eq!(app.cluster().await["primary"], "n2");
}

#[tokio::test]
async fn an_action_that_another_program_confirmed_in_between_keeps_this_one_out() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    // What the database says when another action was opened after our look and before our write.
    let raw = rusqlite::Connection::open(app.dir().join("control.sqlite")).expect("the file");
    raw.execute_batch(
        "CREATE TRIGGER raced BEFORE INSERT ON transition WHEN NEW.t = 4
         BEGIN SELECT RAISE(ABORT, 'another action is open'); END",
    )
    .expect("a trigger");
    let refused = olga.confirm(&explained).await.expect(409);
    assert_eq!(refused.code(), "busy");
    assert_eq!(refused.json()["refusal"]["executed"], "no");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    assert_eq!(app.record_kinds().await.last().expect("a record"), "declined");
    raw.execute_batch("DROP TRIGGER raced").expect("dropped");
    assert_eq!(olga.confirm(&explained).await.expect(409).code(), "busy", "a copy, too late");
    let shown = olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    olga.confirm(&shown).await.expect(200);
}

#[tokio::test]
async fn a_repeated_confirmation_of_what_cannot_be_read_is_recorded_and_denies_no_execution() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    olga.confirm(&explained).await.expect(200);
    let raw = rusqlite::Connection::open(app.dir().join("control.sqlite")).expect("the file");
    raw.execute_batch("DROP TRIGGER blob_update; UPDATE blob SET data = x'00'").expect("damage");
    let before = app.record_kinds().await.len();
    let reply = olga.confirm(&explained).await.json();
    assert_eq!(reply["refusal"]["executed"], "earlier", "{reply}");
    assert_eq!(app.record_kinds().await[before..], ["declined"]);
}
