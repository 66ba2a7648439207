//! One entry of the ledger, and everything that can be one.

use crate::model::action::{Action, ActionId, Stage};
use crate::model::actor::{ActorRole, AuthMethod, ProviderIdentity, Reauthentication};
use crate::model::ambient::Timestamp;
use crate::model::attestation::Attestations;
use crate::model::canonical::Hash;
use crate::model::facts::FactChange;
use crate::model::finding::FindingKind;
use crate::model::invariant::InvariantId;
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone};
use crate::model::refusal::Refusal;
use crate::model::session::Session;
use crate::model::text::{ActorName, Reason};
pub use leaf::Record;
pub use learned::{Delivery, EndedBecause, LearnedBy, ManualOutcome};
pub use run::{HostUser, LastRun, RunEnd, SettingChange, Settings};
use serde::{Deserialize, Serialize};

/// What is named as the attempt where somebody asked the kernel to resolve an action and was refused.
pub const RESOLVE: &str = "resolve";

mod leaf;
mod learned;
mod named;
mod run;
mod sentence;
mod step;
mod word;

/// The version of the leaf. It grows when the meaning of a field changes.
pub const RECORD_VERSION: u32 = 1;
/// Longest leaf, in bytes: the entry bundles of the public tile format carry 16-bit lengths.
pub const LEAF_BYTES_MAX: usize = 65_535;

