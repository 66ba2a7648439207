//! Measures the ledger against what the machine can do at all, and a long log against a short one.
//!
//! No part of the tests: figures depend on the machine. Each is printed with the limit that was
//! measured in the same run, or with the same figure at another size, so that the ratio means
//! something elsewhere too. See `docs/benchmarks.md`.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time and nothing else")]
#![expect(clippy::cast_precision_loss, reason = "figures are printed with three digits")]
#![expect(clippy::indexing_slicing, reason = "a measurement that cannot go on ends")]

#[path = "ledger_bench/figures.rs"]
mod figures;
#[path = "ledger_bench/log.rs"]
mod log;
#[path = "ledger_bench/same_bytes.rs"]
mod same_bytes;

use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::ledger::{ExpectedLog, Ledger, LedgerReader, LogFilter, verify_file};
use aerodb_control::model::spec::Catalogue;
use aerodb_control::store::{DATABASE_FILE, Store, StoreReader};
use figures::{Timings, line};
use log::{BenchClock, Generator};
use same_bytes::SameBytes;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SHORT: u64 = 10_000;
const LONG: u64 = 1_000_000;
const ROUNDS: usize = 1_000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let long = arguments.next().map_or(LONG, |text| text.parse().expect("a number of records"));
    let base = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base).expect("a directory to write to");
    // Logs that are kept, because making a long one takes most of the time.
    let logs = arguments.next().map_or_else(|| dir.path().to_owned(), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(dir.path(), &logs, long));
}

async fn measure(dir: &Path, logs: &Path, long: u64) {
    println!("A durable append, and the same bytes written and synced without a database.");
    append(&dir.join("append")).await;
    println!("\nDurable appends of one record each.");
    for writers in [1, 64] {
        writers_at_once(&dir.join(format!("writers-{writers}")), writers).await;
    }
    let (few, many) = (logs.join("short"), logs.join(format!("long-{long}")));
    println!("\nTwo logs, made by appends of {} records.", log::BATCH);
    for (path, size) in [(&few, SHORT), (&many, long)] {
        if path.exists() {
            println!("  {size} records: made earlier");
            continue;
        }
        let begun = Instant::now();
        Generator::new(path).await.grow_to(size).await;
        let rate = size as f64 / begun.elapsed().as_secs_f64();
        let bytes = std::fs::metadata(path.join(DATABASE_FILE)).unwrap().len();
        println!("  {size} records: {rate:.0}/s, {} bytes a record", bytes / size);
    }
    println!(
        "\nA page of 50 records, at random places of a log of {SHORT} and of {long}: as it comes from \
         the disk, and once more, from memory."
    );
    pages(&few, &many, long);
    println!("\nA proof, a signed head, and a start.");
    others(&few, &many, long);
    println!("\nVerification of everything, against SHA-256 over the same records.");
    for (path, size) in [(&few, SHORT), (&many, long)] {
        verification(path, size);
    }
}

/// The file that SQLite writes a commit to.
fn log_bytes(dir: &Path) -> u64 {
    std::fs::metadata(dir.join(format!("{DATABASE_FILE}-wal"))).map_or(0, |meta| meta.len())
}

async fn append(dir: &Path) {
    let generator = Generator::new(dir).await;
    let mut same = SameBytes::beside(dir);
    let (mut ours, mut bare) = (Timings::default(), Timings::default());
    for round in 0..ROUNDS {
        let before = log_bytes(dir);
        let begun = Instant::now();
        generator.append_one(round).await;
        ours.add(begun.elapsed());
        bare.add(same.again(before, log_bytes(dir)));
    }
    println!("  bytes of a commit: {}", same.typical());
    line("append", &mut ours, "write + fdatasync", &mut bare);
}

