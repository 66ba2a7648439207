//! One installation on the failing disk: how it starts, how it stops, and what is known about it.

use super::history::ReadWriteHistory;
use super::invariants::SeenFacts;
use super::network_faults::NetworkFaults;
use super::process::{SimClock, SimEntropy, SimProcess};
use crate::authority::Credential;
use crate::files::private;
use crate::kernel::embedded::probe::Probe;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::tests::fault_panel::{DiskFault, EIO, FaultDisk, PowerLoss, Rng, SYNC, TRUNCATE, WRITE};
use crate::workflow::Confirmation;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

pub(super) const OPERATOR: &str = "olga";
/// Where the kernel is kept as it was at the last start.
pub(super) const EARLY: &str = "early";
pub(super) const PASSWORD: &str = "a quiet harbour at dawn";

/// An action that was asked for, and what would confirm it.
pub(super) struct PendingAction {
    pub(super) id: ActionId,
    pub(super) action: Action,
    pub(super) confirmation: Option<Confirmation>,
}

/// What happened, in numbers.
pub(super) type RunFigures = BTreeMap<&'static str, u64>;

/// A whole installation, and everything that has been seen of it.
pub(super) struct SimWorld {
    pub(super) rng: Rng,
    pub(super) clock: Arc<SimClock>,
    pub(super) house: Option<SimProcess>,
    pub(super) session: Credential,
    pub(super) history: ReadWriteHistory,
    pub(super) known: SeenFacts,
    pub(super) asked: Vec<PendingAction>,
    pub(super) figures: RunFigures,
    pub(super) nodes: u64,
    /// Events until the process ends, when a call has been chosen at which it ends.
    pub(super) ends_in: Option<u64>,
    /// Whether the run comes to its end: the weather is calm, and no start is stopped.
    pub(super) rests: bool,
    /// Whether the process often ends while an action runs.
    pub(super) stormy: bool,
    pub(super) entropy: Arc<SimEntropy>,
    disk: FaultDisk,
    base: PathBuf,
    starts: u32,
    runtime: Runtime,
    trace: Sha256,
    speaks: bool,
}

/// Installations of each size, founded once and copied.
pub(super) struct Templates {
    base: PathBuf,
    sessions: BTreeMap<u64, String>,
}

impl Templates {
    /// Templates below the directory in which the process runs.
    pub(super) fn new() -> Self {
        let base = std::env::current_dir().expect("a directory");
        Self { base, sessions: BTreeMap::new() }
    }

    /// The installation of this size, and the session of its operator.
    fn of(&mut self, nodes: u64, runtime: &Runtime) -> (PathBuf, String) {
        let dir = PathBuf::from(format!("template-{nodes}"));
        let session = self.sessions.entry(nodes).or_insert_with(|| {
            let (clock, entropy) = (SimClock::new(), Arc::new(SimEntropy::default()));
            private::create_directories(&dir).expect("a directory");
            runtime.block_on(async {
                let opened =
                    SimProcess::open(&dir, nodes, &clock, &entropy, NetworkFaults::calm()).await;
                let house = opened.expect("a new installation");
                let link = house.access.issue_setup_link().await.expect("a link");
                let link = link.expect("nobody is there yet");
                let made = house.access.redeem_setup_link(&link, OPERATOR, PASSWORD).await;
                made.expect("an operator").token.expect("a session")
            })
        });
        (self.base.join(dir), session.clone())
    }
}

impl SimWorld {
    /// The installation of a seed, which has not been started yet.
    pub(super) fn new(seed: u64, templates: &mut Templates, speaks: bool) -> Self {
        let mut rng = Rng::seeded(seed);
        let nodes = [3, 3, 3, 5, 3, 1, 3, 4][usize::try_from(rng.below(8)).expect("an index")];
        Self::of(nodes, rng, seed % 2 == 1, templates, speaks)
    }

    /// An installation of this size.
    pub(super) fn of(
        nodes: u64,
        rng: Rng,
        stormy: bool,
        templates: &mut Templates,
        speaks: bool,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (template, session) = templates.of(nodes, &runtime);
        let panel = std::env::var_os("FAULT_DISK_PANEL").expect("the process is on the disk");
        let base = std::env::current_dir().expect("a directory");
        let world = Self {
            rng,
            clock: SimClock::new(),
            house: None,
            session: Credential::parse(&session).expect("a session"),
            history: ReadWriteHistory::default(),
            known: SeenFacts::default(),
            asked: Vec::new(),
            figures: RunFigures::new(),
            nodes,
            ends_in: None,
            rests: false,
            stormy,
            entropy: Arc::new(SimEntropy::default()),
            disk: FaultDisk::opened(panel.into()),
            base,
            starts: 0,
            runtime,
            trace: Sha256::new(),
            speaks,
        };
        world.disk.disarm();
        copy(&template, &world.dir());
        world.clock.advance(60_000);
        world
    }

    fn dir(&self) -> PathBuf {
        self.base.join(format!("start-{}", self.starts))
    }

