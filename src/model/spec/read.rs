//! A spec as a server says it, for a program that was built without that kernel.
//!
//! A spec is constant data, and so is one that was read: it is kept for as long as the process lives. A
//! command reads at most one.

use super::{
    ActionSpec, AttestationForm, AttestationSpec, ChecklistSpec, EventSpec, FactOf, FactSpec,
    FactUnit, FailureMode, InvariantSpec, ItemSpec, KernelSpec, ParameterKind, ParameterSpec,
    PositionStyle, PositionUnit,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

impl KernelSpec {
    /// Reads a spec and keeps it for ever.
    ///
    /// # Errors
    /// Names the part that is missing or has another form; a newer server may say what this program
    /// cannot read.
    pub fn read(json: &Value) -> Result<&'static Self, String> {
        let at = Object(json);
        let position = at.inner("position");
        let spec = Self {
            kind: at.text("kind")?,
            roles: at.texts("roles")?,
            facts: at.list("facts", fact)?,
            items: at.list("items", item)?,
            follows: at.optional("follows")?,
            position: PositionStyle {
                end: position.text("end")?,
                durable: position.text("durable")?,
                generation: position.text("generation")?,
                branch: position.text("branch")?,
                unit: unit_between(position.inner("unit"))?,
            },
            actions: at.list("actions", action)?,
            invariants: at.list("invariants", invariant)?,
            events: at.list("events", event)?,
            checklists: at.list("checklists", checklist)?,
        };
        Ok(Box::leak(Box::new(spec)))
    }
}

fn kept(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// A JSON object whose members are asked for by name.
#[derive(Clone, Copy)]
struct Object<'a>(&'a Value);

impl<'a> Object<'a> {
    fn inner(self, key: &str) -> Self {
        Object(self.0.get(key).unwrap_or(&Value::Null))
    }

    fn text(self, key: &str) -> Result<&'static str, String> {
        self.optional(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    fn optional(self, key: &str) -> Result<Option<&'static str>, String> {
        match self.inner(key).0 {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(kept(text))),
            _ => Err(format!("{key} is no text")),
        }
    }

    /// A value that holds no text of its own.
    fn plain<T: DeserializeOwned>(self, key: &str) -> Result<T, String> {
        serde_json::from_value(self.inner(key).0.clone()).map_err(|error| format!("{key}: {error}"))
    }

    fn list<T>(
        self,
        key: &str,
        read: impl Fn(Object<'a>) -> Result<T, String>,
    ) -> Result<&'static [T], String> {
        let Value::Array(all) = self.inner(key).0 else { return Err(format!("{key} is no list")) };
        let read = |json| read(Object(json)).map_err(|error| format!("{key}: {error}"));
        let read: Vec<T> = all.iter().map(read).collect::<Result<_, String>>()?;
        Ok(Vec::leak(read))
    }

    fn texts(self, key: &str) -> Result<&'static [&'static str], String> {
        self.list(key, |one| one.0.as_str().map(kept).ok_or_else(|| "no text".to_owned()))
    }

    /// Exactly two texts.
    fn pair(self, key: &str) -> Result<[&'static str; 2], String> {
        match self.texts(key)? {
            [one, two] => Ok([one, two]),
            _ => Err(format!("{key} are not two")),
        }
    }

    fn is_null(self, key: &str) -> bool {
        self.inner(key).0.is_null()
    }
}

fn fact(at: Object<'_>) -> Result<FactSpec, String> {
    Ok(FactSpec {
        key: at.text("key")?,
        label: at.text("label")?,
        help: at.text("help")?,
        unit: match at.inner("unit") {
            Object(Value::String(word)) if word == "plain" => FactUnit::Plain,
            Object(Value::String(word)) if word == "bytes" => FactUnit::Bytes,
            other if !other.is_null("in_halves") => FactUnit::InHalves(other.text("in_halves")?),
            other => FactUnit::Of(other.text("of")?),
        },
        none: at.text("none")?,
        alarms: at.texts("alarms")?,
        of: match at.inner("of") {
            Object(Value::String(word)) if word == "cluster" => FactOf::Cluster,
            Object(Value::String(word)) if word == "node" => FactOf::Node,
            other => FactOf::Item(other.text("item")?),
        },
        binding: at.plain("binding")?,
        show: at.plain("show")?,
        sensitive: at.plain("sensitive")?,
        since: if at.is_null("since") { None } else { Some(at.pair("since")?) },
        gauge: at.optional("gauge")?,
        needed: at.optional("needed")?,
    })
}

fn item(at: Object<'_>) -> Result<ItemSpec, String> {
    Ok(ItemSpec { kind: at.text("kind")?, label: at.text("label")?, help: at.text("help")? })
}

fn unit_between(at: Object<'_>) -> Result<PositionUnit, String> {
    match at.0 {
        Value::String(word) if word == "bytes" => Ok(PositionUnit::Bytes),
        Value::String(word) if word == "bytes_in_halves" => Ok(PositionUnit::BytesInHalves),
        _ => Ok(PositionUnit::Counted(at.pair("counted")?)),
    }
}

