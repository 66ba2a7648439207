//! What came of an action, or why nothing did.

use crate::model::action::{Action, Stage};
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, Interrupted, Outcome};
use crate::model::cluster::ReceiptStatus;
use crate::model::facts::FactChange;
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone};
use crate::model::record::ManualOutcome;
use crate::model::spec::KernelSpec;
use crate::model::text::{ActorName, Reason};
use crate::ui::components::effects::differences;
use crate::ui::components::words::{self, escaped, hash, time};
use crate::ui::components::{notice, rules};
use leptos::prelude::*;

/// What came of the action so far; `None` while it waits for its operator.
#[must_use]
pub fn outcome(
    spec: &KernelSpec,
    answer: &ActionAnswer,
    viewer: Option<ActorRole>,
) -> Option<AnyView> {
    let (tone, heading, body) = match (&answer.outcome, answer.interrupted) {
        (Some(outcome), _) => of_outcome(spec, outcome),
        (None, Some(interrupted)) => of_interruption(interrupted),
        (None, None) => of_stage(answer, viewer)?,
    };
    let kernel = answer.kernel_says.as_ref().map(|status| kernel_says(status, answer.interrupted));
    let section = view! {
        <section class="outcome" data-tone=tone>
            <h2>{heading}</h2>
            {body}
            {kernel}
        </section>
    };
    Some(section.into_any())
}

/// What came of the action, as its last record says.
#[must_use]
pub fn recorded(spec: &KernelSpec, outcome: &Outcome) -> AnyView {
    let (tone, heading, body) = of_outcome(spec, outcome);
    view! {
        <section class="outcome" data-tone=tone>
            <h3>{heading}</h3>
            {body}
        </section>
    }
    .into_any()
}

/// What an open action holds up, and what it does not.
fn until_resolved() -> String {
    let but_for = words::catalogue().but_for_ways_out();
    format!(
        "Nothing is repaired or sent again by itself. Until an operator resolves it, further mutations \
         of this cluster are refused{but_for}."
    )
}

type OutcomePart = (&'static str, &'static str, AnyView);

fn of_outcome(spec: &KernelSpec, outcome: &Outcome) -> OutcomePart {
    match outcome {
        Outcome::Executed { receipt, differences, observed_after } => {
            executed(spec, receipt, differences, *observed_after)
        }
        Outcome::Refused { refusal } => ("stop", "Refused by the kernel", kernel_refusal(refusal)),
        Outcome::Unknown { why } => {
            let body = view! {
                <p>
                    <strong>"It may have run."</strong>
                    {format!(" What is known: {}", escaped(why))}
                </p>
                <p>{until_resolved()}</p>
            };
            ("unknown", "Outcome unknown", body.into_any())
        }
        Outcome::Voided { tombstone } => ("plain", "Voided", voided(tombstone)),
        Outcome::Found { executed, evidence, by } => found(*executed, evidence, by),
    }
}

fn executed(
    spec: &KernelSpec,
    receipt: &Receipt,
    found: &[FactChange],
    observed_after: bool,
) -> OutcomePart {
    let (tone, compared) = if !observed_after {
        let text = "No observation was made at that moment, so what was explained and what is so \
            were not compared.";
        ("unknown", view! { <p>{text}</p> }.into_any())
    } else if found.is_empty() {
        let text = "The result matches the prediction.";
        ("done", view! { <p>{text}</p> }.into_any())
    } else {
        let body = view! {
            <p>
                <strong>"The observation after it differs from what was explained."</strong>
            </p>
            {differences(spec, found)}
        };
        ("stop", body.into_any())
    };
    let body = view! {
        <p>{escaped(&receipt.result)}</p>
        {compared}
        {receipt_facts(receipt)}
    };
    let heading = match tone {
        "done" => "Executed once, as explained",
        "stop" => "Executed once, with differences",
        _ => "Executed once, not compared",
    };
    (tone, heading, body.into_any())
}

/// The kernel's proof, field by field.
#[must_use]
pub fn receipt_facts(receipt: &Receipt) -> AnyView {
    let number = |value: Option<u64>| {
        value.map_or_else(|| "does not apply".to_owned(), |value| value.to_string())
    };
    let action: &Action = &receipt.action;
    let generation = format!("{} after", words::capital(&words::catalogue().generation()));
    let answer = if receipt.duplicate {
        "repeated: the id had run before, and this is its first receipt"
    } else {
        "first"
    };
    view! {
        <dl class="facts">
            <div>
                <dt>"Receipt for"</dt>
                <dd>{words::title(action)}" "<code>{receipt.action_id.to_string()}</code></dd>
            </div>
            <div>
                <dt>"Executed at"</dt>
                <dd>{time(receipt.executed_at)}", by the kernel's clock"</dd>
            </div>
            <div>
                <dt>{generation}</dt>
                <dd>{number(receipt.generation)}</dd>
            </div>
            <div>
                <dt>"Log position"</dt>
                <dd>{number(receipt.position)}</dd>
            </div>
            <div>
                <dt>"Delivery"</dt>
                <dd>{answer}</dd>
            </div>
            <div>
                <dt>"Authorised by record"</dt>
                <dd>{format!("{} ", receipt.witness.seq)}{hash(&receipt.witness.hash)}</dd>
            </div>
        </dl>
    }
    .into_any()
}

