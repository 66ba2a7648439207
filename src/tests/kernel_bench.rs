//! Measures the embedded kernel: writes beside what the disk can do at all, an observation of many
//! nodes beside one of few, and a switchover under load beside one without.
//!
//! No part of the tests: figures depend on the machine. Each is printed with the limit or the other
//! case of the same run, so that the ratio means something elsewhere too. See `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time and nothing else")]
#![expect(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

#[path = "ledger_bench/figures.rs"]
mod figures;
#[path = "ledger_bench/same_bytes.rs"]
mod same_bytes;
#[path = "kernel_bench/whole_state.rs"]
mod whole_state;

use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::view::View;
use aerodb_control::kernel::embedded::{
    EmbeddedConfig, EmbeddedKernel, NodeCount, ServiceHistory, Write,
};
use aerodb_control::kernel::{CommandKernel, ObserveKernel, PendingOrder};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::LedgerRef;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::{NodeId, PlaceName};
use aerodb_control::serve::ambient::{SystemClock, SystemEntropy, SystemRoom};
use figures::{Timings, line};
use same_bytes::SameBytes;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const VALUE_BYTES: usize = 100;
const WRITES: usize = 1_000;
const WRITES_AT_ONCE: usize = 4_096;
const ROUNDS: usize = 8;
const SYNCS: usize = 64;
const OBSERVATIONS: usize = 1_000;
const SWITCHOVERS: u64 = 200;
const CLIENTS: usize = 16;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let base = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base).expect("a directory to write to");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let keys: Vec<usize> = arguments.map(|keys| keys.parse().expect("a number of keys")).collect();
    runtime.block_on(async {
        if keys.is_empty() {
            measure(dir.path()).await;
        }
        for keys in keys {
            println!(
                "\nWhat copies the whole state, beside a client that writes and one that reads."
            );
            whole_state::measure(dir.path(), keys).await;
        }
    });
}

async fn measure(dir: &Path) {
    println!("An acknowledged write of {VALUE_BYTES} bytes, three nodes, one client.");
    one_write(dir).await;
    println!("\nAcknowledged writes per second, three nodes.");
    for clients in [1, 16, 64] {
        writes_at_once(dir, clients).await;
    }
    println!("\nAn observation of the whole cluster.");
    observations(dir).await;
    println!("\nA switchover, from the order to its receipt, three nodes.");
    switchovers(dir).await;
}

/// A new cluster in this directory. An earlier one of the same name is gone.
fn found(dir: &Path, nodes: u64) -> Arc<EmbeddedKernel> {
    let dir = dir.join(format!("kernel-of-{nodes}"));
    let _ = std::fs::remove_dir_all(&dir);
    let config = EmbeddedConfig {
        dir,
        nodes: NodeCount::Exactly(nodes),
        cluster: PlaceName::parse("aerodb").unwrap(),
        environment: PlaceName::parse("bench").unwrap(),
        room: Arc::new(SystemRoom),
    };
    EmbeddedKernel::create_files(&config, &SystemClock, &SystemEntropy).unwrap();
    let clock = Arc::new(SystemClock);
    Arc::new(EmbeddedKernel::open(&config, ServiceHistory::Never, clock, &SystemEntropy).unwrap())
}

fn put(number: usize) -> Write {
    Write::Put { key: format!("key-{}", number % 1_000), value: vec![0xa5; VALUE_BYTES] }
}

