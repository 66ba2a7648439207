//! The crash campaign: the real program on a real ledger and a real kernel is killed at named points
//! and at random times, while eight clients send everything again and again through a proxy that
//! delays, repeats and cuts (C6, C7). After most kills what was never synced is taken away too.
//!
//! `make test` makes a few runs; `make crash-campaign RUNS=2000` as many as it is told. Every choice
//! follows from a seed, which is printed; the threads of the run are not in our hands.

use crate::faults::campaign_checks::{stage, violations};
use crate::faults::campaign_clients::{CampaignClient, Plan, Talk};
use crate::faults::campaign_figures::CampaignFigures;
use crate::faults::campaign_net::{FaultProxy, exchange, fetch, pass, request};
use crate::faults::campaign_writes::{Lone, WRITERS, Writers};
use crate::faults::durable::DurableState;
use crate::faults::fault_disk::{FaultDisk, PowerLoss, Rng};
use crate::legal_steps::illegal_steps;
use crate::serve::prepared::prepared;
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use crate::source::files::rust;
use aerodb_control::crash::InjectedBug;
use aerodb_control::ledger::{ExpectedLog, verify_file};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

/// Clients that send at once.
pub const CLIENTS: u64 = 8;
/// Actions that each run begins with.
const ACTIONS: usize = 3;
/// Runs on one installation before it is verified whole and a fresh one takes its place.
const RUNS_PER_PLACE: u64 = 25;
/// A run is ended after at most so many deliveries, unless a point ends it before: counted in
/// deliveries and not in time, a slow machine comes as far as a fast one.
const DELIVERIES: u64 = 60;
/// From the last delivery to the kill, at most so many milliseconds: it may be answered by then.
const WAIT_MILLIS: u64 = 60;
/// How long a server is stopped by a signal, in milliseconds: longer than a client waits here.
const PAUSE_MILLIS: u64 = 250;
/// How much longer every sync takes on a slow disk, in microseconds.
const SLOW_MICROS: u32 = 20_000;
/// One installation under attack.
struct CampaignWorld {
    place: ServerDir,
    disk: FaultDisk,
    proxy: FaultProxy,
    token: String,
    injected_bug: Option<InjectedBug>,
    talk: Talk,
    /// The ids of the last run.
    recent: Vec<String>,
    found: DurableState,
    /// Clients that write data, in the campaign of the kernel.
    writers: Option<Writers>,
}

/// The places in the code at which a test can end the process.
fn points() -> Vec<String> {
    let mut points = BTreeSet::new();
    for source in rust().into_iter().filter(|source| source.room() != Some("tests")) {
        for part in source.text.split("crash::failpoint(\"").skip(1) {
            points.insert(part.split('"').next().expect("a name").to_owned());
        }
    }
    points.into_iter().collect()
}

impl CampaignWorld {
    fn new(seed: u64, injected_bug: Option<InjectedBug>, writes: bool) -> Self {
        let place = prepared().place();
        // A session of its own: that of the preparation ends when it has idled for an hour.
        let ClientSession(token) = place.sign_in();
        let disk = FaultDisk::under(&place);
        disk.remember();
        let found = DurableState::read(&place.data());
        Self {
            place,
            disk,
            proxy: FaultProxy::start(seed),
            token,
            injected_bug,
            talk: Talk::default(),
            recent: Vec::new(),
            found,
            writers: writes.then(Writers::default),
        }
    }

    /// One start, one attack, one kill, and the checks.
    fn run(&mut self, points: &[String], seed: u64, figures: &mut CampaignFigures) {
        let mut rng = Rng::seeded(seed);
        let point = (rng.below(2) == 0).then(|| {
            let index = rng.below(points.len() as u64);
            points[usize::try_from(index).expect("an index")].clone()
        });
        let whole = if point.is_some() { DELIVERIES } else { 1 + rng.below(DELIVERIES) };
        // Some are stopped for a while by a signal, and some have a disk that others use.
        let pause = (rng.below(4) == 0).then(|| rng.below(WAIT_MILLIS));
        let life = (whole, rng.below(WAIT_MILLIS), pause);
        let slow = if rng.below(4) == 0 { SLOW_MICROS } else { 0 };
        self.disk.slow_down(slow);
        figures.paused += u64::from(pause.is_some());
        figures.slow += u64::from(slow > 0);
        let mut variables = self.disk.variables().to_vec();
        variables.extend(point.clone().map(|point| ("AERODB_CRASH_AT", point.into())));
        variables.extend(self.injected_bug.map(|fault| ("AERODB_SABOTAGE", fault.word().into())));
        if let Some(server) = self.place.start_under(variables) {
            let address: SocketAddr =
                server.console.trim_start_matches("http://").parse().expect("an address");
            let untrue = self.examine(address, &mut rng);
            figures.violations.extend(untrue);
            if self.writers.is_some() {
                // After a start nobody is primary, and nothing could be written.
                let _ = Lone { server: address, token: &self.token }.appoint(&mut rng);
            }
            let plans: Vec<Plan> = (0..ACTIONS).map(|_| Plan::new(&mut rng)).collect();
            self.recent = plans.iter().map(|plan| plan.id.clone()).collect();
            self.proxy.aim(Some(address));
            let by_itself = self.attack(server, address, &plans, seed, life);
            figures.at_points += u64::from(point.is_some() && by_itself);
            self.proxy.aim(None);
        } else {
            figures.at_start += 1;
        }
        figures.runs += 1;
        figures.unsynced_lost += match rng.below(3) {
            0 => self.disk.forget(),
            1 => self.disk.cut_power(PowerLoss::All),
            _ => self.disk.cut_power(PowerLoss::Some(rng.next())),
        };
        self.found = DurableState::read(&self.place.data());
        let lost = self.writers.as_ref().map(|writers| writers.lost(&self.place.data()));
        figures.violations.extend(lost.into_iter().flatten());
        let told = self.talk.told.lock().expect("what was told");
        let name = |what: String| format!("{what} (seed {seed}, point {point:?})");
        figures.violations.extend(violations(&self.found, &told).into_iter().map(name));
    }

