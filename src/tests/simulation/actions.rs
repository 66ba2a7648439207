//! What operators do: any action of the catalogue, asked for and confirmed as a person would.

use super::world::{OPERATOR, PASSWORD, PendingAction, SimWorld};
use crate::authority::{Credential, Operator};
use crate::kernel::ObserveKernel as _;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::view::View;
use crate::model::action::{ActionId, LogPosition, Stage};
use crate::model::attestation::Attestations;
use crate::model::explanation::Verdict;
use crate::model::facts::Fact;
use crate::model::text::{NodeId, PlaceName, Reason};
use crate::workflow::Confirmation;

/// How often the search for an action that passes its checks is repeated.
const TRIES: usize = 8;

fn reason() -> Reason {
    Reason::parse("a simulation").expect("a reason")
}

impl SimWorld {
    /// One action of any kind, from the request to its end, or given up on the way.
    pub(super) fn act(&mut self) -> Result<(), String> {
        let Ok(state) = self.wait(self.house().read.observe()) else {
            self.note("act: the kernel cannot be observed");
            return Ok(());
        };
        let action = self.choose(&View::read(&state));
        self.ask_and_confirm(action)
    }

    /// Asks for this action and, mostly, confirms it.
    pub(super) fn ask_and_confirm(&mut self, action: Action) -> Result<(), String> {
        let id = self.fresh_id();
        let Some(operator) = self.operator()? else { return Ok(()) };
        let asked = {
            let (action, none) = (action.clone().into(), Attestations::default());
            self.house().workflow.request(&operator, id, action, none, reason())
        };
        let asked = self.wait(asked);
        let confirmation = asked.as_ref().ok().filter(|a| a.stage == Stage::Explained).map(|a| {
            let typed_target = a.explanation.typed_target.clone();
            Confirmation { digest: a.digest, typed_target, after_refusal: a.after_refusal }
        });
        let said = match &asked {
            Ok(answer) => answer.stage.word().to_owned(),
            Err(refusal) => format!("{:?}", refusal.code),
        };
        self.note(&format!("request {id} {action:?}: {said}"));
        self.count("actions asked for");
        self.asked.push(PendingAction { id, action, confirmation: confirmation.clone() });
        let Some(confirmation) = confirmation else { return Ok(()) };
        let way = if self.rests { u64::MAX } else { self.rng.below(20) };
        match way {
            0 => {
                let withdrawn = self.house().workflow.withdraw(&operator, id, reason());
                let said =
                    self.wait(withdrawn).map_or_else(|r| format!("{:?}", r.code), |_| "ok".into());
                self.note(&format!("withdraw: {said}"));
                return Ok(());
            }
            1 => return Ok(()),
            // Something happens between the look and the word.
            2 => self.cut_or_mend(),
            3 => self.write_some(),
            _ => {}
        }
        self.confirm(id, confirmation)
    }

    fn confirm(&mut self, id: ActionId, confirmation: Confirmation) -> Result<(), String> {
        let Some(operator) = self.proven()? else { return Ok(()) };
        let confirmed = self.wait(self.house().workflow.confirm(&operator, id, confirmation));
        let said = match &confirmed {
            Ok(answer) => format!("{} {:?}", answer.stage.word(), answer.outcome),
            Err(refusal) => format!("{:?} {}", refusal.code, refusal.sentence),
        };
        self.note(&format!("confirm {id}: {said}"));
        match confirmed.map(|answer| answer.stage) {
            Ok(Stage::Executed) => self.count("actions executed"),
            Ok(Stage::Refused) => self.count("actions refused by the kernel"),
            Ok(Stage::Unknown) => self.count("actions with an unknown outcome"),
            _ => {}
        }
        Ok(())
    }

    /// Who operates: by the session that was opened last, or by another one where a clock that was put
    /// back has ended that. On a failing disk nobody can sign in, and then nobody operates.
    fn operator(&mut self) -> Result<Option<Operator>, String> {
        if let Ok(operator) = self.house().operator(&self.session) {
            return Ok(Some(operator));
        }
        if !self.sign_in()? {
            return Ok(None);
        }
        let denied = |why| format!("authority: the session of the operator is gone: {why}");
        self.house().operator(&self.session).map(Some).map_err(denied)
    }

    /// The same, who signs in again where the proof is too old. On a failing disk that may fail: then
    /// the old session has to do.
    fn proven(&mut self) -> Result<Option<Operator>, String> {
        let operator = self.operator()?;
        if operator.as_ref().is_none_or(|operator| operator.viewer().proved_recently()) {
            return Ok(operator);
        }
        self.sign_in()?;
        self.operator()
    }

