//! The tests: many seeds in processes of their own, and faults that have to be found.
//!
//! A part is this very test program once more, on the failing disk, with the seeds that it is to
//! play. It prints what it counted, or the seed that broke an invariant.

use super::world::{RunFigures, SimWorld, Templates};
use crate::crash::InjectedBug;
use crate::model::canonical::Hash;
use crate::tests::fault_panel::{FaultDisk, Rng, compile};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Seeds of the ordinary tests; `make simulate` plays more.
const SEEDS: u64 = 1000;
/// Seeds after which a planted fault has to be found.
const SEEDS_FOR_A_FAULT: u64 = 1000;
/// Seeds that are played before somebody looks whether one of them found it.
const SEEDS_OF_A_ROUND: u64 = 50;
/// The name of the test that a part is.
const PART: &str = "tests::simulation::parts::one_part_of_a_simulation";

/// States after a loss of power in the ordinary tests; `make power-loss` makes more.
const STATES: u64 = 60;
/// More calls than the work makes.
const NO_CALL: u64 = 1_000_000;

/// Plays one seed; gives the digest of its events.
fn play(
    seed: u64,
    templates: &mut Templates,
    figures: &mut RunFigures,
    speaks: bool,
) -> Result<Hash, String> {
    let world = SimWorld::new(seed, templates, speaks);
    guarded(world, figures, SimWorld::run)
}

/// One of so many states, spread over all calls of the work.
fn lose_power(
    state: u64,
    (states, calls): (u64, u64),
    templates: &mut Templates,
    figures: &mut RunFigures,
) -> Result<Hash, String> {
    let world = SimWorld::of(3, Rng::seeded(state), false, templates, false);
    // Where there are more states than calls, what is lost differs by the seed.
    let at = 1 + if states < calls { state * calls / states } else { state % calls };
    guarded(world, figures, |world| world.lose_power(at).map(|_| ()))
}

