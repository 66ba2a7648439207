//! The one error that crosses the wire: what was asked, what was found, which invariant, and what
//! did not happen.

use crate::model::action::ActionId;
use crate::model::facts::FactChange;
use crate::model::invariant::{Invariant, InvariantId};
use crate::model::pinned::Freeze;
use crate::model::text::InputError;
use serde::{Deserialize, Serialize};

/// Which part of the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// The request could not be read.
    Input,
    /// Who asked may not, or is not known.
    Authority,
    /// The control plane's own rules.
    ControlPlane,
    /// The kernel, which is final.
    Kernel,
    /// The way to the kernel or to the ledger.
    Transport,
}

macro_rules! codes {
    ($($variant:ident $id:literal $domain:ident $title:literal;)*) => {
        /// Every way to be refused. Closed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
        pub enum RefusalCode {
            $(#[doc = $title] #[serde(rename = $id)] $variant,)*
        }

        impl RefusalCode {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in URLs, JSON and the log.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// The part that refused.
            #[must_use]
            pub fn domain(self) -> Domain {
                match self { $(Self::$variant => Domain::$domain),* }
            }

            /// Whether what stood in the way can pass while the request stays what it was.
            #[must_use]
            pub fn may_pass(self) -> bool {
                matches!(
                    self,
                    Self::Busy
                        | Self::Unresolved
                        | Self::Frozen
                        | Self::ProofNeeded
                        | Self::SecondOperator
                        | Self::KernelUnreachable
                        | Self::ShuttingDown
                )
            }

            /// The same for every refusal of this code.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

codes! {
    InputInvalid "input_invalid" Input "Invalid input.";
    UnsupportedMedia "unsupported_media" Input "Unsupported content type.";
    BodyTooLarge "body_too_large" Input "The body is larger than the limit.";
    NotFound "not_found" Input "Page not found.";
    MethodNotAllowed "method_not_allowed" Input "This address does not take this method.";
    IdReused "action_id_reused" Input "This action id stands for another request already.";
    TargetMistyped "target_mistyped" Input "The name typed is not the name of the target.";
    NotSignedIn "not_signed_in" Authority "Nobody is signed in.";
    SignInFailed "sign_in_failed" Authority "Wrong name or password.";
    TooManyAttempts "too_many_attempts" Authority "Too many attempts to sign in at once.";
    SignInSpent "sign_in_spent" Authority "The sign-in was not begun in this browser, was used, or took too long.";
    IdentityUnproven "identity_unproven" Authority "What was said does not prove who somebody is.";
    NotAdmitted "not_admitted" Authority "Signed in, but no role is assigned.";
    TooManyStreams "too_many_streams" Authority "Too many pages of this session listen for changes.";
    ProofNeeded "proof_needed" Authority "The operator's sign-in is too old for this action.";
    ProofFailed "proof_failed" Authority "The password is not the one of the account that is signed in.";
    NotPermitted "not_permitted" Authority "The role does not permit this.";
    CrossSite "cross_site" Authority "The request came from another site.";
    SetupLinkSpent "setup_link_spent" Authority "The set-up link is not valid, or was used.";
    LinkSpent "link_spent" Authority "The link is not valid, or was used.";
    Rejected "rejected" ControlPlane "A pre-condition does not hold.";
    Stale "stale" ControlPlane "The cluster moved after the explanation.";
    NotWhatWasExplained "not_what_was_explained" ControlPlane "The digest is not the digest of the explanation.";
    WrongStage "wrong_stage" ControlPlane "The action is not in a stage in which this can be done.";
    SecondOperator "second_operator" ControlPlane "A second operator confirms this.";
    Busy "busy" ControlPlane "Another action is running.";
    Unresolved "unresolved" ControlPlane "The outcome of an earlier action is not known.";
    Frozen "frozen" ControlPlane "An operator has declared a freeze.";
    NoFreeze "no_freeze" ControlPlane "The freeze that was to be lifted does not stand.";
    Provable "provable" ControlPlane "The kernel can prove the outcome, so no finding is taken.";
    InUse "in_use" ControlPlane "A control plane runs on this data directory.";
    Mismatch "mismatch" ControlPlane "Audit log and kernel do not say the same.";
    CannotSettle "cannot_settle" Kernel "This kernel cannot settle an action and holds no proof of it.";
    NeedsPrimary "needs_primary" Kernel "This needs a primary, and there is none.";
    KernelUnreachable "kernel_unreachable" Transport "The kernel does not answer.";
    ProviderUnreachable "provider_unreachable" Transport "The provider that signs people in does not answer.";
    AuditUnavailable "audit_unavailable" Transport "The record cannot be made durable.";
    ShuttingDown "shutting_down" Transport "The control plane is stopping.";
    Internal "internal" Transport "Internal error.";
}

/// What is known about execution when something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Executed {
    /// Nothing ran.
    No,
    /// The action ran before, once; what was refused now did nothing.
    Earlier,
    /// Something may have run; the record of the action says what is known.
    Unknown,
}

/// A refusal, complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[error("{sentence}")]
pub struct Refusal {
    /// Which refusal.
    pub code: RefusalCode,
    /// Which part refused.
    pub domain: Domain,
    /// What happened and what did not, as a sentence.
    pub sentence: String,
    /// The invariants that speak against it.
    pub invariants: Vec<InvariantId>,
    /// The field that was wrong, for input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What was required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<String>,
    /// The action that it is about, or that stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<ActionId>,
    /// What moved, for a stale confirmation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<FactChange>,
    /// Whether anything ran.
    pub executed: Executed,
}

impl Refusal {
    /// A refusal with a sentence; nothing ran.
    #[must_use]
    pub fn new(code: RefusalCode, sentence: impl Into<String>) -> Self {
        Self {
            code,
            domain: code.domain(),
            sentence: sentence.into(),
            invariants: Vec::new(),
            field: None,
            found: None,
            required: None,
            action_id: None,
            moved: Vec::new(),
            executed: Executed::No,
        }
    }

    /// The refusal of whatever a standing freeze forbids: who declared it, since when, and why.
    #[must_use]
    pub fn frozen(freeze: &Freeze) -> Self {
        let sentence = format!(
            "{} declared a freeze at {}: {} Nothing was done; an operator lifts it first.",
            freeze.by,
            freeze.since,
            ended(freeze.reason.as_str())
        );
        Self::new(RefusalCode::Frozen, sentence)
            .citing([Invariant::NotFrozen])
            .with_evidence(freeze.to_string(), "no freeze")
    }

    /// The refusal of whatever would change or record something while log and kernel do not say the
    /// same. It names the kinds of what was found; who may see more finds it on every page.
    #[must_use]
    pub fn mismatch(found: &str) -> Self {
        let sentence = format!(
            "Found: {found}. Nothing was done: everything can be read, and nothing is changed or \
             recorded until it is accepted at the host's console, or one side is restored."
        );
        Self::new(RefusalCode::Mismatch, sentence)
            .citing([Invariant::WitnessesAgree])
            .with_evidence(found, "the same in audit log, kernel and access rights")
    }

    /// The refusal for lifting a freeze that does not stand: the one that was named, or any.
    #[must_use]
    pub fn no_freeze(asked: Option<u64>, stands: Option<&Freeze>) -> Self {
        let wanted = asked.map_or_else(
            || "a freeze that stands".to_owned(),
            |seq| format!("the freeze of record {seq}"),
        );
        let found = stands.map_or_else(
            || "no freeze".to_owned(),
            |freeze| format!("the freeze of record {}, {freeze}", freeze.seq),
        );
        let sentence = format!("This would lift {wanted}; found {found}. Nothing was done.");
        Self::new(RefusalCode::NoFreeze, sentence)
            .citing([Invariant::FreezeStanding])
            .with_evidence(found, wanted)
    }

    /// The same refusal, citing these invariants.
    #[must_use]
    pub fn citing(mut self, invariants: impl IntoIterator<Item = impl Into<InvariantId>>) -> Self {
        self.invariants.extend(invariants.into_iter().map(Into::into));
        self
    }

    /// The same refusal, with what was found and what was required.
    #[must_use]
    pub fn with_evidence(mut self, found: impl Into<String>, required: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self.required = Some(required.into());
        self
    }

    /// The same refusal, saying at least this about execution: a later fact never takes it back.
    #[must_use]
    pub fn admitting(mut self, executed: Executed) -> Self {
        self.executed = self.executed.max(executed);
        self
    }

    /// The refusal as it is recorded of somebody who is not known: without what was typed, because a
    /// password can stand in the wrong field and what is in the log stays there (C9.4).
    #[must_use]
    pub fn without_input(&self) -> Self {
        let sentence = self.code.title().to_owned();
        Self { found: None, field: None, sentence, ..self.clone() }
    }

    /// The same refusal, naming an action.
    #[must_use]
    pub fn about(mut self, action_id: ActionId) -> Self {
        self.action_id = Some(action_id);
        self
    }
}

/// A text that ends like a sentence.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

impl From<InputError> for Refusal {
    fn from(error: InputError) -> Self {
        let sentence = format!(
            "The field {} must be {}; found {}. Nothing was done.",
            error.field, error.required, error.found
        );
        let mut refusal = Self::new(RefusalCode::InputInvalid, sentence)
            .citing([Invariant::InputValid])
            .with_evidence(error.found, error.required);
        refusal.field = Some(error.field);
        refusal
    }
}
