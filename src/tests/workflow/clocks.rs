//! A clock that jumps, both ways, by hours and years: nothing lives longer by it than it may (C5.2, C6.1).

use crate::harness::{Client, PASSWORD, TestApp};
use aerodb_control::authority::sessions::{AHEAD_MS_MAX, LASTS_MS, PER_ACCOUNT_MAX};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Fuzzed runs, and steps in each.
const RUNS: u64 = 8;
const STEPS: usize = 50;

/// Numbers that look random and repeat.
struct ClockRng(u64);

impl ClockRng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// A jump, of minutes to years, forward or back.
    fn jump(&mut self) -> i64 {
        let unit = [MINUTE_MS, HOUR_MS, DAY_MS, 365 * DAY_MS]
            [usize::try_from(self.below(4)).expect("a small number")];
        let by = unit * i64::try_from(1 + self.below(20)).expect("a small number");
        if self.below(2) == 0 { by } else { -by }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Session,
    Token,
    Link,
}

/// Something that was handed out, and what is true of it, whatever the clock says.
struct IssuedItem {
    kind: Kind,
    name: String,
    client: Client,
    /// When it was issued, by a clock that never jumps.
    born: i64,
    /// When it was issued, by the clock of the control plane.
    said: i64,
    /// Whether it may not be honoured any more, ever.
    over: bool,
}

struct ClockWorld {
    app: TestApp,
    dice: ClockRng,
    /// A clock that never jumps, and what the other one is ahead of it.
    real: i64,
    ahead: i64,
    held: Vec<IssuedItem>,
    made: u32,
    honoured: u32,
    refused: u32,
}

impl ClockWorld {
    async fn new(seed: u64) -> Self {
        let app = TestApp::new().await;
        let (dice, held) = (ClockRng(seed), Vec::new());
        Self { app, dice, real: 0, ahead: 0, held, made: 0, honoured: 0, refused: 0 }
    }

    fn hold(&mut self, kind: Kind, name: String, secret: Option<String>) {
        let client = Client::new(self.app.house.console.clone(), secret);
        let (born, said) = (self.real, self.real + self.ahead);
        self.held.push(IssuedItem { kind, name, client, born, said, over: false });
    }

    async fn step(&mut self) {
        self.made += 1;
        let name = format!("a{}", self.made);
        let access = std::sync::Arc::clone(&self.app.house.access);
        match self.dice.below(8) {
            0 => {
                access.add_account(&name, "operator", PASSWORD).await.expect("an account");
                let session = access.sign_in(&name, PASSWORD).await.expect("a session");
                self.hold(Kind::Session, name, session.token);
            }
            1 => {
                let token = access.issue_token(&name, 30 * DAY_MS).await.expect("a token");
                self.hold(Kind::Token, name, token.token);
            }
            2 => {
                let id = format!("00000000-0000-4000-8000-{:012x}", self.made);
                let body =
                    json!({"link_id": id, "name": name, "scope": "cluster", "expires": "2d"});
                let olga = self.app.sign_in("olga").await;
                let link = olga.post("/api/v1/links", &body).await.expect(201).json();
                let secret = link["path"].as_str().expect("a path").replace("/link/", "");
                let session = access.redeem_link(&secret).await.expect("a good link");
                self.hold(Kind::Link, name, session.token);
            }
            3 => {
                let accounts: Vec<_> =
                    self.held.iter().filter(|h| h.kind == Kind::Session && !h.over).collect();
                let Some(found) = accounts.first().map(|held| held.name.clone()) else { return };
                if self.dice.below(2) == 0 {
                    access.remove_account(&found).await.expect("an account");
                } else {
                    access.change_role(&found, "auditor").await.expect("an account");
                }
                for held in self.held.iter_mut().filter(|held| held.name == found) {
                    held.over = true;
                }
            }
            4 | 5 => {
                let by = i64::try_from(self.dice.below(300)).expect("a small number") * MINUTE_MS;
                self.app.clock.advance_millis(by);
                self.real += by;
            }
            _ => {
                let by = self.dice.jump();
                self.app.clock.jump_millis(by);
                self.ahead += by;
            }
        }
    }

    /// Shows everything that was handed out, and holds the answers against what is true.
    async fn look(&mut self, seed: u64) {
        // Anybody's request notices the clock first.
        self.app.anonymous().get("/healthz").await.expect(200);
        let now = self.real + self.ahead;
        for held in &mut self.held {
            let ahead = held.said > now + AHEAD_MS_MAX;
            let too_old = match held.kind {
                Kind::Session => self.real - held.born > LASTS_MS + AHEAD_MS_MAX,
                Kind::Token => now >= held.said + 30 * DAY_MS,
                Kind::Link => now >= held.said + 2 * DAY_MS,
            };
            held.over |= ahead;
            let path = match held.kind {
                Kind::Link => "/api/v1/overview",
                Kind::Session | Kind::Token => "/api/v1/session",
            };
            let status = held.client.get(path).await.status.as_u16();
            let what =
                format!("seed {seed}: {}, {status}, ahead {ahead}, old {too_old}", held.name);
            assert!(status == 401 || !(held.over || too_old), "{what}");
            if held.kind == Kind::Session {
                let body = json!({"reason": "a drill", "freeze": "1"});
                let acted = held.client.post("/api/v1/unfreeze", &body).await.status.as_u16();
                assert!(acted == 401 || !(held.over || too_old), "{what}: acts");
                assert_ne!(acted, 403, "{what}");
            }
            if status == 200 { self.honoured += 1 } else { self.refused += 1 }
        }
    }
}