async fn writers_at_once(dir: &Path, writers: usize) {
    let generator = Arc::new(Generator::new(dir).await);
    let rounds = 2_048 / writers;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let generator = Arc::clone(&generator);
            tokio::spawn(async move {
                for round in 0..rounds {
                    generator.append_one(writer * rounds + round).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = (rounds * writers) as f64 / begun.elapsed().as_secs_f64();
    let mut file = File::create(dir.join("raw")).unwrap();
    let begun = Instant::now();
    for _ in 0..512 {
        file.write_all(&[0xa5; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    let syncs = 512.0 / begun.elapsed().as_secs_f64();
    println!(
        "  {writers:2} writers: {rate:.0}/s; bare fdatasync {syncs:.0}/s; {:.2}",
        rate / syncs
    );
}

fn reader(dir: &Path) -> LedgerReader {
    LedgerReader::new(StoreReader::open_read_only(&dir.join(DATABASE_FILE)).unwrap())
}

fn filter(fields: &[(&str, String)]) -> LogFilter {
    let find = |name: &str| fields.iter().find(|(field, _)| *field == name);
    LogFilter::parse(Catalogue::of(&COMPILED_IN), |name| find(name).map(|(_, text)| text.clone()))
        .expect("a filter")
}

fn pages(few: &Path, many: &Path, long: u64) {
    let text = |text: &str| text.to_owned();
    let fields: [&[(&str, String)]; 12] = [
        &[],
        &[("actor", text("operator-7"))],
        &[("kind", text("executed"))],
        &[("stage", text("dispatched"))],
        &[("action_kind", text("failover"))],
        &[("node", text("n3"))],
        &[("text", text("disk"))],
        &[("text", text("planned work"))],
        &[("action", log::action_id(0).to_string())],
        &[("node", text("n3")), ("kind", text("executed"))],
        &[
            ("stage", text("requested")),
            ("action_kind", text("switchover")),
            ("text", text("work")),
        ],
        &[("since", log::time_of(SHORT / 4)), ("until", log::time_of(SHORT / 2))],
    ];
    for fields in fields {
        let name: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        let name = if name.is_empty() { "no filter".to_owned() } else { name.join(" + ") };
        let filter = filter(fields);
        let both = [(few, SHORT), (many, long)].map(|(path, size)| {
            let reader = reader(path);
            let (mut first, mut again) = (Timings::default(), Timings::default());
            let mut found = 0;
            for round in 0..ROUNDS as u64 {
                let before = log::mix(round) % size + 1;
                for figures in [&mut first, &mut again] {
                    let begun = Instant::now();
                    found += reader.page(Some(before), 50, &filter).unwrap().records.len();
                    figures.add(begun.elapsed());
                }
            }
            assert!(found > 0, "{name}");
            [first, again]
        });
        let [[mut few, mut few_again], [mut many, mut many_again]] = both;
        line(&name, &mut many, "short log", &mut few);
        line(&format!("{name}, from memory"), &mut many_again, "short log", &mut few_again);
    }
}

fn others(few: &Path, many: &Path, long: u64) {
    let measured = |what: &dyn Fn(&Path, u64, &mut Timings)| {
        [(few, SHORT), (many, long)].map(|(path, size)| {
            let mut figures = Timings::default();
            what(path, size, &mut figures);
            figures
        })
    };
    let [mut short, mut far] = measured(&|path, size, figures| {
        let reader = reader(path);
        for round in 0..ROUNDS as u64 {
            let begun = Instant::now();
            reader.proof(log::mix(round) % size, None).unwrap().unwrap();
            figures.add(begun.elapsed());
        }
    });
    line("proof of a record", &mut far, "short log", &mut short);
    let [mut short, mut far] = measured(&|path, size, figures| {
        let reader = reader(path);
        for round in 0..ROUNDS as u64 {
            let begun = Instant::now();
            reader.consistency(log::mix(round) % size + 1, None).unwrap().unwrap();
            figures.add(begun.elapsed());
        }
    });
    line("proof of growth", &mut far, "short log", &mut short);
    let [mut short, mut far] = measured(&|path, size, figures| {
        for _ in 0..20 {
            let begun = Instant::now();
            let store = Store::open(path).unwrap();
            let ledger = Ledger::open(&store, Arc::new(BenchClock::default())).unwrap();
            let named = ledger.reader().log_key().unwrap();
            figures.add(begun.elapsed());
            assert!(named.is_some() && ledger.reader().head().unwrap().size == size);
        }
    });
    line("start of store and ledger", &mut far, "short log", &mut short);
}

fn verification(dir: &Path, size: u64) {
    let path = dir.join(DATABASE_FILE);
    let begun = Instant::now();
    let expected = ExpectedLog { salt: [7; 32], ..ExpectedLog::default() };
    let verified = verify_file(&path, &expected, &mut |_| ()).expect("a good log");
    let ours = begun.elapsed().as_secs_f64();
    assert_eq!(verified.size, size);
    let bytes = StoreReader::open_read_only(&path).unwrap().read(|connection| {
        let sql = "SELECT sum(length(bytes) + 1) FROM leaf";
        Ok::<u64, aerodb_control::ledger::LedgerError>(
            connection.query_row(sql, [], |row| row.get(0))?,
        )
    });
    let bytes = bytes.unwrap();
    let leaf = vec![0xa5; usize::try_from(bytes / size).unwrap()];
    let begun = Instant::now();
    let rounds = size.min(1_000_000);
    let mut last = [0; 32];
    for _ in 0..rounds {
        let mut hasher = Sha256::new();
        hasher.update(last);
        hasher.update(&leaf[32..]);
        last = hasher.finalize().into();
    }
    std::hint::black_box(last);
    let bare = begun.elapsed().as_secs_f64() * size as f64 / rounds as f64;
    println!(
        "  {size} records of {} bytes: {:.0}/s in {ours:.1} s; SHA-256 alone {:.0}/s; {:.3}",
        bytes / size,
        size as f64 / ours,
        size as f64 / bare,
        bare / ours,
    );
}
