//! The end of a run: an operator brings everything back, and then nothing may be missing or open.

use super::world::SimWorld;
use crate::kernel::ObserveKernel as _;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::view::{Fence, NodeView, View, Writes};
use crate::ledger::{ExpectedLog, verify_file};
use crate::model::action::Stage;
use crate::model::cluster::ReceiptStatus;
use crate::model::facts::Fact;

/// Steps after which everything is back, where it can come back at all.
const STEPS_MAX: usize = 60;

impl SimWorld {
    /// Starts on a sound disk, settles, brings nodes back, and looks at everything.
    pub(super) fn come_to_rest(&mut self) -> Result<(), String> {
        self.mend_disk();
        self.rests = true;
        self.end(false)?;
        for _ in 0..STEPS_MAX {
            if !self.heal_one()? {
                return self.look_at_everything();
            }
            self.check()?;
        }
        let state = self.wait(self.house().read.observe());
        Err(format!("rest: an operator does not bring it back: {state:?}"))
    }

    /// One step of an operator; `false` when nothing is left to do.
    fn heal_one(&mut self) -> Result<bool, String> {
        let observed = self.wait(self.house().read.observe());
        let state = observed.map_err(|refusal| format!("rest: {}", refusal.sentence))?;
        if self.house().read.freeze().is_ok_and(|freeze| freeze.is_some()) {
            self.freeze_or_unfreeze()?;
            return Ok(true);
        }
        if self.house().read.in_doubt().is_ok_and(|open| open.is_some()) {
            self.resolve()?;
            if self.house().read.in_doubt().is_ok_and(|open| open.is_none()) {
                return Ok(true);
            }
        }
        let Some(action) = self.next_step(&View::read(&state)) else { return Ok(false) };
        self.ask_and_confirm(action)?;
        Ok(true)
    }

    fn next_step(&mut self, state: &View) -> Option<Action> {
        let away = |node: &&NodeView| node.pinned.reachable == Fact::Known(false);
        let away: Vec<_> = state.nodes.iter().filter(away).map(|n| n.pinned.id.clone()).collect();
        let vacant = state.cluster.primary == Fact::Known(None);
        if vacant && (away.is_empty() || self.rng.below(2) == 0) {
            let node = state.nodes[self.index(state.nodes.len())].pinned.id.clone();
            return Some(Action::Failover { to: node });
        }
        if let Some(node) = away.first() {
            return Some(Action::BringOnline { node: node.clone() });
        }
        if state.cluster.write_fence == Fact::Known(Fence::Standing) {
            return Some(Action::ResumeWrites {});
        }
        let is_open = self.house().read.in_doubt().is_ok_and(|open| open.is_some());
        let is_served = state.cluster.writes == Fact::Known(Writes::Accepted);
        if is_open || !is_served {
            let node = state.nodes[self.index(state.nodes.len())].pinned.id.clone();
            return Some(Action::Failover { to: node });
        }
        None
    }

    /// Every key can be read and written, the log verifies, and every action has its true end.
    fn look_at_everything(&mut self) -> Result<(), String> {
        let before = self.history.acknowledged.len();
        for key in ["k0", "k1", "k2"] {
            if !self.read_key(key) {
                return Err(format!("rest: {key} cannot be read"));
            }
        }
        self.write_some();
        if self.history.acknowledged.len() == before {
            return Err("rest: nothing can be written".to_owned());
        }
        self.check()?;
        self.invariant_nothing_is_open()?;
        self.invariant_outcomes_are_true()?;
        let path = self.house().records_path();
        if let Some(illegal) = crate::tests::legal_steps::illegal_steps(&path).first() {
            return Err(illegal.clone());
        }
        // What the chain says is the same for every seed; a few are enough.
        if self.rng.below(10) == 0 {
            verify_file(&path, &ExpectedLog::default(), &mut |_| {})
                .map_err(|error| format!("log: {error}"))?;
        }
        Ok(())
    }

    fn invariant_nothing_is_open(&self) -> Result<(), String> {
        let open = self.house().records().open_actions().map_err(|error| error.to_string())?;
        if open.is_empty() { Ok(()) } else { Err(format!("nothing_open: {open:?}")) }
    }

    /// Executed is what has a receipt, and nothing else (C7.3).
    fn invariant_outcomes_are_true(&mut self) -> Result<(), String> {
        for asked in &self.asked {
            let trail = self.house().read.trail(asked.id).map_err(|refusal| refusal.sentence)?;
            let stage = trail.map(|trail| trail.stage());
            let held = self.wait(self.house().kernel.receipt(asked.id));
            let held = held.map_err(|error| error.to_string())?;
            let has_receipt = matches!(held, ReceiptStatus::Executed { .. });
            if (stage == Some(Stage::Executed)) != has_receipt {
                let (id, action) = (asked.id, &asked.action);
                return Err(format!(
                    "outcome_true: {id} {action:?} is {stage:?}, and the kernel says {held:?}"
                ));
            }
        }
        Ok(())
    }
}
