//! The pages of somebody with a link: state, what happened, when. They are drawn from redacted values, and
//! lead nowhere but to one another.

use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::record::Record;
use crate::model::redact::REDACTED;
use crate::model::spec::KernelSpec;
use crate::model::status::UnfinishedActions;
use crate::model::timeline::{ConcurrentGroup, HOW_IT_IS_ORDERED};
use crate::ui::components::rules::scrolling;
use crate::ui::components::stakeholder::{left_out, of_event, of_record, standing, title, titles};
use crate::ui::components::timeline_filter;
use crate::ui::components::words::{counted, escaped, time};
use crate::ui::filter::{FilterInPlace, found};
use crate::ui::live::ChangeNotice;
use crate::ui::{ActionView, OverviewView, TimelineView, pages, parts};
use leptos::prelude::*;

/// The cluster now, which the browser keeps up to date where it can.
pub(super) fn overview(spec: &KernelSpec, data: OverviewView) -> AnyView {
    parts::live_overview(
        spec,
        data.overview,
        Some(ActorRole::Stakeholder),
        UnfinishedActions::default(),
    )
}

/// What happened, newest first.
pub(super) fn timeline(data: &TimelineView) -> AnyView {
    let told = &data.told;
    let gap = told.gap.is_some().then(|| {
        view! { <p class="gap"><strong>"Gap: "</strong>"a part of what happened cannot be shown."</p> }
    });
    let records = told.stretches.iter().flat_map(|one| &one.records);
    let titles = titles(records.map(|placed| &placed.record.record));
    let groups = told.stretches.iter().map(|group| {
        let rows = rows(group, |record| of_record(record, &titles));
        view! { <tbody>{rows}</tbody> }
    });
    let list = if told.stretches.is_empty() {
        view! { <p class="none">"Nothing of this kind happened in this part."</p> }.into_any()
    } else {
        table("What happened, newest first", groups.collect_view().into_any())
    };
    let older = data.older.clone().map(|address| {
        view! {
            <p>
                <a href=address>"What happened earlier"</a>
            </p>
        }
    });
    let part = view! {
        {gap}
        {list}
        {older}
    };
    let count = told.stretches.iter().map(|one| one.records.len() + one.events.len()).sum();
    view! {
        <ChangeNotice/>
        {pages::refusal(data.refusal.as_ref())}
        {left_out()}
        <p>{HOW_IT_IS_ORDERED}</p>
        {timeline_filter::without_names(&data.typed)}
        <FilterInPlace/>
        {data
            .refusal
            .is_none()
            .then(|| found(format!("{} shown.", counted(count, "line")), part.into_any()))}
    }
    .into_any()
}

/// The one action that a link shows.
pub(super) fn action(spec: &KernelSpec, data: &ActionView) -> AnyView {
    let answer = &data.answer;
    let now = if answer.is_running() {
        parts::live_progress(spec, answer, Some(ActorRole::Stakeholder))
    } else {
        standing(answer)
    };
    let whole = answer.explanation.effects.iter().map(ToString::to_string);
    let effects = whole.filter(|effect| !effect.contains(REDACTED));
    let effects: Vec<_> = effects.map(|effect| view! { <li>{escaped(&effect)}</li> }).collect();
    let effects = (!effects.is_empty()).then(|| {
        view! {
            <section>
                <h2>"What it changes"</h2>
                <ul class="sentences">{effects}</ul>
            </section>
        }
    });
    let titles = titles(answer.records.iter().map(|stored| &stored.record));
    let steps = answer.records.iter().map(|stored| {
        let record = &stored.record;
        line(record.at, of_record(record, &titles), format!("record {}", record.seq))
    });
    let steps = view! { <tbody>{steps.collect_view()}</tbody> };
    view! {
        <ChangeNotice/>
        <p>{title(&answer.action)}</p>
        {now}
        {effects}
        <section>
            <h2>"What happened"</h2>
            {table("Steps of this action, oldest first", steps.into_any())}
        </section>
        {left_out()}
    }
    .into_any()
}

fn rows(group: &ConcurrentGroup, says: impl Fn(&Record) -> String) -> AnyView {
    let contradiction = group.contradicts.then(|| {
        let words = "What the log and the cluster hold contradicts itself here.";
        view! { <tr><td colspan="3" class="unknown"><strong>{words}</strong></td></tr> }
    });
    let records = group.records.iter().map(|placed| {
        let record = &placed.record.record;
        let gap = placed.is_after_a_gap().then_some(" Before this nothing was recorded.");
        let says = says(record) + gap.unwrap_or_default();
        line(record.at, says, format!("record {}", record.seq))
    });
    let events = group.events.iter().map(|placed| {
        let gap = placed.is_after_a_gap().then_some(" Before this the cluster kept nothing.");
        let says = of_event(&placed.event) + gap.unwrap_or_default();
        line(placed.event.at, says, format!("cluster event {}", placed.event.place))
    });
    view! {
        {contradiction}
        {records.collect_view()}
        {events.collect_view()}
    }
    .into_any()
}

fn line(at: Timestamp, says: String, source: String) -> AnyView {
    view! {
        <tr>
            <td>{time(at)}</td>
            <td>{escaped(&says)}</td>
            <td>{source}</td>
        </tr>
    }
    .into_any()
}

fn table(caption: &'static str, body: AnyView) -> AnyView {
    scrolling(
        caption,
        view! {
            <table>
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"When (UTC)"</th>
                        <th scope="col">"What happened"</th>
                        <th scope="col">"Source"</th>
                    </tr>
                </thead>
                {body}
            </table>
        }
        .into_any(),
    )
}
