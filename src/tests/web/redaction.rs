//! What is sensitive is the word `redacted` for a stakeholder, in every answer of every route (C10.2).
//!
//! Canaries are planted wherever a sensitive fact can stand. An operator finds every one of them on the
//! very routes that a stakeholder has too, so a test that finds none for the stakeholder can fail.

use crate::harness::{Client, TestApp, id};
use crate::kernel_words::CATALOGUE;
use crate::ui::all::{draw, every_page};
use crate::ui::fixtures as made;
use crate::ui::made::attested;
use aerodb_control::kernel::embedded::spec::{EmbeddedAction as Action, SPEC};
use aerodb_control::ledger::Draft;
use aerodb_control::model::action::Action as RecordedAction;
use aerodb_control::model::actor::{
    ActorRole, AuthMethod, ProviderIdentity, ReauthMethod, Reauthentication,
};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::finding::FindingKind;
use aerodb_control::model::receipt::{KernelRefusal, Receipt, Tombstone};
use aerodb_control::model::record::{
    Delivery, EndedBecause, Entry, LearnedBy, ManualOutcome, Settings,
};
use aerodb_control::model::redact::{REDACTED, Redact};
use aerodb_control::model::refusal::{Refusal, RefusalCode};
use aerodb_control::model::session::{Session, SessionValue};
use aerodb_control::model::text::{ActorName, NodeId, PlaceName, Reason};
use aerodb_control::ui::Page;
use aerodb_control::web::policy::{ACTS, Needs, READS};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// It is a name, a reason and a text.
const CANARY: &str = "a-canary-sings-here";

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("text keys")
}

/// The same page for a stakeholder, with what it is drawn from; `None` where it has none.
fn shown(page: Page) -> Option<(Page, String)> {
    match page {
        Page::Overview(mut view) => {
            view.overview = view.overview.redacted(&SPEC);
            let drawn_from = text(&view.overview);
            Some((Page::Overview(view), drawn_from))
        }
        Page::Action(mut view) => {
            view.answer = view.answer.redacted(&SPEC);
            view.refusal = view.refusal.redacted(&SPEC);
            let drawn_from = text(&view.answer) + &text(&view.refusal);
            Some((Page::Action(view), drawn_from))
        }
        Page::Timeline(mut view) => {
            view.told = view.told.redacted(&SPEC);
            let drawn_from = text(&view.told);
            Some((Page::Timeline(view), drawn_from))
        }
        Page::Refused(why) => {
            let why = why.redacted(&SPEC);
            let drawn_from = text(&why);
            Some((Page::Refused(why), drawn_from))
        }
        _ => None,
    }
}

/// C10.2: every text that a kernel, a person or a file can put into what a stakeholder's pages are
/// drawn from, whole states of it that no test can bring about included.
#[tokio::test]
async fn nothing_that_was_said_is_in_what_a_stakeholders_page_is_drawn_from() {
    let mut planted = 0;
    for (name, page) in every_page(CANARY) {
        let whole = draw(Some(ActorRole::Observer), page.clone()).await;
        let Some((page, drawn_from)) = shown(page) else { continue };
        let told = whole.matches(CANARY).count();
        assert!(told > 0, "{name} holds no canary, so nothing is tried");
        planted += told;
        assert!(!drawn_from.contains(CANARY), "{name}: {drawn_from}");
        assert!(drawn_from.contains(REDACTED), "{name}");
        let page = draw(Some(ActorRole::Stakeholder), page).await;
        assert!(!page.contains(CANARY) && page.contains(REDACTED), "{name}");
    }
    println!("{planted} canaries on the pages of an observer, none on those of a stakeholder");
    assert!(planted >= 50, "{planted}");
}

fn name() -> ActorName {
    ActorName::parse(CANARY).expect("a name")
}

fn reason() -> Reason {
    Reason::parse(CANARY).expect("a reason")
}

fn said() -> Refusal {
    let mut refusal = Refusal::new(RefusalCode::Internal, CANARY).with_evidence(CANARY, CANARY);
    refusal.field = Some(CANARY.to_owned());
    refusal
}

