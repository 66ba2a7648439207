//! The forms that ask for something. Each is plain HTML that works without a script, carries no
//! flag, and has nothing filled in or ticked in advance (C2.4).

use crate::model::action::{Action, ActionId};
use crate::model::answer::ActionAnswer;
use crate::model::pinned::Freeze;
use crate::model::text::{ActorName, REASON_CHARS_MAX};
use crate::ui::EnvironmentClass;
use crate::ui::components::words::{self, escaped};
use leptos::prelude::*;

/// What stands in place of a confirmation that this session cannot give any more.
const NOWHERE: &str = "Your sign-in is too old for this action. You signed in through a provider that is no longer configured; an operator with a password can request this action.";

/// Whether a form asks its reader for a proof of identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofShown {
    /// It does not: the last one is recent.
    Recent,
    /// It asks for the password.
    Asked,
    /// It sends the reader to the provider of this name, and comes after that.
    AskedThere(String),
    /// It cannot be asked for: nobody vouches any more for whoever has no password.
    Nowhere,
}

/// The line in which a person says why.
#[must_use]
pub fn reason_field(id: &'static str, typed_before: Option<String>) -> AnyView {
    let hint = format!("{id}-hint");
    let typed_before = typed_before.map(|reason| escaped(&reason));
    let words = format!("One line of plain text, at most {REASON_CHARS_MAX} characters. Recorded.");
    view! {
        <p class="field">
            <label for=id>"Reason"</label>
            <input
                type="text"
                id=id
                name="reason"
                required
                maxlength=REASON_CHARS_MAX.to_string()
                autocomplete="off"
                aria-describedby=hint.clone()
                value=typed_before
            />
            <small id=hint>{words}</small>
        </p>
    }
    .into_any()
}

/// What the confirmation asks for beside the digest, and of whom.
pub struct ConfirmForm<'a> {
    /// Whether it asks for a proof of identity.
    pub proof: &'a ProofShown,
    /// What was typed as the target before, where only the proof was missing.
    pub typed_before: Option<&'a str>,
    /// Whose password is asked for.
    pub reader: Option<&'a ActorName>,
    /// Whether it says that this is production.
    pub environment: EnvironmentClass,
    /// The field for which the attempt before was refused: the focus goes there.
    pub in_error: Option<&'a str>,
}

/// The confirmation of exactly what was explained. The button is the last thing on the form and
/// never has the first focus.
#[must_use]
pub fn confirm(answer: &ActionAnswer, asked: &ConfirmForm) -> AnyView {
    let ConfirmForm { proof, typed_before, reader, environment, in_error } = asked;
    let is_in_error = |field| *in_error == Some(field);
    let action = format!("/actions/{}/confirm", answer.id);
    let title = words::title(&answer.action);
    let identity = &answer.explanation.pinned.identity;
    let place = format!("{} {}", identity.environment, identity.cluster);
    let waits_after = answer.explanation.pinned.second_operator && answer.confirmed_by.is_empty();
    let what = if waits_after {
        "Runs this once a second operator has confirmed it too"
    } else {
        "Runs this once"
    };
    let digest = answer.digest.to_string();
    let short: String = digest.chars().take(12).collect();
    let typed = answer.explanation.typed_target.as_ref().map(|target| {
        view! {
            <p class="field">
                <label for="typed-target">
                    "Type " <strong>{target.clone()}</strong> " to confirm, on " {place.clone()}
                </label>
                <input
                    type="text"
                    id="typed-target"
                    name="typed_target"
                    required
                    value=typed_before.map(escaped)
                    autofocus=is_in_error("typed_target")
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                />
            </p>
        }
    });
    let password = match proof {
        _ if typed.is_none() => None,
        ProofShown::Recent => None,
        ProofShown::Asked => Some(password_field(*reader, is_in_error("password"))),
        ProofShown::AskedThere(provider) => return prove(answer.id, provider),
        ProofShown::Nowhere => return view! { <p class="none">{NOWHERE}</p> }.into_any(),
    };
    let production = (*environment == EnvironmentClass::Production)
        .then(|| view! { <p data-kind="production">"This is production."</p> });
    let after_refusal = answer.after_refusal.map(|seq| {
        view! {
            <p>
                "A confirmation of it was refused: record "
                <a href=format!("/log/{seq}")>{seq.to_string()}</a> ". Nothing ran."
            </p>
            <input type="hidden" name="after_refusal" value=seq.to_string()/>
        }
    });
    view! {
        <form class="form" method="post" action=action autocomplete="off">
            <h3>"Confirm"</h3>
            {production}
            <p>
                {format!("{what}, on {place}: {title}. The confirmation repeats the digest ")}
                <code>{short}</code> "; if a pinned fact has moved, it is refused and nothing runs."
            </p>
            <input type="hidden" name="digest" value=digest/>
            {after_refusal}
            {typed}
            {password}
            {confirm_button(&answer.action, true)}
        </form>
    }
    .into_any()
}

/// What confirms an action, by itself: it is put in place again when something moved.
#[must_use]
pub fn confirm_button(action: &Action, is_open: bool) -> AnyView {
    view! {
        <button id="confirm-button" type="submit" data-tone="act" disabled=!is_open>
            {format!("Confirm: {}", words::title(action))}
        </button>
    }
    .into_any()
}

