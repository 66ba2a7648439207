//! A request becomes an explanation, and both become records in one transaction.

use super::{HashedBlob, Unrecorded, Workflow};
use crate::authority::Operator;
use crate::explain::OperatorRequest;
use crate::ledger::LedgerError;
use crate::model::action::{Action, ActionId, Stage};
use crate::model::answer::ActionAnswer;
use crate::model::attestation::Attestations;
use crate::model::canonical::Hash;
use crate::model::explanation::{Check, Explanation, Verdict};
use crate::model::invariant::{Invariant, InvariantId};
use crate::model::record::{Delivery, Entry};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::{Catalogue, ParameterKind};
use crate::model::text::Reason;
use crate::observe::action_history::ActionHistory;

impl Workflow {
    /// Records a request and its explanation. Nothing reaches the kernel but the question how it is.
    ///
    /// The same request again is shown the action as it stands and recorded as a repetition.
    ///
    /// # Errors
    /// `action_id_reused` for another request under the same id; `rejected`, `in_doubt` or `frozen`
    /// when a pre-condition does not hold (recorded, with its explanation); `kernel_unreachable`;
    /// `audit_unavailable`.
    pub async fn request(
        &self,
        operator: &Operator,
        id: ActionId,
        action: Action,
        attested: Attestations,
        reason: Reason,
    ) -> Result<ActionAnswer, Refusal> {
        let name = &operator.actor().name;
        let request = OperatorRequest {
            action: &action,
            attested: &attested,
            operator: name,
            reason: &reason,
        };
        if let Some(trail) = self.read.trail(id)? {
            return self.request_again(operator, &trail, &request).await;
        }
        let state = match self.read.observe().await {
            Ok(state) => state,
            Err(refusal) => {
                return Err(self.decline(operator, Some(id), "request", refusal).await);
            }
        };
        let explanation = self.read.explain_in(&state, &request, self.read.standing()?);
        let (told, seen) = (HashedBlob::of(&explanation), HashedBlob::of(&state));
        let decided = self.decided(&explanation, told.hash, seen.hash);
        let entries =
            vec![(requested(&request), Vec::new()), (decided, vec![told.bytes, seen.bytes])];
        match self.append(operator, Some(id), "request", entries).await {
            Ok(_) => {}
            // The same id arrived twice at once, and the other delivery was first.
            Err(Unrecorded::Ledger(LedgerError::IllegalStep { .. })) => {
                let trail = self.trail(id)?;
                return self.request_again(operator, &trail, &request).await;
            }
            // Declared after our look and recorded before our write: the database decides.
            Err(Unrecorded::Ledger(LedgerError::Frozen { freeze })) => {
                let refusal = Refusal::frozen(&freeze);
                return Err(self.decline(operator, Some(id), "request", refusal).await);
            }
            Err(unrecorded) => return Err(unrecorded.into()),
        }
        if explanation.verdict() == Verdict::Pass {
            self.read.action(id).await
        } else {
            Err(rejection(self.read.catalogue(), id, &explanation))
        }
    }

    /// The record of what the explanation came to.
    fn decided(&self, explanation: &Explanation, hash: Hash, snapshot: Hash) -> Entry {
        let digest = explanation.digest();
        if explanation.verdict() == Verdict::Pass {
            let mut relied_on = explanation.relies_on.clone();
            relied_on.extend(explanation.checks.iter().map(|check| check.invariant));
            let relied_on = self.read.catalogue().in_order(relied_on);
            Entry::Explained { digest, explanation: hash, snapshot, relied_on }
        } else {
            let violated = explanation.violated();
            Entry::Rejected { digest, explanation: hash, snapshot, violated }
        }
    }

