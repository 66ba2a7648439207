//! What a campaign did and found, in numbers.

use crate::faults::campaign::CLIENTS;
use std::collections::BTreeMap;

/// What is looked for, and what a violation of it is.
const INVARIANTS: [(&str, &str); 10] = [
    ("executed_once", "double executions"),
    ("recorded_before", "executions without a durable confirmation and dispatch before them"),
    ("sent_in_time", "orders sent by another process than the one that recorded them"),
    ("outcome_true", "recorded outcomes that the kernel does not bear out"),
    ("shown_true", "answers or pages that the files do not bear out"),
    ("nothing_lost", "acknowledged records or outcomes lost or changed"),
    ("verified", "logs that do not verify"),
    ("replayed", "steps that the workflow does not have"),
    ("writes_kept", "acknowledged writes of data lost"),
    ("resolved", "actions without an end after the last start"),
];

/// What a campaign did and found.
#[derive(Debug, Default)]
pub struct CampaignFigures {
    /// Kills.
    pub runs: u64,
    /// Kills at a named point.
    pub at_points: u64,
    /// Kills before the server listened.
    pub at_start: u64,
    /// Runs in which the server was stopped for a while by a signal.
    pub paused: u64,
    /// Runs on a disk whose syncs take longer.
    pub slow: u64,
    /// Writes taken by power cuts.
    pub unsynced_lost: usize,
    /// Requests of clients, and deliveries and cuts of the proxy.
    pub traffic: [u64; 3],
    /// Records of each kind.
    pub records: BTreeMap<String, u64>,
    /// Records that an answer showed, and that were looked for after every kill that followed.
    pub told: usize,
    /// Writes of data that were acknowledged, and that were looked for in the same way.
    pub written: u64,
    /// What did not hold.
    pub violations: Vec<String>,
}

impl CampaignFigures {
    /// Whether an invariant was broken in these words.
    pub fn found(&self, sign: &str) -> bool {
        self.violations.iter().any(|violation| violation.contains(sign))
    }

    /// The figures, a line each.
    pub fn in_words(&self) -> String {
        let ([requests, deliveries, cuts], clients) = (self.traffic, CLIENTS);
        let mut lines = format!(
            "{} kills, {} of them at a named point and {} before the server listened\n\
             {} runs with a pause, {} on a slow disk\n\
             {} un-synced writes taken by power cuts\n\
             {requests} requests of {clients} clients, {deliveries} deliveries, {cuts} cuts\n\
             {} acknowledged records and {} acknowledged writes of data looked for after every kill\n",
            self.runs,
            self.at_points,
            self.at_start,
            self.paused,
            self.slow,
            self.unsynced_lost,
            self.told,
            self.written
        );
        for (kind, count) in &self.records {
            lines.push_str(&format!("  {count:>7} records: {kind}\n"));
        }
        for (name, meaning) in INVARIANTS {
            let count = self.violations.iter().filter(|what| what.starts_with(name)).count();
            lines.push_str(&format!("{count} {meaning} ({name})\n"));
        }
        lines
    }

    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.at_points += other.at_points;
        self.at_start += other.at_start;
        self.paused += other.paused;
        self.slow += other.slow;
        self.unsynced_lost += other.unsynced_lost;
        self.told += other.told;
        self.written += other.written;
        self.violations.extend(other.violations);
        for (sum, count) in self.traffic.iter_mut().zip(other.traffic) {
            *sum += count;
        }
        for (kind, count) in other.records {
            *self.records.entry(kind).or_default() += count;
        }
    }
}
