//! Old confirmations, delivered again by the thousand: the kernel is not called once, and every
//! answer is the first outcome (C7.2). `make duplicates` delivers a hundred thousand.

use crate::harness::confirmation;
use crate::kernel::mute::App;
use aerodb_control::kernel::embedded::EmbeddedKernel;
use aerodb_control::kernel::over::Over;
use aerodb_control::kernel::{
    ApplyError, CommandKernel, KernelFuture, Order, Resolution, ResolveError,
};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::receipt::Receipt;
use aerodb_control::model::session::Session;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Barrier;

/// The embedded kernel, and how often it was called.
struct CountingKernel {
    inner: EmbeddedKernel,
    calls: Arc<AtomicU64>,
}

impl Over for CountingKernel {
    fn inner(&self) -> &dyn CommandKernel {
        &self.inner
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.inner().apply(order, session)
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.inner().resolve(action_id, session)
    }
}

/// Actions whose confirmations are delivered again: an answer carries the first fifty repetitions of its
/// action, so few actions would make every answer long.
const ACTIONS: u64 = 40;
/// Clients that deliver at once.
const CLIENTS: u64 = 8;
const DELIVERIES: u64 = 4_000;

/// What was confirmed, and its first outcome.
struct FirstDelivery {
    path: String,
    body: Value,
    outcome: Value,
}

/// Executes actions that undo each other.
async fn execute(over: &App) -> Vec<FirstDelivery> {
    let mut olds = Vec::new();
    for number in 0..ACTIONS {
        let (kind, params) = match number % 4 {
            0 => ("stop_writes", json!({})),
            1 => ("resume_writes", json!({})),
            2 => ("switchover", json!({"to": "n2"})),
            _ => ("switchover", json!({"to": "n1"})),
        };
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let body = json!({"action_id": id, "kind": kind, "params": params, "reason": "a drill"});
        let explained = over.olga.post("/api/v1/actions", &body).await.expect(201).json();
        let path = format!("/api/v1/actions/{id}/confirm");
        let body = confirmation(&explained);
        let done = over.olga.post(&path, &body).await.expect(200).json();
        assert_eq!((&done["stage"], &done["duplicate"]), (&json!("executed"), &json!(false)));
        olds.push(FirstDelivery { path, body, outcome: done["outcome"].clone() });
    }
    olds
}

/// C7.2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_confirmations_delivered_again_reach_the_kernel_never() {
    let deliveries = std::env::var("DELIVERIES");
    let deliveries = deliveries.map_or(DELIVERIES, |text| text.parse().expect("a number"));
    let dir = tempfile::tempdir().expect("a directory");
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let over = App::over(dir.path(), |inner| CountingKernel { inner, calls: counted }).await;
    let olds = Arc::new(execute(&over).await);
    assert_eq!(calls.load(Ordering::SeqCst), ACTIONS, "once each, and it is counted");
    let epoch = over.olga.get("/api/v1/cluster").await.expect(200).json()["epoch"].clone();
    let before = size(&over).await;
    let rounds = deliveries.div_ceil(CLIENTS);
    let deliveries = rounds * CLIENTS;
    let together = Arc::new(Barrier::new(usize::try_from(CLIENTS).expect("a few")));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (olga, olds) = (over.olga.clone(), Arc::clone(&olds));
            let together = Arc::clone(&together);
            tokio::spawn(async move {
                for round in 0..rounds {
                    // All deliver the same one: about two actions at once, one would be turned away.
                    together.wait().await;
                    let old = &olds[usize::try_from(round % ACTIONS).expect("an index")];
                    let again = olga.post(&old.path, &old.body).await.expect(200).json();
                    assert_eq!(again["duplicate"], true);
                    assert_eq!(
                        (&again["stage"], &again["outcome"]),
                        (&json!("executed"), &old.outcome)
                    );
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("every answer was the first outcome");
    }
    assert_eq!(calls.load(Ordering::SeqCst), ACTIONS, "the kernel was not called again");
    assert_eq!(over.olga.get("/api/v1/cluster").await.expect(200).json()["epoch"], epoch);
    assert_eq!(size(&over).await, before + deliveries, "each left one record");
    println!("{deliveries} deliveries of {ACTIONS} old confirmations: 0 calls of the kernel");
}

async fn size(over: &App) -> u64 {
    let last = over.olga.get("/api/v1/log?limit=1").await.expect(200).json();
    last["records"][0]["seq"].as_u64().expect("a number") + 1
}
