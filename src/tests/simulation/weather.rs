//! How messages travel between nodes: late, twice, or not at all.

use crate::kernel::embedded::probe::{Carrier, Transit};
use crate::tests::fault_panel::Coin;
use raft::eraftpb::Message;
use std::collections::VecDeque;

/// How often in a thousand messages what happens.
pub(super) struct Weather {
    coin: Coin,
    overtaken: u64,
    lost: u64,
    vanished: u64,
    twice: u64,
}

impl Weather {
    /// Messages arrive in the order in which they were sent.
    pub(super) fn calm() -> Self {
        Self { coin: Coin::seeded(0), overtaken: 0, lost: 0, vanished: 0, twice: 0 }
    }

    /// Calm in every third case; otherwise anything up to a storm.
    pub(super) fn of(coin: &mut Coin) -> Self {
        let rough = coin.below(3) != 0;
        let mut up_to = |most: u64| if rough { coin.below(most) } else { 0 };
        let (overtaken, lost, vanished, twice) = (up_to(600), up_to(120), up_to(40), up_to(120));
        let coin = Coin::seeded(coin.next());
        Self { coin, overtaken, lost, vanished, twice }
    }

    fn happens(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.coin.below(1000) < in_a_thousand
    }
}

impl Carrier for Weather {
    fn take(&mut self, wire: &mut VecDeque<Message>) -> Option<Transit> {
        let waiting = u64::try_from(wire.len()).expect("a length");
        let overtakes = waiting > 1 && self.happens(self.overtaken);
        let place = if overtakes { self.coin.below(waiting) } else { 0 };
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
