//! Who may confirm what, before the cluster is looked at: the one who asked, then perhaps a second
//! operator, each having proved lately who they are and typed the name of the target.

use super::{Confirmation, Workflow, wrong_stage};
use crate::authority::{Denied, Operator};
use crate::model::action::{ActionId, Stage};
use crate::model::actor::AuthMethod;
use crate::model::invariant::Invariant;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::{Impact, KernelSpec};
use crate::model::text::ActorName;
use crate::observe::action_history::ActionHistory;

impl Workflow {
    /// Whether this confirmation fits the action, whatever the cluster is like.
    pub(super) fn may_confirm(
        &self,
        operator: &Operator,
        trail: &ActionHistory,
        confirmation: &Confirmation,
    ) -> Result<(), Refusal> {
        let id = trail.action_id();
        let refused = |refusal: Refusal| Err(refusal.about(id));
        let is_theirs = trail.requested_by() == &operator.actor().name;
        // Once the first of two has confirmed it, what is explained is put before every operator.
        if !is_theirs && trail.first_confirmed_by().is_none() {
            let sentence = format!(
                "The explanation of {id} was made for {}, who alone can confirm it. Nothing was done.",
                trail.requested_by()
            );
            return refused(
                Refusal::new(RefusalCode::NotPermitted, sentence)
                    .citing([Invariant::OperatorIntent]),
            );
        }
        let stage = trail.stage();
        if !(stage.waits() || stage == Stage::Stale || trail.was_confirmed()) {
            return refused(wrong_stage(id, stage, "the stage explained"));
        }
        if confirmation.digest != trail.explained().digest {
            let sentence =
                format!("What was confirmed is not what was explained for {id}. Nothing was done.");
            return refused(
                Refusal::new(RefusalCode::NotWhatWasExplained, sentence)
                    .citing([Invariant::ExplanationConfirmed])
                    .with_evidence(
                        confirmation.digest.to_string(),
                        trail.explained().digest.to_string(),
                    ),
            );
        }
        // Also of a repetition: another body is another request, and not a second delivery (C7.2).
        let wanted = self.read.explained(trail)?.typed_target;
        if wanted != confirmation.typed_target {
            return refused(mistyped(wanted, confirmation.typed_target.as_ref()));
        }
        Ok(())
    }
}

/// What is asked of whoever confirms, and of the first of two operators. It is asked before the cluster
/// is looked at, and again in the transaction that records the confirmation: by then a proof may have
/// grown old, and the first may be no operator any more.
#[derive(Clone, Debug)]
pub(super) struct Demands {
    id: ActionId,
    impact: Impact,
    first: Option<ActorName>,
}

impl Demands {
    /// What the action demands, as it stands.
    pub(super) fn of(spec: &KernelSpec, trail: &ActionHistory) -> Self {
        let first = trail.first_confirmed_by().cloned();
        let entry = spec.action(trail.action().kind());
        // What the kernel does not know may be anything.
        let impact = entry.map_or(Impact::Disruptive, |entry| entry.impact);
        Self { id: trail.action_id(), impact, first }
    }

    /// Whether this operator meets them. What cannot be read is not so (C6.1).
    pub(super) fn met_by(
        &self,
        operator: &Operator,
        is_operator: impl FnOnce(&ActorName) -> Result<bool, Denied>,
    ) -> Result<(), Refusal> {
        self.is_another(operator, is_operator)?;
        self.proved_recently(operator)
    }

    /// Where the first of two operators has confirmed it: whether this is another one, and the first
    /// is an operator still.
    fn is_another(
        &self,
        operator: &Operator,
        is_operator: impl FnOnce(&ActorName) -> Result<bool, Denied>,
    ) -> Result<(), Refusal> {
        let (id, Some(first)) = (self.id, &self.first) else { return Ok(()) };
        if first == &operator.actor().name {
            let sentence = format!(
                "{first} confirmed {id} as the first of two. A second operator confirms it, and not \
                 the first again, from whatever session. This attempt did nothing."
            );
            return Err(second(id, sentence, first));
        }
        match is_operator(first) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let sentence = format!(
                    "{first} confirmed {id} as the first of two, and is no operator any more. Nothing \
                     was done; withdraw it and ask again."
                );
                Err(second(id, sentence, first))
            }
            Err(denied) => Err(denied.refusal().about(id)),
        }
    }

    /// A disruptive action is confirmed by somebody who proved lately who they are (C3.1). Which action is
    /// one says the catalogue, and when that is too long ago the settings.
    fn proved_recently(&self, operator: &Operator) -> Result<(), Refusal> {
        if self.impact == Impact::Contained || operator.viewer().proved_recently() {
            return Ok(());
        }
        let proof = operator.viewer().proof();
        let last = proof.map_or_else(|| "never".to_owned(), |proof| proof.to_string());
        let (how, required, field) = match operator.viewer().begun_by() {
            // Such an account has no password.
            Some(AuthMethod::Openid) => (
                "after the button on its page has led through the provider",
                "the word of the provider that they signed in there lately",
                None,
            ),
            _ => (
                "with the password, or after signing in with it again",
                "the password with this confirmation, or a new sign-in",
                Some("password".to_owned()),
            ),
        };
        let sentence = format!(
            "The sign-in of {} is too old for this action. Nothing was done; confirm it again {how}.",
            operator.actor().name
        );
        let mut refusal = Refusal::new(RefusalCode::ProofNeeded, sentence)
            .citing([Invariant::ProvedRecently])
            .with_evidence(last, required)
            .about(self.id);
        refusal.field = field;
        Err(refusal)
    }
}

fn second(id: ActionId, sentence: String, first: &ActorName) -> Refusal {
    Refusal::new(RefusalCode::SecondOperator, sentence)
        .citing([Invariant::SecondOperator])
        .with_evidence(
            format!("confirmed first by {first}"),
            "two operators, each of them one when it runs",
        )
        .about(id)
}

fn mistyped(wanted: Option<String>, typed: Option<&String>) -> Refusal {
    let wanted = wanted.unwrap_or_else(|| "nothing".to_owned());
    let quoted = |typed: &String| format!("\"{}\"", crate::model::text::escape_unsafe(typed));
    let found = typed.map_or("nothing".to_owned(), quoted);
    let sentence = format!("The name typed is {found}; the target is {wanted}. Nothing was done.");
    let mut refusal = Refusal::new(RefusalCode::TargetMistyped, sentence)
        .citing([Invariant::TargetTyped])
        .with_evidence(found, wanted);
    refusal.field = Some("typed_target".to_owned());
    refusal
}
