//! `GET /timeline`: the log and the kernel side by side.

use crate::model::timeline::{HOW_IT_IS_ORDERED, PlacedEvent, PlacedRecord, Stretch, Timeline};
use crate::ui::components::records::actor;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, node, say, time};
use crate::ui::live::ChangeNotice;
use leptos::prelude::*;

/// One page of what happened.
pub(super) fn timeline(data: &Timeline) -> AnyView {
    let gap = data.gap.as_ref().map(|why| {
        view! {
            <section class="notice" data-tone="unknown">
                <h2>"A gap"</h2>
                <p>{say(why)}</p>
            </section>
        }
    });
    let older = data.next_before.map(|key| {
        view! {
            <p>
                <a href=format!("/timeline?before={key}")>"What happened earlier"</a>
            </p>
        }
    });
    let list = if data.stretches.is_empty() {
        view! { <p class="none">"Nothing happened earlier."</p> }.into_any()
    } else {
        lanes(&data.stretches)
    };
    view! {
        <ChangeNotice/>
        <p>{HOW_IT_IS_ORDERED}</p>
        {gap}
        {list}
        {older}
    }
    .into_any()
}

fn lanes(stretches: &[Stretch]) -> AnyView {
    let rows = stretches.iter().map(stretch).collect_view();
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

fn stretch(stretch: &Stretch) -> AnyView {
    let records = stretch.records.iter().map(record).collect_view();
    let events = stretch.events.iter().map(event).collect_view();
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

fn record(placed: &PlacedRecord) -> AnyView {
    let record = &placed.record.record;
    let gap = placed
        .is_after_a_gap()
        .then(|| gap("Before this start no control plane ran here, and nothing was recorded."));
    let after = placed.after_event.filter(|_| placed.joins).map(|place| {
        let address = format!("#event-{place}");
        view! {
            <small class="since">
                "after event " <a href=address>{place.to_string()}</a> " of the kernel"
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
            <p>{say(&record.entry.sentence())}</p>
            <small>{actor(record)}</small>
            {after}
            {gap}
        </li>
    }
    .into_any()
}

fn event(placed: &PlacedEvent) -> AnyView {
    let event = &placed.event;
    let gap = placed
        .is_after_a_gap()
        .then(|| gap("Before this start the kernel did not run, or kept nothing."));
    let after = placed.after_record.filter(|_| placed.joins).map(|seq| {
        view! {
            <small class="since">
                "after record " <a href=format!("#record-{seq}")>{format!("#{seq}")}</a>
            </small>
        }
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
            <p>{say(&event.sentence)}</p>
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
