//! Files that are lost or older than they were, between a kill and the next start: on a copy of what
//! the kill left, so that the run goes on with what is whole.

use super::network_faults::NetworkFaults;
use super::process::SimRoom;
use super::world::{EARLY, SimWorld, copy};
use crate::files::FileDigest;
use crate::kernel::embedded::probe::node_directory;
use crate::kernel::embedded::{EmbeddedConfig, EmbeddedKernel, NodeCount, ServiceHistory};
use crate::model::ambient::Clock;
use crate::model::text::PlaceName;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What must follow from a fault.
enum Must {
    /// The start is refused.
    Refuse,
    /// This node is out, or the start is refused.
    Lose(u64),
    /// Nothing: nothing was lost.
    Nothing,
}

impl SimWorld {
    /// Loses or ages something in a copy of a kernel that was killed, and starts it.
    pub(super) fn lose_something(&mut self, killed: &Path) -> Result<(), String> {
        let lost = PathBuf::from("lost");
        copy(killed, &lost);
        let number = 1 + self.rng.below(self.nodes);
        let (what, must) = play(&lost, Path::new(EARLY), number, self.rng.below(6));
        let config = EmbeddedConfig {
            dir: lost.clone(),
            nodes: NodeCount::ToFoundWith(self.nodes),
            cluster: PlaceName::parse("aerodb").expect("a name"),
            environment: PlaceName::parse("simulation").expect("a name"),
            room: Arc::new(SimRoom),
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let opened = EmbeddedKernel::open_here(
            &config,
            ServiceHistory::Before,
            clock,
            &*self.entropy,
            NetworkFaults::calm(),
        );
        let held = match (opened, must) {
            (_, Must::Nothing) | (Err(_), _) => Ok(()),
            (Ok(_), Must::Refuse) => Err(format!("refused: {what}, and it starts")),
            (Ok(kernel), Must::Lose(number)) => {
                kernel.probe(|inside| match inside.node(number).filter(|node| !node.has_failed()) {
                    None => Ok(()),
                    Some(node) => Err(format!("refused: {what}, and {} is used", node.id())),
                })
            }
        };
        self.count("files lost or older");
        self.note(what);
        fs::remove_dir_all(&lost).expect("the copy");
        held
    }
}

fn play(lost: &Path, early: &Path, number: u64, kind: u64) -> (&'static str, Must) {
    let node = node_directory(lost, number);
    let held = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    let wal = node.join("node.sqlite-wal");
    let switchboard = lost.join("switchboard.sqlite-wal");
    let saves =
        |node: &Path| FileDigest::look(&node.join("node.sqlite")).map_or(0, |(_, saves)| saves);
    match kind {
        0 if held(&wal) > 0 => {
            fs::remove_file(&wal).expect("the log");
            ("the log of a node is gone", must_lose(&node, number))
        }
        1 if held(&wal) > 0 => {
            let file = File::options().write(true).open(&wal).expect("the log");
            file.set_len(held(&wal) / 2).expect("the log is cut");
            ("the log of a node is cut", must_lose(&node, number))
        }
        2 if held(&switchboard) > 0 => {
            fs::remove_file(&switchboard).expect("the log");
            let must = if is_missed(&lost.join("switchboard.sqlite")) {
                Must::Refuse
            } else {
                Must::Nothing
            };
            ("the log of the switchboard is gone", must)
        }
        3 => {
            fs::remove_file(lost.join("switchboard.sqlite")).expect("the switchboard");
            ("the switchboard is gone", Must::Refuse)
        }
        4 => {
            let path = lost.join("switchboard.sqlite");
            for file in [path.clone(), switchboard, FileDigest::path(&path)] {
                let _ = fs::remove_file(file);
            }
            ("every file of the switchboard is gone", Must::Refuse)
        }
        5 if node.exists() && node_directory(early, number).exists() => {
            let older = node_directory(early, number);
            let is_older = saves(&older) < saves(&node);
            fs::remove_dir_all(&node).expect("the node");
            copy(&older, &node);
            (
                "a node is older, seal and all",
                if is_older { Must::Lose(number) } else { Must::Nothing },
            )
        }
        _ => ("nothing is lost", Must::Nothing),
    }
}

fn must_lose(node: &Path, number: u64) -> Must {
    if is_missed(&node.join("node.sqlite")) { Must::Lose(number) } else { Must::Nothing }
}

/// Whether a file holds fewer saves than its seal counts. A save that failed before it was counted may
/// be gone: it was never acknowledged.
fn is_missed(file: &Path) -> bool {
    let held = rusqlite::Connection::open(file)
        .and_then(|db| db.query_row("SELECT saves FROM content", [], |row| row.get::<_, u64>(0)));
    match (held, FileDigest::look(file)) {
        (Ok(held), Ok((_, counted))) => held < counted,
        (Err(_), _) | (_, Err(_)) => true,
    }
}