fn kernel_refusal(refusal: &KernelRefusal) -> AnyView {
    let cited = (!refusal.invariants.is_empty()).then(|| notice::invariants(&refusal.invariants));
    view! {
        <p>"Nothing ran. The kernel's own words, which are final:"</p>
        <blockquote>
            <p>{escaped(&refusal.sentence)}</p>
        </blockquote>
        <p>"Rule: "<code>{escaped(&refusal.rule)}</code></p>
        {cited}
    }
    .into_any()
}

fn voided(tombstone: &Tombstone) -> AnyView {
    view! {
        <p>"It never ran and never can: its id is void in the kernel."</p>
        <p>{escaped(&tombstone.result)}</p>
        <p>"Voided at "{time(tombstone.voided_at)}", by the kernel's clock."</p>
    }
    .into_any()
}

/// What an operator said. Its tone stays that of the unknown: nothing was proven.
fn found(executed: ManualOutcome, evidence: &Reason, by: &ActorName) -> OutcomePart {
    let heading = match executed {
        ManualOutcome::Executed => "Found: it ran",
        ManualOutcome::NotExecuted => "Found: it did not run",
    };
    let body = view! {
        <p>
            {format!("{by} says so. The kernel could neither prove nor resolve it. ")}
            "Nothing was sent again."
        </p>
        <dl class="facts">
            <div>
                <dt>"Evidence"</dt>
                <dd>{escaped(evidence.as_str())}</dd>
            </div>
        </dl>
    };
    ("unknown", heading, body.into_any())
}

fn of_interruption(interrupted: Interrupted) -> OutcomePart {
    let (heading, text) = match interrupted {
        Interrupted::NeverSent => (
            "Interrupted: never sent",
            "The control plane stopped after the confirmation. The record that comes before \
             sending does not exist, so nothing was sent and nothing ran.",
        ),
        Interrupted::OutcomeUnknown => (
            "Interrupted: outcome unknown",
            "The control plane stopped after it recorded that the order is about to be sent. It \
             may have run.",
        ),
    };
    let body = view! {
        <p>{text}</p>
        <p>{until_resolved()}</p>
    };
    ("unknown", heading, body.into_any())
}

fn of_stage(answer: &ActionAnswer, viewer: Option<ActorRole>) -> Option<OutcomePart> {
    let text = |text: &'static str| view! { <p>{text}</p> }.into_any();
    let part = match answer.stage {
        Stage::Requested | Stage::Explained => return None,
        Stage::Rejected => {
            let body = view! {
                <p>"Nothing ran. A pre-condition does not hold or is unknown:"</p>
                {rules::against(&answer.explanation.checks)}
            };
            ("stop", "Rejected", body.into_any())
        }
        Stage::Stale => {
            let again = (viewer == Some(ActorRole::Operator)).then(|| {
                view! {
                    <p>
                        "This request is closed. A new one is explained afresh: "
                        <a href=again(&answer.action)>"ask again"</a> "."
                    </p>
                }
            });
            let body = view! {
                <p>"Nothing ran. Between the explanation and the confirmation these facts moved:"</p>
                {notice::moved(&answer.moved)}
                {again}
            };
            ("stop", "Stale", body.into_any())
        }
        Stage::Withdrawn => ("plain", "Withdrawn", text("Nothing ran. The request is closed.")),
        Stage::FirstConfirmed => (
            "open",
            "Confirmed by one of two",
            text("Nothing ran. It waits for a second operator, who confirms the same digest."),
        ),
        Stage::Confirmed => ("open", "Confirmed", text("It is about to be sent.")),
        Stage::Dispatched => (
            "open",
            "Running",
            text("It was sent to the kernel. What came of it is not recorded yet."),
        ),
        Stage::Executed => ("done", "Executed", text("It ran, once.")),
        Stage::Refused => ("stop", "Refused by the kernel", text("Nothing ran.")),
        Stage::Unknown => ("unknown", "Outcome unknown", text("It may have run.")),
        Stage::Voided => ("plain", "Voided", text("It never ran and never can.")),
        Stage::FoundExecuted => ("unknown", "Found: it ran", text("An operator found that.")),
        Stage::FoundNotExecuted => {
            ("unknown", "Found: it did not run", text("An operator found that."))
        }
    };
    Some(part)
}

/// The form that asks for the same thing again, as a new request.
fn again(action: &Action) -> String {
    let mut address = format!("/actions/new?kind={}", action.kind());
    for (name, value) in action.params() {
        address.push_str(&format!("&{name}={}", in_query(value)));
    }
    address
}

/// A value as it stands in a query: a parameter can be any line of text.
fn in_query(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn kernel_says(status: &ReceiptStatus, interrupted: Option<Interrupted>) -> AnyView {
    let body = match status {
        ReceiptStatus::Executed { receipt } => view! {
            <p>"The kernel holds a receipt under this id: it ran."</p>
            {receipt_facts(receipt)}
        }
        .into_any(),
        ReceiptStatus::Voided { tombstone } => voided(tombstone),
        // What was never sent cannot be under way: here the kernel's answer agrees with the record.
        ReceiptStatus::NoneYet { .. } if interrupted == Some(Interrupted::NeverSent) => {
            view! { <p>"The kernel holds nothing under this id."</p> }.into_any()
        }
        ReceiptStatus::NoneYet { .. } => view! {
            <p>
                "The kernel holds nothing under this id now. That proves nothing: an order that is \
                still under way may run later."
            </p>
        }
        .into_any(),
    };
    view! {
        <h3>"What the kernel says now"</h3>
        {body}
    }
    .into_any()
}
