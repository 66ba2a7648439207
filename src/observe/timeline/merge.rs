//! Puts two orders side by side without inventing a third. Pure.

use crate::model::action::ActionId;
use crate::model::answer::StoredRecord;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::record::Entry;
use crate::model::timeline::{ConcurrentGroup, PlacedEvent, PlacedRecord};

/// What joins the log and the kernel at one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderEvidence {
    /// The action.
    pub(super) action: ActionId,
    /// The `dispatched` record: everything of the action in the kernel is later.
    pub(super) sent: u64,
    /// The first place in the kernel that belongs to the action.
    pub(super) first: EventPlace,
    /// The last one.
    pub(super) last: EventPlace,
    /// The record that holds the answer of the kernel: everything of the action is earlier. Absent
    /// where there was no answer, which proves nothing (C7.3).
    pub(super) ended: Option<u64>,
}

impl OrderEvidence {
    /// The tie of an action: from its steps, and the places at which the kernel names it.
    pub(super) fn of(
        action: ActionId,
        steps: &[StoredRecord],
        mut places: Vec<EventPlace>,
    ) -> Option<Self> {
        let seq_of = |wanted: fn(&Entry) -> bool| {
            steps.iter().find(|s| wanted(&s.record.entry)).map(|s| s.record.seq)
        };
        let sent = seq_of(|entry| matches!(entry, Entry::Dispatched { .. }))?;
        let answered = |e: &Entry| matches!(e, Entry::Executed { .. } | Entry::Refused { .. });
        let ended = seq_of(answered);
        places.extend(steps.iter().filter_map(|step| receipt_place(&step.record.entry)));
        let (first, last) = (places.iter().min()?, places.iter().max()?);
        Some(Self { action, sent, first: *first, last: *last, ended })
    }
}

/// The place of the entry that a receipt proves.
pub(super) fn receipt_place(entry: &Entry) -> Option<EventPlace> {
    let Entry::Executed { receipt, .. } = entry else { return None };
    let (branch, position) = receipt.generation.zip(receipt.position)?;
    Some(EventPlace { branch, position, number: 0 })
}

/// What [`merge`] made.
#[derive(Debug)]
pub(super) struct Woven {
    /// Newest first.
    pub(super) stretches: Vec<ConcurrentGroup>,
    /// How many records and how many events are in them.
    pub(super) shown: (usize, usize),
}

/// What is known of the order between the two.
struct KnownOrder<'a> {
    ties: &'a [OrderEvidence],
    floor: Option<EventPlace>,
}

impl KnownOrder<'_> {
    /// The last place that is known to be earlier than this record.
    fn before_record(&self, seq: u64) -> Option<EventPlace> {
        let ended = self.ties.iter().filter(|tie| tie.ended.is_some_and(|end| end <= seq));
        ended.map(|tie| tie.last).chain(self.floor).max()
    }

    /// The last record that is known to be earlier than this place.
    fn before_event(&self, place: EventPlace) -> Option<u64> {
        self.ties.iter().filter(|tie| tie.first <= place).map(|tie| tie.sent).max()
    }

    fn record(&self, record: StoredRecord) -> PlacedRecord {
        let seq = record.record.seq;
        let joins = self.ties.iter().any(|tie| tie.ended == Some(seq));
        PlacedRecord { record, after_event: self.before_record(seq), joins }
    }

    fn event(&self, event: KernelEvent) -> PlacedEvent {
        let place = event.place;
        let joins = self.ties.iter().any(|tie| event.action_id == Some(tie.action));
        PlacedEvent { after_record: self.before_event(place), event, joins }
    }
}

