//! An explanation that is kept, held against the records that name it. Pure: no file, no clock.
//!
//! Whoever holds the key of the log can write records anew and sign them. What an operator read is
//! kept under its own hash and names who asked for what and why: the two have to say the same.

use crate::ledger::RecordedExplanation;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::finding::{Finding, FindingKind, FindingSubject};
use crate::model::record::Entry;
use serde_json::{Value, json};

/// Where an explanation and the records about it do not say the same.
#[must_use]
pub fn compare(told: &RecordedExplanation) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut differ = |what: String, expected: String| {
        let subject = FindingSubject::Explanation { seq: told.place.seq, hash: told.place.hash };
        found.push(Finding::new(FindingKind::Contradiction, subject, what, expected));
    };
    let seq = told.place.seq;
    let Ok(kept) = serde_json::from_slice::<Value>(&told.explanation) else {
        differ(format!("an explanation of record {seq} that cannot be read"), "JSON".to_owned());
        return found;
    };
    if let Entry::Requested { action, reason, attested } = &told.requested.entry {
        let actor = told.requested.actor.as_ref().map(|actor| actor.name.to_string());
        let asked = told.requested.seq;
        let attested = (!attested.is_empty()).then(|| json!(attested));
        for (name, said) in [
            ("operator", Some(json!(actor))),
            ("action", Some(json!(action))),
            ("reason", Some(json!(reason))),
            ("attested", attested),
        ] {
            if kept.get(name) != said.as_ref() {
                let words = |value: Option<&Value>| {
                    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
                };
                let shown = words(kept.get(name));
                differ(
                    format!("the {name} {shown} in the explanation of record {seq}"),
                    format!("{}, as record {asked} says", words(said.as_ref())),
                );
            }
        }
    }
    let digest = digest(&kept);
    if digest != told.digest {
        differ(
            format!("the digest {digest} of the explanation of record {seq}"),
            format!("{}, as the record says", told.digest),
        );
    }
    for (place, confirmed) in &told.confirmed {
        if *confirmed != told.digest {
            differ(
                format!("a confirmation of {confirmed} in record {}", place.seq),
                format!("{}, which record {seq} explained", told.digest),
            );
        }
    }
    found
}

/// The digest of an explanation, from its bytes alone: a later program may know other fields.
fn digest(kept: &Value) -> Hash {
    let part = |name: &str| kept.get(name).cloned().unwrap_or(Value::Null);
    let checks = kept.get("checks").and_then(Value::as_array);
    let verdicts: Vec<Value> = checks
        .into_iter()
        .flatten()
        .map(|check| json!([check["invariant"], check["verdict"]]))
        .collect();
    let mut bound = json!({
        "format": part("format"),
        "action": part("action"),
        "operator": part("operator"),
        "reason": part("reason"),
        "pinned": part("pinned"),
        "verdicts": verdicts,
        "effects": part("effects"),
    });
    // What was not attested is not bound as absent, as it was before anything could be.
    if let (Some(attested), Some(bound)) = (kept.get("attested"), bound.as_object_mut()) {
        bound.insert("attested".to_owned(), attested.clone());
    }
    Hash::of(&canonical_json(&bound))
}
