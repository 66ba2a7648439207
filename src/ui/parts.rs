//! The parts of a page that follow the server. The page draws them, and so does the address of each: the
//! same component, and the same bytes.
//!
//! What a part says while it is followed, and once it is not, are attributes of it: whoever puts it in
//! place needs no words of its own.

use crate::model::action::ActionId;
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, Overview};
use crate::model::compared::{Compared, LaterAction};
use crate::model::facts::FactChange;
use crate::model::spec::{Catalogue, KernelSpec};
use crate::model::status::{ClusterStatus, UnfinishedActions};
use crate::ui::components::words::{self, counted, escaped};
use crate::ui::components::{self, forms, progress};
use crate::ui::live::Live;
use leptos::prelude::*;

/// A part, with its values.
#[derive(Clone, Debug)]
pub enum Part {
    /// What stands on every page.
    Status {
        /// The cluster, and what is not over.
        status: Box<ClusterStatus>,
        /// Who reads it.
        viewer: Option<ActorRole>,
    },
    /// All of the overview that one observation shows.
    Overview {
        /// The cluster.
        overview: Box<Overview>,
        /// Who reads it: an operator finds forms.
        viewer: Option<ActorRole>,
        /// What is not over, so that it is named by what it is and by whom.
        unfinished: Box<UnfinishedActions>,
    },
    /// What has moved since an action was explained; `None` as its page is made, when nothing was
    /// compared yet.
    Moved(Option<Box<Compared>>),
    /// What confirms an action: it can be pressed as long as nothing is known for which that would be refused.
    Confirm(Box<Compared>),
    /// How an action stands, while it is running and once it is not any more.
    Progress {
        /// The action.
        answer: Box<ActionAnswer>,
        /// Who reads it: an operator finds the form that resolves what is not known.
        viewer: Option<ActorRole>,
    },
}

/// How many moved facts a notice names; it has a fixed size, and the page must not move.
const MOVED_NAMED_MAX: usize = 3;

/// Where a part stands in its page, by the id of its element.
const STATUS: &str = "status";
const OVERVIEW: &str = "now";
const MOVED: &str = "moved";
const PROGRESS: &str = "progress";

/// Draws parts without their page, in the words that the page has.
#[must_use]
pub fn alone(spec: &'static KernelSpec, parts: Vec<Part>) -> AnyView {
    provide_context(Catalogue::from(spec));
    let drawn = parts.into_iter().map(|part| draw(spec, part));
    // One after the other, without the marks of a list.
    let both = |before, part| view! { {before} {part} }.into_any();
    drawn.reduce(both).unwrap_or_else(|| ().into_any())
}

/// Draws a part in its page.
fn draw(spec: &KernelSpec, part: Part) -> AnyView {
    match part {
        Part::Status { status, viewer } => self::status(spec, &status, viewer),
        Part::Overview { overview, viewer, unfinished } => {
            self::overview(spec, &overview, viewer, &unfinished)
        }
        Part::Moved(compared) => moved(spec, compared.as_deref()),
        Part::Confirm(compared) => {
            forms::confirm_button(&compared.action, compared.can_be_confirmed())
        }
        Part::Progress { answer, viewer } => of_action(spec, &answer, viewer),
    }
}

/// The overview, and what keeps it up to date.
pub(super) fn live_overview(
    spec: &KernelSpec,
    overview: Overview,
    viewer: Option<ActorRole>,
    unfinished: UnfinishedActions,
) -> AnyView {
    let part = draw(
        spec,
        Part::Overview { overview: Box::new(overview), viewer, unfinished: Box::new(unfinished) },
    );
    let first = "Not live: this page shows one observation.".to_owned();
    view! {
        <Live part=OVERVIEW.to_owned() at="/parts/overview".to_owned() first=first/>
        {part}
    }
    .into_any()
}

/// The notice beside an open confirmation. Nothing else on its page moves.
pub(super) fn live_moved(spec: &KernelSpec, id: ActionId) -> AnyView {
    view! {
        <div class="moved-notice">
            <div role="status">{draw(spec, Part::Moved(None))}</div>
            <Live part=MOVED.to_owned() at=format!("/parts/actions/{id}/moved") first=String::new()/>
        </div>
    }
    .into_any()
}

