//! Measures the pages: as they are with three nodes, an empty log and nobody looking, and with many of
//! each. No part of the tests, because figures depend on the machine; each is printed beside the one
//! that it is compared with. See `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time and nothing else")]
#![expect(clippy::indexing_slicing, reason = "a measurement that cannot go on ends")]

#[path = "ledger_bench/figures.rs"]
mod figures;
#[path = "ledger_bench/log.rs"]
#[expect(dead_code, reason = "the other measurement asks for more of it")]
mod log;
#[path = "pages_bench/site.rs"]
mod site;

use aerodb_control::store::DATABASE_FILE;
use aerodb_control::web::STREAMS_PER_SESSION;
use figures::{Timings, line};
use http_body_util::BodyExt as _;
use log::Generator;
use site::BenchSite;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;

const PAGES: [(&str, &str); 5] = [
    ("Overview", "/"),
    ("Actions", "/actions"),
    ("Log", "/log"),
    ("Timeline", "/timeline"),
    ("Node", "/nodes/n2"),
];
const LONG: u64 = 1_000_000;
const CROWD: usize = 101;
const STREAMS: usize = 1_000;
/// The page is drawn so often before it is measured, and so often while it is.
const WARM: usize = 10;
const ROUNDS: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let long = arguments.next().map_or(LONG, |text| text.parse().expect("a number of records"));
    let base = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base).expect("a directory to write to");
    let kept = arguments.next().map(|logs| Path::new(&logs).join(format!("long-{long}")));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(dir.path(), kept.as_deref(), long));
}

/// A new log with one page of actions, so that every list has rows.
async fn log_of(dir: &Path, records: u64) {
    Generator::new(dir).await.grow_to(records).await;
}

/// A long log: a copy of the one that the ledger's measurement kept, as a console writes to its log,
/// or a new one.
async fn long_log(dir: &Path, kept: Option<&Path>, records: u64) {
    match kept.map(|kept| kept.join(DATABASE_FILE)).filter(|file| file.exists()) {
        Some(file) => {
            aerodb_control::files::private::create_directories(dir).unwrap();
            let seal = file.with_extension("seal");
            std::fs::copy(file, dir.join(DATABASE_FILE)).unwrap();
            if seal.exists() {
                std::fs::copy(seal, dir.join("control.seal")).unwrap();
            }
        }
        None => log_of(dir, records).await,
    }
}

async fn measure(dir: &Path, kept: Option<&Path>, long: u64) {
    let place = |name: &str| dir.join(name);
    for name in ["small", "crowd", "busy"] {
        log_of(&place(name), 400).await;
    }
    let begun = Instant::now();
    long_log(&place("long"), kept, long).await;
    println!(
        "A log of {long} records was made, or copied, in {:.0} s.",
        begun.elapsed().as_secs_f64()
    );
    let small = BenchSite::open(&place("small"), 3).await;
    let session = small.session().await;
    println!("\n{CROWD} nodes beside 3, {ROUNDS} times each.");
    let crowd = BenchSite::open(&place("crowd"), CROWD).await;
    compare(&small, &session, &crowd, "3 nodes").await;
    drop(crowd);
    println!("\n{long} records beside 400, {ROUNDS} times each.");
    let many = BenchSite::open(&place("long"), 3).await;
    compare(&small, &session, &many, "400 records").await;
    drop(many);
    println!("\n{STREAMS} open event streams beside none, {ROUNDS} times each.");
    observed(&small, &place("busy")).await;
}

/// Every page of one console beside the same page of another. They take turns, so that whatever else
/// the machine does is in both.
async fn compare(base: &BenchSite, session: &str, other: &BenchSite, what: &str) {
    let theirs = other.session().await;
    for (name, path) in PAGES {
        let (mut ours, mut limit) = (Timings::default(), Timings::default());
        let mut bytes = (0, 0);
        for round in 0..WARM + ROUNDS {
            let begun = Instant::now();
            bytes.0 = other.page(&theirs, path).await;
            let took = begun.elapsed();
            let begun = Instant::now();
            bytes.1 = base.page(session, path).await;
            if round >= WARM {
                ours.add(took);
                limit.add(begun.elapsed());
            }
        }
        line(&format!("{name}, {} KiB", bytes.0 / 1024), &mut ours, what, &mut limit);
    }
}

/// The pages of a console that a thousand pages listen to, and how long a change takes to reach them.
async fn observed(base: &BenchSite, dir: &Path) {
    let busy = BenchSite::open(dir, 3).await;
    let heard = Arc::new(Semaphore::new(0));
    let mut listeners = Vec::new();
    let mut session = String::new();
    for number in 0..STREAMS {
        if number % STREAMS_PER_SESSION == 0 {
            session = busy.observer(number / STREAMS_PER_SESSION).await;
        }
        let mut body = busy.answer(&session, "/api/v1/events").await.into_body();
        let heard = Arc::clone(&heard);
        listeners.push(tokio::spawn(async move {
            while let Some(Ok(frame)) = body.frame().await {
                heard.add_permits(usize::from(frame.is_data()));
            }
        }));
    }
    // The first event says where a stream begins; sessions that came later were changes, too.
    let session = base.session().await;
    compare(base, &session, &busy, "none").await;
    assert_eq!(ended(&listeners), 0, "every stream is open");
    let mut waves = Timings::default();
    let mut alone = Timings::default();
    for _ in 0..20 {
        heard.forget_permits(heard.available_permits());
        let begun = Instant::now();
        // A sign-in is a record, and so a change of the log.
        busy.session().await;
        heard.acquire_many(u32::try_from(STREAMS).unwrap()).await.unwrap().forget();
        waves.add(begun.elapsed());
        let begun = Instant::now();
        base.session().await;
        alone.add(begun.elapsed());
    }
    line("a sign-in until all have heard of it", &mut waves, "a sign-in alone", &mut alone);
    println!("  {} streams were open to the end.", STREAMS - ended(&listeners));
}

/// How many streams ended, which none should.
fn ended(listeners: &[tokio::task::JoinHandle<()>]) -> usize {
    listeners.iter().filter(|listener| listener.is_finished()).count()
}
