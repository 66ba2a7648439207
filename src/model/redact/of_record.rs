//! What the timeline shows, and the records of an action.

use super::Redact;
use crate::model::actor::ProviderIdentity;
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::record::{Entry, HostUser, Record, SettingChange, Settings};
use crate::model::timeline::{PlacedEvent, PlacedRecord, Stretch, Timeline};

impl Redact for Timeline {
    fn redacted(self) -> Self {
        let Self { stretches, next_before, gap } = self;
        Self { stretches: stretches.redacted(), next_before, gap: gap.redacted() }
    }
}

impl Redact for Stretch {
    fn redacted(self) -> Self {
        let Self { records, events, contradicts } = self;
        Self { records: records.redacted(), events: events.redacted(), contradicts }
    }
}

impl Redact for PlacedRecord {
    fn redacted(self) -> Self {
        let Self { record, after_event, joins } = self;
        Self { record: record.redacted(), after_event, joins }
    }
}

impl Redact for PlacedEvent {
    fn redacted(self) -> Self {
        let Self { event, after_record, joins } = self;
        Self { event: event.redacted(), after_record, joins }
    }
}

impl Redact for StoredRecord {
    fn redacted(self) -> Self {
        let Self { record, hash } = self;
        Self { record: record.redacted(), hash: hash.redacted() }
    }
}

impl Redact for Record {
    fn redacted(self) -> Self {
        let Self {
            v,
            seq,
            at,
            clock,
            actor,
            action_id,
            entry,
            prev,
            host,
            clock_back_ms,
            issued,
            ended,
        } = self;
        Self {
            v,
            seq,
            at,
            clock,
            actor: actor.redacted(),
            action_id,
            entry: entry.redacted(),
            prev: prev.redacted(),
            host: host.redacted(),
            clock_back_ms,
            issued: issued.redacted(),
            ended: ended.redacted(),
        }
    }
}

impl Redact for HostUser {
    fn redacted(self) -> Self {
        let Self { user, host, reason } = self;
        Self { user: user.redacted(), host: host.redacted(), reason: reason.redacted() }
    }
}

impl Redact for Settings {
    fn redacted(self) -> Self {
        let Self { digest, values, changed } = self;
        // The names are those of the settings file, which everybody may know.
        let values = values.into_iter().map(|(name, value)| (name, value.redacted())).collect();
        Self { digest: digest.redacted(), values, changed: changed.redacted() }
    }
}

impl Redact for SettingChange {
    fn redacted(self) -> Self {
        let Self { name, before, after } = self;
        Self { name, before: before.redacted(), after: after.redacted() }
    }
}

impl Redact for Entry {
    fn redacted(self) -> Self {
        match self {
            Self::Requested { .. }
            | Self::Explained { .. }
            | Self::Rejected { .. }
            | Self::FirstConfirmed { .. }
            | Self::Confirmed { .. }
            | Self::Stale { .. }
            | Self::Withdrawn { .. }
            | Self::Dispatched { .. }
            | Self::Executed { .. }
            | Self::Refused { .. }
            | Self::Unknown { .. }
            | Self::Voided { .. }
            | Self::Finding { .. } => step(self),
            Self::Boot { version, cluster, note, interrupted, log_key, settings, last_run } => {
                Self::Boot {
                    version,
                    cluster: cluster.redacted(),
                    note: note.redacted(),
                    interrupted,
                    log_key: log_key.redacted(),
                    settings: settings.redacted(),
                    last_run,
                }
            }
            Self::SettleRequested { reason } => Self::SettleRequested { reason: reason.redacted() },
            Self::Frozen { freeze_id, reason } => {
                Self::Frozen { freeze_id, reason: reason.redacted() }
            }
            Self::Unfrozen { freeze, reason } => {
                Self::Unfrozen { freeze, reason: reason.redacted() }
            }
            Self::Duplicate { delivery, shown } => Self::Duplicate { delivery, shown },
            // An attempt names a path, and a path holds what somebody typed.
            Self::Declined { attempt, refusal } => {
                Self::Declined { attempt: attempt.redacted(), refusal: refusal.redacted() }
            }
            Self::Denied { attempt, refusal, times } => {
                Self::Denied { attempt: attempt.redacted(), refusal: refusal.redacted(), times }
            }
            Self::LogKeyRotated { old, new, reason, note } => Self::LogKeyRotated {
                old: old.redacted(),
                new: new.redacted(),
                reason: reason.redacted(),
                note: note.redacted(),
            },
            Self::AccountCreated { .. }
            | Self::SignInFailed { .. }
            | Self::TokenIssued { .. }
            | Self::TokenRevoked { .. }
            | Self::LinkIssued { .. }
            | Self::RoleChanged { .. }
            | Self::AccountRemoved { .. }
            | Self::MismatchAccepted { .. }
            | Self::AccessEnded { .. } => of_access(self),
            Self::Founded { .. } | Self::Restored { .. } | Self::Stopped { .. } => of_run(self),
            // These hold nothing but ids and words of ours.
            Self::SetupLinkIssued {}
            | Self::SignedIn { .. }
            | Self::SignedOut {}
            | Self::ProvedAgain {}
            | Self::LinkUsed { .. }
            | Self::LinkRevoked { .. } => self,
        }
    }
}

