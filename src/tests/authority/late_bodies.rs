//! Authority that ends while the body of a request is on its way: nothing is done on the word of
//! somebody who was an operator when the head came.
//!
//! The routes are those of the policy table, so a new one that acts is attacked too, or does not
//! compile here.

use crate::harness::{Client, PASSWORD, TestApp};
use aerodb_control::web::policy::{ACTS, Act, Needs};
use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio_stream::wrappers::ReceiverStream;

/// How authority ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// It does not: the control, which shows that the request would have acted.
    Not,
    RoleTaken,
    AccountRemoved,
    LoggedOut,
    Expired,
    Idle,
}

const ENDS: [Ends; 6] =
    [Ends::RoleTaken, Ends::AccountRemoved, Ends::LoggedOut, Ends::Expired, Ends::Idle, Ends::Not];
const HOUR_MS: i64 = 60 * 60 * 1000;

/// A request of which the head and some bytes have come.
struct Late {
    sender: tokio::sync::mpsc::Sender<Result<Bytes, Infallible>>,
    rest: Bytes,
    answer: tokio::task::JoinHandle<(u16, String)>,
}

impl Late {
    /// Sends the head and three bytes, and waits until these were taken: by then the head was read.
    async fn begin(client: &Client, path: &str, fields: &Value) -> Self {
        let (media, text) = if path.starts_with("/api/") {
            ("application/json", fields.to_string())
        } else {
            let form = serde_urlencoded::to_string(fields.as_object().expect("fields"));
            ("application/x-www-form-urlencoded", form.expect("texts"))
        };
        let mut first = Bytes::from(format!("{text}   "));
        let rest = first.split_off(3).slice(..text.len().saturating_sub(3));
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        sender.send(Ok(first.slice(..text.len().min(3)))).await.expect("the first bytes");
        let request = Request::post(path).header(header::CONTENT_TYPE, media);
        let body = Body::from_stream(ReceiverStream::new(receiver));
        let request = request.body(body).expect("a request");
        let client = client.clone();
        let answer = tokio::spawn(async move {
            let reply = client.send(request).await;
            (reply.status.as_u16(), reply.body)
        });
        drop(sender.reserve().await.expect("the first bytes were taken"));
        Self { sender, rest, answer }
    }

    /// Sends the rest, and gives the answer.
    async fn end(self) -> (u16, String) {
        self.sender.send(Ok(self.rest)).await.expect("somebody reads");
        drop(self.sender);
        self.answer.await.expect("an answer")
    }
}

/// The control plane under attack, with somebody who prepares each attack.
struct Field {
    app: TestApp,
    ids: u32,
    /// An action that was confirmed and, because the disk failed, never sent.
    open: Option<String>,
}

