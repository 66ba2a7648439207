//! How messages travel between nodes: late, twice, or not at all.

#[cfg(test)]
use super::panel::Coin;
use raft::eraftpb::{Message, MessageType};
use std::collections::VecDeque;

/// What becomes of one message.
pub(in crate::kernel::embedded) enum Transit {
    /// It is delivered, if both ends can be reached.
    Arrives(Message),
    /// It is lost, and the sender is told, as the network of the process tells it.
    Lost(Message),
    /// It is lost, and nobody is told.
    Vanished,
}

/// How often in a thousand messages what happens.
pub(in crate::kernel::embedded) struct Weather {
    coin: Coin,
    overtaken: u64,
    lost: u64,
    vanished: u64,
    twice: u64,
    /// Messages of this kind never arrive.
    swallowed: Option<MessageType>,
    /// Messages of this kind never arrive, and the sender is told.
    returned: Option<MessageType>,
}

impl Weather {
    /// Messages of one kind never arrive, and nobody is told.
    pub(in crate::kernel::embedded) fn swallowing(kind: MessageType) -> Self {
        Self { swallowed: Some(kind), ..Self::calm() }
    }

    /// Messages of one kind never arrive, and the sender is told.
    pub(in crate::kernel::embedded) fn returning(kind: MessageType) -> Self {
        Self { returned: Some(kind), ..Self::calm() }
    }

    /// Messages arrive in the order in which they were sent.
    pub(in crate::kernel::embedded) fn calm() -> Self {
        Self {
            coin: Coin::seeded(0),
            overtaken: 0,
            lost: 0,
            vanished: 0,
            twice: 0,
            swallowed: None,
            returned: None,
        }
    }

    /// Calm in every third case; otherwise anything up to a storm.
    pub(super) fn of(coin: &mut Coin) -> Self {
        let rough = coin.below(3) != 0;
        let mut up_to = |most: u64| if rough { coin.below(most) } else { 0 };
        let (overtaken, lost, vanished, twice) = (up_to(600), up_to(120), up_to(40), up_to(120));
        let coin = Coin::seeded(coin.next());
        Self { coin, overtaken, lost, vanished, twice, ..Self::calm() }
    }

    /// Takes the next message from the wire, and says what becomes of it.
    pub(in crate::kernel::embedded) fn take(
        &mut self,
        wire: &mut VecDeque<Message>,
    ) -> Option<Transit> {
        let waiting = u64::try_from(wire.len()).expect("a length");
        let overtakes = waiting > 1 && self.happens(self.overtaken);
        let place = if overtakes { self.coin.below(waiting) } else { 0 };
        let message = wire.remove(usize::try_from(place).expect("a place"))?;
        if self.happens(self.twice) {
            wire.push_back(message.clone());
        }
        if self.swallowed == Some(message.msg_type) {
            return Some(Transit::Vanished);
        }
        if self.returned == Some(message.msg_type) {
            return Some(Transit::Lost(message));
        }
        Some(if self.happens(self.lost) {
            Transit::Lost(message)
        } else if self.happens(self.vanished) {
            Transit::Vanished
        } else {
            Transit::Arrives(message)
        })
    }

    fn happens(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.coin.below(1000) < in_a_thousand
    }
}