    /// Sends the clients, and kills the server when its time is over or no client has anything left
    /// to send; whether it was gone by itself.
    fn attack(
        &self,
        server: TestServer,
        address: SocketAddr,
        plans: &[Plan],
        seed: u64,
        (deliveries, wait, pause): (u64, u64, Option<u64>),
    ) -> bool {
        let over = AtomicBool::new(false);
        let (says, said) = mpsc::channel();
        self.proxy.light(deliveries, says.clone());
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (says, over) = (says.clone(), &over);
                let mut client = CampaignClient {
                    talk: &self.talk,
                    token: &self.token,
                    proxy: self.proxy.address(),
                    server: address,
                    over,
                    rng: Rng::seeded(seed ^ (number + 1).wrapping_mul(0x00C0_FFEE)),
                };
                scope.spawn(move || {
                    client.work(plans);
                    let _ = says.send(false);
                });
            }
            if let Some(writers) = &self.writers {
                let data = server.data.trim_start_matches("http://").parse().expect("an address");
                let over = &over;
                for _ in 0..WRITERS {
                    scope.spawn(move || writers.write(data, over));
                }
            }
            if let Some(after) = pause {
                pass(after);
                // It may have ended by then.
                server.try_signal("-STOP");
                pass(PAUSE_MILLIS);
                server.try_signal("-CONT");
            }
            let mut working = CLIENTS;
            while working > 0 {
                if said.recv().expect("a client or the fuse") {
                    pass(wait);
                    break;
                }
                working -= 1;
            }
            let by_itself = TcpStream::connect(address).is_err();
            // The clients are still sending.
            server.kill();
            over.store(true, Ordering::SeqCst);
            by_itself
        })
    }

    /// What the server says after a start, against the files as they were before it.
    fn examine(&self, server: SocketAddr, rng: &mut Rng) -> Vec<String> {
        let mut ids = self.recent.clone();
        let known: Vec<&String> = self.found.ledger.keys().collect();
        if !known.is_empty() {
            let index = usize::try_from(rng.below(known.len() as u64)).expect("an index");
            ids.push(known[index].clone());
        }
        let untrue = ids.iter().filter_map(|id| {
            let path = format!("/api/v1/actions/{id}");
            // A point can end the process here too; then nothing was said.
            let (status, shown) = exchange(server, &request("GET", &path, &self.token, ""))?;
            let why = self
                .contradicts(id, status, &shown)
                .or_else(|| self.page_contradicts(server, id, shown["stage"].as_str()?))?;
            Some(format!("shown_true: {id}: {why}"))
        });
        untrue.collect()
    }

    fn contradicts(&self, id: &str, status: u16, shown: &Value) -> Option<String> {
        let (held, recorded) = (self.found.kernel_of(id), self.found.ledger_of(id));
        if recorded.find("requested").is_none() {
            return (status != 404)
                .then(|| format!("no request is recorded, and it says {status}"));
        }
        let recorded_stage = stage(&recorded).expect("a request has a stage");
        let expected = if recorded_stage == "dispatched" { "unknown" } else { recorded_stage };
        let interrupted = match recorded_stage {
            "confirmed" => json!("never_sent"),
            "dispatched" => json!("outcome_unknown"),
            _ => Value::Null,
        };
        if shown["stage"] != expected || shown["interrupted"] != interrupted {
            return Some(format!("{expected} {interrupted} is recorded, and it shows {shown}"));
        }
        let receipt = match shown["stage"].as_str() {
            Some("executed") => &shown["outcome"]["receipt"],
            _ if shown["kernel_says"]["status"] == "executed" => &shown["kernel_says"]["receipt"],
            _ => return None,
        };
        let is_held = held.receipts.iter().any(|held| held["witness"] == receipt["witness"]);
        (!is_held).then(|| format!("it shows a receipt that the kernel does not hold: {receipt}"))
    }

    /// The page of an action names the stage that the API names.
    fn page_contradicts(&self, server: SocketAddr, id: &str, stage: &str) -> Option<String> {
        let get = request("GET", &format!("/actions/{id}"), &self.token, "");
        let (status, page) = fetch(server, &get)?;
        let shows = status == 200 && page.contains(&format!("data-stage=\"{stage}\""));
        (!shows).then(|| format!("the page ({status}) does not show {stage}"))
    }

    /// The whole log, and what happened.
    fn finish(&self, figures: &mut CampaignFigures) {
        if let Some(writers) = &self.writers {
            figures.written += writers.acknowledged();
            let server = self.place.start(None);
            let address = server.console.trim_start_matches("http://").parse().expect("an address");
            let lone = Lone { server: address, token: &self.token };
            figures.violations.extend(lone.resolve(&mut Rng::seeded(figures.runs)));
            server.kill();
        }
        let path = self.place.data().join("control.sqlite");
        if let Err(error) = verify_file(&path, &ExpectedLog::default(), &mut |_| {}) {
            figures.violations.push(format!("verified: {error}"));
        }
        figures.violations.extend(illegal_steps(&path));
        for (_, _, record) in self.found.ledger.values().flat_map(|recorded| &recorded.records) {
            let kind = record["entry"]["kind"].as_str().expect("a kind").to_owned();
            *figures.records.entry(kind).or_default() += 1;
        }
        let traffic = self.proxy.traffic();
        let counts = [&traffic.requests, &traffic.deliveries, &traffic.cuts];
        for (sum, count) in figures.traffic.iter_mut().zip(counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        figures.told += self.talk.told.lock().expect("what was told").records.len();
    }
}