/// The password, asked for on the spot, beside the account that it is of: what fills in a password fills in
/// the name of the account with it, and must find a field for that which is not the target.
fn password_field(reader: Option<&ActorName>, is_in_error: bool) -> AnyView {
    let account = reader.map(|name| {
        view! {
            <p class="field">
                <label for="confirm-account">"Account"</label>
                <input
                    type="text"
                    id="confirm-account"
                    readonly
                    autocomplete="username"
                    value=name.to_string()
                />
            </p>
        }
    });
    view! {
        {account}
        <p class="field">
            <label for="confirm-password">"Password"</label>
            <input
                type="password"
                id="confirm-password"
                name="password"
                required
                autofocus=is_in_error
                autocomplete="current-password"
                aria-describedby="confirm-password-hint"
            />
            <small id="confirm-password-hint">
                "Re-enter your password: your last sign-in is too old for this action. It is checked now and never recorded."
            </small>
        </p>
    }
    .into_any()
}

/// The way to a provider that lets its person prove who they are, and back to this page.
fn prove(id: ActionId, provider: &str) -> AnyView {
    let provider = escaped(provider);
    view! {
        <form class="form" method="post" action="/login/openid">
            <h3>"Re-authenticate"</h3>
            <p>
                {format!(
                    "Your sign-in is too old for this action. {provider} asks you to sign in again; then this page opens with the same explanation, and you confirm the action here.",
                )}
            </p>
            <input type="hidden" name="next" value=format!("/actions/{id}")/>
            <input type="hidden" name="anew" value="yes"/>
            <button type="submit">{format!("Go to {provider}")}</button>
        </form>
    }
    .into_any()
}

/// Takes a request back before it is confirmed.
#[must_use]
pub fn withdraw(answer: &ActionAnswer) -> AnyView {
    view! {
        <form class="form" method="post" action=format!("/actions/{}/withdraw", answer.id)>
            <h3>"Withdraw"</h3>
            <p>"Closes the request. Nothing runs."</p>
            {reason_field("withdraw-reason", None)}
            <button type="submit">"Withdraw the request"</button>
        </form>
    }
    .into_any()
}

/// Asks the kernel for the receipt of an action, or to make its id void for ever.
#[must_use]
pub fn resolve(answer: &ActionAnswer) -> AnyView {
    view! {
        <form class="form" method="post" action=format!("/actions/{}/resolve", answer.id)>
            <h3>"Resolve"</h3>
            <p>
                "Asks the kernel once: if the action ran, its receipt is recorded; if it did not, \
                its id becomes void and it never can. Nothing is run by this."
            </p>
            {reason_field("resolve-reason", None)}
            <button type="submit" data-tone="act">
                "Resolve the action"
            </button>
        </form>
    }
    .into_any()
}

/// Says what was found about an action that the kernel cannot resolve. Nothing is ticked in advance.
#[must_use]
pub fn finding(answer: &ActionAnswer) -> AnyView {
    let limit = REASON_CHARS_MAX.to_string();
    let choice = |value: &'static str, words: &'static str| {
        let id = format!("executed-{value}");
        view! {
            <p>
                <input type="radio" id=id.clone() name="executed" value=value required/>
                <label for=id>
                    <strong>{value}</strong>
                    <span>{words}</span>
                </label>
            </p>
        }
    };
    view! {
        <form
            class="form"
            method="post"
            action=format!("/actions/{}/finding", answer.id)
            autocomplete="off"
        >
            <h3>"Record a finding"</h3>
            <p>
                "The kernel cannot tell what became of this action, and holds no proof of it. Say what \
                you found in the cluster itself, and what that rests on. It is recorded under your \
                name and closes the action; nothing is sent."
            </p>
            <fieldset class="choice">
                <legend>"Was it executed"</legend>
                {choice("yes", "it ran")}
                {choice("no", "it did not run, and cannot any more")}
            </fieldset>
            <p class="field">
                <label for="finding-evidence">"Evidence"</label>
                <input
                    type="text"
                    id="finding-evidence"
                    name="evidence"
                    required
                    maxlength=limit
                    autocomplete="off"
                />
            </p>
            <button type="submit" data-tone="act">
                "Record the finding"
            </button>
        </form>
    }
    .into_any()
}

/// Declares that nothing is to change.
#[must_use]
pub fn freeze(id: ActionId) -> AnyView {
    view! {
        <form class="form" method="post" action="/freeze" autocomplete="off">
            <h2>"Freeze"</h2>
            <p>
                "Refuses every request and every confirmation, of every operator, until one lifts \
                it. What was confirmed before runs to its end. A freeze does not end by itself."
            </p>
            <input type="hidden" name="freeze_id" value=id.to_string()/>
            {reason_field("freeze-reason", None)}
            <button type="submit">"Declare a freeze"</button>
        </form>
    }
    .into_any()
}

/// Lifts the freeze that the page shows, and no later one.
#[must_use]
pub fn unfreeze(freeze: &Freeze) -> AnyView {
    view! {
        <form class="form" method="post" action="/unfreeze" autocomplete="off">
            <h2>"Lift the freeze"</h2>
            <p>
                {format!(
                    "Lifts the freeze that {} declared in record {}. Nothing runs by this; what is \
                    explained can be confirmed again if no pinned fact has moved.",
                    freeze.by,
                    freeze.seq,
                )}
            </p>
            <input type="hidden" name="freeze" value=freeze.seq.to_string()/>
            {reason_field("unfreeze-reason", None)}
            <button type="submit" data-tone="act">
                "Lift the freeze"
            </button>
        </form>
    }
    .into_any()
}
