//! What the timeline shows, and the records of an action.

use super::Redact;
use crate::model::actor::ProviderIdentity;
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::record::{Entry, HostUser, Record, SettingChange, Settings};
use crate::model::spec::KernelSpec;
use crate::model::timeline::{ConcurrentGroup, PlacedEvent, PlacedRecord, Timeline};

impl Redact for Timeline {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { stretches, next_before, gap } = self;
        Self { stretches: stretches.redacted(spec), next_before, gap: gap.redacted(spec) }
    }
}

impl Redact for ConcurrentGroup {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { records, events, contradicts } = self;
        Self { records: records.redacted(spec), events: events.redacted(spec), contradicts }
    }
}

impl Redact for PlacedRecord {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { record, after_event, joins } = self;
        Self { record: record.redacted(spec), after_event, joins }
    }
}

impl Redact for PlacedEvent {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { event, after_record, joins } = self;
        Self { event: event.redacted(spec), after_record, joins }
    }
}

impl Redact for StoredRecord {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { record, hash } = self;
        Self { record: record.redacted(spec), hash: hash.redacted(spec) }
    }
}

impl Redact for Record {
    fn redacted(self, spec: &KernelSpec) -> Self {
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
            actor: actor.redacted(spec),
            action_id,
            entry: entry.redacted(spec),
            prev: prev.redacted(spec),
            host: host.redacted(spec),
            clock_back_ms,
            issued: issued.redacted(spec),
            ended: ended.redacted(spec),
        }
    }
}

impl Redact for HostUser {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { user, host, reason } = self;
        Self { user: user.redacted(spec), host: host.redacted(spec), reason: reason.redacted(spec) }
    }
}

impl Redact for Settings {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { digest, values, changed } = self;
        // The names are those of the settings file, which everybody may know.
        let values = values.into_iter().map(|(name, value)| (name, value.redacted(spec))).collect();
        Self { digest: digest.redacted(spec), values, changed: changed.redacted(spec) }
    }
}

impl Redact for SettingChange {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { name, before, after } = self;
        Self { name, before: before.redacted(spec), after: after.redacted(spec) }
    }
}

