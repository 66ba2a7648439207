//! A kernel whose orders run in a session: the embedded kernel behind a link that is opened for each order,
//! and that can be lost. Everything else is a whole control plane.

use crate::harness::{TestApp, id};
use crate::kernel::mute::App;
use aerodb_control::kernel::embedded::EmbeddedKernel;
use aerodb_control::kernel::over::Over;
use aerodb_control::kernel::{
    ApplyError, CommandKernel, KernelFuture, Order, PendingOrder, Resolution, ResolveError,
    Unobservable,
};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::receipt::{KernelRefusal, Receipt};
use aerodb_control::model::session::{Session, SessionValue};
use aerodb_control::model::text::NodeId;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use tempfile::TempDir;

/// What the link does, and what came over it.
#[derive(Default)]
struct LossyLink {
    /// Why nothing can be opened.
    closed: Option<ApplyError>,
    /// The answer to the next order is lost.
    loses_answers: bool,
    /// The kernel holds nothing that can be shown.
    hides_receipts: bool,
    /// Why nothing can be resolved.
    undecided: Option<ResolveError>,
    opened: u64,
    /// The sessions in which orders came.
    sent: Vec<Session>,
    /// The sessions that were asked about.
    resolved: Vec<Session>,
}

struct Linked {
    inner: EmbeddedKernel,
    link: Arc<Mutex<LossyLink>>,
}

impl Linked {
    fn link(&self) -> MutexGuard<'_, LossyLink> {
        self.link.lock().expect("no test failed with it")
    }
}

fn session(pid: u64) -> Session {
    let node = ("node", SessionValue::Text("n1".to_owned()));
    Session::new([node, ("pid", SessionValue::Number(pid))]).expect("short")
}

impl Over for Linked {
    fn inner(&self) -> &dyn CommandKernel {
        &self.inner
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        let hides = self.link().hides_receipts;
        Box::pin(async move {
            if hides {
                return Ok(ReceiptStatus::NoneYet { action_id });
            }
            self.inner().receipt(action_id).await
        })
    }

    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>> {
        let mut link = self.link();
        link.opened += 1;
        let opened = match &link.closed {
            Some(why) => Err(why.clone()),
            None => Ok(session(link.opened)),
        };
        assert!(pending.before().primary().known().is_some(), "it carries what was confirmed");
        Box::pin(async { opened })
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        let loses = {
            let mut link = self.link();
            link.sent.push(session.clone());
            link.loses_answers
        };
        Box::pin(async move {
            let answer = self.inner().apply(order, session).await;
            let why = "the link was lost after the order".to_owned();
            if loses { Err(ApplyError::Unknown { why }) } else { answer }
        })
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        let undecided = {
            let mut link = self.link();
            link.resolved.push(session.clone());
            link.undecided.clone()
        };
        Box::pin(async move {
            match undecided {
                Some(error) => Err(error),
                None => self.inner().resolve(action_id, session).await,
            }
        })
    }
}

struct LinkedApp {
    app: App,
    link: Arc<Mutex<LossyLink>>,
    _dir: TempDir,
}

impl LinkedApp {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let link = Arc::<Mutex<LossyLink>>::default();
        let app = App::over(dir.path(), |inner| Linked { inner, link: Arc::clone(&link) }).await;
        Self { app, link, _dir: dir }
    }

    fn link(&self) -> MutexGuard<'_, LossyLink> {
        self.link.lock().expect("no test failed with it")
    }

    /// Asks for an action and confirms it; the action as it stands then.
    async fn confirmed(&self, number: u8, kind: &str) -> Value {
        let explained = self.app.olga.request(number, kind, json!({})).await.expect(201).json();
        self.app.olga.confirm(&explained).await.expect(200).json()
    }

    async fn resolve(&self, number: u8, status: u16) -> Value {
        let path = format!("/api/v1/actions/{}/resolve", id(number));
        let why = json!({"reason": "what became of it"});
        self.app.olga.post(&path, &why).await.expect(status).json()
    }
}

fn entries(action: &Value) -> Vec<Value> {
    let records = action["records"].as_array().expect("records").iter();
    records.map(|record| record["entry"].clone()).collect()
}

fn kinds(action: &Value) -> Vec<String> {
    let kind = |entry: Value| entry["kind"].as_str().expect("a kind").to_owned();
    entries(action).into_iter().map(kind).collect()
}

fn dispatched(action: &Value) -> Value {
    let found = entries(action).into_iter().find(|entry| entry["kind"] == "dispatched");
    found.expect("it was dispatched")
}

