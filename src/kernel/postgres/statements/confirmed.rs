//! What an order was confirmed against, as its guards compare it. What is unknown there proves nothing to be
//! as it was, so no order is sent on it (C6.1).

use crate::kernel::postgres::orders::refusal;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::spec::{PostgresInvariant as Rule, SPEC};
use crate::model::cluster::{ClusterState, ItemState, NodeState};
use crate::model::facts::{Fact, Facts, Position, Value};
use crate::model::receipt::KernelRefusal;
use crate::model::spec::FactOf;
use crate::model::text::{NodeId, in_halves};

/// One node in the state that was confirmed.
pub(in crate::kernel::postgres) struct ConfirmedNode<'a> {
    node: &'a NodeState,
    items: Vec<&'a ItemState>,
}

impl<'a> ConfirmedNode<'a> {
    /// The node of this name.
    pub(in crate::kernel::postgres) fn of(
        state: &'a ClusterState,
        id: &NodeId,
    ) -> Result<Self, KernelRefusal> {
        let Some(node) = state.node(id) else {
            let sentence = format!("{id} is no node of the state that was confirmed.");
            return Err(refusal(Rule::NodeConfigured, sentence));
        };
        Ok(Self { node, items: state.items_of(id).collect() })
    }

    /// The system identifier that it answered with.
    pub(in crate::kernel::postgres) fn system(&self) -> Result<String, KernelRefusal> {
        self.text(key::SYSTEM_IDENTIFIER)
    }

    /// When its present server processes began.
    pub(in crate::kernel::postgres) fn generation(&self) -> Result<String, KernelRefusal> {
        self.text(key::STARTED)
    }

    /// The timeline that it was on.
    pub(in crate::kernel::postgres) fn timeline(&self) -> Result<u64, KernelRefusal> {
        self.number(key::TIMELINE)
    }

    /// A text.
    pub(in crate::kernel::postgres) fn text(&self, key: &str) -> Result<String, KernelRefusal> {
        self.known(key, &self.node.facts.text(key))
    }

    /// A text, or that there is none.
    pub(in crate::kernel::postgres) fn text_or_none(
        &self,
        key: &str,
    ) -> Result<Option<String>, KernelRefusal> {
        if is_none(&self.node.facts, key) {
            return Ok(None);
        }
        self.text(key).map(Some)
    }

    /// A number.
    pub(in crate::kernel::postgres) fn number(&self, key: &str) -> Result<u64, KernelRefusal> {
        self.known(key, &self.node.facts.number(key))
    }

    /// A list of names.
    pub(in crate::kernel::postgres) fn names(
        &self,
        key: &str,
    ) -> Result<Vec<String>, KernelRefusal> {
        self.known(key, &self.node.facts.names(key))
    }

    /// A place in the WAL, as the server writes it.
    pub(in crate::kernel::postgres) fn lsn(&self, key: &str) -> Result<String, KernelRefusal> {
        self.known(key, &self.node.facts.position(key)).map(lsn)
    }

    /// From where the consumer of a slot needs WAL, or that it keeps none.
    pub(in crate::kernel::postgres) fn slot_restart(
        &self,
        slot: &str,
    ) -> Result<Option<String>, KernelRefusal> {
        let is_it = |item: &&&ItemState| *item.kind == *key::SLOT && item.name == slot;
        let Some(item) = self.items.iter().find(is_it) else {
            let sentence = format!("{} had no slot {slot} in what was confirmed.", self.node.id);
            return Err(refusal(Rule::SlotKnown, sentence));
        };
        if is_none(&item.facts, key::RESTART) {
            return Ok(None);
        }
        self.known(key::RESTART, &item.facts.position(key::RESTART)).map(lsn).map(Some)
    }

    fn known<T: Clone>(&self, key: &str, fact: &Fact<T>) -> Result<T, KernelRefusal> {
        match fact {
            Fact::Known(value) => Ok(value.clone()),
            Fact::Unknown { unknown, .. } => {
                let label = SPEC.fact(FactOf::Node, key).map_or(key, |fact| fact.label);
                let sentence = format!(
                    "{label} of {} was unknown in what was confirmed, because {}. Nothing is \
                     proven to be as it was, and nothing was sent.",
                    self.node.id, unknown.why
                );
                Err(refusal(Rule::WithinStatement, sentence))
            }
        }
    }
}

/// Whether a fact says that there is none.
fn is_none(facts: &Facts, key: &str) -> bool {
    matches!(facts.get(key), Some(Fact::Known(Value::None)))
}

/// A place in the WAL, as the server writes it.
pub(in crate::kernel::postgres) fn lsn(position: Position) -> String {
    in_halves(position.offset)
}

/// A place in the WAL, as the server wrote it.
pub(in crate::kernel::postgres) fn offset(lsn: &str) -> Option<u64> {
    let (high, low) = lsn.split_once('/')?;
    let part = |text: &str| u32::from_str_radix(text, 16).ok().map(u64::from);
    Some((part(high)? << 32) | part(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_wal_reads_back_and_what_is_none_does_not() {
        for text in ["0/0", "0/3000060", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            let offset = offset(text).expect(text);
            assert_eq!(lsn(Position { branch: 1, offset }), text);
        }
        for bad in ["", "/", "0", "0/", "x/1", "1/100000000", "-1/2"] {
            assert_eq!(offset(bad), None, "{bad}");
        }
    }
}