/// Makes so many runs, on two installations at a time.
pub fn wide_campaign(runs: u64, seed: u64, writes: bool) -> CampaignFigures {
    let half = runs / 2;
    std::thread::scope(|scope| {
        let other = scope.spawn(move || played(half, seed.wrapping_add(runs), None, writes));
        let mut figures = played(runs - half, seed, None, writes);
        figures.add(other.join().expect("a campaign"));
        figures
    })
}

/// A planted fault, the points at which a stop shows it soonest, and how its violation begins.
pub struct Hunt {
    /// The fault.
    pub fault: InjectedBug,
    /// The points; where there are none, all.
    pub points: &'static [&'static str],
    /// A part of the sentence about the violation.
    pub sign: &'static str,
}

/// Makes so many runs, or stops after the first one that broke an invariant; in a hunt, the one that
/// is hunted for.
pub fn campaign(runs: u64, seed: u64, hunt: Option<&Hunt>) -> CampaignFigures {
    played(runs, seed, hunt, false)
}

fn played(runs: u64, seed: u64, hunt: Option<&Hunt>, writes: bool) -> CampaignFigures {
    let mut points = points();
    assert!(points.len() >= 14, "{points:?}");
    let sign = hunt.map_or("", |hunt| hunt.sign);
    if let Some(hunt) = hunt.filter(|hunt| !hunt.points.is_empty()) {
        points.retain(|point| hunt.points.contains(&point.as_str()));
    }
    let mut figures = CampaignFigures::default();
    while figures.runs < runs && !figures.found(sign) {
        let mut world =
            CampaignWorld::new(seed ^ figures.runs, hunt.map(|hunt| hunt.fault), writes);
        let until = (figures.runs + RUNS_PER_PLACE).min(runs);
        while figures.runs < until && !figures.found(sign) {
            let number = figures.runs;
            world.run(&points, seed.wrapping_add(number), &mut figures);
        }
        world.finish(&mut figures);
    }
    figures
}

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// C6.2, C7.1, C7.2.
#[test]
fn a_control_plane_that_is_killed_again_and_again_never_acts_twice_or_lies() {
    let (runs, seed) = (number("CAMPAIGN_RUNS", 60), number("CAMPAIGN_SEED", 20_261_123));
    let figures = wide_campaign(runs, seed, false);
    println!("seed {seed}\n{}", figures.in_words());
    assert_eq!(figures.violations, Vec::<String>::new(), "seed {seed}");
    let executed = figures.records.get("executed").copied().unwrap_or(0);
    assert!(executed * 8 > figures.runs, "actions ran: {executed} in {} runs", figures.runs);
}
