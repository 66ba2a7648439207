//! Power that goes at every point of a run: the same work is stopped at one call after the other,
//! what was not synced is taken away, and then everything that was acknowledged has to be there.

use super::world::SimWorld;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::action::LogPosition;
use crate::model::text::{NodeId, PlaceName};

/// The work: each of these after some writes, on a new cluster of three.
fn work() -> Vec<Action> {
    let node = NodeId::numbered;
    let up_to = LogPosition::parse_field("up_to", "3").expect("a position");
    vec![
        Action::Failover { to: node(1) },
        Action::TakeCheckpoint { node: node(2) },
        Action::PurgeLog { node: node(2), up_to },
        Action::Switchover { to: node(2) },
        Action::StopWrites {},
        Action::ResumeWrites {},
        Action::TakeOffline { node: node(3) },
        Action::CreateBackup { name: PlaceName::parse("b1").expect("a name") },
        Action::BringOnline { node: node(3) },
        Action::AddReplica { node: node(4) },
        Action::GrantVote { node: node(4) },
        Action::VerifyNode { node: node(1) },
        Action::RemoveReplica { node: node(1) },
    ]
}

impl SimWorld {
    /// Does the work, and loses the power at its `at`-th call that makes something durable. Gives how
    /// many calls there were.
    pub(super) fn lose_power(&mut self, at: u64) -> Result<u64, String> {
        self.rests = true;
        self.start()?;
        self.check()?;
        self.stop_at(at);
        for action in work() {
            self.write_some();
            self.ask_and_confirm(action)?;
            self.check()?;
            if self.calls_failed() > 0 {
                break;
            }
        }
        let calls = self.calls_counted();
        self.end(true)?;
        self.check()?;
        self.come_to_rest()?;
        Ok(calls)
    }
}