/// C4.2, C6.1, C7.1: a kernel that opens no session was sent nothing, and the record says so.
#[tokio::test]
async fn where_no_session_is_opened_the_order_is_refused_and_nothing_is_sent() {
    let linked = LinkedApp::new().await;
    let refusal = KernelRefusal {
        rule: "no_connection_left".to_owned(),
        sentence: "n1 takes no more connections.".to_owned(),
        invariants: Vec::new(),
    };
    let lost = ApplyError::Unknown { why: "n1 does not answer".to_owned() };
    let cases = [(ApplyError::Refused(refusal), "no_connection_left"), (lost, "not_opened")];
    for (number, (why, rule)) in (1..).zip(cases) {
        let said = why.to_string();
        linked.link().closed = Some(why);
        let action = linked.confirmed(number, "stop_writes").await;
        assert_eq!(action["stage"], "refused");
        let wanted = ["requested", "explained", "confirmed", "dispatched", "refused"];
        assert_eq!(kinds(&action), wanted);
        assert_eq!(dispatched(&action).get("session"), None, "there was none");
        assert_eq!(action["outcome"]["refusal"]["rule"], rule);
        let sentence = action["outcome"]["refusal"]["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains(&said), "{sentence}");
        let link = linked.link();
        assert_eq!((link.opened, link.sent.len()), (u64::from(number), 0));
    }
    // It holds nothing up, and the same was never spent on the kernel's side.
    linked.link().closed = None;
    assert_eq!(linked.confirmed(3, "stop_writes").await["stage"], "executed");
    assert_eq!(linked.link().sent, [session(3)]);
}

/// C6.4, C7.3: the session is on record before the order is sent, and whoever resolves is given it back.
#[tokio::test]
async fn the_session_of_an_order_is_on_record_and_is_given_back_to_resolve_it() {
    let linked = LinkedApp::new().await;
    linked.link().loses_answers = true;
    let action = linked.confirmed(1, "stop_writes").await;
    assert_eq!(action["stage"], "unknown");
    assert_eq!(dispatched(&action)["session"], json!({"node": "n1", "pid": 1}));
    assert_eq!(linked.link().sent, [session(1)], "one order, in the session that is on record");
    let page = linked.app.olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("It runs in this session: node n1, pid 1."), "{page}");
    let resolved = linked.resolve(1, 200).await;
    assert_eq!(resolved["stage"], "executed");
    assert_eq!(linked.link().resolved, [session(1)]);
    assert_eq!(linked.link().opened, 1, "resolving opens nothing");
}

/// C7.3: a node that does not answer may answer later, so nobody has to testify.
#[tokio::test]
async fn a_node_that_cannot_be_reached_leaves_it_unknown_and_takes_no_finding() {
    let linked = LinkedApp::new().await;
    linked.link().loses_answers = true;
    linked.confirmed(1, "stop_writes").await;
    let (node, why) = (NodeId::numbered(1), "the connection was refused".to_owned());
    linked.link().undecided = Some(ResolveError::NodeUnreachable { node, why });
    let refused = linked.resolve(1, 502).await;
    assert_eq!(refused["refusal"]["code"], "kernel_unreachable");
    assert_eq!(refused["refusal"]["executed"], "unknown");
    let sentence = refused["refusal"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("n1 does not answer: the connection was refused"), "{sentence}");
    let found = json!({"executed": "yes", "evidence": "the writes stopped"});
    let path = format!("/api/v1/actions/{}/finding", id(1));
    let refused = linked.app.olga.post(&path, &found).await.expect(409);
    assert_eq!(refused.code(), "provable");
}

/// C7.3: where nothing proves either, an operator may say what was found; the kernel can be asked again.
#[tokio::test]
async fn where_the_kernel_cannot_tell_an_operator_says_what_was_found_or_asks_again() {
    let linked = LinkedApp::new().await;
    linked.link().loses_answers = true;
    let found = json!({"executed": "yes", "evidence": "the writes stopped"});
    let rewound =
        || ResolveError::CannotTell { why: "n1 was rewound after that session".to_owned() };
    for (number, kind) in [(1, "stop_writes"), (2, "resume_writes")] {
        let path = format!("/api/v1/actions/{}", id(number));
        let open = linked.confirmed(number, kind).await;
        assert_eq!(open["closing"], "resolution", "it has not been asked yet");
        let early = linked.app.olga.post(&format!("{path}/finding"), &found).await.expect(409);
        assert_eq!(early.code(), "provable");
        linked.link().undecided = Some(rewound());
        let refused = linked.resolve(number, 409).await;
        assert_eq!(refused["refusal"]["code"], "cannot_settle");
        let open = linked.app.olga.get(&path).await.expect(200).json();
        assert_eq!((&open["stage"], &open["closing"]), (&json!("unknown"), &json!("finding")));
        // What it can show is no matter of opinion.
        let late = linked.app.olga.post(&format!("{path}/finding"), &found).await.expect(409);
        assert_eq!(late.code(), "provable");
        if number == 1 {
            linked.link().undecided = None;
            assert_eq!(linked.resolve(1, 200).await["stage"], "executed", "it was asked again");
        } else {
            linked.link().hides_receipts = true;
            let done = linked.app.olga.post(&format!("{path}/finding"), &found).await.expect(200);
            assert_eq!(done.json()["stage"], "found_executed");
        }
    }
    let resolved = linked.link().resolved.clone();
    assert_eq!(resolved, [session(1), session(1), session(2)]);
}

/// C9.2: a kernel without sessions leaves the records as they were before there were any.
#[tokio::test]
async fn the_embedded_kernel_names_no_session_and_its_records_keep_their_bytes() {
    let app = TestApp::new().await;
    let done = app.operator().run(1, "stop_writes", json!({})).await;
    assert_eq!(dispatched(&done), json!({"kind": "dispatched", "expected_epoch": 1}));
}