/// Every kind of record, with a canary wherever one can stand; some hold none.
fn every_record() -> Vec<Entry> {
    let (text, hash) = (CANARY.to_owned(), Hash::of(CANARY.as_bytes()));
    let (digest, explanation, snapshot) = (hash, hash, hash);
    let backup = PlaceName::parse(CANARY).expect("a name");
    let action: RecordedAction = Action::CreateBackup { name: backup }.into();
    let moved = vec![made::told(CANARY, CANARY, CANARY)];
    let (link_id, expires_at, role) = (made::action_id(), made::at(1), ActorRole::Observer);
    let receipt = Receipt { action: action.clone(), ..made::receipt(CANARY) };
    let tombstone = Tombstone { action_id: link_id, voided_at: expires_at, result: text.clone() };
    let refusal = KernelRefusal { rule: text.clone(), sentence: text.clone(), invariants: vec![] };
    let (from, to, sessions_ended, os_user) = (role, role, 1, text.clone());
    let session = Session::new([("host", SessionValue::Text(text.clone()))]).expect("short");
    let proved = Some(Reauthentication { at: expires_at, by: ReauthMethod::Password });
    vec![
        Entry::Boot {
            version: "0".to_owned(),
            cluster: text.clone(),
            note: text.clone(),
            interrupted: vec![link_id],
            log_key: Some(text.clone()),
            settings: Some(Settings::new([("data".to_owned(), text.clone())].into(), None)),
            last_run: None,
        },
        Entry::Requested { action, reason: reason(), attested: attested(CANARY) },
        Entry::Explained { digest, explanation, snapshot, relied_on: vec![] },
        Entry::Rejected { digest, explanation, snapshot, violated: vec![] },
        Entry::FirstConfirmed { digest, typed_target: Some(text.clone()), snapshot, proved },
        Entry::Confirmed { digest, typed_target: Some(text.clone()), snapshot, proved },
        Entry::Stale { moved: moved.clone(), digest, explanation, snapshot },
        Entry::Withdrawn { reason: reason() },
        Entry::Dispatched { generation: Some(1), session },
        Entry::Executed {
            receipt,
            learned_by: LearnedBy::Answer,
            snapshot: Some(snapshot),
            differences: moved,
        },
        Entry::Refused { refusal },
        Entry::Unknown { why: text.clone() },
        Entry::Voided { tombstone },
        Entry::Finding { executed: ManualOutcome::Executed, evidence: reason() },
        Entry::SettleRequested { reason: reason() },
        Entry::Frozen { freeze_id: Some(link_id), reason: reason() },
        Entry::Unfrozen { freeze: 1, reason: reason() },
        Entry::Duplicate { delivery: Delivery::Link, shown: None },
        Entry::Declined { attempt: text.clone(), refusal: said() },
        Entry::Denied { attempt: text.clone(), refusal: said(), times: None },
        Entry::LogKeyRotated {
            old: text.clone(),
            new: text.clone(),
            reason: reason(),
            note: text.clone(),
        },
        Entry::SetupLinkIssued {},
        Entry::AccountCreated {
            name: name(),
            role,
            identity: Some(ProviderIdentity { issuer: CANARY.into(), subject: CANARY.into() }),
        },
        Entry::SignedIn { by: AuthMethod::Password },
        Entry::SignedOut {},
        Entry::ProvedAgain {},
        Entry::SignInFailed { name: text.clone() },
        Entry::TokenIssued { name: name(), expires_at },
        Entry::TokenRevoked { name: name() },
        Entry::LinkIssued { link_id, name: name(), shows: None, expires_at },
        Entry::LinkUsed { link_id },
        Entry::LinkRevoked { link_id },
        Entry::RoleChanged { name: name(), from, to, sessions_ended },
        Entry::AccountRemoved { name: name(), role, sessions_ended },
        Entry::PasswordChanged { name: name(), sessions_ended },
        Entry::SessionsEnded { name: name(), sessions_ended },
        Entry::Founded {
            version: "0".to_owned(),
            cluster: text.clone(),
            nodes: 3,
            log_key: text.clone(),
        },
        Entry::Restored {
            version: "0".to_owned(),
            cluster: text.clone(),
            backup: text.clone(),
            digest: hash,
            position: 1,
            log_key: text.clone(),
        },
        Entry::Stopped { generation: Some(1), position: Some(1), snapshot: Some(hash) },
        Entry::MismatchAccepted {
            findings: digest,
            count: 1,
            kinds: vec![FindingKind::LogOlder],
            reason: reason(),
            os_user,
        },
        Entry::AccessEnded {
            because: EndedBecause::ClockWentBack,
            sessions: 1,
            tokens: vec![name()],
            links: vec![link_id],
        },
    ]
}

