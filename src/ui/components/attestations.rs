//! What an operator testifies to: the fields that ask for it, what the reference says of it, and what was
//! given. Nothing is filled in or ticked in advance (C2.4).

use crate::model::attestation::{AFFIRMED, ATTESTED_PREFIX};
use crate::model::explanation::Explanation;
use crate::model::spec::{ActionSpec, AttestationForm, AttestationSpec};
use crate::ui::components::words::{self, escaped};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// The fields of the form that asks for an action.
#[must_use]
pub fn fields(entry: &ActionSpec, typed: &BTreeMap<&'static str, String>) -> Option<AnyView> {
    let fields = entry.attestations.iter().map(|asked| field(asked, typed)).collect_view();
    let group = view! {
        <fieldset class="choice">
            <legend>"What you attest"</legend>
            <p>
                <small>"No machine can observe these. Each is recorded under your name as \
                    evidence; leave out what you do not know. A check that needs it then does \
                    not pass."</small>
            </p>
            {fields}
        </fieldset>
    };
    (!entry.attestations.is_empty()).then(|| group.into_any())
}

fn field(asked: &'static AttestationSpec, typed: &BTreeMap<&'static str, String>) -> AnyView {
    let name = format!("{ATTESTED_PREFIX}{}", asked.key);
    let id = format!("attested-{}", asked.key);
    let hint = format!("{id}-hint");
    let about = view! { <small id=hint.clone()>{asked.help} " " {asked.form.limits()} "."</small> };
    match asked.form {
        AttestationForm::Statement => view! {
            <p>
                <input
                    type="checkbox"
                    id=id.clone()
                    name=name
                    value=AFFIRMED
                    aria-describedby=hint.clone()
                />
                <label for=id>
                    <strong>{asked.label}</strong>
                </label>
                {about}
            </p>
        }
        .into_any(),
        AttestationForm::Text { chars_max } => view! {
            <p class="field">
                <label for=id.clone()>{asked.label}</label>
                <textarea
                    id=id
                    name=name
                    rows="6"
                    maxlength=chars_max.to_string()
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby=hint.clone()
                >
                    {typed.get(asked.key).map(|text| lines(text))}
                </textarea>
                {about}
            </p>
        }
        .into_any(),
    }
}

/// A text of several lines, each inert.
fn lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// What the reference says of each; nothing where none is asked for.
#[must_use]
pub fn asked(entry: &ActionSpec) -> Option<AnyView> {
    let item = |asked: &'static AttestationSpec| {
        let words = format!(": {} {} {}.", asked.label, asked.help, asked.form.limits());
        view! {
            <li>
                <code>{asked.key}</code>
                {words}
            </li>
        }
    };
    let items = entry.attestations.iter().map(item).collect_view();
    (!entry.attestations.is_empty())
        .then(|| view! { <ul class="sentences">{items}</ul> }.into_any())
}

/// What was given with a request, and by whom; nothing where that was nothing.
#[must_use]
pub fn given(explanation: &Explanation) -> Option<AnyView> {
    let entry = words::catalogue().action(explanation.action.kind());
    let one = |(key, value): (&str, &str)| {
        let asked = entry.and_then(|entry| entry.attestation(key));
        let label = asked.map_or_else(|| escaped(key), |asked| asked.label.to_owned());
        view! {
            <dt>{label} " " <code>{escaped(key)}</code></dt>
            <dd>
                <pre class="command" tabindex="0">{lines(value)}</pre>
            </dd>
        }
    };
    let all = explanation.attested.iter().map(one).collect_view();
    let by = explanation.operator.to_string();
    let section = view! {
        <h3>"Attested by "{by}</h3>
        <dl>{all}</dl>
    };
    (!explanation.attested.is_empty()).then(|| section.into_any())
}
