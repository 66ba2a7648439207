//! How the words of a request become an action of a kernel.

use super::{
    ActionSpec, AttestationForm, AttestationSpec, KernelSpec, ParameterKind, ParameterSpec,
};
use crate::model::action::{Action, ActionKind, LogPosition};
use crate::model::attestation::{AFFIRMED, ATTESTED_PREFIX, Attestations};
use crate::model::text::{InputError, NodeId, PlaceName, is_unsafe_char};
use std::collections::BTreeMap;

pub(super) fn action(
    spec: &KernelSpec,
    kind: &str,
    params: &BTreeMap<String, String>,
) -> Result<Action, InputError> {
    let entry = entry(spec.actions, kind)?;
    let takes = |name: &str| entry.parameters.iter().any(|parameter| parameter.name == name);
    if let Some((name, value)) = params.iter().find(|(name, _)| !takes(name)) {
        let names: Vec<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
        let takes = match names.as_slice() {
            [] => "no parameter".to_owned(),
            [one] => format!("only the parameter {one}"),
            more => format!("only the parameters {}", more.join(", ")),
        };
        return Err(InputError::new(name, value, format!("absent: {} takes {takes}", entry.kind)));
    }
    let text = |name: &str| params.get(name).map_or("", String::as_str);
    let value =
        |parameter: &ParameterSpec| Ok((parameter.name, value(parameter, text(parameter.name))?));
    let values: Result<Vec<_>, InputError> = entry.parameters.iter().map(value).collect();
    Ok(Action::made(entry.kind, values?))
}

/// The action of this name among those that a catalogue lists.
pub(super) fn entry<'a>(
    actions: impl IntoIterator<Item = &'a ActionSpec> + Clone,
    kind: &str,
) -> Result<&'a ActionSpec, InputError> {
    let found = ActionKind::parse_form(kind).ok();
    let found = found.and_then(|kind| actions.clone().into_iter().find(|a| a.kind == kind));
    found.ok_or_else(|| {
        let names: Vec<String> =
            actions.into_iter().map(|action| action.kind.to_string()).collect();
        InputError::new("kind", kind, format!("one of {}", names.join(", ")))
    })
}

/// The value of a parameter, in the one form in which it is written.
fn value(parameter: &ParameterSpec, text: &str) -> Result<String, InputError> {
    let name = parameter.name;
    Ok(match parameter.kind {
        ParameterKind::Member { .. } | ParameterKind::Joining => {
            NodeId::parse_field(name, text)?.to_string()
        }
        ParameterKind::Position { .. } => LogPosition::parse_field(name, text)?.to_string(),
        ParameterKind::Name | ParameterKind::Item { .. } => {
            PlaceName::parse_field(name, text)?.to_string()
        }
        ParameterKind::Text { chars_max } => line(name, text, chars_max)?,
    })
}

/// One line of plain text. White space around it is dropped, as a form and a shell may add it.
fn line(field: &str, text: &str, chars_max: usize) -> Result<String, InputError> {
    let line = text.trim();
    let fits = (1..=chars_max).contains(&line.chars().count());
    if fits && !line.chars().any(is_unsafe_char) {
        return Ok(line.to_owned());
    }
    let required = format!(
        "plain text of 1 to {chars_max} characters on one line, without control or direction characters"
    );
    Err(InputError::new(field, text, required))
}

pub(super) fn attested(
    spec: &KernelSpec,
    kind: ActionKind,
    given: &BTreeMap<String, String>,
) -> Result<Attestations, InputError> {
    let takes = spec.action(kind).map_or(&[] as &[AttestationSpec], |entry| entry.attestations);
    let stray = given.iter().find(|(key, _)| !takes.iter().any(|asked| asked.key == **key));
    if let Some((key, value)) = stray {
        let keys: Vec<&str> = takes.iter().map(|asked| asked.key).collect();
        let takes = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
        let required = format!("absent: with {kind} can be attested {takes}");
        return Err(InputError::new(&format!("{ATTESTED_PREFIX}{key}"), value, required));
    }
    let given = |asked: &AttestationSpec| Some((asked.key, given.get(asked.key)?, asked.form));
    let values = takes.iter().filter_map(given).map(|(key, text, form)| {
        let wrong = || InputError::new(&format!("{ATTESTED_PREFIX}{key}"), text, form.limits());
        attestation(form, text).map(|value| (key, value)).ok_or_else(wrong)
    });
    Ok(Attestations::made(values.collect::<Result<Vec<_>, _>>()?))
}

/// The value of an attestation in the one form in which it is written: a form of a page ends lines
/// otherwise than a terminal, and a shell drops the last end of a line. `None` where it is none.
fn attestation(form: AttestationForm, text: &str) -> Option<String> {
    match form {
        AttestationForm::Statement => (text == AFFIRMED).then(|| text.to_owned()),
        AttestationForm::Text { chars_max } => {
            let text = text.replace("\r\n", "\n").trim_end().to_owned();
            let is_plain = |c: char| matches!(c, '\n' | '\t') || !is_unsafe_char(c);
            let fits = (1..=chars_max).contains(&text.chars().count());
            (fits && text.chars().all(is_plain)).then_some(text)
        }
    }
}