/// C10.2: the kinds are those of the program, so a new one is missing here until somebody judged it.
#[test]
fn no_kind_of_record_says_anything_to_a_stakeholder_that_a_person_or_the_kernel_said() {
    let hash = Hash::of(CANARY.as_bytes()).to_string();
    let (mut kinds, mut held) = (Vec::new(), 0);
    for entry in every_record() {
        kinds.push(entry.word());
        let whole = text(&entry);
        let redacted = entry.clone().redacted(&SPEC);
        assert_eq!(redacted.word(), entry.word(), "it stays what it is");
        let shown = text(&redacted) + &redacted.sentence(CATALOGUE);
        assert!(!shown.contains(CANARY) && !shown.contains(&hash), "{shown}");
        let count = whole.matches(CANARY).count() + whole.matches(&hash).count();
        assert_eq!(count > 0, shown.contains(REDACTED), "{whole}");
        held += count;
    }
    assert_eq!(kinds, Entry::WORDS);
    println!("{held} canaries in {} kinds of records, none of them shown", kinds.len());
}

/// Canaries by number, each in another place.
struct CanarySource(Vec<String>);

impl CanarySource {
    fn next(&mut self) -> String {
        let name = format!("canary-{:03}-", self.0.len());
        self.0.push(name.clone());
        name
    }
}

/// Plants every canary; the one action that the link shows is the first.
async fn plant(app: &TestApp, aviary: &mut CanarySource) {
    let access = &app.house.access;
    // The names of accounts: made, signed in with, refused a sign-in, and given another role.
    for _ in 0..6 {
        let name = aviary.next();
        access.add_account(&name, "observer", crate::harness::PASSWORD).await.expect("an account");
        app.sign_in(&name).await;
        access.sign_in(&name, "not the password").await.expect_err("refused");
        access.change_role(&name, "auditor").await.expect("another role");
    }
    for _ in 0..4 {
        access.issue_token(&aviary.next(), 60_000).await.expect("a token");
    }
    for number in 0..4 {
        app.link(100 + number, &aviary.next(), "cluster").await;
    }
    // An operator whose name is one, who says why, and names a backup.
    let name = aviary.next();
    access.add_account(&name, "operator", crate::harness::PASSWORD).await.expect("an account");
    let operator = app.sign_in(&name).await;
    let ask = async |number: u8, kind: &str, params: Value, reason: String| {
        let body =
            json!({"action_id": id(number), "kind": kind, "params": params, "reason": reason});
        operator.post("/api/v1/actions", &body).await.expect(201).json()
    };
    let backup = json!({"name": aviary.next()});
    let explained = ask(1, "create_backup", backup, aviary.next()).await;
    operator.confirm(&explained).await.expect(200);
    for number in 2..10 {
        ask(number, "stop_writes", json!({}), aviary.next()).await;
        let path = format!("/api/v1/actions/{}/withdraw", id(number));
        operator.post(&path, &json!({"reason": aviary.next()})).await.expect(200);
    }
    // What was typed: a kind that there is not, a target that is not the one, a path.
    operator
        .post(
            "/api/v1/actions",
            &json!({"action_id": id(50), "kind": aviary.next(),
        "params": {}, "reason": "r"}),
        )
        .await
        .expect(400);
    let mistyped = ask(11, "stop_writes", json!({}), aviary.next()).await;
    let body = json!({"digest": mistyped["digest"], "typed_target": aviary.next()});
    operator.post(&format!("/api/v1/actions/{}/confirm", id(11)), &body).await.expect(422);
    for client in [app.observer(), app.anonymous()] {
        client.post(&format!("/api/v1/actions/{}/confirm", aviary.next()), &json!({})).await;
    }
    // Records of the kernel and of the files of this machine, which no request can word.
    let ledger = crate::records::ledger_beside(app.dir(), app.clock.clone());
    let said = |text: String| Refusal::new(RefusalCode::Internal, text);
    let entries = vec![
        Entry::Boot {
            version: "0".to_owned(),
            cluster: aviary.next(),
            note: aviary.next(),
            interrupted: Vec::new(),
            log_key: None,
            settings: None,
            last_run: None,
        },
        Entry::SignInFailed { name: aviary.next() },
        Entry::Denied { attempt: aviary.next(), refusal: said(aviary.next()), times: None },
        Entry::Declined { attempt: aviary.next(), refusal: said(aviary.next()) },
    ];
    for entry in entries {
        ledger.append(vec![Draft::new(None, None, entry)]).await.expect("a record");
    }
    for lifted in [true, false] {
        let number = if lifted { 60 } else { 61 };
        let body = json!({"freeze_id": id(number), "reason": aviary.next()});
        let frozen = operator.post("/api/v1/freeze", &body).await.expect(200).json();
        if lifted {
            let seq = frozen["record"]["seq"].to_string();
            let body = json!({"freeze": seq, "reason": aviary.next()});
            operator.post("/api/v1/unfreeze", &body).await.expect(200);
        }
    }
    // What the kernel itself says: why a node cannot be reached, and what happened.
    app.kernel().partition(&NodeId::numbered(3)).await;
    let overview = app.observer().get("/api/v1/overview").await.expect(200).json();
    let unreachable = overview["nodes"].clone();
    let unreachable =
        if unreachable.is_null() { overview["state"]["nodes"].clone() } else { unreachable };
    let why = unreachable[2]["unreachable_why"].as_str().expect("why").to_owned();
    aviary.0.push(why);
    let events = app.observer().get("/api/v1/kernel/events").await.expect(200).json();
    let sentences = events["events"].as_array().expect("events").iter();
    let sentences = sentences.map(|event| event["sentence"].as_str().expect("text").to_owned());
    aviary.0.extend(sentences.collect::<BTreeSet<_>>());
    aviary.0.push("127.0.0.1:7410".to_owned());
}