    async fn request_again(
        &self,
        operator: &Operator,
        trail: &ActionHistory,
        request: &OperatorRequest<'_>,
    ) -> Result<ActionAnswer, Refusal> {
        let id = trail.action_id();
        let is_same = &trail.request() == request;
        if is_same {
            let shown = self.repeat(operator, id, Delivery::Request).await?;
            // The first answer was a refusal, so this one is (C7.2).
            return match shown.stage {
                Stage::Rejected => Err(rejection(self.read.catalogue(), id, &shown.explanation)),
                _ => Ok(shown),
            };
        }
        let catalogue = self.read.catalogue();
        let title = |of: &OperatorRequest<'_>| {
            let keys: Vec<&str> = of.attested.iter().map(|(key, _)| key).collect();
            let attested = keys.join(", ");
            let attested =
                if keys.is_empty() { attested } else { format!(", attested {attested}") };
            format!("{}{attested}", catalogue.title(of.action))
        };
        let earlier = title(&trail.request());
        let sentence = format!(
            "The id {id} stands for another request: {earlier} by {}. Nothing was done.",
            trail.requested_by()
        );
        let refusal = Refusal::new(RefusalCode::IdReused, sentence)
            .citing([Invariant::ActionIdOnce])
            .with_evidence(earlier, title(request))
            .about(id);
        Err(self.decline(operator, Some(id), "request", refusal).await)
    }
}

fn requested(request: &OperatorRequest<'_>) -> Entry {
    let OperatorRequest { action, attested, operator: _, reason } = *request;
    Entry::Requested { action: action.clone(), reason: reason.clone(), attested: attested.clone() }
}

/// The refusal for an explanation with a check that does not pass. A freeze outweighs every other
/// reason; where the only thing in the way is an earlier action, the refusal says so too.
fn rejection(catalogue: Catalogue, id: ActionId, explanation: &Explanation) -> Refusal {
    let against: Vec<&Check> =
        explanation.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    let violated = explanation.violated();
    let only_in_doubt = violated == [Invariant::NothingUnresolved];
    let code = match &explanation.pinned.freeze {
        Some(_) => RefusalCode::Frozen,
        None if only_in_doubt => RefusalCode::Unresolved,
        None => RefusalCode::Rejected,
    };
    let reasons: Vec<String> = against.iter().map(|check| in_words(check)).collect();
    let sentence = format!(
        "The request to {} is rejected: {}. Nothing was done.",
        catalogue.title(&explanation.action),
        reasons.join("; ")
    );
    let text = |pick: fn(&crate::model::explanation::Evidence) -> &String| {
        let parts: Vec<&str> =
            against.iter().flat_map(|c| &c.evidence).map(|e| pick(e).as_str()).collect();
        parts.join("; ")
    };
    let mut refusal = Refusal::new(code, sentence)
        .citing(violated.iter().copied())
        .with_evidence(text(|e| &e.observed), text(|e| &e.required))
        .about(id);
    refusal.field = field_at_fault(catalogue, &explanation.action, &violated);
    refusal
}

/// The parameter that names a node which is no member, or something that the node does not have.
fn field_at_fault(
    catalogue: Catalogue,
    action: &Action,
    violated: &[InvariantId],
) -> Option<String> {
    let parameters = catalogue.action(action.kind())?.parameters;
    let at_fault = parameters.iter().find(|parameter| match parameter.kind {
        ParameterKind::Member { rule } | ParameterKind::Item { rule, .. } => {
            violated.contains(&rule)
        }
        ParameterKind::Joining
        | ParameterKind::Position { .. }
        | ParameterKind::Name
        | ParameterKind::Text { .. } => false,
    });
    at_fault.map(|parameter| parameter.name.to_owned())
}

fn in_words(check: &Check) -> String {
    let found: Vec<&str> = check.evidence.iter().map(|e| e.observed.as_str()).collect();
    let verdict = match check.verdict {
        Verdict::Unknown => "it is unknown whether",
        Verdict::Fail | Verdict::Pass => "this does not hold:",
    };
    let statement = check.statement.trim_end_matches('.');
    format!("{verdict} \"{statement}\" ({}; found {})", check.invariant, found.join(", "))
}
