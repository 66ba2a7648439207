//! The events of a run, drawn by the seed.

use super::world::SimWorld;
use crate::kernel::embedded::Write;
use crate::model::ambient::Clock as _;

/// Events of one run.
const EVENTS: u64 = 16;
/// Keys: few, so that they are written again and again.
const KEYS: u64 = 3;
/// Writes that clients send together, at most.
const WRITES_MAX: u64 = 4;
/// The files that can fail on their own.
const FILES: [&str; 7] = [
    "kernel/n1",
    "kernel/n2",
    "kernel/n3",
    "kernel/n1/node.sqlite-wal",
    "kernel/switchboard.sqlite",
    "control.sqlite",
    "kernel/backups",
];

impl SimWorld {
    /// A whole run: starts, events, and the way back to a cluster at rest.
    pub(super) fn run(&mut self) -> Result<(), String> {
        self.start()?;
        self.check()?;
        for _ in 0..EVENTS {
            self.event()?;
            self.check()?;
            match self.ends_in {
                Some(0) => self.end(true)?,
                Some(events) => self.ends_in = Some(events - 1),
                None => continue,
            }
            self.check()?;
        }
        self.come_to_rest()
    }

    fn event(&mut self) -> Result<(), String> {
        self.count("events");
        let millis = i64::try_from(self.rng.below(4000)).expect("a few seconds");
        // A clock is set back now and then. Nothing may depend on it.
        self.clock.advance(if self.rng.below(40) == 0 { -3_600_000 } else { millis });
        match self.rng.below(100) {
            0..=31 => self.write_some(),
            32..=45 => self.read_one(),
            46..=55 => self.cut_or_mend(),
            56..=83 => {
                // In every second run most actions meet the end of the process.
                if self.stormy && self.ends_in.is_none() && self.rng.below(3) < 2 {
                    self.stop_soon(240);
                }
                return self.act();
            }
            84..=86 => return self.resolve(),
            87 => return self.freeze_or_unfreeze(),
            88..=90 => return self.confirm_again(),
            91..=92 => return self.end(false),
            93 => return self.end(true),
            94..=97 if self.ends_in.is_none() => {
                self.stop_soon(90);
            }
            _ if self.ends_in.is_none() => {
                let (file, at) = (FILES[self.index(FILES.len())], 1 + self.rng.below(12));
                let lasting = self.rng.below(2) == 0;
                self.fail_file(file, at, lasting);
                self.count("files that fail");
                self.note(&format!("{file} will fail at call {at}, for good: {lasting}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The process will end inside one of the next commands, each of which makes some dozens of calls.
    fn stop_soon(&mut self, calls: u64) {
        let (at, events) = (1 + self.rng.below(calls), self.rng.below(3));
        self.stop_at(at);
        self.ends_in = Some(events);
        self.note(&format!("the process will end at call {at}"));
    }

    /// Writes of several clients at once.
    pub(super) fn write_some(&mut self) {
        let now = self.clock.now();
        let wanted: Vec<(String, Option<u64>)> = (0..=self.rng.below(WRITES_MAX))
            .map(|_| {
                let key = format!("k{}", self.rng.below(KEYS));
                let value = (self.rng.below(6) != 0).then(|| self.history.fresh());
                (key, value)
            })
            .collect();
        let writes = wanted.iter().map(|(key, value)| match value {
            Some(value) => Write::Put { key: key.clone(), value: value.to_string().into() },
            None => Write::Delete { key: key.clone() },
        });
        let writes = writes.collect();
        let answers = self.kernel(|inside| inside.write(writes, now));
        let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
        self.count_many("writes acknowledged", acknowledged as u64);
        self.note(&format!("write {wanted:?}: {answers:?}"));
        let told: Vec<_> =
            wanted.into_iter().zip(answers).map(|((k, v), answer)| (k, v, answer)).collect();
        self.history.wrote(&told);
    }

    /// One read.
    pub(super) fn read_one(&mut self) {
        let key = format!("k{}", self.rng.below(KEYS));
        self.read_key(&key);
    }

    /// Reads a key; gives whether it was answered.
    pub(super) fn read_key(&mut self, key: &str) -> bool {
        let answer = self.kernel(|inside| inside.read(key));
        self.note(&format!("read {key}: {answer:?}"));
        let Ok(found) = answer else { return false };
        let number = |bytes: Vec<u8>| String::from_utf8(bytes).ok()?.parse().ok();
        self.history.read(key, found.map(|bytes| number(bytes).expect("what was written")));
        self.count("reads answered");
        true
    }

    /// Cuts a node off from the network, or connects it again.
    pub(super) fn cut_or_mend(&mut self) {
        let now = self.clock.now();
        let numbers =
            self.kernel(|inside| inside.nodes().map(|node| node.number()).collect::<Vec<_>>());
        let number = numbers[self.index(numbers.len())];
        let cut = self.rng.below(5) < 2;
        self.kernel(
            |inside| {
                if cut { inside.partition(number, now) } else { inside.heal(number, now) }
            },
        );
        self.count(if cut { "cuts" } else { "mends" });
        self.note(&format!("n{number} is {}", if cut { "cut off" } else { "connected" }));
    }
}