/// Puts records and events, each newest first, into stretches: what is in one stretch is in no known
/// order, and what is known to be later stands above. At most `limit` of both; where the evidence
/// leaves a choice they take turns, so that neither holds the other up.
pub(super) fn merge(
    records: Vec<StoredRecord>,
    events: Vec<KernelEvent>,
    ties: &[OrderEvidence],
    floor: Option<EventPlace>,
    limit: usize,
) -> Woven {
    let known = KnownOrder { ties, floor };
    let mut records = records.into_iter().map(|record| known.record(record)).peekable();
    let mut events = events.into_iter().map(|event| known.event(event)).peekable();
    let mut stretches: Vec<ConcurrentGroup> = Vec::new();
    let mut shown = (0, 0);
    while shown.0 + shown.1 < limit {
        let (record_first, contradicts) = match (records.peek(), events.peek()) {
            (None, None) => break,
            (Some(_), None) => (true, false),
            (None, Some(_)) => (false, false),
            (Some(record), Some(event)) => {
                let record_later = record.after_event >= Some(event.event.place);
                let event_later = event.after_record >= Some(record.record.record.seq);
                match (record_later, event_later) {
                    (false, false) => (shown.0 <= shown.1, false),
                    (later, other) => (later, later && other),
                }
            }
        };
        // What comes here is older in its own column, so only the newest of the other one in a stretch
        // can be known to be later than it.
        if record_first {
            let Some(own) = records.next() else { break };
            let seq = Some(own.record.record.seq);
            let newest = stretches.last().and_then(|stretch| stretch.events.first());
            let beside = newest.is_none_or(|event| event.after_record < seq);
            open(&mut stretches, beside, contradicts).records.push(own);
            shown.0 += 1;
        } else {
            let Some(own) = events.next() else { break };
            let place = Some(own.event.place);
            let newest = stretches.last().and_then(|stretch| stretch.records.first());
            let beside = newest.is_none_or(|record| record.after_event < place);
            open(&mut stretches, beside, contradicts).events.push(own);
            shown.1 += 1;
        }
    }
    Woven { stretches, shown }
}