/// How the action of the page stands while it is running; its end is put in place as it comes.
pub(super) fn live_progress(
    spec: &KernelSpec,
    answer: &ActionAnswer,
    viewer: Option<ActorRole>,
) -> AnyView {
    let at = format!("/parts/actions/{}/progress", answer.id);
    let first = "So far; reload to see how far it is now.".to_owned();
    view! {
        <section aria-label="Under way">
            <Live part=PROGRESS.to_owned() at=at first=first/>
            {of_action(spec, answer, viewer)}
        </section>
    }
    .into_any()
}

/// The strip. Whoever puts it in place says what the title of the page begins with, and reads out what
/// changed.
pub(super) fn status(
    spec: &KernelSpec,
    shown: &ClusterStatus,
    viewer: Option<ActorRole>,
) -> AnyView {
    let at = shown.state.as_ref().ok().map(|state| state.observation.observed_at.to_string());
    view! {
        <div
            id=STATUS
            translate="no"
            data-trouble=components::status::trouble(spec, shown).unwrap_or_default()
            data-says=components::status::spoken(spec, shown)
            data-from=at
        >
            {components::status::status(spec, shown, viewer)}
        </div>
    }
    .into_any()
}

fn overview(
    spec: &KernelSpec,
    overview: &Overview,
    viewer: Option<ActorRole>,
    unfinished: &UnfinishedActions,
) -> AnyView {
    let at = overview.state.observation.observed_at;
    view! {
        <div
            class="overview"
            id=OVERVIEW
            translate="no"
            data-live="Live: updated on each change."
            data-lost=format!("Not live since {at}: reload to see the present.")
        >
            {components::overview::overview(spec, overview, viewer, unfinished)}
        </div>
    }
    .into_any()
}

fn moved(spec: &KernelSpec, compared: Option<&Compared>) -> AnyView {
    let (state, words) = moved_words(spec, compared);
    view! {
        <p
            id=MOVED
            data-state=state
            data-lost="This page no longer hears of changes. A confirmation is compared with the cluster at that moment."
        >
            {words}
        </p>
    }
    .into_any()
}

fn moved_words(spec: &KernelSpec, compared: Option<&Compared>) -> (&'static str, String) {
    if let Some(Compared { stage, .. }) = compared.filter(|compared| !compared.stage.waits()) {
        let words = format!(
            "This action no longer waits for a confirmation: it is {stage}. Reload to see it as it stands."
        );
        return ("moved", words);
    }
    let mut moved = compared.map(Compared::moved).unwrap_or_default();
    spec.sort(&mut moved);
    if moved.is_empty() {
        let words = "This page is not updated while you decide. A confirmation is compared with the cluster at that moment; \
                     if a pinned fact has moved, it is refused and nothing runs.";
        return ("still", words.to_owned());
    }
    let named: Vec<_> = moved.iter().take(MOVED_NAMED_MAX).map(FactChange::to_string).collect();
    let more = moved.len().saturating_sub(MOVED_NAMED_MAX);
    let more =
        if more > 0 { format!("; and {}", counted(more, "more fact")) } else { String::new() };
    let later = compared.map(later).unwrap_or_default();
    let words = format!(
        "The cluster changed after this explanation was made: {}{more}. {later}As things stand, a \
         confirmation would be refused.",
        escaped(&named.join("; "))
    );
    ("moved", words)
}

/// Who did what meanwhile.
fn later(compared: &Compared) -> String {
    let one = |ran: &LaterAction| {
        let by: Vec<_> = ran.by.iter().map(ToString::to_string).collect();
        format!("{} by {} at {}", words::title(&ran.action), by.join(" and "), ran.at)
    };
    let named: Vec<_> = compared.later.iter().map(one).collect();
    if named.is_empty() {
        return String::new();
    }
    format!("Since then: {}. ", escaped(&named.join("; ")))
}

fn of_action(spec: &KernelSpec, answer: &ActionAnswer, viewer: Option<ActorRole>) -> AnyView {
    let live = if answer.is_running() {
        "Live: updated as it goes on. Leaving this page stops nothing."
    } else {
        "It is over. The result stands here; reload for its records."
    };
    view! {
        <div
            id=PROGRESS
            translate="no"
            data-live=live
            data-lost="Not live: reload to see how it stands now."
        >
            {progress::of_action(spec, answer, viewer)}
        </div>
    }
    .into_any()
}