/// C5.2, C6.1.
#[tokio::test]
async fn under_a_clock_that_jumps_no_session_token_link_or_removed_account_lives_too_long() {
    let (mut honoured, mut refused) = (0, 0);
    for seed in 0..RUNS {
        let mut world = ClockWorld::new(seed).await;
        for _ in 0..STEPS {
            world.step().await;
            world.look(seed).await;
        }
        honoured += world.honoured;
        refused += world.refused;
    }
    println!("{RUNS} runs of {STEPS} steps: {honoured} honoured, {refused} refused, 0 too long");
    assert!(honoured > 100 && refused > 100, "{honoured} {refused}");
}

/// F09 of the same kind: an account that is removed while the clock is ahead.
#[tokio::test]
async fn an_account_removed_under_a_clock_that_was_ahead_asks_for_nothing_when_it_is_put_right() {
    let app = TestApp::new().await;
    app.house.access.add_account("otto", "operator", PASSWORD).await.expect("an account");
    let otto = app.sign_in("otto").await;
    // Every session looks expired to whoever removes the account.
    app.clock.jump_millis(2 * DAY_MS);
    app.house.access.remove_account("otto").await.expect("an account");
    app.clock.jump_millis(-2 * DAY_MS);
    let reply = otto.request(1, "stop_writes", json!({})).await.expect(401);
    assert_eq!(reply.code(), "not_signed_in");
}

/// C9.1: what a clock has ended is on record.
#[tokio::test]
async fn what_was_issued_under_a_clock_that_was_ahead_has_ended_for_good_and_on_record() {
    let app = TestApp::new().await;
    app.clock.jump_millis(2 * 365 * DAY_MS);
    let token = app.house.access.issue_token("far", DAY_MS).await.expect("a token");
    let token = Client::new(app.house.console.clone(), token.token);
    let session = app.sign_in("olga").await;
    app.clock.jump_millis(-2 * 365 * DAY_MS);
    token.get("/api/v1/cluster").await.expect(401);
    let page = session.get("/api/v1/session").await.expect(401);
    assert_eq!(page.code(), "not_signed_in");
    let anna = app.sign_in("anna").await;
    let log = anna.get("/api/v1/log?kind=access_ended").await.expect(200).json();
    let records = log["records"].as_array().expect("records");
    let sessions = records.iter().filter_map(|record| record["entry"]["sessions"].as_u64());
    assert!(sessions.sum::<u64>() > 0, "{log}");
    assert!(records.iter().any(|record| record["entry"]["tokens"] == json!(["far"])), "{log}");
    for record in records {
        assert_eq!(record["entry"]["because"], "clock_went_back", "{log}");
        assert_eq!(record["actor"], Value::Null);
    }
    // Two years later it is not the present again for them.
    app.clock.jump_millis(2 * 365 * DAY_MS);
    token.get("/api/v1/cluster").await.expect(401);
    session.get("/api/v1/session").await.expect(401);
}

/// C8.3: a page that reads by itself keeps nobody signed in.
#[tokio::test]
async fn what_a_page_reads_by_itself_is_no_use_of_the_session() {
    let app = TestApp::new().await;
    let (left_open, at_work) = (app.sign_in("olga").await, app.sign_in("olga").await);
    for _ in 0..3 {
        app.clock.advance_millis(25 * MINUTE_MS);
        left_open.get("/api/v1/overview").await;
        left_open.head_status("/api/v1/events").await;
        at_work.get("/actions").await.expect(200);
    }
    left_open.get("/api/v1/session").await.expect(401);
    at_work.get("/api/v1/session").await.expect(200);
}

/// C9.1: whose session gave way is on record.
#[tokio::test]
async fn a_sign_in_too_many_ends_the_oldest_session_and_says_so() {
    let app = TestApp::new().await;
    let mut sessions = Vec::new();
    for _ in 0..PER_ACCOUNT_MAX {
        app.clock.advance_millis(1);
        sessions.push(app.sign_in("oscar").await);
    }
    // One was begun with the house.
    let kinds = app.record_kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["signed_in", "access_ended"]);
    app.observer().get("/api/v1/session").await.expect(401);
    let log = app.auditor().get("/api/v1/log?kind=access_ended").await.expect(200).json();
    let record = &log["records"][0];
    assert_eq!(
        (&record["entry"]["because"], &record["actor"]["name"]),
        (&json!("too_many_sessions"), &json!("oscar"))
    );
    for session in sessions {
        session.get("/api/v1/session").await.expect(200);
    }
}
