//! The two proofs that rest on a primary that was stopped cleanly.

use super::{Candidacy, PromotionProof};
use crate::kernel::postgres::checks::judged::Judged;
use crate::kernel::postgres::control_data::checkpoint_ends;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::view::{ServerView, wal_place};
use crate::model::facts::{Fact, Position};

impl<'a> Candidacy<'a> {
    /// A row that was written while no client could write is on the target, and the old primary stopped
    /// cleanly with nothing that the target has not replayed.
    pub(super) fn by_barrier(&self) -> PromotionProof {
        let judge = |barrier: &Option<String>| match barrier {
            None => Judged::known(false, "it holds no barrier of the present stop of logins"),
            Some(action) => Judged::known(true, format!("it holds the barrier {action}")),
        };
        let read = |server: ServerView<'a>| server.text_or_none(key::NODE_BARRIER);
        let barrier = self.on.judged(read, "the barrier", judge);
        let mut kept =
            vec![barrier.requires("a barrier that was marked after logins were stopped")];
        kept.extend(self.on.no_client_logs_in());
        let mut alone = self.clean_stop();
        alone.push(self.has_replayed_the_stop());
        alone.push(self.old_primary_out());
        PromotionProof { name: "by a barrier under stopped logins", kept, alone }
    }

    /// The last record of the old primary is its checkpoint at a clean stop, and is the last that the target
    /// has.
    pub(super) fn by_clean_stop(&self) -> PromotionProof {
        let mut kept = self.clean_stop();
        kept.extend([self.has_that_checkpoint(), self.ends_there(), self.nothing_unreplayed()]);
        let mut alone = self.clean_stop();
        alone.push(self.old_primary_out());
        PromotionProof { name: "by a clean stop", kept, alone }
    }

    /// What the control data says of itself: a server of this cluster and timeline, stopped cleanly.
    fn clean_stop(&self) -> Vec<Judged> {
        let ours = &self.view.state.identity.id;
        let system = self.of_control_data(format!("the system identifier {ours}"), |data| {
            let own = &data.system_identifier;
            Judged::known(own == ours, format!("the system identifier is {own}"))
        });
        let state = "shut down, and its checkpoint is where a replay would begin";
        let state = self.of_control_data(state, |data| {
            Judged::known(data.is_clean_stop(), format!("the state is {}", data.state))
        });
        let timeline = self.of_control_data("the timeline of the target", |data| {
            self.on.judged(ServerView::timeline, "the timeline", |own| {
                let observed = format!("the checkpoint is on timeline {}", data.timeline);
                Judged::known(data.timeline == *own, observed)
            })
        });
        vec![system, state, timeline]
    }

    /// A place of the control data against one of the target, both on one timeline.
    fn against(
        &self,
        required: &str,
        fact: fn(ServerView<'a>) -> Fact<Position>,
        what: &str,
        holds: impl FnOnce(u64, Position) -> bool,
    ) -> Judged {
        self.of_control_data(required, |data| {
            self.on.judged(fact, what, |own| {
                let stop = Position { branch: data.timeline, offset: data.checkpoint };
                let observed = format!(
                    "the checkpoint is at {}, and {what} of {} is at {}",
                    wal_place(stop),
                    self.on.id,
                    wal_place(*own)
                );
                Judged::known(stop.branch == own.branch && holds(stop.offset, *own), observed)
            })
        })
    }

    fn has_replayed_the_stop(&self) -> Judged {
        let required = "a replay beyond the last checkpoint of the old primary";
        self.against(required, ServerView::replayed, "the replay", |stop, own| own.offset > stop)
    }

    fn has_that_checkpoint(&self) -> Judged {
        let required = "the same checkpoint, by a restartpoint of the target";
        self.against(required, checkpoint, "the last checkpoint", |stop, own| own.offset == stop)
    }

    fn ends_there(&self) -> Judged {
        let required = "a replay that ends with the record of that checkpoint";
        self.against(required, ServerView::replayed, "the end of the replay", |stop, own| {
            checkpoint_ends(stop).contains(&own.offset)
        })
    }

    fn nothing_unreplayed(&self) -> Judged {
        self.on
            .judged(ServerView::flushed, "the end of the WAL", |flushed| {
                self.on.judged(ServerView::replayed, "the replay", |replayed| {
                    let observed = format!(
                        "it has {} and replayed {}",
                        wal_place(*flushed),
                        wal_place(*replayed)
                    );
                    Judged::known(flushed == replayed, observed)
                })
            })
            .requires("nothing that is not replayed")
    }
}

fn checkpoint(server: ServerView<'_>) -> Fact<Position> {
    server.node.facts.position(key::CHECKPOINT)
}