fn guarded(
    mut world: SimWorld,
    figures: &mut RunFigures,
    play: impl FnOnce(&mut SimWorld) -> Result<(), String>,
) -> Result<Hash, String> {
    let played = catch_unwind(AssertUnwindSafe(|| play(&mut world)));
    let trace = world.trace();
    for (what, many) in std::mem::take(&mut world.figures) {
        *figures.entry(what).or_default() += many;
    }
    match played {
        Ok(held) => held.map(|()| trace),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            // What is left of it is in no state to be closed.
            std::mem::forget(world);
            Err(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}

/// Plays the seeds that this process was given, if it is a part; otherwise there is nothing to play.
#[test]
fn one_part_of_a_simulation() {
    let Ok(seeds) = std::env::var("SIMULATE_PART") else { return };
    let (from, to) = seeds.split_once("..").expect("a range");
    let seeds = from.parse::<u64>().expect("a seed")..to.parse().expect("a seed");
    let speaks = std::env::var_os("SIMULATE_ALOUD").is_some();
    let (mut templates, mut figures) = (Templates::new(), RunFigures::new());
    let calls = number("SIMULATE_POWER").map(|_| {
        let mut world = SimWorld::of(3, Rng::seeded(0), false, &mut templates, false);
        world.lose_power(NO_CALL).expect("the work is done when nothing stops it")
    });
    for seed in seeds {
        let played = match (number("SIMULATE_POWER"), calls) {
            (Some(states), Some(calls)) => {
                lose_power(seed, (states, calls), &mut templates, &mut figures)
            }
            _ => play(seed, &mut templates, &mut figures, speaks),
        };
        match played {
            Ok(trace) => {
                *figures.entry("seeds").or_default() += u64::from(calls.is_none());
                *figures.entry("states").or_default() += u64::from(calls.is_some());
                // A pipe that nobody empties yet holds only so much.
                if std::env::var_os("SIMULATE_TRACES").is_some() {
                    println!("\nseed {seed} {trace}");
                }
            }
            Err(why) => {
                println!("\nbroken {seed} {why}");
                break;
            }
        }
    }
    println!("\nfigures {}", serde_json::to_string(&figures).expect("numbers"));
}

/// What parts said.
#[derive(Debug, Default)]
struct PartsReport {
    traces: Vec<String>,
    broken: Vec<String>,
    figures: std::collections::BTreeMap<String, u64>,
    whole: String,
}

impl PartsReport {
    fn hear(&mut self, output: &Output) {
        let text = String::from_utf8_lossy(&output.stdout);
        for line in text.lines() {
            if line.starts_with("seed ") {
                self.traces.push(line.to_owned());
            } else if let Some(broken) = line.strip_prefix("broken ") {
                self.broken.push(broken.to_owned());
            } else if let Some(figures) = line.strip_prefix("figures ") {
                let figures: std::collections::BTreeMap<String, u64> =
                    serde_json::from_str(figures).expect("figures");
                for (what, many) in figures {
                    *self.figures.entry(what).or_default() += many;
                }
            }
        }
        self.whole.push_str(&text);
        assert!(
            output.status.success() && !self.figures.is_empty(),
            "a part of the simulation ended: {text} {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A directory in memory, where there is one: what is lost in a power cut, the disk below us decides.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a directory")
}

/// Plays seeds in as many processes as there are ranges.
fn simulate(ranges: &[Range<u64>], fault: Option<InjectedBug>, speaks: bool) -> PartsReport {
    play_parts(ranges, |part| {
        if let Some(fault) = fault {
            part.env("AERODB_SABOTAGE", fault.word());
        }
        if speaks {
            part.env("SIMULATE_ALOUD", "1");
        }
    })
}

/// The same, with what else a part is told.
fn play_parts(ranges: &[Range<u64>], tell: impl Fn(&mut Command)) -> PartsReport {
    let folder = folder();
    let shim = compile(folder.path());
    let parts: Vec<_> = ranges
        .iter()
        .enumerate()
        .map(|(number, seeds)| {
            let dir = folder.path().join(format!("part-{number}"));
            std::fs::create_dir(&dir).expect("a directory");
            let disk = FaultDisk::made_at(dir.join("panel"));
            let mut part = Command::new(std::env::current_exe().expect("this program"));
            part.args([PART, "--exact", "--nocapture"]).current_dir(&dir);
            part.env("LD_PRELOAD", &shim).env("FAULT_DISK_PANEL", disk.panel());
            part.env("SIMULATE_PART", format!("{}..{}", seeds.start, seeds.end));
            part.env_remove("AERODB_SABOTAGE").stdout(Stdio::piped()).stderr(Stdio::piped());
            tell(&mut part);
            part.spawn().expect("a part")
        })
        .collect();
    let mut told = PartsReport::default();
    for part in parts {
        told.hear(&part.wait_with_output().expect("a part"));
    }
    told
}

fn halves(seeds: Range<u64>) -> [Range<u64>; 2] {
    let middle = seeds.start + (seeds.end - seeds.start) / 2;
    [seeds.start..middle, middle..seeds.end]
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(|t| t.parse().expect("a number"))
}

#[test]
fn every_seed_keeps_every_promise() {
    let told = match number("SIMULATE_SEED") {
        // One seed, with everything that happens in it.
        Some(seed) => {
            let told = simulate(std::slice::from_ref(&(seed..seed + 1)), None, true);
            println!("{}", told.whole);
            told
        }
        None => simulate(&halves(0..number("SIMULATE_SEEDS").unwrap_or(SEEDS)), None, false),
    };
    for (what, many) in &told.figures {
        println!("{many:>9} {what}");
    }
    assert_eq!(told.broken, Vec::<String>::new(), "replay one with `make simulate SEED=n`");
    // A simulation in which nothing happens proves nothing.
    let of = |what: &str| told.figures.get(what).copied().unwrap_or(0);
    if number("SIMULATE_SEED").is_none() {
        let seeds = of("seeds");
        assert!(of("actions executed") > 3 * seeds, "{:?}", told.figures);
        assert!(of("writes acknowledged") > 5 * seeds, "{:?}", told.figures);
        assert!(2 * of("power cuts") > seeds && of("kills") > seeds, "{:?}", told.figures);
    }
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_seed_gives_others() {
    let seeds = 7..19;
    let told = play_parts(&[seeds.clone(), seeds], |part| {
        part.env("SIMULATE_TRACES", "1");
    });
    assert_eq!(told.broken, Vec::<String>::new());
    let (first, second) = told.traces.split_at(told.traces.len() / 2);
    assert_eq!(first.len(), 12, "{told:?}");
    assert_eq!(first, second);
    let digests = first.iter().filter_map(|line| line.split(' ').nth(2));
    assert_eq!(digests.collect::<std::collections::BTreeSet<_>>().len(), 12);
}

/// A planted fault is found in the first thousand seeds, by one of the invariants that it breaks.
fn is_found(fault: InjectedBug, signs: &[&str]) {
    for round in 0..SEEDS_FOR_A_FAULT / SEEDS_OF_A_ROUND {
        let from = round * SEEDS_OF_A_ROUND;
        let told = simulate(&halves(from..from + SEEDS_OF_A_ROUND), Some(fault), false);
        if let Some(broken) = told.broken.first() {
            println!("{} is found: seed {broken:.300}", fault.word());
            assert!(signs.iter().any(|sign| broken.contains(sign)), "{}: {broken}", fault.word());
            return;
        }
    }
    panic!("{} was not found in {SEEDS_FOR_A_FAULT} seeds", fault.word());
}

#[test]
fn every_planted_fault_of_the_kernel_is_found() {
    for fault in InjectedBug::KERNEL {
        let signs: &[&str] = match fault {
            // A node that finds an epoch begun twice in its log stops, and then never comes back.
            InjectedBug::ForgetVote => &["one_primary: ", "logs_agree: ", "failed: epochs.epoch"],
            InjectedBug::ReceiptApart => &["receipt_kept: "],
            InjectedBug::StaleServes => &["linearizable: "],
            // Files that remember more of each other than they hold are refused, all of them or one.
            InjectedBug::AnswerEarly => {
                &["acknowledged: ", "linearizable: ", "logs_agree: ", "starts: ", "rest: "]
            }
            InjectedBug::FoundWhereLost | InjectedBug::OlderNodeAccepted => &["refused: "],
            other => panic!("{other:?} is no fault of the kernel"),
        };
        is_found(fault, signs);
    }
}

#[test]
fn power_that_goes_at_any_point_loses_nothing_that_was_acknowledged() {
    let states = number("POWER_LOSS_STATES").unwrap_or(STATES);
    let told = play_parts(&halves(0..states), |part| {
        part.env("SIMULATE_POWER", states.to_string());
    });
    for (what, many) in &told.figures {
        println!("{many:>9} {what}");
    }
    assert_eq!(told.broken, Vec::<String>::new());
    assert_eq!(told.figures.get("states"), Some(&states), "{:?}", told.figures);
}