impl Redact for Entry {
    fn redacted(self, spec: &KernelSpec) -> Self {
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
            | Self::Finding { .. } => step(spec, self),
            Self::Boot { version, cluster, note, interrupted, log_key, settings, last_run } => {
                Self::Boot {
                    version,
                    cluster: cluster.redacted(spec),
                    note: note.redacted(spec),
                    interrupted,
                    log_key: log_key.redacted(spec),
                    settings: settings.redacted(spec),
                    last_run,
                }
            }
            Self::SettleRequested { reason } => {
                Self::SettleRequested { reason: reason.redacted(spec) }
            }
            Self::Frozen { freeze_id, reason } => {
                Self::Frozen { freeze_id, reason: reason.redacted(spec) }
            }
            Self::Unfrozen { freeze, reason } => {
                Self::Unfrozen { freeze, reason: reason.redacted(spec) }
            }
            Self::Duplicate { delivery, shown } => Self::Duplicate { delivery, shown },
            // An attempt names a path, and a path holds what somebody typed.
            Self::Declined { attempt, refusal } => {
                Self::Declined { attempt: attempt.redacted(spec), refusal: refusal.redacted(spec) }
            }
            Self::Denied { attempt, refusal, times } => Self::Denied {
                attempt: attempt.redacted(spec),
                refusal: refusal.redacted(spec),
                times,
            },
            Self::LogKeyRotated { old, new, reason, note } => Self::LogKeyRotated {
                old: old.redacted(spec),
                new: new.redacted(spec),
                reason: reason.redacted(spec),
                note: note.redacted(spec),
            },
            Self::AccountCreated { .. }
            | Self::SignInFailed { .. }
            | Self::TokenIssued { .. }
            | Self::TokenRevoked { .. }
            | Self::LinkIssued { .. }
            | Self::RoleChanged { .. }
            | Self::AccountRemoved { .. }
            | Self::PasswordChanged { .. }
            | Self::SessionsEnded { .. }
            | Self::MismatchAccepted { .. }
            | Self::AccessEnded { .. } => of_access(spec, self),
            Self::Founded { .. } | Self::Restored { .. } | Self::Stopped { .. } => {
                of_run(spec, self)
            }
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
fn step(spec: &KernelSpec, entry: Entry) -> Entry {
    match entry {
        Entry::Requested { action, reason, attested } => Entry::Requested {
            action: action.redacted(spec),
            reason: reason.redacted(spec),
            attested: attested.redacted(spec),
        },
        Entry::Explained { digest, explanation, snapshot, relied_on } => Entry::Explained {
            digest: digest.redacted(spec),
            explanation: explanation.redacted(spec),
            snapshot: snapshot.redacted(spec),
            relied_on,
        },
        Entry::Rejected { digest, explanation, snapshot, violated } => Entry::Rejected {
            digest: digest.redacted(spec),
            explanation: explanation.redacted(spec),
            snapshot: snapshot.redacted(spec),
            violated,
        },
        Entry::FirstConfirmed { digest, typed_target, snapshot, proved } => Entry::FirstConfirmed {
            digest: digest.redacted(spec),
            typed_target: typed_target.redacted(spec),
            snapshot: snapshot.redacted(spec),
            proved,
        },
        Entry::Confirmed { digest, typed_target, snapshot, proved } => Entry::Confirmed {
            digest: digest.redacted(spec),
            typed_target: typed_target.redacted(spec),
            snapshot: snapshot.redacted(spec),
            proved,
        },
        Entry::Stale { moved, digest, explanation, snapshot } => Entry::Stale {
            moved: moved.redacted(spec),
            digest: digest.redacted(spec),
            explanation: explanation.redacted(spec),
            snapshot: snapshot.redacted(spec),
        },
        Entry::Withdrawn { reason } => Entry::Withdrawn { reason: reason.redacted(spec) },
        Entry::Dispatched { generation, session } => {
            Entry::Dispatched { generation, session: session.redacted(spec) }
        }
        Entry::Executed { receipt, learned_by, snapshot, differences } => Entry::Executed {
            receipt: receipt.redacted(spec),
            learned_by,
            snapshot: snapshot.redacted(spec),
            differences: differences.redacted(spec),
        },
        Entry::Refused { refusal } => Entry::Refused { refusal: refusal.redacted(spec) },
        Entry::Unknown { why } => Entry::Unknown { why: why.redacted(spec) },
        Entry::Voided { tombstone } => Entry::Voided { tombstone: tombstone.redacted(spec) },
        Entry::Finding { executed, evidence } => {
            Entry::Finding { executed, evidence: evidence.redacted(spec) }
        }
        Entry::AccessEnded { because, sessions, tokens, links } => {
            Entry::AccessEnded { because, sessions, tokens: tokens.redacted(spec), links }
        }
        _ => hidden(),
    }
}

/// Who got in, and how.
fn of_access(spec: &KernelSpec, entry: Entry) -> Entry {
    match entry {
        Entry::AccountCreated { name, role, identity } => Entry::AccountCreated {
            name: name.redacted(spec),
            role,
            identity: identity.map(|identity| ProviderIdentity {
                issuer: identity.issuer.redacted(spec),
                subject: identity.subject.redacted(spec),
            }),
        },
        Entry::SignInFailed { name } => Entry::SignInFailed { name: name.redacted(spec) },
        Entry::TokenIssued { name, expires_at } => {
            Entry::TokenIssued { name: name.redacted(spec), expires_at }
        }
        Entry::TokenRevoked { name } => Entry::TokenRevoked { name: name.redacted(spec) },
        Entry::LinkIssued { link_id, name, shows, expires_at } => {
            Entry::LinkIssued { link_id, name: name.redacted(spec), shows, expires_at }
        }
        Entry::RoleChanged { name, from, to, sessions_ended } => {
            Entry::RoleChanged { name: name.redacted(spec), from, to, sessions_ended }
        }
        Entry::AccountRemoved { name, role, sessions_ended } => {
            Entry::AccountRemoved { name: name.redacted(spec), role, sessions_ended }
        }
        Entry::PasswordChanged { name, sessions_ended } => {
            Entry::PasswordChanged { name: name.redacted(spec), sessions_ended }
        }
        Entry::SessionsEnded { name, sessions_ended } => {
            Entry::SessionsEnded { name: name.redacted(spec), sessions_ended }
        }
        Entry::AccessEnded { because, sessions, tokens, links } => {
            Entry::AccessEnded { because, sessions, tokens: tokens.redacted(spec), links }
        }
        Entry::MismatchAccepted { findings: _, count, kinds, reason, os_user } => {
            let (reason, os_user) = (reason.redacted(spec), os_user.redacted(spec));
            Entry::MismatchAccepted { findings: Hash::REDACTED, count, kinds, reason, os_user }
        }
        _ => hidden(),
    }
}

/// How a cluster began, and how a run ended.
fn of_run(spec: &KernelSpec, entry: Entry) -> Entry {
    match entry {
        Entry::Founded { version, cluster, nodes, log_key } => Entry::Founded {
            version,
            cluster: cluster.redacted(spec),
            nodes,
            log_key: log_key.redacted(spec),
        },
        Entry::Restored { version, cluster, backup, digest, position, log_key } => {
            Entry::Restored {
                version,
                cluster: cluster.redacted(spec),
                backup: backup.redacted(spec),
                digest: digest.redacted(spec),
                position,
                log_key: log_key.redacted(spec),
            }
        }
        Entry::Stopped { generation, position, snapshot } => {
            Entry::Stopped { generation, position, snapshot: snapshot.redacted(spec) }
        }
        _ => hidden(),
    }
}

/// For a kind that nobody has judged: nothing of it is shown.
fn hidden() -> Entry {
    Entry::Unknown { why: super::REDACTED.to_owned() }
}
