//! What copies the whole state: a backup, a checkpoint, and a node that is brought up with all of it.
//! Meanwhile one client writes and one reads, and each says how long it waited at most.

use super::{VALUE_BYTES, found};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::view::View;
use aerodb_control::kernel::embedded::{EmbeddedKernel, Write};
use aerodb_control::kernel::{CommandKernel, ObserveKernel, PendingOrder};
use aerodb_control::model::action::{ActionId, LogPosition};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::LedgerRef;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::{NodeId, PlaceName};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Writes that wait together while the state is made.
const CLIENTS: usize = 1_000;

pub(crate) async fn measure(dir: &Path, keys: usize) {
    let kernel = found(dir, 3);
    let mut orders = Orders { kernel: Arc::clone(&kernel), number: 0 };
    let node = NodeId::numbered;
    orders.apply(Action::TakeOffline { node: node(3) }).await;
    fill(&kernel, keys).await;
    println!("  {keys} keys of {VALUE_BYTES} bytes that do not pack");
    let name = PlaceName::parse("b1").unwrap();
    orders.beside_clients("backup", Action::CreateBackup { name }).await;
    let up_to = orders.position().await;
    for number in [1, 2] {
        let checkpoint = Action::TakeCheckpoint { node: node(number) };
        orders.beside_clients(&format!("checkpoint of n{number}"), checkpoint).await;
        orders.apply(Action::PurgeLog { node: node(number), up_to }).await;
    }
    orders
        .beside_clients("bring_online with everything", Action::BringOnline { node: node(3) })
        .await;
    let state = kernel.observe().await.unwrap();
    let ends =
        View::read(&state).nodes.into_iter().map(|node| node.positions.applied.known().copied());
    println!("  applied in the end: {:?}", ends.collect::<Vec<_>>());
}

async fn fill(kernel: &Arc<EmbeddedKernel>, keys: usize) {
    let each = keys / CLIENTS;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let kernel = Arc::clone(kernel);
            tokio::spawn(async move {
                for number in client * each..(client + 1) * each {
                    kernel.write(put(number)).await.unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

fn put(number: usize) -> Write {
    let block = |part: u8| Sha256::digest([&[part][..], &number.to_be_bytes()].concat());
    let value = (0..4).flat_map(block).take(VALUE_BYTES).collect();
    Write::Put { key: format!("key-{number}"), value }
}

struct Orders {
    kernel: Arc<EmbeddedKernel>,
    number: u64,
}

impl Orders {
    async fn apply(&mut self, action: Action) {
        self.number += 1;
        let state = self.kernel.observe().await.unwrap();
        let id = ActionId::from_random(u128::from(self.number).to_be_bytes());
        let witness = LedgerRef { seq: self.number, hash: Hash::of(&self.number.to_be_bytes()) };
        let order = PendingOrder::new(id, action.into(), Arc::new(state)).dispatched(witness);
        self.kernel.apply(order, Session::none()).await.unwrap();
    }

    /// How far the primary has come.
    async fn position(&self) -> LogPosition {
        let state = self.kernel.observe().await.unwrap();
        let nodes = View::read(&state).nodes;
        let ends = nodes.iter().filter_map(|node| node.positions.applied.known().copied());
        LogPosition::parse_field("up_to", &ends.max().unwrap().to_string()).unwrap()
    }

    async fn beside_clients(&mut self, what: &str, action: Action) {
        let stop = Arc::new(AtomicBool::new(false));
        let (writing, reading) = (self.writer(&stop), self.reader(&stop));
        forget_peak();
        let (before, begun) = (resident_peak(), Instant::now());
        self.apply(action).await;
        let took = begun.elapsed();
        stop.store(true, Ordering::Relaxed);
        let (write, writes) = writing.await.unwrap();
        let (read, _) = reading.await.unwrap();
        println!(
            "  {what}: {:.2} s; longest write {:.0} ms of {writes}, longest read {:.0} ms; memory at \
             its peak {} MiB, {} MiB before",
            took.as_secs_f64(),
            write.as_secs_f64() * 1e3,
            read.as_secs_f64() * 1e3,
            resident_peak(),
            before
        );
    }

    fn writer(&self, stop: &Arc<AtomicBool>) -> JoinHandle<(Duration, u64)> {
        let (kernel, stop) = (Arc::clone(&self.kernel), Arc::clone(stop));
        tokio::spawn(async move {
            let mut waited = (Duration::ZERO, 0);
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                kernel.write(put(0)).await.unwrap();
                waited = (waited.0.max(begun.elapsed()), waited.1 + 1);
            }
            waited
        })
    }

    fn reader(&self, stop: &Arc<AtomicBool>) -> JoinHandle<(Duration, u64)> {
        let (kernel, stop) = (Arc::clone(&self.kernel), Arc::clone(stop));
        tokio::spawn(async move {
            let mut waited = (Duration::ZERO, 0);
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                kernel.read("key-0").await.unwrap();
                waited = (waited.0.max(begun.elapsed()), waited.1 + 1);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            waited
        })
    }
}

/// The most memory that the process held since [`forget_peak`], in mebibytes.
fn resident_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}