    /// Starts the process.
    pub(super) fn start(&mut self) -> Result<(), String> {
        let dir = self.dir();
        if !self.rests {
            keep_early(&dir.join("kernel"));
        }
        self.disk.forget();
        self.disk.aim(&dir, &dir);
        self.disk.remember();
        let weather =
            if self.rests { NetworkFaults::calm() } else { NetworkFaults::of(&mut self.rng) };
        // Some are stopped while they start; the next start finds what that left.
        let is_stopped = !self.rests && self.rng.below(12) == 0;
        if is_stopped {
            let at = 1 + self.rng.below(60);
            self.stop_at(at);
        }
        self.count("starts");
        // By a relative path: what a record says of a file must not depend on where this runs.
        let dir = PathBuf::from(format!("start-{}", self.starts));
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let opened =
            self.runtime.block_on(SimProcess::open(&dir, self.nodes, &clock, &entropy, weather));
        match opened {
            Ok(house) => {
                self.house = Some(house);
                if is_stopped {
                    // What it did after the call, it did without a disk.
                    self.ends_in = Some(0);
                }
                Ok(())
            }
            Err(why) if is_stopped => {
                self.note(&format!("the start was stopped: {why}"));
                self.end(true)
            }
            Err(why) => Err(format!("starts: the installation does not start: {why}")),
        }
    }

    /// The process ends: now, and with `power` gone with what was not synced.
    pub(super) fn end(&mut self, power: bool) -> Result<(), String> {
        let (old, starts) = (self.dir(), self.starts + 1);
        let is_calm = !self.disk.is_armed() || self.calls_failed() == 0;
        self.starts = starts;
        let new = self.dir();
        // The old process cannot be ended inside this one. So what it leaves is copied first, and
        // what it does afterwards is done to files that nobody looks at again.
        copy(&old, &new);
        if power {
            let lost = match self.rng.below(3) {
                0 => PowerLoss::All,
                _ => PowerLoss::Some(self.rng.next()),
            };
            let within = |path: &Path| new.join(path.strip_prefix(&old).expect("below it"));
            let taken = self.disk.cut_power_of(lost, &within);
            self.count("power cuts");
            self.count_many("writes lost", taken as u64);
        } else {
            self.count("kills");
        }
        self.disk.disarm();
        self.house = None;
        self.ends_in = None;
        self.disk.forget();
        fs::remove_dir_all(&old).expect("the old files");
        self.known.forget_what_is_not_durable();
        // What a power cut took from a count makes it too small, and a save that a failing disk cut short
        // is counted by nobody; then less is noticed.
        if is_calm && !power && !self.rests {
            self.lose_something(&new.join("kernel"))?;
        }
        self.start()
    }

    /// From its `at`-th call from here on the disk takes nothing any more, until the process ends.
    pub(super) fn stop_at(&mut self, at: u64) {
        self.disk.count_on(&self.dir());
        self.arm(at, DiskFault::Lasting(EIO));
    }

    /// The `at`-th call on a file, or on what is in a folder, fails: once, or that one and all after.
    pub(super) fn fail_file(&mut self, file: &str, at: u64, lasting: bool) {
        self.disk.count_on(&self.dir().join(file));
        self.arm(at, if lasting { DiskFault::Lasting(EIO) } else { DiskFault::Once(EIO) });
    }

    fn arm(&self, at: u64, fault: DiskFault) {
        self.disk.arm(SYNC | WRITE | TRUNCATE, u32::try_from(at).expect("few calls"), fault);
    }

    /// The disk works again.
    pub(super) fn mend_disk(&mut self) {
        self.disk.disarm();
    }

    /// Calls since the disk was told to fail that counted.
    pub(super) fn calls_counted(&self) -> u64 {
        self.disk.counts().counted.into()
    }

    /// Those of them that failed.
    pub(super) fn calls_failed(&self) -> u64 {
        self.disk.counts().failed.into()
    }

    /// The running process.
    pub(super) fn house(&self) -> &SimProcess {
        self.house.as_ref().expect("it runs")
    }

    /// Looks into the kernel between two requests.
    pub(super) fn kernel<T>(&self, look: impl FnOnce(&mut Probe<'_>) -> T) -> T {
        self.house().kernel.probe(look)
    }

    /// Runs something of the workflow to its end, and what the store does after it.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            let done = work.await;
            self.house().quiet().await;
            done
        })
    }

    /// One line of what happens.
    pub(super) fn note(&mut self, line: &str) {
        if self.speaks {
            println!("{line}");
        }
        self.trace.update(line.as_bytes());
        self.trace.update(b"\n");
    }

    /// The digest of everything that happened.
    pub(super) fn trace(&self) -> Hash {
        Hash::from_bytes(self.trace.clone().finalize().into())
    }

    /// Counts something.
    pub(super) fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    /// Counts some of it.
    pub(super) fn count_many(&mut self, what: &'static str, many: u64) {
        *self.figures.entry(what).or_default() += many;
    }
}

impl Drop for SimWorld {
    fn drop(&mut self) {
        self.disk.disarm();
        self.house = None;
        let _ = fs::remove_dir_all(self.dir());
        let _ = fs::remove_dir_all(EARLY);
    }
}

/// Keeps the kernel as it is before a start: what a backup of its files would hold later.
fn keep_early(kernel: &Path) {
    let _ = fs::remove_dir_all(EARLY);
    copy(kernel, Path::new(EARLY));
}

/// Copies a directory, but for the shared memory of SQLite: nobody relies on it after a stop.
pub(super) fn copy(from: &Path, to: &Path) {
    private::create_directories(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if !name.to_string_lossy().ends_with("-shm") {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}