/// A body with what a page escapes spelled out again.
fn plain(body: &str) -> String {
    let body = body.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    body.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
}

/// Everything that somebody is answered: every route that reads, at both listeners, every route that
/// writes, and addresses that there are not. Headers count.
async fn answers(app: &TestApp, client: &Client) -> String {
    let mut said = String::new();
    for at in [client.clone(), app.at_observers(client)] {
        let reads =
            READS.iter().map(|(_, path, _)| *path).chain(["/nowhere", "/actions/x?limit=y"]);
        for path in reads.filter(|path| *path != "/api/v1/events") {
            let path = path.replace("/nodes/{id}", "/nodes/n3").replace("{id}", &id(1));
            let path = path.replace("{key}/{node}", "host_maintenance/n3");
            let path = path.replace("{seq}", "3").replace("{hash}", &"0".repeat(64));
            let path = path.replace("{kind}", "switchover").replace("{token}", "spent");
            let path = path.replace("{*place}", "entries/000.p/9");
            let query = if path == "/timeline" { "?limit=200" } else { "" };
            let reply = at.get(&format!("{path}{query}")).await;
            said.push_str(&format!("{:?}\n{}\n", reply.headers, reply.body));
        }
    }
    for (_, path, needs) in ACTS {
        let path = path.replace("{id}", &id(1)).replace("{name}", "metrics");
        // Signing out would end the session that asks.
        if *needs == Needs::Onlooker {
            continue;
        }
        let reply = if path.starts_with("/api/") {
            client.post(&path, &json!({})).await
        } else {
            client.post_form(&path, &[]).await
        };
        said.push_str(&format!("{:?}\n{}\n", reply.headers, reply.body));
    }
    plain(&said)
}

/// C10.2.
#[tokio::test]
async fn no_canary_is_in_any_answer_to_a_stakeholder_or_a_stranger_and_an_operator_sees_each() {
    let app = TestApp::new().await;
    let mut aviary = CanarySource(Vec::new());
    plant(&app, &mut aviary).await;
    let canaries = aviary.0;
    assert!(canaries.len() >= 50, "{}", canaries.len());
    let mut operator = String::new();
    for path in ["/", "/timeline?limit=200", &format!("/actions/{}", id(1)), "/api/v1/overview"] {
        operator.push_str(&plain(&app.sign_in("olga").await.get(path).await.expect(200).body));
    }
    let unseen: Vec<_> = canaries.iter().filter(|canary| !operator.contains(*canary)).collect();
    assert!(unseen.is_empty(), "an operator does not see {unseen:?}");
    let board = app.stakeholder(200, "board", &id(1)).await;
    for (who, client) in [("stakeholder", board.clone()), ("stranger", app.anonymous())] {
        let said = answers(&app, &client).await;
        let found: Vec<_> = canaries.iter().filter(|canary| said.contains(*canary)).collect();
        assert!(found.is_empty(), "{who}: {found:?}");
        println!("{who}: 0 of {} canaries in {} bytes", canaries.len(), said.len());
    }
    for path in ["/", "/timeline", &format!("/actions/{}", id(1)), "/api/v1/overview"] {
        assert!(board.get(path).await.expect(200).body.contains(REDACTED), "{path}");
    }
    // The hash of a record would let whoever guesses a name in it check the guess.
    let page = app.operator().get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    let shown = board.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    let digest = page["digest"].as_str().expect("a digest");
    assert!(!shown.contains(digest) && !shown.contains(digest.get(..12).expect("hex")));
}