impl Field {
    fn next(&mut self) -> String {
        self.ids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.ids)
    }

    fn records(&self) -> Vec<(String, Option<String>)> {
        let database = self.database();
        let mut rows = database.prepare("SELECT kind, actor FROM entry ORDER BY seq").expect("sql");
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.app.dir().join("control.sqlite")).expect("the database")
    }

    async fn explained(&mut self, client: &Client) -> (String, Value) {
        let id = self.next();
        let body = json!({
            "action_id": id, "kind": "verify_node", "params": {"node": "n1"}, "reason": "a drill",
        });
        let explained = client.post("/api/v1/actions", &body).await.expect(201).json();
        (id, explained)
    }

    /// What a request to this route holds that would act, with the kind of its record.
    async fn ready(&mut self, act: Act, who: &Client) -> (String, Value, &'static str) {
        let why = json!({"reason": "a drill"});
        match act {
            Act::Request => {
                let (kind, node) = ("verify_node", "n1");
                let id = self.next();
                let body = json!({
                    "action_id": id, "kind": kind, "node": node, "reason": "a drill",
                });
                (String::new(), body, "explained")
            }
            Act::ApiRequest => {
                let id = self.next();
                let body = json!({
                    "action_id": id, "kind": "verify_node", "params": {"node": "n1"},
                    "reason": "a drill",
                });
                (String::new(), body, "explained")
            }
            Act::Confirm | Act::ApiConfirm => {
                let (id, explained) = self.explained(who).await;
                (id, json!({"digest": explained["digest"]}), "executed")
            }
            Act::Withdraw | Act::ApiWithdraw => (self.explained(who).await.0, why, "withdrawn"),
            Act::Resolve | Act::ApiResolve => (self.open().await, why, "voided"),
            Act::Finding | Act::ApiFinding => {
                // This kernel can resolve, so a finding is declined, by somebody who may try.
                let found = json!({"executed": "no", "evidence": "a drill"});
                (self.open().await, found, "declined")
            }
            Act::Freeze | Act::ApiFreeze => {
                let body = json!({"freeze_id": self.next(), "reason": "a drill"});
                (String::new(), body, "frozen")
            }
            Act::Unfreeze | Act::ApiUnfreeze => {
                let body = json!({"freeze_id": self.next(), "reason": "a drill"});
                let admin = self.app.sign_in("olga").await;
                let frozen = admin.post("/api/v1/freeze", &body).await.expect(200).json();
                let seq = frozen["record"]["seq"].as_u64().expect("a number").to_string();
                (String::new(), json!({"freeze": seq, "reason": "a drill"}), "unfrozen")
            }
            Act::IssueLink | Act::ApiIssueLink => {
                let id = self.next();
                let name = format!("board-{}", self.ids);
                let body =
                    json!({"link_id": id, "name": name, "scope": "cluster", "expires": "1d"});
                (String::new(), body, "link_issued")
            }
            Act::RevokeLink | Act::ApiRevokeLink => {
                let id = self.next();
                let name = format!("press-{}", self.ids);
                let body =
                    json!({"link_id": id, "name": name, "scope": "cluster", "expires": "1d"});
                let admin = self.app.sign_in("olga").await;
                admin.post("/api/v1/links", &body).await.expect(201);
                (id, json!({}), "link_revoked")
            }
            Act::RevokeToken | Act::ApiRevokeToken => {
                self.ids += 1;
                let name = format!("program-{}", self.ids);
                self.app.house.access.issue_token(&name, HOUR_MS).await.expect("a token");
                (name, json!({}), "token_revoked")
            }
            // Whoever comes here brings no role that could be taken.
            Act::SignIn
            | Act::OidcStart
            | Act::OidcCallback
            | Act::SignInByProxy
            | Act::SignOut
            | Act::SetUp
            | Act::UseLink
            | Act::ApiSignIn
            | Act::ApiSignOut => panic!("{act:?} needs no operator"),
        }
    }

    /// The one action that is open.
    async fn open(&mut self) -> String {
        if let Some(id) = &self.open {
            return id.clone();
        }
        let sql = "CREATE TRIGGER failing BEFORE INSERT ON entry WHEN NEW.kind = 'dispatched'
                   BEGIN SELECT RAISE(ABORT, 'the disk failed'); END";
        self.database().execute_batch(sql).expect("a trigger");
        let admin = self.app.sign_in("olga").await;
        let (id, explained) = self.explained(&admin).await;
        admin.confirm(&explained).await.expect(503);
        self.database().execute_batch("DROP TRIGGER failing").expect("the trigger was there");
        self.open = Some(id.clone());
        id
    }

    async fn end(&self, how: Ends, name: &str, client: &Client) {
        let access = &self.app.house.access;
        match how {
            Ends::Not => {}
            Ends::RoleTaken => drop(access.change_role(name, "observer").await.expect("a role")),
            Ends::AccountRemoved => drop(access.remove_account(name).await.expect("an account")),
            Ends::LoggedOut => {
                client.post("/api/v1/logout", &json!({})).await.expect(204);
            }
            Ends::Expired => self.app.clock.advance_millis(12 * HOUR_MS),
            Ends::Idle => self.app.clock.advance_millis(HOUR_MS),
        }
    }

    /// Takes back what a control did, so that the next attack finds what it needs.
    async fn tidy_up(&mut self, act: Act, how: Ends) {
        match act {
            Act::Resolve | Act::ApiResolve if how == Ends::Not => self.open = None,
            Act::Freeze | Act::ApiFreeze | Act::Unfreeze | Act::ApiUnfreeze => {
                let admin = self.app.sign_in("olga").await;
                let shown = admin.get("/api/v1/overview").await.expect(200).json();
                if let Some(seq) = shown["freeze"]["seq"].as_u64() {
                    let body = json!({"freeze": seq.to_string(), "reason": "the drill is over"});
                    admin.post("/api/v1/unfreeze", &body).await.expect(200);
                }
            }
            _ => {}
        }
    }
}