fn action(at: Object<'_>) -> Result<ActionSpec, String> {
    Ok(ActionSpec {
        kind: at.plain("kind")?,
        title: at.text("title")?,
        phrase: at.text("phrase")?,
        meaning: at.text("meaning")?,
        class: at.plain("class")?,
        impact: at.plain("impact")?,
        target: at.plain("target")?,
        reversible: at.text("reversible")?,
        parameters: at.list("parameters", parameter)?,
        attestations: at.list("attestations", attestation)?,
        preconditions: at.list("preconditions", id)?,
        effects: at.texts("effects")?,
        failure_modes: at.list("failure_modes", |at| {
            Ok(FailureMode { when: at.text("when")?, seen: at.text("seen")? })
        })?,
        not_checked: at.texts("not_checked")?,
        engine_command: at.text("engine_command")?,
        takes_long: at.plain("takes_long")?,
        chooses_primary: at.plain("chooses_primary")?,
        way_out: at.plain("way_out")?,
    })
}

fn id<T: DeserializeOwned>(at: Object<'_>) -> Result<T, String> {
    serde_json::from_value(at.0.clone()).map_err(|error| error.to_string())
}

fn parameter(at: Object<'_>) -> Result<ParameterSpec, String> {
    Ok(ParameterSpec {
        name: at.text("name")?,
        meaning: at.text("meaning")?,
        limits: at.text("limits")?,
        kind: match at.inner("kind") {
            Object(Value::String(word)) if word == "joining" => ParameterKind::Joining,
            Object(Value::String(word)) if word == "name" => ParameterKind::Name,
            of if !of.is_null("member") => {
                ParameterKind::Member { rule: of.inner("member").plain("rule")? }
            }
            of if !of.is_null("item") => {
                let item = of.inner("item");
                ParameterKind::Item { of: item.text("of")?, rule: item.plain("rule")? }
            }
            of if !of.is_null("text") => {
                ParameterKind::Text { chars_max: of.inner("text").plain("chars_max")? }
            }
            of => ParameterKind::Position { offered: of.inner("position").text("offered")? },
        },
    })
}

fn attestation(at: Object<'_>) -> Result<AttestationSpec, String> {
    Ok(AttestationSpec {
        key: at.text("key")?,
        label: at.text("label")?,
        help: at.text("help")?,
        form: match at.inner("form") {
            Object(Value::String(word)) if word == "statement" => AttestationForm::Statement,
            other => AttestationForm::Text { chars_max: other.inner("text").plain("chars_max")? },
        },
    })
}

fn invariant(at: Object<'_>) -> Result<InvariantSpec, String> {
    Ok(InvariantSpec {
        id: at.plain("id")?,
        clause: at.text("clause")?,
        statement: at.text("statement")?,
        reason: at.text("reason")?,
    })
}

fn checklist(at: Object<'_>) -> Result<ChecklistSpec, String> {
    Ok(ChecklistSpec {
        key: at.text("key")?,
        title: at.text("title")?,
        help: at.text("help")?,
        node: at.text("node")?,
    })
}

fn event(at: Object<'_>) -> Result<EventSpec, String> {
    Ok(EventSpec {
        kind: at.plain("kind")?,
        meaning: at.text("meaning")?,
        is_refusal: at.plain("is_refusal")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::tried::TRIED;
    use serde_json::json;

    #[test]
    fn a_spec_reads_back_as_it_was() {
        let json = serde_json::to_value(TRIED).expect("plain data");
        assert_eq!(KernelSpec::read(&json), Ok(&TRIED));
    }

    #[test]
    fn what_can_be_attested_reads_back_in_each_form() {
        let statement = AttestationSpec {
            key: "host_off",
            label: "The host is off.",
            help: "Look at it.",
            form: AttestationForm::Statement,
        };
        let form = AttestationForm::Text { chars_max: 40 };
        let text = AttestationSpec { key: "control_data", form, ..statement };
        let attestations = Vec::leak(vec![statement, text]);
        let actions =
            Vec::leak(vec![ActionSpec { attestations, ..*TRIED.actions.first().expect("one") }]);
        let spec = KernelSpec { actions, ..TRIED };
        let mut json = serde_json::to_value(spec).expect("plain data");
        assert_eq!(KernelSpec::read(&json), Ok(&spec));
        let form = json.pointer_mut("/actions/0/attestations/1/form").expect("a form");
        *form = json!("picture");
        assert!(KernelSpec::read(&json).is_err(), "a form that is not known is no text");
    }

    #[test]
    fn what_is_missing_or_of_another_form_is_named_and_no_spec_is_made() {
        let whole = serde_json::to_value(TRIED).expect("plain data");
        for (key, other) in [
            ("kind", json!(null)),
            ("roles", json!("primary")),
            ("facts", json!([{}])),
            ("position", json!({})),
            ("actions", json!([{"kind": "Not a word"}])),
            ("events", json!({})),
        ] {
            let mut json = whole.clone();
            json.as_object_mut().expect("an object").insert(key.to_owned(), other);
            assert!(KernelSpec::read(&json).is_err(), "{key}");
        }
    }
}