/// Bytes of the write-ahead log of one node.
fn log_bytes(dir: &Path) -> u64 {
    let path = dir.join("kernel-of-3/n1/node.sqlite-wal");
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

async fn one_write(dir: &Path) {
    let kernel = found(dir, 3);
    let mut same = SameBytes::beside(dir);
    let (mut ours, mut bare) = (Timings::default(), Timings::default());
    for number in 0..WRITES {
        let before = log_bytes(dir);
        let begun = Instant::now();
        kernel.write(put(number)).await.unwrap();
        ours.add(begun.elapsed());
        bare.add(same.again(before, log_bytes(dir)));
    }
    println!("  bytes that one write puts into the log of one node: {}", same.typical());
    line("write", &mut ours, "the same bytes once, fdatasync", &mut bare);
}

async fn writes_at_once(dir: &Path, clients: usize) {
    let kernel = found(dir, 3);
    let each = WRITES_AT_ONCE / clients / ROUNDS;
    let mut raw = File::create(dir.join("raw")).unwrap();
    let (mut ours, mut bare) = (Duration::ZERO, Duration::ZERO);
    // In turns, so that whatever else the disk does meets both.
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|client| {
                let kernel = Arc::clone(&kernel);
                tokio::spawn(async move {
                    for number in 0..each {
                        kernel.write(put(client * each + number)).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        ours += begun.elapsed();
        let begun = Instant::now();
        for _ in 0..SYNCS {
            raw.write_all(&[0xa5; 4096]).unwrap();
            raw.sync_data().unwrap();
        }
        bare += begun.elapsed();
    }
    let rate = (each * clients * ROUNDS) as f64 / ours.as_secs_f64();
    let syncs = (SYNCS * ROUNDS) as f64 / bare.as_secs_f64();
    let ratio = rate / syncs;
    println!(
        "  {clients:2} clients: {rate:.0}/s; bare fdatasync of 4 KiB {syncs:.0}/s; {ratio:.2}"
    );
}

async fn observations(dir: &Path) {
    let mut both = Vec::new();
    for nodes in [101, 3] {
        let kernel = found(dir, nodes);
        for number in 0..10 {
            kernel.write(put(number)).await.unwrap();
        }
        let mut figures = Timings::default();
        for _ in 0..OBSERVATIONS {
            let begun = Instant::now();
            let state = kernel.observe().await.unwrap();
            figures.add(begun.elapsed());
            assert_eq!(state.nodes.len() as u64, nodes);
        }
        both.push(figures);
    }
    let [many, few] = both.as_mut_slice() else { unreachable!("two clusters") };
    line("observe 101 nodes", many, "3 nodes", few);
}

async fn switchovers(dir: &Path) {
    let kernel = found(dir, 3);
    kernel.write(put(0)).await.unwrap();
    let mut ids = 0;
    let mut quiet = switch(&kernel, &mut ids).await;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (kernel, stop) = (Arc::clone(&kernel), Arc::clone(&stop));
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                let (mut longest, mut refused) = (Duration::ZERO, 0u64);
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    if kernel.write(put(client)).await.is_ok() {
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    } else {
                        refused += 1;
                    }
                    longest = longest.max(begun.elapsed());
                }
                (longest, refused)
            })
        })
        .collect();
    let begun = Instant::now();
    let mut loaded = switch(&kernel, &mut ids).await;
    let rate = acknowledged.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let (mut longest, mut refused) = (Duration::ZERO, 0);
    for client in clients {
        let (its_longest, its_refused) = client.await.unwrap();
        longest = longest.max(its_longest);
        refused += its_refused;
    }
    line(&format!("with {CLIENTS} clients"), &mut loaded, "without", &mut quiet);
    println!(
        "  meanwhile {rate:.0} writes/s were acknowledged and {refused} refused; the longest took \
         {:.1} ms",
        longest.as_secs_f64() * 1e3
    );
}

/// Switches over again and again, between n1 and n2.
async fn switch(kernel: &EmbeddedKernel, ids: &mut u64) -> Timings {
    let mut figures = Timings::default();
    for _ in 0..SWITCHOVERS {
        *ids += 1;
        let state = kernel.observe().await.unwrap();
        let primary = View::read(&state).cluster.primary.known().cloned().flatten().unwrap();
        let to = NodeId::numbered(if primary == NodeId::numbered(1) { 2 } else { 1 });
        let id = ActionId::from_random(u128::from(*ids).to_be_bytes());
        let witness = LedgerRef { seq: *ids, hash: Hash::of(&ids.to_be_bytes()) };
        let order = PendingOrder::new(id, Action::Switchover { to }.into(), Arc::new(state))
            .dispatched(witness);
        let begun = Instant::now();
        kernel.apply(order, Session::none()).await.unwrap();
        figures.add(begun.elapsed());
    }
    figures
}