/// What a record says. The stage records of an action carry its whole story; everything big (the
/// observation, the explanation) is a blob, named by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A control plane started. Actions left open by an earlier one are listed, and left alone (C6.3).
    Boot {
        /// The version of the program.
        version: String,
        /// The cluster that it serves, as the kernel describes it.
        cluster: String,
        /// What the kernel says of its own start, such as the founding of a new cluster.
        note: String,
        /// Actions that were confirmed or dispatched and have no outcome.
        interrupted: Vec<ActionId>,
        /// The key with which it signs the heads of the log from here on, in the form of signed
        /// notes; absent where it signs none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log_key: Option<String>,
        /// The settings, and what differs from the start before. Absent in records of versions that did
        /// not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settings: Option<Settings>,
        /// How the run before ended; absent at the first start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_run: Option<LastRun>,
    },
    /// An operator asked.
    Requested {
        /// For what.
        action: Action,
        /// Why.
        reason: Reason,
        /// What the operator attested with it; absent where that was nothing.
        #[serde(default, skip_serializing_if = "Attestations::is_empty")]
        attested: Attestations,
    },
    /// Every pre-condition passed.
    Explained {
        /// The digest that a confirmation repeats.
        digest: Hash,
        /// The blob of the explanation.
        explanation: Hash,
        /// The blob of the observation that it was made from.
        snapshot: Hash,
        /// The invariants that passed or are relied on.
        relied_on: Vec<InvariantId>,
    },
    /// A pre-condition failed or is unknown.
    Rejected {
        /// The digest of what was explained.
        digest: Hash,
        /// The blob of the explanation.
        explanation: Hash,
        /// The blob of the observation that it was made from.
        snapshot: Hash,
        /// The invariants that speak against it.
        violated: Vec<InvariantId>,
    },
    /// The operator who asked confirmed the digest, it was still true, and a second operator has to
    /// confirm it too. Nothing was sent.
    FirstConfirmed {
        /// The digest.
        digest: Hash,
        /// The name that was typed, where one was asked for.
        typed_target: Option<String>,
        /// The blob of the observation under the execution lock.
        snapshot: Hash,
        /// When and how the operator last proved who they are.
        proved: Option<Reauthentication>,
    },
    /// The operator confirmed the digest, and at that moment it was still true. Where two have to, this
    /// is the second one.
    Confirmed {
        /// The digest.
        digest: Hash,
        /// The name that was typed, where one was asked for.
        typed_target: Option<String>,
        /// The blob of the observation under the execution lock.
        snapshot: Hash,
        /// When and how the operator last proved who they are. Absent in records of versions that
        /// did not ask.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proved: Option<Reauthentication>,
    },
    /// The world had moved when the operator confirmed.
    Stale {
        /// What moved.
        moved: Vec<FactChange>,
        /// The digest of the explanation as it would be now.
        digest: Hash,
        /// The blob of that explanation.
        explanation: Hash,
        /// The blob of the observation that it was made from.
        snapshot: Hash,
    },
    /// An operator took the request back.
    Withdrawn {
        /// Why.
        reason: Reason,
    },
    /// The next thing that happens is the call of the kernel.
    Dispatched {
        /// The generation of the cluster for which it was confirmed, in its kernel's numbers, where it was
        /// known. The member is called as in the records of the first kernel.
        #[serde(rename = "expected_epoch")]
        generation: Option<u64>,
        /// Where it will run; absent where the kernel needs no session, and where it opened none.
        #[serde(default, skip_serializing_if = "Session::is_none")]
        session: Session,
    },
    /// It ran, once.
    Executed {
        /// The kernel's proof.
        receipt: Receipt,
        /// How this was learned.
        learned_by: LearnedBy,
        /// The blob of the observation after it; absent when none could be made.
        snapshot: Option<Hash>,
        /// Where the observation after it differs from the prediction; empty means as explained.
        differences: Vec<FactChange>,
    },
    /// The kernel refused it. Nothing ran.
    Refused {
        /// Its words.
        refusal: KernelRefusal,
    },
    /// It may have run.
    Unknown {
        /// What is known.
        why: String,
    },
    /// It never ran and never can.
    Voided {
        /// The kernel's proof.
        tombstone: Tombstone,
    },
    /// An operator says what was found about an outcome that the kernel cannot prove.
    Finding {
        /// Whether it ran.
        executed: ManualOutcome,
        /// What that rests on.
        evidence: Reason,
    },
    /// An operator asked the kernel to settle an action. Written before the kernel is asked.
    SettleRequested {
        /// Why.
        reason: Reason,
    },
    /// An operator declared a freeze: every request and confirmation is refused until it is lifted.
    Frozen {
        /// The id of the declaration, made before it was sent: delivered again it declares nothing
        /// (C7.2). Absent in records of versions that had none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        freeze_id: Option<ActionId>,
        /// Why.
        reason: Reason,
    },
    /// An operator lifted the freeze that stood.
    Unfrozen {
        /// The sequence number of the record that declared it.
        freeze: u64,
        /// Why.
        reason: Reason,
    },
    /// A delivery that was a repetition, and was answered with the first outcome (C7.2).
    Duplicate {
        /// Of what.
        delivery: Delivery,
        /// The stage that the action was shown in; absent where it was no action.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<Stage>,
    },
    /// An attempt that was refused before it changed anything (C9.4).
    Declined {
        /// What was tried, such as `confirm`.
        attempt: String,
        /// The answer.
        refusal: Refusal,
    },
    /// An attempt by somebody who may not.
    Denied {
        /// What was tried, as method and path or as a command.
        attempt: String,
        /// The answer.
        refusal: Refusal,
        /// How many more attempts of nobody known from one place this stands for, where it stands for
        /// some that have no record of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u64>,
    },
    /// Somebody who may sign the log gave it another key. It was signed with the old one up to the
    /// record before this, and is signed with the new one from this record on.
    LogKeyRotated {
        /// The key until now, in the form of signed notes.
        old: String,
        /// The key from here on.
        new: String,
        /// Why.
        reason: Reason,
        /// What both keys have signed: the two keys, and the head of the records before this one.
        note: String,
    },
    /// The one-time set-up link was issued.
    SetupLinkIssued {},
    /// An account was made.
    AccountCreated {
        /// Its name.
        name: ActorName,
        /// Its role.
        role: ActorRole,
        /// Who signs in with it, where a provider says so and no password does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<ProviderIdentity>,
    },
    /// A person signed in.
    SignedIn {
        /// By what.
        by: AuthMethod,
    },
    /// A person signed out.
    SignedOut {},
    /// An operator proved again who they are, with the password. The session is the same and has
    /// another secret from here on.
    ProvedAgain {},
    /// Somebody tried to sign in and could not.
    SignInFailed {
        /// The name that was tried, made safe to print.
        name: String,
    },
    /// A token for a program was issued.
    TokenIssued {
        /// Its name.
        name: ActorName,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// An operator withdrew a token. It works nowhere any more.
    TokenRevoked {
        /// Its name.
        name: ActorName,
    },
    /// An operator issued a link for a stakeholder.
    LinkIssued {
        /// Its id.
        link_id: ActionId,
        /// For whom, or for what.
        name: ActorName,
        /// The one action that it shows beside the cluster and the timeline.
        shows: Option<ActionId>,
        /// When it ends, and what was made of it.
        expires_at: Timestamp,
    },
    /// A link was exchanged for its one session. It opens nothing any more.
    LinkUsed {
        /// Its id.
        link_id: ActionId,
    },
    /// An operator withdrew a link. The session that was made of it has ended.
    LinkRevoked {
        /// Its id.
        link_id: ActionId,
    },
    /// An account got another role. Its sessions have ended.
    RoleChanged {
        /// Its name.
        name: ActorName,
        /// The role until now.
        from: ActorRole,
        /// The role from here on.
        to: ActorRole,
        /// How many sessions were ended by it.
        sessions_ended: u64,
    },
    /// An account was removed. Its sessions have ended, and nobody signs in with it again.
    AccountRemoved {
        /// Its name.
        name: ActorName,
        /// The role it had.
        role: ActorRole,
        /// How many sessions were ended by it.
        sessions_ended: u64,
    },
    /// An account got another password. Its sessions have ended.
    PasswordChanged {
        /// Its name.
        name: ActorName,
        /// How many sessions were ended by it.
        sessions_ended: u64,
    },
    /// Somebody ended the sessions of an account.
    SessionsEnded {
        /// Its name.
        name: ActorName,
        /// How many they were.
        sessions_ended: u64,
    },
    /// A cluster and its log were founded, by a command on the host. It is the first record.
    Founded {
        /// The version of the program.
        version: String,
        /// The cluster, as the kernel describes it.
        cluster: String,
        /// How many nodes it has.
        nodes: u64,
        /// The key that signs the heads of the log, in the form of signed notes.
        log_key: String,
    },
    /// A cluster was made from a backup, by a command on the host. It is the first record of its log.
    Restored {
        /// The version of the program.
        version: String,
        /// The cluster, as the kernel describes it.
        cluster: String,
        /// The directory of the backup.
        backup: String,
        /// The hash of the manifest of the backup.
        digest: Hash,
        /// The last position of the backup: everything up to it is in the cluster.
        position: u64,
        /// The key that signs the heads of the log, in the form of signed notes.
        log_key: String,
    },
    /// A control plane was told to stop, and did. Nothing it served runs after this.
    Stopped {
        /// The generation of the cluster then, in its kernel's numbers, where it was known. The member is
        /// called as in the records of the first kernel.
        #[serde(rename = "epoch")]
        generation: Option<u64>,
        /// The last position that a node had made durable then, where one was known.
        position: Option<u64>,
        /// The blob of the observation then; absent when none could be made.
        snapshot: Option<Hash>,
    },
    /// Somebody at the host accepted that the audit log, the kernel and the access rights do not say
    /// the same, exactly as it was found (C9.5). Nothing was changed by it but that changes go on.
    MismatchAccepted {
        /// The blob of the list of findings.
        findings: Hash,
        /// How many there are.
        count: u64,
        /// Which kinds occur.
        kinds: Vec<FindingKind>,
        /// Why it was accepted.
        reason: Reason,
        /// The account of the operating system, such as `root (uid 0)`.
        os_user: String,
    },
    /// Sessions, tokens or links ended for another reason than that somebody ended them.
    AccessEnded {
        /// Why.
        because: EndedBecause,
        /// How many sessions of accounts.
        sessions: u64,
        /// Which tokens.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tokens: Vec<ActorName>,
        /// Which links, and the sessions that they were exchanged for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        links: Vec<ActionId>,
    },
}