    /// Signs in again; whether that was possible.
    fn sign_in(&mut self) -> Result<bool, String> {
        let begun = self.wait(self.house().access.sign_in(OPERATOR, PASSWORD));
        let said = match &begun {
            Ok(_) => "done".to_owned(),
            Err(refusal) => format!("{:?}", refusal.code),
        };
        self.note(&format!("sign in again: {said}"));
        let Ok(begun) = begun else { return Ok(false) };
        let token = begun.token.ok_or("authority: a session without a token")?;
        self.session = Credential::parse(&token).ok_or("authority: a token that is none")?;
        Ok(true)
    }

    /// Delivers any earlier confirmation again.
    pub(super) fn confirm_again(&mut self) -> Result<(), String> {
        let with: Vec<(ActionId, Confirmation)> =
            self.asked.iter().filter_map(|a| Some((a.id, a.confirmation.clone()?))).collect();
        if with.is_empty() {
            return Ok(());
        }
        let (id, confirmation) = with[self.index(with.len())].clone();
        self.count("old confirmations");
        self.confirm(id, confirmation)
    }

    /// Settles what is open, if anything is.
    pub(super) fn resolve(&mut self) -> Result<(), String> {
        let Ok(Some(open)) = self.house().read.in_doubt() else { return Ok(()) };
        let Some(operator) = self.operator()? else { return Ok(()) };
        let settled = self.house().workflow.resolve(&operator, open.action_id, reason());
        let said = match self.wait(settled) {
            Ok(answer) => answer.stage.word().to_owned(),
            Err(refusal) => format!("{:?}", refusal.code),
        };
        self.count("settlements");
        self.note(&format!("settle {}: {said}", open.action_id));
        Ok(())
    }

    /// Declares a freeze, or lifts the one that stands.
    pub(super) fn freeze_or_unfreeze(&mut self) -> Result<(), String> {
        let Some(operator) = self.operator()? else { return Ok(()) };
        let Ok(stands) = self.house().read.freeze() else { return Ok(()) };
        let id = self.fresh_id();
        let done = match stands {
            None => self.wait(self.house().workflow.freeze(&operator, id, reason())),
            Some(stands) => {
                let seq = stands.seq;
                self.wait(self.house().workflow.unfreeze(&operator, seq, reason()))
            }
        };
        let said = done.map_or_else(|refusal| format!("{:?}", refusal.code), |_| "done".into());
        self.note(&format!("freeze or unfreeze: {said}"));
        Ok(())
    }

    /// An action: mostly one that passes its checks now, sometimes any.
    fn choose(&mut self, state: &View) -> Action {
        if state.cluster.primary == Fact::Known(None) && self.rng.below(10) < 6 {
            return Action::Failover { to: self.node_of(state) };
        }
        let mut action = self.any(state);
        for _ in 0..TRIES {
            let checks = self.house().kernel.checks(&state.state(), &action.clone().into()).checks;
            if checks.iter().all(|check| check.verdict == Verdict::Pass) {
                break;
            }
            action = self.any(state);
        }
        action
    }

    fn any(&mut self, state: &View) -> Action {
        let node = self.node_of(state);
        match self.rng.below(26) {
            0..=4 => Action::Switchover { to: node },
            5..=6 => Action::Failover { to: node },
            7 => Action::StopWrites {},
            8..=10 => Action::ResumeWrites {},
            11..=12 => Action::TakeOffline { node },
            13..=15 => Action::BringOnline { node },
            16 => Action::AddReplica { node: state.cluster.next_node.clone() },
            17..=18 => Action::GrantVote { node },
            19 => Action::RemoveReplica { node },
            20..=21 => Action::TakeCheckpoint { node },
            22..=23 => {
                let last = self.kernel(|inside| inside.ends_within_reach().max().unwrap_or(1));
                let up_to = (1 + self.rng.below(last.max(1))).to_string();
                let up_to = LogPosition::parse_field("up_to", &up_to).expect("a position");
                Action::PurgeLog { node, up_to }
            }
            24 => {
                let name = format!("b{}", self.asked.len());
                Action::CreateBackup { name: PlaceName::parse(&name).expect("a name") }
            }
            _ => Action::VerifyNode { node },
        }
    }

    fn node_of(&mut self, state: &View) -> NodeId {
        let index = self.index(state.nodes.len());
        state.nodes[index].pinned.id.clone()
    }

    fn fresh_id(&mut self) -> ActionId {
        let bytes = u128::from(self.rng.next()) << 64 | u128::from(self.rng.next());
        ActionId::from_random(bytes.to_be_bytes())
    }

    /// An index below this length.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.rng.below(length as u64)).expect("an index")
    }
}
