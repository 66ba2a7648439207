//! The log and the kernel side by side: what happened, and what is known of the order between them.

mod merge;

use super::{QueryService, unreadable};
use crate::ledger::LogFilter;
use crate::model::action::ActionId;
use crate::model::answer::{LogPage, PAGE_ROWS_MAX, StoredRecord};
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use crate::model::timeline::{Timeline, TimelineKey};
use crate::model::timeline_filter::TimelineFilter;
use merge::{OrderEvidence, Woven, merge};
use std::collections::BTreeMap;

/// How many records and events are read for a page, however few it shows: evidence of their order may
/// stand below it. What lies further apart than this is shown without its join, which claims less.
const ROWS_READ: u32 = PAGE_ROWS_MAX;
/// How many ends of actions before a page are looked at for one with a place in the kernel's log.
const ENDS_LOOKED_AT: u32 = 20;
/// How many pages of events are searched for those that a filter leaves. The kernel keeps no index of
/// them; what is older than these is searched from the next page on.
const EVENT_PAGES_SEARCHED: u32 = 10;

/// Events that a filter leaves, and how far they were searched for.
#[derive(Default)]
struct Searched {
    events: Vec<KernelEvent>,
    /// Where the search goes on; `None` where nothing is older.
    rest: Option<EventPlace>,
    /// Why events may be missing.
    gap: Option<String>,
}

impl QueryService {
    /// One page of what happened and what the filter leaves of it, newest first: at most `limit`
    /// records and events in all.
    ///
    /// # Errors
    /// When the ledger cannot be read. A kernel that does not answer is a gap, and said to be one.
    pub async fn timeline(
        &self,
        filter: &TimelineFilter,
        before: Option<TimelineKey>,
        limit: u32,
    ) -> Result<Timeline, Refusal> {
        let records = match filter.records() {
            None => LogPage { records: Vec::new(), next_before: None },
            Some(wanted) => {
                let first = before.map(|key| key.record);
                self.ledger.page(first, ROWS_READ, &wanted).map_err(unreadable)?
            }
        };
        let from = before.and_then(|key| key.event);
        let Searched { events, rest: unsearched, gap } = self.searched(filter, from).await;
        let unread = gap.is_some() && events.is_empty();
        let ties = self.ties(&records.records, &events)?;
        let floor = self.floor(records.records.last())?;
        // Where the next page begins if nothing of a column is on this one.
        let rest = TimelineKey {
            record: records.records.first().map_or(0, |newest| newest.record.seq + 1),
            event: events.first().map_or_else(
                || from.or((!unread).then_some(EventPlace { branch: 0, position: 0, number: 0 })),
                |newest| Some(EventPlace { number: newest.place.number + 1, ..newest.place }),
            ),
        };
        let read = (records.records.len(), events.len());
        let more = (records.next_before, unsearched);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Woven { stretches, shown } = merge(records.records, events, &ties, floor, limit);
        let is_last = more == (None, None) && shown == read;
        let last_record = stretches.iter().flat_map(|s| &s.records).next_back();
        let last_event = stretches.iter().flat_map(|s| &s.events).next_back();
        let event = last_event.map_or(rest.event, |placed| Some(placed.event.place));
        let next = TimelineKey {
            record: last_record.map_or(rest.record, |placed| placed.record.record.seq),
            // What was searched in vain is not searched again.
            event: if shown.1 == read.1 { unsearched.or(event) } else { event },
        };
        Ok(Timeline { stretches, next_before: (!is_last).then_some(next), gap })
    }

    /// The newest events before a place that the filter leaves, as far as they are searched for.
    async fn searched(&self, filter: &TimelineFilter, from: Option<EventPlace>) -> Searched {
        let mut found = Searched::default();
        if !filter.has_events() {
            return found;
        }
        let mut before = from;
        for _ in 0..EVENT_PAGES_SEARCHED {
            let page = match self.events(before, ROWS_READ).await {
                Ok(page) => page,
                Err(why) => {
                    let gap = format!("Events of the kernel cannot be read now. {}", why.sentence);
                    found.gap = Some(gap);
                    return found;
                }
            };
            found.gap = found.gap.or(page.gap);
            found.events.extend(
                page.events.into_iter().filter(|event| filter.leaves(self.catalogue(), event)),
            );
            found.rest = page.next_before;
            before = page.next_before;
            // Enough for a page, and for the evidence below it.
            if before.is_none() || found.events.len() >= ROWS_READ as usize {
                return found;
            }
            if *filter == TimelineFilter::default() {
                return found;
            }
        }
        found
    }

    /// Where the log and the kernel are joined, by the actions that these records and events name.
    fn ties(
        &self,
        records: &[StoredRecord],
        events: &[KernelEvent],
    ) -> Result<Vec<OrderEvidence>, Refusal> {
        let mut places: BTreeMap<ActionId, Vec<EventPlace>> = BTreeMap::new();
        for event in events {
            if let Some(id) = event.action_id {
                places.entry(id).or_default().push(event.place);
            }
        }
        let is_end = |entry: &Entry| {
            matches!(
                entry,
                Entry::Dispatched { .. } | Entry::Executed { .. } | Entry::Refused { .. }
            )
        };
        let of_records = records.iter().filter(|r| is_end(&r.record.entry));
        for id in of_records.filter_map(|r| r.record.action_id) {
            places.entry(id).or_default();
        }
        let mut ties = Vec::new();
        for (id, places) in places {
            let steps = self.ledger.steps(id).map_err(unreadable)?;
            ties.extend(OrderEvidence::of(id, &steps, places));
        }
        Ok(ties)
    }

    /// The last place in the kernel that is known to be earlier than everything on a page, from the
    /// ends of actions before its oldest record.
    fn floor(&self, oldest: Option<&StoredRecord>) -> Result<Option<EventPlace>, Refusal> {
        let Some(oldest) = oldest else { return Ok(None) };
        let filter = LogFilter { kind: Some("executed"), ..LogFilter::default() };
        let before = Some(oldest.record.seq);
        let ends = self.ledger.page(before, ENDS_LOOKED_AT, &filter).map_err(unreadable)?;
        Ok(ends.records.iter().filter_map(|end| merge::receipt_place(&end.record.entry)).max())
    }
}
