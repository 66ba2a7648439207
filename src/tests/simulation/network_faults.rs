//! How messages travel between nodes: late, twice, or not at all.

use crate::kernel::embedded::probe::{MessageCarrier, Transit};
use crate::tests::fault_panel::Rng;
use raft::eraftpb::Message;
use std::collections::VecDeque;

/// How often in a thousand messages what happens.
pub(super) struct NetworkFaults {
    rng: Rng,
    overtaken: u64,
    lost: u64,
    vanished: u64,
    twice: u64,
}

impl NetworkFaults {
    /// Messages arrive in the order in which they were sent.
    pub(super) fn calm() -> Self {
        Self { rng: Rng::seeded(0), overtaken: 0, lost: 0, vanished: 0, twice: 0 }
    }

    /// Calm in every third case; otherwise anything up to a storm.
    pub(super) fn of(rng: &mut Rng) -> Self {
        let rough = rng.below(3) != 0;
        let mut up_to = |most: u64| if rough { rng.below(most) } else { 0 };
        let (overtaken, lost, vanished, twice) = (up_to(600), up_to(120), up_to(40), up_to(120));
        let rng = Rng::seeded(rng.next());
        Self { rng, overtaken, lost, vanished, twice }
    }

    fn happens(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.rng.below(1000) < in_a_thousand
    }
}

impl MessageCarrier for NetworkFaults {
    fn take(&mut self, wire: &mut VecDeque<Message>) -> Option<Transit> {
        let waiting = u64::try_from(wire.len()).expect("a length");
        let overtakes = waiting > 1 && self.happens(self.overtaken);
        let place = if overtakes { self.rng.below(waiting) } else { 0 };
        let message = wire.remove(usize::try_from(place).expect("a place"))?;
        if self.happens(self.twice) {
            wire.push_back(message.clone());
        }
        Some(if self.happens(self.lost) {
            Transit::Lost(message)
        } else if self.happens(self.vanished) {
            Transit::Vanished
        } else {
            Transit::Arrives(message)
        })
    }
}
