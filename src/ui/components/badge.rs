//! A state in a word, a shape and a colour: the word alone says it all.

use crate::model::action::Stage;
use crate::model::answer::Interrupted;
use crate::model::explanation::Verdict;
use crate::model::facts::{Fact, Value};
use crate::model::spec::{FactSpec, KernelSpec, PRIMARY_ROLE, REACHABLE, ROLE};
use crate::ui::components::words::escaped;
use leptos::prelude::*;

/// The shape of a primary, in a box of 12 by 12: a hexagon.
pub const PRIMARY: &str = "M6 .8 10.5 3.4V8.6L6 11.2 1.5 8.6V3.4Z";
/// The shape of the first role after that of the primary: a circle.
pub const STANDBY: &str = "M6 1.4A4.6 4.6 0 1 0 6 10.6 4.6 4.6 0 1 0 6 1.4Z";
/// The shape of any further role: a triangle.
pub const OTHER_ROLE: &str = "M6 1.4 10.8 10H1.2Z";
/// The shape of what could not be read: a question mark.
pub const QUESTION: &str = "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4C6.3 6.7 6 7.1 6 7.9M6 10.1V10.5";

const CHECK: &str = "M2 6.5 5 9.5 10.2 2.8";
const CROSS: &str = "M2.6 2.6 9.4 9.4M9.4 2.6 2.6 9.4";
const DASH: &str = "M2 6H10";
const ARROW: &str = "M1.6 6H10M6.6 2.6 10 6 6.6 9.4";
const NOT_EQUAL: &str = "M2 4.4H10M2 7.6H10M8 1.8 4 10.2";
const EYE: &str =
    "M1 6C3.4 2.4 8.6 2.4 11 6 8.6 9.6 3.4 9.6 1 6ZM6 4.6A1.4 1.4 0 1 0 6 7.4 1.4 1.4 0 1 0 6 4.6Z";
/// The shape of nobody and nothing: a circle struck through.
pub const VOID: &str = "M6 1.4A4.6 4.6 0 1 0 6 10.6 4.6 4.6 0 1 0 6 1.4ZM2.8 9.2 9.2 2.8";
const OPEN: &str = "M6 1.4A4.6 4.6 0 1 0 6 10.6 4.6 4.6 0 1 0 6 1.4ZM6 3.4V6.2L8 7.4";

fn badge(word: &str, tone: &'static str, shape: &'static str) -> AnyView {
    marked(word, tone, shape, None)
}

/// A badge that also names its stage to style sheets and to tests.
fn marked(
    word: &str,
    tone: &'static str,
    shape: &'static str,
    stage: Option<&'static str>,
) -> AnyView {
    view! {
        <span class="badge" data-tone=tone data-stage=stage>
            <svg viewBox="0 0 12 12" aria-hidden="true">
                <path d=shape/>
            </svg>
            <span>{word.to_owned()}</span>
        </span>
    }
    .into_any()
}

/// The stage of an action. A stop of the control plane changes what the stage means, so it is said
/// in the same place.
#[must_use]
pub fn stage(stage: Stage, interrupted: Option<Interrupted>) -> AnyView {
    let (tone, shape) = match stage {
        Stage::Requested | Stage::Withdrawn => ("plain", DASH),
        Stage::Explained | Stage::FirstConfirmed | Stage::Confirmed => ("open", OPEN),
        Stage::Dispatched => ("open", ARROW),
        Stage::Executed => ("done", CHECK),
        Stage::Rejected | Stage::Refused => ("stop", CROSS),
        Stage::Stale => ("stop", NOT_EQUAL),
        Stage::Unknown => ("unknown", QUESTION),
        Stage::Voided => ("plain", VOID),
        Stage::FoundExecuted | Stage::FoundNotExecuted => ("unknown", EYE),
    };
    let (word, tone, shape) = match interrupted {
        None => (stage.word().to_owned(), tone, shape),
        Some(Interrupted::NeverSent) => {
            (format!("{stage}, interrupted: never sent"), "unknown", VOID)
        }
        Some(Interrupted::OutcomeUnknown) => {
            (format!("{stage}, interrupted: outcome unknown"), "unknown", QUESTION)
        }
    };
    marked(&word, tone, shape, Some(stage.word()))
}

/// The verdict of a check.
#[must_use]
pub fn verdict(verdict: Verdict) -> AnyView {
    match verdict {
        Verdict::Pass => badge(verdict.word(), "done", CHECK),
        Verdict::Fail => badge(verdict.word(), "stop", CROSS),
        Verdict::Unknown => badge(verdict.word(), "unknown", QUESTION),
    }
}

/// Whether a statement of a checklist holds: what does not hold yet is no failure.
#[must_use]
pub fn holds(verdict: Verdict) -> AnyView {
    match verdict {
        Verdict::Pass => badge("holds", "done", CHECK),
        Verdict::Fail => badge("does not hold", "plain", DASH),
        Verdict::Unknown => badge(verdict.word(), "unknown", QUESTION),
    }
}

/// The shape that stands for a role: the primary's, and one for each further role of the kernel.
#[must_use]
pub fn role_shape(spec: &KernelSpec, role: &Fact<String>) -> &'static str {
    let Some(role) = role.known() else { return QUESTION };
    match spec.roles.iter().position(|word| word == role) {
        _ if role == PRIMARY_ROLE => PRIMARY,
        Some(0 | 1) => STANDBY,
        Some(_) => OTHER_ROLE,
        None => QUESTION,
    }
}

/// The role of a node.
#[must_use]
pub fn role(spec: &KernelSpec, role: &str) -> AnyView {
    let tone = if role == PRIMARY_ROLE { "primary" } else { "plain" };
    badge(&escaped(role), tone, role_shape(spec, &Fact::Known(role.to_owned())))
}

/// Whether a node is reachable.
#[must_use]
pub fn reachable(reachable: bool) -> AnyView {
    if reachable { badge("yes", "plain", CHECK) } else { badge("no", "stop", CROSS) }
}

/// A known value of a node: its role and its reachability are badges, any other is words.
#[must_use]
pub fn value(spec: &KernelSpec, of: &FactSpec, known: &Value) -> AnyView {
    match known {
        Value::Text(word) if of.key == ROLE => role(spec, word),
        Value::Flag(is_reachable) if of.key == REACHABLE => reachable(*is_reachable),
        other => view! { <span>{escaped(&of.words(other))}</span> }.into_any(),
    }
}
