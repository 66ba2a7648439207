//! `GET /timeline`: the log and the kernel side by side.

use crate::model::event::EventPlace;
use crate::model::timeline::{
    ConcurrentGroup, HOW_IT_IS_ORDERED, PlacedEvent, PlacedRecord, Timeline,
};
use crate::ui::components::records::actor;
use crate::ui::components::rules::scrolling;
use crate::ui::components::timeline_filter::timeline_filter;
use crate::ui::components::words::{self, counted, escaped, node, time};
use crate::ui::filter::{FilterInPlace, found};
use crate::ui::live::ChangeNotice;
use crate::ui::{TimelineView, pages};
use leptos::prelude::*;

/// One page of what happened.
pub(super) fn timeline(data: &TimelineView) -> AnyView {
    let told = &data.told;
    let gap = told.gap.as_ref().map(|why| {
        view! {
            <section class="notice" data-tone="unknown">
                <h2>"A gap"</h2>
                <p>{escaped(why)}</p>
            </section>
        }
    });
    let older = data.older.clone().map(|address| {
        view! {
            <p>
                <a href=address>"What happened earlier"</a>
            </p>
        }
    });
    let shown = PageJoins::of(told);
    let list = if told.stretches.is_empty() {
        let words = match (data.typed.is_empty(), &data.older) {
            (true, _) => "Nothing happened earlier.",
            (false, None) => "Nothing of this kind happened earlier.",
            // The kernel keeps no index of its events: they are searched a part at a time.
            (false, Some(_)) => "There is nothing of this kind in the part that was searched.",
        };
        view! { <p class="none">{words}</p> }.into_any()
    } else {
        lanes(&told.stretches, &shown)
    };
    let count = format!(
        "{} and {} shown.",
        counted(shown.records.len(), "record"),
        counted(shown.events.len(), "event")
    );
    let part = view! {
        {gap}
        {list}
        {older}
    };
    view! {
        <ChangeNotice/>
        {pages::refusal(data.refusal.as_ref())}
        <p>{HOW_IT_IS_ORDERED}</p>
        {timeline_filter(&data.typed)}
        <FilterInPlace/>
        {data.refusal.is_none().then(|| found(count, part.into_any()))}
    }
    .into_any()
}

/// What stands on this page: a join to it is a link within the page.
struct PageJoins {
    records: Vec<u64>,
    events: Vec<EventPlace>,
}

impl PageJoins {
    fn of(told: &Timeline) -> Self {
        let records = told.stretches.iter().flat_map(|s| &s.records);
        let events = told.stretches.iter().flat_map(|s| &s.events);
        Self {
            records: records.map(|placed| placed.record.record.seq).collect(),
            events: events.map(|placed| placed.event.place).collect(),
        }
    }
}

fn lanes(stretches: &[ConcurrentGroup], shown: &PageJoins) -> AnyView {
    let rows = stretches.iter().map(|one| stretch(one, shown)).collect_view();
    scrolling(
        "Timeline",
        view! {
            <table class="timeline">
                <caption>"What happened, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Log of the control plane"</th>
                        <th scope="col">"Kernel"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn stretch(stretch: &ConcurrentGroup, shown: &PageJoins) -> AnyView {
    let records = stretch.records.iter().map(|placed| record(placed, shown)).collect_view();
    let events = stretch.events.iter().map(|placed| event(placed, shown)).collect_view();
    let contradiction = stretch.contradicts.then(|| {
        view! {
            <p class="unknown">
                <strong>"The log and the kernel contradict each other here."</strong>
                " By what each holds, an event would be both before and after one record."
            </p>
        }
    });
    view! {
        <tr>
            <td data-of="Log">{contradiction} <ol class="lane">{records}</ol></td>
            <td data-of="Kernel">
                <ol class="lane">{events}</ol>
            </td>
        </tr>
    }
    .into_any()
}

fn record(placed: &PlacedRecord, shown: &PageJoins) -> AnyView {
    let record = &placed.record.record;
    let gap = placed
        .is_after_a_gap()
        .then(|| gap("Before this start no control plane ran here, and nothing was recorded."));
    let after = placed.after_event.filter(|_| placed.joins).map(|place| {
        let is_here = shown.events.contains(&place);
        let name = if is_here {
            view! { <a href=format!("#event-{place}")>{place.to_string()}</a> }.into_any()
        } else {
            view! { <span>{place.to_string()}</span> }.into_any()
        };
        view! { <small class="since">"after event " {name} " of the kernel"</small> }
    });
    let observed = record.entry.snapshot().map(|hash| {
        view! {
            <small class="since">
                <a href=format!("/observations/{hash}")>"the cluster as this record saw it"</a>
            </small>
        }
    });
    let action = record.action_id.map(|id| view! { " " {words::action(id)} });
    view! {
        <li id=format!("record-{}", record.seq) data-joins=placed.joins.then_some("yes")>
            <p>
                <a href=format!("/log/{}", record.seq)>{format!("#{}", record.seq)}</a>
                " "
                <code>{record.entry.word()}</code>
                {action}
                " "
                {time(record.at)}
            </p>
            <p>{escaped(&record.entry.sentence(words::catalogue()))}</p>
            <small>{actor(record)}</small>
            {observed}
            {after}
            {gap}
        </li>
    }
    .into_any()
}

fn event(placed: &PlacedEvent, shown: &PageJoins) -> AnyView {
    let event = &placed.event;
    let gap = placed
        .is_after_a_gap()
        .then(|| gap("Before this start the kernel did not run, or kept nothing."));
    let after = placed.after_record.filter(|_| placed.joins).map(|seq| {
        // On another page it is found by its own address.
        let is_here = shown.records.contains(&seq);
        let address = if is_here { format!("#record-{seq}") } else { format!("/log/{seq}") };
        view! { <small class="since">"after record " <a href=address>{format!("#{seq}")}</a></small> }
    });
    let about = event.node.as_ref().map(|id| view! { " " {node(id)} });
    let action = event.action_id.map(|id| view! { " " {words::action(id)} });
    view! {
        <li id=format!("event-{}", event.place) data-joins=placed.joins.then_some("yes")>
            <p>
                {event.place.to_string()}
                " "
                <code>{event.kind.word()}</code>
                {about}
                {action}
                " "
                {time(event.at)}
            </p>
            <p>{escaped(&event.sentence)}</p>
            {after}
            {gap}
        </li>
    }
    .into_any()
}

fn gap(words: &'static str) -> AnyView {
    view! {
        <p class="gap">
            <strong>"Gap: "</strong>
            {words}
        </p>
    }
    .into_any()
}
