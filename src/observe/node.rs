//! What there is to see of one node.

use super::{QueryService, no_such_node, unreadable};
use crate::explain::on_node;
use crate::ledger::LogFilter;
use crate::model::answer::{PAGE_ROWS_MAX, StoredRecord};
use crate::model::event::{EventPage, EventPlace, KernelEvent};
use crate::model::node_answer::{
    ACTIONS_SHOWN, EVENTS_LOOKED_AT, NodeAnswer, NodeEvents, NodeVerified,
};
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use crate::model::spec::{ActionClass, ActionSpec};
use crate::model::text::NodeId;
use std::collections::BTreeMap;

impl QueryService {
    /// One node in one observation, with what speaks against each action on it, what happened to it,
    /// and what was asked of it. Events are looked for before `before`, from the newest on without it.
    ///
    /// # Errors
    /// `not_found` for a node that the cluster has not; or when the kernel or the ledger cannot be
    /// read. Events that cannot be read are no error: they are said to be missing (C6.1).
    pub async fn node(
        &self,
        node: NodeId,
        before: Option<EventPlace>,
    ) -> Result<NodeAnswer, Refusal> {
        let state = self.observe().await?;
        if state.node(&node).is_none() {
            return Err(no_such_node(&node));
        }
        let standing = self.standing()?;
        let offers = self.kernel.offers(&state);
        let actions =
            self.with_rules(&state, |rules| on_node(&state, &node, offers, &standing, rules));
        let events = match self.events(before, EVENTS_LOOKED_AT).await {
            Ok(page) => of_node(page, &node),
            Err(why) => NodeEvents {
                events: Vec::new(),
                events_scanned: 0,
                next_before: None,
                gap: Some(why.sentence),
            },
        };
        let filter = LogFilter { node: Some(node.clone()), ..LogFilter::default() };
        let rows = self.ledger.actions_of(None, ACTIONS_SHOWN, &filter).map_err(unreadable)?;
        let has_more_actions = rows.next_before.is_some();
        let asked = self.lines(rows.rows)?;
        let verified = self.verified(&node)?;
        Ok(NodeAnswer {
            node,
            state,
            actions,
            in_doubt: standing.in_doubt,
            freeze: standing.freeze,
            events,
            asked,
            has_more_actions,
            verified,
        })
    }

    /// What the last verification of each node found, as far as the newest [`PAGE_ROWS_MAX`] of them say
    /// it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn last_verifications(&self) -> Result<BTreeMap<NodeId, NodeVerified>, Refusal> {
        let mut found = BTreeMap::<NodeId, NodeVerified>::new();
        for stored in self.verifications(None, PAGE_ROWS_MAX)? {
            if let Some((node, verified)) = verified(stored) {
                found.entry(node).or_insert(verified);
            }
        }
        Ok(found)
    }

    /// What the last verification of a node found; `None` where no record says it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn verified(&self, node: &NodeId) -> Result<Option<NodeVerified>, Refusal> {
        let found = self.verifications(Some(node), 1)?;
        Ok(found.into_iter().find_map(verified).map(|(_, verified)| verified))
    }

    /// The newest records of what reads and changes nothing, of each such action at most `limit`.
    fn verifications(
        &self,
        node: Option<&NodeId>,
        limit: u32,
    ) -> Result<Vec<StoredRecord>, Refusal> {
        let mut found = Vec::new();
        let reading = |entry: &&ActionSpec| entry.class == ActionClass::Diagnose;
        for entry in self.spec().actions.iter().filter(reading) {
            let filter = LogFilter {
                kind: Some("executed"),
                action_kind: Some(entry.kind),
                node: node.cloned(),
                ..LogFilter::default()
            };
            found.extend(self.ledger.page(None, limit, &filter).map_err(unreadable)?.records);
        }
        found.sort_by_key(|stored| std::cmp::Reverse(stored.record.seq));
        Ok(found)
    }
}

/// The node that a record says was verified, and what was found.
fn verified(stored: StoredRecord) -> Option<(NodeId, NodeVerified)> {
    let seq = stored.record.seq;
    let Entry::Executed { receipt, .. } = stored.record.entry else { return None };
    let node = receipt.action.node()?;
    let verification = receipt.verification?;
    let (action_id, at) = (receipt.action_id, receipt.executed_at);
    Some((node, NodeVerified { seq, action_id, at, verification }))
}

/// The events that are about this node.
fn of_node(page: EventPage, node: &NodeId) -> NodeEvents {
    let EventPage { events, next_before, gap } = page;
    let events_scanned = events.len();
    let is_about = |event: &KernelEvent| event.node.as_ref() == Some(node);
    let events = events.into_iter().filter(is_about).collect();
    NodeEvents { events, events_scanned, next_before, gap }
}