/// The last stretch, or a new one where something is not in no known order with it.
fn open(
    stretches: &mut Vec<ConcurrentGroup>,
    beside: bool,
    contradicts: bool,
) -> &mut ConcurrentGroup {
    if stretches.is_empty() || !beside || contradicts {
        stretches.push(ConcurrentGroup { contradicts, ..ConcurrentGroup::default() });
    }
    stretches.last_mut().expect("one was pushed where there was none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::AuthMethod;
    use crate::model::ambient::Timestamp;
    use crate::model::event::EventKind;
    use crate::model::record::{RECORD_VERSION, Record};

    /// A record; the clock of the log runs backwards here, because it must not matter.
    fn record(seq: u64) -> StoredRecord {
        let record = Record {
            v: RECORD_VERSION,
            seq,
            at: Timestamp::from_millis(1_000 - i64::try_from(seq).expect("small")),
            clock: "c".to_owned(),
            actor: None,
            action_id: None,
            entry: Entry::SignedIn { by: AuthMethod::Password },
            prev: None,
            host: None,
            clock_back_ms: None,
            issued: None,
            ended: None,
        };
        StoredRecord { hash: record.hash(), record }
    }

    fn place(position: u64) -> EventPlace {
        EventPlace { branch: 1, position, number: 0 }
    }

    fn event(position: u64) -> KernelEvent {
        KernelEvent {
            place: place(position),
            at: Timestamp::from_millis(0),
            kind: EventKind::of("node_lost"),
            node: None,
            action_id: None,
            sentence: String::new(),
        }
    }

    fn tie(sent: u64, position: u64, ended: Option<u64>) -> OrderEvidence {
        OrderEvidence {
            action: ActionId::from_random([1; 16]),
            sent,
            first: place(position),
            last: place(position),
            ended,
        }
    }

    /// Stretches, newest first, as `records | events`.
    fn drawn(woven: &Woven) -> Vec<String> {
        let line = |stretch: &ConcurrentGroup| {
            let records: Vec<_> =
                stretch.records.iter().map(|r| r.record.record.seq.to_string()).collect();
            let events: Vec<_> =
                stretch.events.iter().map(|e| e.event.place.position.to_string()).collect();
            let mark = if stretch.contradicts { "!" } else { "" };
            format!("{mark}{} | {}", records.join(" "), events.join(" "))
        };
        woven.stretches.iter().map(line).collect()
    }

    fn all(
        records: std::ops::Range<u64>,
        events: std::ops::Range<u64>,
        ties: &[OrderEvidence],
    ) -> Woven {
        let records = records.rev().map(record).collect();
        merge(records, events.rev().map(event).collect(), ties, None, 1000)
    }

    #[test]
    fn without_evidence_everything_stands_side_by_side() {
        assert_eq!(drawn(&all(0..3, 0..2, &[])), ["2 1 0 | 1 0"]);
    }

    #[test]
    fn an_action_joins_the_columns_where_it_was_sent_and_where_it_was_answered() {
        // Sent by record 3, event 1 is its doing, answered in record 5; record 4 was written meanwhile.
        let woven = all(0..7, 0..3, &[tie(3, 1, Some(5))]);
        assert_eq!(drawn(&woven), ["6 5 | 2", "4 | 1 0", "3 2 1 0 | "]);
        let placed = |seq| {
            let all = woven.stretches.iter().flat_map(|s| &s.records);
            all.clone().find(|r| r.record.record.seq == seq).expect("shown").after_event
        };
        assert_eq!((placed(6), placed(5)), (Some(place(1)), Some(place(1))));
        assert_eq!((placed(4), placed(3)), (None, None), "nothing is known of what came before it");
    }

    #[test]
    fn without_an_answer_nothing_is_later_than_what_the_action_did() {
        let woven = all(0..5, 0..2, &[tie(2, 1, None)]);
        assert_eq!(drawn(&woven), ["4 3 | 1 0", "2 1 0 | "]);
    }

    #[test]
    fn what_is_older_than_the_page_still_orders_it() {
        let records = vec![record(9), record(8)];
        let woven = merge(records, vec![event(7), event(3)], &[], Some(place(5)), 1000);
        assert_eq!(drawn(&woven), ["9 8 | 7", " | 3"]);
    }

    #[test]
    fn evidence_that_contradicts_itself_is_shown_as_that() {
        // The event is the doing of record 1, and a record before it holds the answer.
        let woven = all(0..2, 5..6, &[tie(1, 5, Some(0))]);
        assert_eq!(drawn(&woven), ["!1 | ", "!0 | ", " | 5"]);
    }

    #[test]
    fn neither_column_holds_the_other_up() {
        let records = (0..100).rev().map(record).collect();
        let woven = merge(records, (0..100).rev().map(event).collect(), &[], None, 10);
        assert_eq!(woven.shown, (5, 5));
    }

    /// Every way to join 4 records and 4 events by up to two actions: what is known to be later
    /// always stands above, or the page says that the evidence contradicts itself.
    #[test]
    fn nothing_known_to_be_later_ever_stands_below() {
        let mut tried = 0;
        let single = |sent: u64, position: u64, end: u64| {
            tie(sent, position, (sent + end < 4 && end > 0).then_some(sent + end))
        };
        for code in 0..(4 * 4 * 3) * (4 * 4 * 3) {
            let (one, two) = (code % 48, code / 48);
            let ties = [one, two].map(|c: u64| single(c % 4, (c / 4) % 4, c / 16));
            let woven = all(0..4, 0..4, &ties);
            let contradicts = woven.stretches.iter().any(|stretch| stretch.contradicts);
            let rows: Vec<_> = woven.stretches.iter().enumerate().collect();
            let row_of_record = |seq| {
                let has =
                    |s: &ConcurrentGroup| s.records.iter().any(|r| r.record.record.seq == seq);
                rows.iter().find(|(_, s)| has(s)).expect("shown").0
            };
            let row_of_event = |position| {
                let has =
                    |s: &ConcurrentGroup| s.events.iter().any(|e| e.event.place == place(position));
                rows.iter().find(|(_, s)| has(s)).expect("shown").0
            };
            for tie in &ties {
                let position = tie.first.position;
                let sent = row_of_event(position) < row_of_record(tie.sent);
                let ended = tie.ended.is_none_or(|end| row_of_record(end) < row_of_event(position));
                assert!((sent && ended) || contradicts, "{ties:?}: {:?}", drawn(&woven));
            }
            tried += 1;
        }
        assert_eq!(tried, 2304);
    }
}