/// The steps of an action.
fn step(entry: Entry) -> Entry {
    match entry {
        Entry::Requested { action, reason } => {
            Entry::Requested { action: action.redacted(), reason: reason.redacted() }
        }
        Entry::Explained { digest, explanation, snapshot, relied_on } => Entry::Explained {
            digest: digest.redacted(),
            explanation: explanation.redacted(),
            snapshot: snapshot.redacted(),
            relied_on,
        },
        Entry::Rejected { digest, explanation, snapshot, violated } => Entry::Rejected {
            digest: digest.redacted(),
            explanation: explanation.redacted(),
            snapshot: snapshot.redacted(),
            violated,
        },
        Entry::FirstConfirmed { digest, typed_target, snapshot, proved } => Entry::FirstConfirmed {
            digest: digest.redacted(),
            typed_target: typed_target.redacted(),
            snapshot: snapshot.redacted(),
            proved,
        },
        Entry::Confirmed { digest, typed_target, snapshot, proved } => Entry::Confirmed {
            digest: digest.redacted(),
            typed_target: typed_target.redacted(),
            snapshot: snapshot.redacted(),
            proved,
        },
        Entry::Stale { moved, digest, explanation, snapshot } => Entry::Stale {
            moved: moved.redacted(),
            digest: digest.redacted(),
            explanation: explanation.redacted(),
            snapshot: snapshot.redacted(),
        },
        Entry::Withdrawn { reason } => Entry::Withdrawn { reason: reason.redacted() },
        Entry::Dispatched { expected_epoch } => Entry::Dispatched { expected_epoch },
        Entry::Executed { receipt, learned_by, snapshot, differences } => Entry::Executed {
            receipt: receipt.redacted(),
            learned_by,
            snapshot: snapshot.redacted(),
            differences: differences.redacted(),
        },
        Entry::Refused { refusal } => Entry::Refused { refusal: refusal.redacted() },
        Entry::Unknown { why } => Entry::Unknown { why: why.redacted() },
        Entry::Voided { tombstone } => Entry::Voided { tombstone: tombstone.redacted() },
        Entry::Finding { executed, evidence } => {
            Entry::Finding { executed, evidence: evidence.redacted() }
        }
        Entry::AccessEnded { because, sessions, tokens, links } => {
            Entry::AccessEnded { because, sessions, tokens: tokens.redacted(), links }
        }
        _ => hidden(),
    }
}

/// Who got in, and how.
fn of_access(entry: Entry) -> Entry {
    match entry {
        Entry::AccountCreated { name, role, identity } => Entry::AccountCreated {
            name: name.redacted(),
            role,
            identity: identity.map(|identity| ProviderIdentity {
                issuer: identity.issuer.redacted(),
                subject: identity.subject.redacted(),
            }),
        },
        Entry::SignInFailed { name } => Entry::SignInFailed { name: name.redacted() },
        Entry::TokenIssued { name, expires_at } => {
            Entry::TokenIssued { name: name.redacted(), expires_at }
        }
        Entry::TokenRevoked { name } => Entry::TokenRevoked { name: name.redacted() },
        Entry::LinkIssued { link_id, name, shows, expires_at } => {
            Entry::LinkIssued { link_id, name: name.redacted(), shows, expires_at }
        }
        Entry::RoleChanged { name, from, to, sessions_ended } => {
            Entry::RoleChanged { name: name.redacted(), from, to, sessions_ended }
        }
        Entry::AccountRemoved { name, role, sessions_ended } => {
            Entry::AccountRemoved { name: name.redacted(), role, sessions_ended }
        }
        Entry::AccessEnded { because, sessions, tokens, links } => {
            Entry::AccessEnded { because, sessions, tokens: tokens.redacted(), links }
        }
        Entry::MismatchAccepted { findings: _, count, kinds, reason, os_user } => {
            let (reason, os_user) = (reason.redacted(), os_user.redacted());
            Entry::MismatchAccepted { findings: Hash::REDACTED, count, kinds, reason, os_user }
        }
        _ => hidden(),
    }
}

/// How a cluster began, and how a run ended.
fn of_run(entry: Entry) -> Entry {
    match entry {
        Entry::Founded { version, cluster, nodes, log_key } => Entry::Founded {
            version,
            cluster: cluster.redacted(),
            nodes,
            log_key: log_key.redacted(),
        },
        Entry::Restored { version, cluster, backup, digest, position, log_key } => {
            Entry::Restored {
                version,
                cluster: cluster.redacted(),
                backup: backup.redacted(),
                digest: digest.redacted(),
                position,
                log_key: log_key.redacted(),
            }
        }
        Entry::Stopped { epoch, position, snapshot } => {
            Entry::Stopped { epoch, position, snapshot: snapshot.redacted() }
        }
        _ => hidden(),
    }
}

/// For a kind that nobody has judged: nothing of it is shown.
fn hidden() -> Entry {
    Entry::Unknown { why: super::REDACTED.to_owned() }
}