/// C3.1, C5.2, C9.4.
#[tokio::test]
async fn nothing_is_done_on_the_word_of_somebody_whose_authority_ended_before_the_body_came() {
    let mut field = Field { app: TestApp::new().await, ids: 0, open: None };
    let mut acts: Vec<_> = ACTS.iter().filter(|(_, _, needs)| *needs == Needs::Operator).collect();
    // An open action stands in the way of others, so what is about one comes last.
    acts.sort_by_key(|(_, path, _)| path.ends_with("resolve") || path.ends_with("finding"));
    let (mut attacks, mut controls) = (0, 0);
    for (act, path, _) in acts {
        for how in ENDS {
            field.ids += 1;
            let name = format!("op-{}", field.ids);
            let access = &field.app.house.access;
            access.add_account(&name, "operator", PASSWORD).await.expect("an account");
            let client = field.app.sign_in(&name).await;
            let (about, body, kind) = field.ready(*act, &client).await;
            let path = path.replace("{id}", &about).replace("{name}", &about);
            let late = Late::begin(&client, &path, &body).await;
            field.end(how, &name, &client).await;
            let before = field.records().len();
            let (status, said) = late.end().await;
            let after = field.records().split_off(before);
            if how == Ends::Not {
                let last = after.last().map(|(kind, _)| kind.as_str());
                assert_eq!(last, Some(kind), "{path}: {status} {said}");
                controls += 1;
            } else {
                assert_eq!(status, 401, "{path} {how:?}: {said}");
                assert_eq!(after, [("denied".to_owned(), Some(name))], "{path} {how:?}");
                attacks += 1;
            }
            field.tidy_up(*act, how).await;
        }
    }
    println!("{attacks} late bodies, 0 acted; {controls} controls acted");
}

/// C3.1: `proved_recently`.
#[tokio::test]
async fn a_proof_that_grew_old_while_the_body_was_on_its_way_confirms_nothing() {
    let minutes = aerodb_control::authority::ReauthLifetime::of_minutes(5).expect("a time");
    let app = TestApp::set(move |config| config.reauth_lifetime = minutes).await;
    let olga = app.operator();
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    let path = format!("/api/v1/actions/{}/confirm", explained["id"].as_str().expect("an id"));
    let late = Late::begin(&olga, &path, &crate::harness::confirmation(&explained)).await;
    app.clock.advance_millis(5 * 60 * 1000);
    let (status, said) = late.end().await;
    assert_eq!(status, 403, "{said}");
    assert!(said.contains("proof_needed"), "{said}");
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("declined"));
    assert_eq!(app.cluster().await["write_fence"], "lifted");
}

/// What happens in the very transaction that records `kind`, after its record was made.
fn at(app: &TestApp, kind: &str) {
    let sql = format!(
        "CREATE TRIGGER meanwhile AFTER INSERT ON entry WHEN NEW.kind = '{kind}' BEGIN
             UPDATE session SET revoked_ms = 1 WHERE account = 'olga';
             UPDATE account SET removed_ms = 1 WHERE name = 'olga';
         END"
    );
    let database = rusqlite::Connection::open(app.dir().join("control.sqlite"));
    database.expect("the database").execute_batch(&sql).expect("a trigger");
}

/// C3.1, C7.3: between confirming and sending nothing was sent, and nothing is.
#[tokio::test]
async fn an_order_is_not_sent_when_whoever_confirmed_it_was_removed_before_the_dispatch() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    at(&app, "confirmed");
    let refusal = app.operator().confirm(&explained).await.expect(401).json()["refusal"].clone();
    assert_eq!((&refusal["code"], &refusal["executed"]), (&json!("not_signed_in"), &json!("no")));
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    let kinds = app.record_kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["confirmed", "denied"]);
    let path = format!("/api/v1/actions/{}", explained["id"].as_str().expect("an id"));
    let shown = app.observer().get(&path).await.expect(200).json();
    assert_eq!(shown["interrupted"], "never_sent");
    // Another operator closes it.
    app.house.access.add_account("otto", "operator", PASSWORD).await.expect("an account");
    let why = json!({"reason": "olga was removed"});
    let resolved = app.sign_in("otto").await.post(&format!("{path}/resolve"), &why).await;
    assert_eq!(resolved.expect(200).json()["stage"], "voided");
}

/// C2.6, C7.3: what happened is recorded, whatever became of whoever confirmed it.
#[tokio::test]
async fn the_outcome_is_recorded_though_whoever_confirmed_it_was_removed_while_it_ran() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    at(&app, "dispatched");
    let done = app.operator().confirm(&explained).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    assert_eq!(app.cluster().await["write_fence"], "standing");
    app.operator().get("/api/v1/session").await.expect(401);
}
